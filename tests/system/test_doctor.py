# SPDX-License-Identifier: Apache-2.0
"""anprctl doctor: what would stand in a gateway's way is said beforehand, with what to do about it. Each thing is
really broken here, seen, mended, and seen to be mended."""

import json
import os
import resource
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient,
                                   AlterConfigOpType, ConfigEntry, ConfigResource, ResourcePatternType, ResourceType)

from support.charters import make
from support.evidence import Evidence
from support.places import BUILD, PATIENCE, program
from support.wait import eventually

OK, WARNING, BROKEN = "ok", "warning", "broken"


@pytest.fixture(scope="module")
def prepared(install_in_module, own_broker_in_module):
    """All is as it should be; nothing is started but the broker and the partner."""
    it = install_in_module(("tfl-ulez",), own_broker_in_module)
    it.partner("tfl-ulez", "--rate", 60, "--trouble", "none")
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.administrator = AdminClient(it.broker.client("broker"))
    eventually(lambda: doctor(it)[0] == 0, "topics and rights have spread")
    return it


def run(it, *options, **how):
    agreements = [part for path in it.agreements.values() for part in ("--agreement", path)]
    return subprocess.run(list(map(str, [program("anprctl"), "doctor", "--config", it.config, *agreements, *options])),
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=4 * PATIENCE, **how)


def doctor(it, *options, **how):
    """Exit status, what is not ok: [(health, where, found, remedy)], and how many checks were made."""
    done = run(it, "--json", *options, **how)
    answer = json.loads(done.stdout.splitlines()[-1])
    checks = answer["checks"]
    assert answer["well"] == (BROKEN not in [c["health"] for c in checks])
    assert all(c["remedy"] for c in checks if c["health"] != OK)
    return done.returncode, [(c["health"], c["where"], c["found"], c["remedy"]) for c in checks if c["health"] != OK], len(checks)


def only(it, code, health, where, *words, **how):
    """Nothing but this one thing is wrong."""
    def seen():
        got, troubles, _ = doctor(it, **how)
        return got == code and troubles and {t[:2] for t in troubles} == {(health, where)} and troubles
    troubles = eventually(seen, f"{where} is {health}")
    assert all(any(w in t[2] + t[3] for t in troubles) for w in words), troubles


def well(it):
    eventually(lambda: doctor(it)[:2] == (0, []), "it is mended")


def set_on(it, place, setting, value):
    for done in it.administrator.incremental_alter_configs([ConfigResource(*place, incremental_configs=[
            ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)])]).values():
        done.result(PATIENCE)


def is_set(it, place, setting):
    return next(iter(it.administrator.describe_configs([ConfigResource(*place)]).values())).result(PATIENCE)[setting].value


@contextmanager
def config(it, **changes):
    it.write_config(**changes)
    yield
    it.write_config()


def certificate(it, name, days, use="serverAuth"):
    """A certificate and key for the admin's listener that live so long."""
    where = it.folder / name
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj",
                    "/CN=admin", "-addext", f"extendedKeyUsage={use}", "-days", str(days), "-keyout", f"{where}.key",
                    "-out", f"{where}.pem"], check=True, capture_output=True)
    return {"cert": f"{where}.pem", "key": f"{where}.key"}


def test_nothing_stands_in_the_way(prepared):
    code, troubles, checks = doctor(prepared)
    assert (code, troubles) == (0, []) and checks >= 15
    text = run(prepared)
    assert text.returncode == 0 and "\33" not in text.stdout
    assert f"{checks} ok, 0 warnings, 0 broken." in text.stdout and "Nothing stands in the gateway's way" in text.stdout
    wheres = [line[9:].split(":")[0] for line in text.stdout.splitlines() if line.startswith("ok")]
    order = ["configuration", "kafka", "gateway.state_dir", "files", "brokers", "topic", "rights"]
    assert sorted(order, key=wheres.index) == order and wheres[-1] == "partner tfl-ulez"


