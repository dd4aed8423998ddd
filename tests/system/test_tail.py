# SPDX-License-Identifier: Apache-2.0
"""`anprctl tail` and `anprctl cluster` against a real Kafka, with reads that the gateway published."""

import json
import signal
import subprocess

import pytest

from support.people import DONE, REFUSED, UNREACHABLE
from support.places import PATIENCE, free_port, program
from support.wait import eventually


@pytest.fixture(scope="module")
def shared(install_in_module):
    return install_in_module(("tfl-ulez",)).share(reads=100)


def tail(it, who, *arguments):
    return it.people["alice"].try_to("tail", *it.kafka(who), "--topic", it.topic, *arguments)


def test_a_permitted_consumer_sees_every_read_once(shared):
    answer = tail(shared, "police", "--from", "oldest", "--count", "80", "--json")
    reads = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.code == DONE and len(reads) == 80 and "none missing, none twice" in answer.errors
    records = {(r.partition, r.offset): r.read for r in shared.consumer().read_all_until_end()}
    for read in reads:
        theirs = records[read["partition"], read["offset"]]
        assert (read["partner"], read["agreement"], read["sequence"]) == ("tfl-ulez", "TFL-MPS-1", theirs.sequence)
        assert (read["vrm"], read["camera_id"]) == (theirs.read.vrm, theirs.read.camera_id)
        assert read["purposes"] == list(theirs.purposes) and read["policy_version"] == theirs.policy_version
    assert len({r["sequence"] for r in reads}) == 80


def test_from_now_on(shared):
    newest = max(r.read.sequence for r in shared.consumer().read_all_until_end())
    answer = tail(shared, "police", "--count", "5", "--json")
    assert answer.code == DONE
    assert all(json.loads(line)["sequence"] > newest for line in answer.text.splitlines())


def test_for_people(shared):
    answer = tail(shared, "police", "--from", "oldest", "--count", "3")
    assert len(answer.text.splitlines()) == 3
    assert all("tfl-ulez/ULEZ-" in line and "TFL-MPS-1" in line for line in answer.text.splitlines())


def test_it_ends_when_told_to_and_says_what_it_checked(shared):
    it = shared
    process = subprocess.Popen([program("anprctl"), "tail", *map(str, it.kafka("police")), "--topic", it.topic],
                               env=it.people["alice"].environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "tfl-ulez" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == DONE and "none missing" in errors


@pytest.mark.parametrize("who", ["outsider", "to-tfl", "bob"])
def test_nobody_else_sees_a_read(shared, who):
    """A certificate with no right, one of another CA."""
    answer = tail(shared, who, "--from", "oldest", "--count", "1")
    assert answer.code in (REFUSED, UNREACHABLE) and answer.text == ""


def test_a_topic_that_is_not_there(shared):
    answer = shared.people["alice"].try_to("tail", *shared.kafka("police"), "--topic", "no.such.topic")
    assert answer.code == REFUSED


def test_no_broker(shared):
    options = shared.kafka("police")
    options[1] = f"127.0.0.1:{free_port()}"
    assert shared.people["alice"].try_to("tail", *options).code == UNREACHABLE


def test_a_foreign_message_spoils_the_check(shared):
    """Whoever could write to the topic (only the broker's own super user here) is noticed by those who read."""
    from confluent_kafka import Producer
    pki = shared.pki
    producer = Producer({"bootstrap.servers": shared.broker.address, "security.protocol": "ssl",
                         "ssl.ca.location": str(pki / "ca.pem"), "ssl.certificate.location": str(pki / "broker.pem"),
                         "ssl.key.location": str(pki / "broker.key")})
    producer.produce(shared.topic, b"\xff\xff not a read", partition=0)
    assert producer.flush(20) == 0
    total = sum(shared.consumer().ends().values())
    process = subprocess.Popen([program("anprctl"), "tail", *map(str, shared.kafka("police")), "--topic", shared.topic,
                                "--from", "oldest"], env=shared.people["alice"].environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert total > 0 and "is no shared read" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == REFUSED and "NOT WHOLE" in errors


def cluster(it, *arguments, who=None):
    agreed = [part for path in it.agreements.values() for part in ("--agreement", path)]
    return it.people["alice"].try_to("cluster", *arguments, "--config", it.config, *agreed, *(it.kafka(who) if who else []))


def test_the_cluster_is_as_wanted(shared):
    answer = cluster(shared, "check")
    assert answer.code == DONE, answer
    assert "single broker" in answer.errors
    assert cluster(shared, "check", "--json").json is not None


def test_a_loosened_setting_is_found_and_mended(shared):
    admin = subprocess.run([program("anprctl"), "cluster", "apply", "--print", "--config", shared.config, "--json",
                            *map(str, shared.kafka("broker"))], env=shared.people["alice"].environment(), capture_output=True,
                           text=True, timeout=60)
    assert admin.returncode == DONE
    from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource
    pki = shared.pki
    client = AdminClient({"bootstrap.servers": shared.broker.address, "security.protocol": "ssl",
                          "ssl.ca.location": str(pki / "ca.pem"), "ssl.certificate.location": str(pki / "broker.pem"),
                          "ssl.key.location": str(pki / "broker.key")})
    entry = ConfigEntry("retention.ms", str(800 * 86400 * 1000), source=ConfigSource.DYNAMIC_TOPIC_CONFIG,
                        incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, shared.topic, incremental_configs=[entry])
    for future in client.incremental_alter_configs([resource]).values():
        future.result(20)
    answer = eventually(lambda: (lambda a: a if a.code == REFUSED else None)(cluster(shared, "check")), "the finding")
    assert "retention.ms" in answer.text and shared.topic in answer.text
    assert cluster(shared, "apply", who="broker").code == DONE
    eventually(lambda: cluster(shared, "check").code == DONE, "mended")


def test_the_gateway_itself_cannot_change_the_cluster(shared):
    shared.agreement("tfl-ulez", ["ULEZ-*"], recipient={"organisation": "mps", "topic": f"{shared.prefix}other",
                                                        "principals": ["User:CN=police,O=mps"]})
    answer = cluster(shared, "apply")
    assert answer.code == REFUSED
