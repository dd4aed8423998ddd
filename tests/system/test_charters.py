# SPDX-License-Identifier: Apache-2.0
"""Who may speak here at all, changed while the gateway runs: people, certificates, the node's own key.

One installation, one story: each test goes on where the one before ended."""

import http.client
import json
import shutil
import ssl
import subprocess
import sys

import pytest

from support import charters
from support.evidence import Evidence, entry_of, place, sealed, signed
from support.messages import command_pb2
from support.people import DONE, REFUSED, Person
from support.places import ROOT, program
from support.wait import eventually


CAROL = ("--add", "carol person /CN=carol tfl-ca")


@pytest.fixture(scope="module")
def story(install_in_module, tmp_path_factory, pki):
    it = install_in_module(("tfl-ulez",))
    own = tmp_path_factory.mktemp("pki") / "pki"       # with keys of its own: others must not find them revoked
    shutil.copytree(pki, own)
    charters.make(own, *CAROL, "--expired", "bob")
    it.pki = own
    it.share()
    it.people["carol"] = Person(it, "carol", "tfl")
    return it


def consent(story, number, *names):
    for name in names:
        story.people[name].must("approve", number, "--reason", "As agreed.")


def refused(answer, words):
    assert answer.code == REFUSED and words in answer.errors, answer


def carol_turns_off(story):
    return story.people["carol"].try_to("off", "tfl-ulez", "--reason", "By carol.", "--receipt", story.folder / "carol.receipt")


def test_somebody_new_speaks_once_the_others_consent(story):
    refused(carol_turns_off(story), "CN=carol is none of tfl's people")
    file = charters.organisation(story.folder, "tfl", {"CN=bob": "controller", "CN=carol": "controller"})
    answer = story.people["bob"].must("propose", file)
    assert "CN=carol comes in as controller" in answer["effect"] and "still needs the consent of mps" in answer["effect"]
    listed = [p for p in story.people["iris"].must("proposals") if p["number"] == answer["entry"]]
    assert listed[0]["about"] == "organisation tfl" and listed[0]["kind"] == "organisation" and not listed[0]["partner"]
    refused(carol_turns_off(story), "CN=carol is none of tfl's people")
    refused(story.people["nina"].try_to("approve", answer["entry"], "--reason", "x"), "yours is none of the bodies that it asks")
    refused(story.people["iris"].try_to("approve", answer["entry"], "--reason", "x"), "CN=iris of ico may not decide")
    consent(story, answer["entry"], "alice")
    assert carol_turns_off(story).code == DONE
    story.people["carol"].must("on", "tfl-ulez", "--reason", "By carol.")


def connect(story, name):
    """A connection of this person's, kept open."""
    context = ssl.create_default_context(cafile=story.pki / "gateway-ca.pem")
    context.check_hostname = False
    context.load_cert_chain(story.pki / f"{name}.pem", story.pki / f"{name}.key")
    return http.client.HTTPSConnection("127.0.0.1", story.admin_port, timeout=20, context=context)


def asked(connection):
    connection.request("GET", "/v1/head")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def closed(connection):
    connection.auto_open = 0       # on the same connection or not at all
    try:
        return asked(connection) != 200
    except (OSError, http.client.HTTPException):
        return True


def test_a_revoked_certificate_is_worth_nothing_at_once(story):
    carol, alice = connect(story, "carol"), connect(story, "alice")
    assert asked(carol) == asked(alice) == 200
    charters.make(story.pki, *CAROL, "--revoke", "carol")
    listed = story.pki / "tfl-ca.crl"
    refused(story.people["alice"].try_to("propose", listed), "is not by mps's CA")
    answer = story.people["bob"].must("propose", listed)
    assert "1 certificates of tfl's CA are revoked" in answer["effect"]
    refused(story.people["bob"].try_to("propose", listed), "not newer than the one in force")
    eventually(lambda: closed(carol), "carol's connection is closed")
    alice.auto_open = 0
    assert asked(alice) == 200
    assert carol_turns_off(story).code == 3, "not even let in"
    # nor does a command of hers that somebody else carries to the gateway count; entries from before stay
    entries = [e for e in story.people["iris"].must("history") if e["reason"] == "By carol."]
    assert len(entries) == 2 and entries[0]["enforced_by"]