@pytest.mark.parametrize(("kind", "setting", "wrong"), [
    ("broker", "transaction.partition.verification.enable", "false"),
    ("topic", "retention.ms", "99999999999"),
    ("topic", "unclean.leader.election.enable", "true"),
    ("topic", "cleanup.policy", "compact"),
    ("topic", "segment.ms", "99999999999"),
])
def test_a_setting_under_which_nothing_would_be_published(prepared, kind, setting, wrong):
    place = (ResourceType.BROKER, "1") if kind == "broker" else (ResourceType.TOPIC, prepared.topic)
    right = is_set(prepared, place, setting)
    set_on(prepared, place, setting, wrong)
    only(prepared, 1, BROKEN, f"{kind} {place[1]}", setting, wrong)
    set_on(prepared, place, setting, right)
    well(prepared)


def test_a_topic_that_is_not_there(prepared):
    kept = prepared.agreements["tfl-ulez"]
    text = kept.read_text()
    kept.write_text(text.replace(prepared.topic, prepared.topic + ".not"))
    code, troubles, _ = doctor(prepared)
    kept.write_text(text)
    assert code == 1 and (BROKEN, f"topic {prepared.topic}.not") in {t[:2] for t in troubles}
    assert any("cluster apply" in t[3] for t in troubles)
    well(prepared)


def acl(it, principal, operation, kind=ResourceType.TOPIC, name=None):
    return (kind, name or it.topic, ResourcePatternType.LITERAL, principal, "*", operation, AclPermissionType.ALLOW)


def give(it, right):
    for done in it.administrator.create_acls([AclBinding(*right)]).values():
        done.result(PATIENCE)


def take(it, right):
    for done in it.administrator.delete_acls([AclBindingFilter(*right)]).values():
        assert len(done.result(PATIENCE)) == 1


@pytest.mark.parametrize("operation", [AclOperation.WRITE, AclOperation.READ])
def test_a_right_that_somebody_has_and_should_not(prepared, operation):
    right = acl(prepared, "User:CN=outsider,O=mps", operation)
    give(prepared, right)
    only(prepared, 1, BROKEN, "rights", "CN=outsider", "take it back")
    take(prepared, right)
    well(prepared)


def test_a_right_that_the_gateway_lacks(prepared):
    right = acl(prepared, "User:CN=gateway", AclOperation.WRITE)
    take(prepared, right)
    only(prepared, 1, BROKEN, "rights", "missing", "CN=gateway", "cluster apply")
    give(prepared, right)
    well(prepared)


def test_rights_that_the_gateway_may_not_look_at(prepared):
    """Not the same as rights that nobody has."""
    right = acl(prepared, "User:CN=gateway", AclOperation.DESCRIBE, ResourceType.BROKER, "kafka-cluster")
    take(prepared, right)
    only(prepared, 1, BROKEN, "rights", "it may not be asked")
    assert not any("missing" in t[2] for t in doctor(prepared)[1])
    give(prepared, right)
    well(prepared)


def test_a_right_that_a_reader_lacks(prepared):
    """The gateway can work without."""
    right = acl(prepared, "User:CN=police,O=mps", AclOperation.READ)
    take(prepared, right)
    only(prepared, 0, WARNING, "rights", "missing", "CN=police")
    give(prepared, right)
    well(prepared)


def test_certificates_that_end_or_are_for_something_else(prepared):
    with config(prepared, admin=certificate(prepared, "soon", 10)):
        only(prepared, 0, WARNING, "admin", "ends on", "renewed")
    with config(prepared, admin=certificate(prepared, "other", 90, "clientAuth")):
        only(prepared, 1, BROKEN, "admin", "TLS server")
    make(prepared.pki, "--expired", "admin")
    with config(prepared, admin={k: str(prepared.pki / f"expired-admin.{e}") for k, e in (("cert", "pem"), ("key", "key"))}):
        only(prepared, 1, BROKEN, "admin", "has expired")
    well(prepared)


def test_a_partner_that_does_not_answer(prepared):
    text = prepared.config.read_text()
    prepared.config.write_text(text.replace(prepared.simulators["tfl-ulez"].url, "https://127.0.0.1:1/v1/reads"))
    only(prepared, 0, WARNING, "partner tfl-ulez", "source.url")
    prepared.config.write_text(text.replace("/to-tfl.", "/to-nh."))      # another's key: the partner hangs up
    only(prepared, 0, WARNING, "partner tfl-ulez", "certificate")
    prepared.config.write_text(text.replace("/tfl-ca.pem\n    cert:", "/nh-ca.pem\n    cert:"))   # another's CA
    only(prepared, 0, WARNING, "partner tfl-ulez", "source.ca")
    prepared.config.write_text(text)
    well(prepared)


def test_too_few_files(prepared):
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    only(prepared, 1, BROKEN, "files", "100 may be open", "LimitNOFILE", preexec_fn=few)


def test_a_configuration_that_a_start_would_refuse(prepared):
    key = prepared.folder / "open.key"
    shutil.copy(prepared.pki / "kafka.key", key)
    key.chmod(0o644)
    for changes, words in (({"kafka": {"key": str(key)}}, "chmod 600"), ({"kafka": {"unknown": 1}}, "unknown"),
                           ({"admin": {"key": str(prepared.pki / "to-nh.key")}}, "to-nh.key"),
                           ({"gateway": {"state_dir": str(key)}}, "not a folder")):
        with config(prepared, **changes):
            done = run(prepared)
        assert done.returncode == 1 and words in done.stderr, done.stderr
    well(prepared)


@contextmanager
def mounted(it, folder, options):
    """The gateway's folder is a small file system of its own."""
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]).returncode:
        pytest.skip("a small file system of its own can be mounted by root only")
    try:
        with config(it, gateway={"state_dir": str(folder)}):
            yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_that_cannot_be_written(prepared, tmp_path):
    with mounted(prepared, tmp_path / "state", "size=512m,mode=700,ro") as folder:
        only(prepared, 1, BROKEN, "gateway.state_dir", str(folder), "Read-only", "gateway's user")
    well(prepared)


@pytest.mark.parametrize(("size", "code", "health"), [("8m", 1, BROKEN), ("64m", 0, WARNING)])
def test_a_disk_that_is_about_to_be_full(prepared, tmp_path, size, code, health):
    with mounted(prepared, tmp_path / "state", f"size={size},mode=700"):
        only(prepared, code, health, "disk of gateway.state_dir", "MB are free", "make room")
    well(prepared)


def test_a_disk_that_is_full(prepared, tmp_path):
    with mounted(prepared, tmp_path / "state", "size=300m,mode=700") as folder:
        well(prepared)
        with pytest.raises(OSError), open(folder / "filler", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
        only(prepared, 1, BROKEN, "disk of gateway.state_dir", "0 MB are free", "make room")
    well(prepared)


@pytest.fixture(scope="module")
def begun(prepared):
    """There is a journal: a gateway ran for a moment."""
    prepared.start()
    prepared.gateway.stop()
    return prepared


def told(it, where):
    return [(c["health"], c["found"]) for c in json.loads(run(it, "--json").stdout)["checks"] if c["where"] == where]


def test_a_signing_key_that_the_journal_has_not(begun):
    assert told(begun, "journal") == [(OK, "the key of this node, gw-1, is in it")]
    key = begun.folder / "another.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    key.chmod(0o600)
    with config(begun, gateway={"signing_key": str(key)}):
        only(begun, 1, BROKEN, "journal", "no key of node gw-1", "agreed on")
    with config(begun, gateway={"id": "gw-7"}):
        only(begun, 1, BROKEN, "journal", "no key of node gw-7", "agreed on")
    well(begun)


def test_a_clock_that_is_behind_the_brokers(begun, tmp_path):
    """As if it were 15 s before the newest entry was appended; less than the certificates are old."""
    newest, clock = Evidence(begun).journal()[-1].timestamp, tmp_path / "clock"
    clock.write_bytes(bytes(8))
    environment = os.environ | {"LD_PRELOAD": str(BUILD / "tests/moved_clock.so"), "MOVED_CLOCK": str(clock)}

    def seen():
        clock.write_bytes(struct.pack("=q", int(newest - 15_000 - time.time() * 1000)))
        code, troubles, _ = doctor(begun, env=environment)
        return code == 1 and troubles
    trouble, = eventually(seen, "the clock is broken")
    assert trouble[:2] == (BROKEN, "clock") and "s behind the broker's" in trouble[2] and "synchronisation" in trouble[3]
    well(begun)


def test_a_cluster_that_does_not_answer(prepared):
    """The rest is told all the same."""
    prepared.broker.stop()
    only(prepared, 3, BROKEN, "brokers", "kafka.brokers")
    assert "its stream's server answers" in run(prepared).stdout