def test_an_expired_certificate_is_not_let_in(story):
    bob = Person(story, "expired-bob", "tfl")
    assert bob.try_to("off", "tfl-ulez", "--reason", "Too late.").code == 3


def test_a_person_is_removed_by_their_own_body_alone(story):
    file = charters.organisation(story.folder, "mps", {"CN=alice": "policy-admin"})
    answer = story.people["alice"].must("propose", file)
    assert "CN=omar is removed as operator; in force at once" in answer["effect"]
    refused(story.people["omar"].try_to("status"), "nobody's here")


def restart_with(story, key):
    story.gateway.stop()
    story.write_config(gateway={"signing_key": str(story.pki / key)})
    story.gateway.start()


def test_a_key_nobody_agreed_to_does_not_start(story):
    restart_with(story, "signing-2.key")
    eventually(lambda: "the signing key of node gw-1 is not in the journal" in story.gateway.words(), "it says why")
    restart_with(story, "signing.key")
    story.gateway.wait_until_up()


def test_the_nodes_key_is_replaced(story):
    file = charters.node_key(story.folder, "gw-1", story.pki / "signing-2.pub", story.pki / "signing.pub")
    answer = story.people["alice"].must("propose", file)
    consent(story, answer["entry"], "bob")
    restart_with(story, "signing-2.key")
    story.gateway.wait_until_up()
    before = story.people["bob"].off("tfl-ulez", "--reason", "With the new key.")
    trust = story.people["iris"].try_to("history", "--json").json
    assert trust[-1]["action"] == "enforced" and before["receipt"]["entry"] == trust[-1]["number"]
    story.people["bob"].must("on", "tfl-ulez", "--reason", "On.")
    consumer = story.consumer()
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 10, "reads, resumed from heads by the old key")
    # the old key is retired: nothing signed with it counts any more
    restart_with(story, "signing.key")
    eventually(lambda: "the signing key of node gw-1 was retired by entry" in story.gateway.words(), "it says why")
    restart_with(story, "signing-2.key")
    story.gateway.wait_until_up()


def checked(story, bundle):
    """What both say of it: the gateway's own code and the checker that has none of it."""
    for checker in ([program("anprctl"), "verify", "--bundle"], [sys.executable, ROOT / "deploy/check_bundle"]):
        done = subprocess.run([*checker, bundle, "--json", "--root", f"tfl={story.pki}/tfl-ca.pem"], capture_output=True, text=True)
        answer = json.loads(done.stdout)
        assert (done.returncode == 0) == answer["clean"] == (answer["offences"] == [])
        yield answer


def test_an_auditor_follows_all_of_it_from_a_bundle(story):
    """Offline."""
    bundle = story.folder / "evidence.bundle"
    subprocess.run([program("anprctl"), "export", bundle, "--prefix", story.prefix, *story.kafka("verifier")], check=True,
                   stdout=subprocess.DEVNULL)
    mine, answer = checked(story, bundle)
    assert mine["clean"] and answer["clean"]
    assert ["tfl", "mps", "gw-1"] == [note.split("who may speak for ")[1].split(";")[0] for note in answer["notes"]]


def test_an_auditor_finds_what_was_signed_with_a_revoked_certificate(story):
    """By whoever holds carol's key and the node's."""
    evidence = Evidence(story)
    journal = evidence.journal()
    index, entry = next((i, e) for i, e in reversed(list(enumerate(map(entry_of, journal))))
                        if command_pb2.Command.FromString(e.decree.signed.command).HasField("set_switch"))
    entry.decree.signed.signatures[0].value = signed(story.pki, "carol", entry.decree.signed.command)
    evidence.rewrite(journal, index, lambda _: sealed(entry, story.pki / "signing-2.key"))
    for answer in checked(story, evidence.save(story.folder / "forged.bundle")):
        offence, = [o for o in answer["offences"] if o["offence"] == "journal_broken"]
        assert offence["first"] == place((evidence.name("journal"), 0), journal[index]) and "revoked" in offence["what"]
