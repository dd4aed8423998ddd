# SPDX-License-Identifier: Apache-2.0
"""What the running gateway and anprctl refuse, each tried from the outside: what a connection alone may do, receipts
and trust roots that are not what they were, journals that somebody has written in.

One installation, one story: each test goes on where the one before ended. Who may consent to what, and every refusal
that needs no gateway to be seen, is in tests/unit/test_governance_*.c."""

import hashlib
import http.client
import json
import secrets
import ssl
import subprocess
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from support import messages
from support.people import DONE, REFUSED, UNREACHABLE, USAGE
from support.rights import only_the_journal_may_be_written
from support.topic import Consumer
from support.wait import eventually, steady

command_pb2 = messages._load("command")
journal_pb2 = messages.journal_pb2
TLS_ATTESTED = 2


@pytest.fixture(scope="module")
def story(install_in_module):
    return install_in_module(("tfl-ulez",)).share()


def refused(answer, words):
    assert answer.code == REFUSED and words in answer.errors, answer


def flows(story):
    consumer = story.consumer()
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 10, "reads again")


def history(story):
    return story.people["iris"].must("history")


# --- what a connection alone may do ---

def command(organisation, **ask):
    return command_pb2.Command(nonce=secrets.token_bytes(16), organisation=organisation, made_at_ms=int(time.time() * 1000),
                               reason="From the page.", **ask)


def switch(position, partner="tfl-ulez"):
    return {"set_switch": command_pb2.SetSwitch(position=position, partner=partner)}


def post(story, who, asked, *signatures):
    """POST as this person; status and answer."""
    pki = story.pki
    context = ssl.create_default_context(cafile=pki / "gateway-ca.pem")
    context.check_hostname = False
    context.load_cert_chain(pki / f"{who}.pem", pki / f"{who}.key")
    connection = http.client.HTTPSConnection("127.0.0.1", story.admin_port, timeout=20, context=context)
    signed = command_pb2.SignedCommand(command=asked.SerializeToString())
    for kind, value in signatures:
        signed.signatures.add(kind=kind, value=value)
    connection.request("POST", "/v1/commands", signed.SerializeToString())
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def der(story, who):
    return ssl.PEM_cert_to_DER_cert((story.pki / f"{who}.pem").read_text())


def test_a_connection_alone_turns_off(story):
    status, answer = post(story, "bob", command("tfl", **switch(1)))
    assert status == 200 and answer["outcome"] == "done" and answer["receipt"], answer
    entry = [e for e in history(story) if e["number"] == answer["entry"]][0]
    assert entry["who"] == {"organisation": "tfl", "subject": "CN=bob"}
    assert entry["certificate"] == hashlib.sha256(der(story, "bob")).hexdigest()
    stored = journal(story)[answer["entry"] - 1]
    kept = journal_pb2.JournalEntry.FromString(journal_pb2.StoredEntry.FromString(stored).entry).decree.signed
    assert [(s.kind, s.value) for s in kept.signatures] == [(TLS_ATTESTED, der(story, "bob"))]
    steady(story.consumer(committed=False).ends, 1, "a read while off")


@pytest.mark.parametrize("who,organisation,ask,words", [
    ("bob", "tfl", switch(2), "this needs the person's own signature: a connection alone only turns off"),
    ("alice", "tfl", switch(1), "certificate: "),
    ("alice", "mps", {"approve": command_pb2.Approve(proposal=1)}, "does not say which journal head its sender saw"),
    ("iris", "ico", switch(1), "CN=iris of ico may not decide: that is a policy-admin's or a controller's"),
    ("omar", "mps", switch(1), "CN=omar of mps may not decide: that is a policy-admin's or a controller's"),
])
def test_a_connection_alone_does_nothing_else(story, who, organisation, ask, words):
    asked = command(organisation, **ask)
    if ask == switch(2):
        head = history(story)[-1]
        asked.head_sequence, asked.head_hash = head["number"], bytes.fromhex(head["hash"])
    before = len(history(story))
    status, answer = post(story, who, asked)
    assert status == 403 and words in answer["error"], answer
    assert len(history(story)) == before


def test_nobody_but_the_gateway_says_whose_certificate_it_saw(story):
    """Certificates are public: who holds another's must not speak for them."""
    before = len(history(story))
    status, answer = post(story, "alice", command("tfl", **switch(1)), (TLS_ATTESTED, der(story, "bob")))
    assert status == 403 and "only the gateway says whose certificate it saw" in answer["error"], answer
    assert len(history(story)) == before
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")
    flows(story)


def cms(story, who, data):
    (story.folder / "bytes").write_bytes(data)
    return subprocess.run(["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-in", story.folder / "bytes",
                           "-signer", story.pki / f"{who}.pem", "-inkey", story.pki / f"{who}.key"],
                          check=True, capture_output=True).stdout


def test_a_signature_over_other_bytes_and_a_command_twice(story):
    asked, other = command("tfl", **switch(1)), command("tfl", **switch(1))
    status, answer = post(story, "bob", asked, (1, cms(story, "bob", other.SerializeToString())))
    assert status == 403 and "signature: " in answer["error"], answer
    status, answer = post(story, "bob", asked, (1, cms(story, "alice", asked.SerializeToString())))
    assert status == 403 and "signature: " in answer["error"], answer
    signature = (1, cms(story, "bob", asked.SerializeToString()))
    status, first = post(story, "bob", asked, signature)
    assert status == 200 and not first["already"]
    count = len(history(story))
    # carried once more, by somebody else even, it is the same command, done once
    status, again = post(story, "alice", asked, signature)
    assert status == 200 and again["already"] and again["entry"] == first["entry"]
    assert len(history(story)) == count
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")


def test_an_on_that_has_not_seen_a_newer_off_is_stale(story):
    seen = history(story)[-1]
    story.people["bob"].off("tfl-ulez", "--reason", "Newer.")
    asked = command("tfl", **switch(2))
    asked.head_sequence, asked.head_hash = seen["number"], bytes.fromhex(seen["hash"])
    status, answer = post(story, "bob", asked, (1, cms(story, "bob", asked.SerializeToString())))
    assert status == 403, answer
    assert f"(off) was made about tfl-ulez since entry {seen['number']}, the newest you saw" in answer["error"]
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Seen.")
    flows(story)


def signed(story, who, asked):
    return asked, (1, cms(story, who, asked.SerializeToString()))


def seen_at(entry):
    return {"head_sequence": entry["number"], "head_hash": bytes.fromhex(entry["hash"])}


@pytest.mark.parametrize("seen", ["the first entry", "another journal", "nothing"])
def test_an_off_is_never_stale_however_old(story, seen):
    """Signed a year ago, about a journal that has gone on, or is another: whoever asks to stop is not argued with."""
    first = history(story)[0]
    asked = command("tfl", **switch(1), **({"the first entry": seen_at(first), "another journal":
                                            {"head_sequence": 10_000, "head_hash": bytes(32)}}.get(seen, {})))
    asked.made_at_ms -= 365 * 86_400_000
    status, answer = post(story, "bob", *signed(story, "bob", asked))
    assert status == 200 and answer["outcome"] == "done" and answer["receipt"], answer
    steady(story.consumer(committed=False).ends, 1, "a read while off")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")
    flows(story)


def test_an_on_carried_once_more_does_not_undo_a_later_off(story):
    story.people["bob"].must("off", "tfl-ulez", "--reason", "First.")
    asked = signed(story, "bob", command("tfl", **switch(2), **seen_at(history(story)[-1])))
    status, first = post(story, "bob", *asked)
    assert status == 200 and not first["already"], first
    flows(story)
    story.people["bob"].must("off", "tfl-ulez", "--reason", "Second.")
    count = len(history(story))
    status, again = post(story, "alice", *asked)
    assert status == 200 and again["already"] and again["entry"] == first["entry"], again
    assert len(history(story)) == count
    steady(story.consumer(committed=False).ends, 1, "a read while off")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")
    flows(story)


def test_an_off_carried_once_more_does_not_undo_a_later_on(story):
    """Nor is it another off: its receipt says when it was in force, and for which entry."""
    asked = signed(story, "bob", command("tfl", **switch(1)))
    _, first = post(story, "bob", *asked)
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")
    count = len(history(story))
    status, again = post(story, "bob", *asked)
    assert status == 200 and again["already"] and again["entry"] == first["entry"], again
    assert again["receipt"]["stored"] == first["receipt"]["stored"] and len(history(story)) == count
    flows(story)


def test_an_off_carried_once_more_is_not_done_before_it_is_enforced(story):
    """The sender of the second may have had no answer to the first, or none that it liked."""
    asked = signed(story, "bob", command("tfl", **switch(1)))
    with only_the_journal_may_be_written(story):
        status, first = post(story, "bob", *asked)
        assert status == 202 and first["outcome"] == "recorded", first
        status, again = post(story, "bob", *asked)
        assert status == 202 and again["outcome"] == "recorded" and again["already"], again
        assert again["entry"] == first["entry"] and again["effect"] == first["effect"] and again["waiting_for"]

    def receipt():
        _, answer = post(story, "bob", *asked)
        return answer["outcome"] == "done" and answer["receipt"]
    assert eventually(receipt, "its receipt", 120)["entry"] > first["entry"]
    steady(story.consumer(committed=False).ends, 1, "a read while off")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")
    flows(story)


# --- receipts ---

@pytest.fixture(scope="module")
def receipt(story):
    path = story.folder / "off.receipt"
    story.people["bob"].off("tfl-ulez", "--reason", "For its receipt.", "--receipt", path)
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Again.")
    return path


def test_a_receipt_is_checked_with_the_gateway_and_without(story, receipt):
    bob = story.people["bob"]
    found = bob.must("receipt", receipt)
    assert (found["signature"], found["journal"], found["node"]) == ("good", "contains", "gw-1")
    off = [e for e in history(story) if e["reason"] == "For its receipt."][0]
    assert found["entries"] == [off["number"]] and found["entry"] == off["enforced_by"]
    words = bob.try_to("receipt", receipt)
    assert words.code == DONE and f"entry {off['number']} was in force on every node" in words.text
    offline = bob.must("receipt", receipt, "--gateway", "https://127.0.0.1:1", "--node-key", story.pki / "signing.pub")
    assert (offline["signature"], offline["journal"]) == ("good", "not_asked")


def test_a_receipt_that_is_none(story, receipt, tmp_path):
    bob, bytes_ = story.people["bob"], bytearray(receipt.read_bytes())
    refused(bob.try_to("receipt", receipt, "--node-key", story.pki / "signing-2.pub"), "not signed by a key of node gw-1")
    refused(bob.try_to("receipt", receipt, "--gateway", "https://127.0.0.1:1"), "no key of node gw-1 is known here")
    assert bob.try_to("receipt", receipt, "--node-key", receipt).code == USAGE
    for at in range(4, len(bytes_), 17):
        bytes_[at] ^= 1
        (tmp_path / "flipped").write_bytes(bytes_)
        assert bob.try_to("receipt", tmp_path / "flipped", "--gateway", "https://127.0.0.1:1", "--node-key",
                          story.pki / "signing.pub").code == REFUSED, f"byte {at}"
        bytes_[at] ^= 1
    # a node that signs a receipt and then has it in no journal
    entry = journal_pb2.JournalEntry.FromString(journal_pb2.StoredEntry.FromString(bytes(bytes_)).entry)
    entry.time_ms += 1
    (tmp_path / "forged").write_bytes(sealed(story, entry))
    refused(bob.try_to("receipt", tmp_path / "forged"), "the journal does not contain it")
    (tmp_path / "genesis").write_bytes(journal(story)[0])
    refused(bob.try_to("receipt", tmp_path / "genesis"), "is no receipt")


def test_a_receipt_is_looked_up_in_kafka_where_no_gateway_answers(story, receipt, tmp_path):
    bob, key = story.people["bob"], ["--node-key", story.pki / "signing.pub"]
    nobody = ["--gateway", "https://127.0.0.1:1", *key, *story.kafka("broker")]
    assert bob.must("receipt", receipt, *nobody, "--prefix", story.prefix)["journal"] == "contains"
    entry = journal_pb2.JournalEntry.FromString(journal_pb2.StoredEntry.FromString(receipt.read_bytes()).entry)
    entry.time_ms += 1
    (tmp_path / "forged").write_bytes(sealed(story, entry))
    refused(bob.try_to("receipt", tmp_path / "forged", *nobody, "--prefix", story.prefix), "the journal does not contain it")
    cut, records = f"{story.prefix}cut.", journal(story)
    admin = AdminClient(story.broker.client("broker"))
    next(iter(admin.create_topics([NewTopic(f"{cut}anpr.journal", 1, 1)]).values())).result(20)
    off = entry.enforced.entries[0]
    write(story, f"{cut}anpr.journal", [r for n, r in enumerate(records, 1) if n != off])
    refused(bob.try_to("receipt", receipt, *nobody, "--prefix", cut), "the journal does not contain it")
    away = bob.try_to("receipt", receipt, "--gateway", "https://127.0.0.1:1", *key, *story.kafka("outsider"), "--prefix", story.prefix)
    assert away.code == UNREACHABLE, away


# --- trust roots remembered ---

def test_another_trust_root_is_told_loudly(story):
    bob = story.people["bob"]
    memory = next((bob.home / ".local/state/anprctl").glob("*.trust"))
    known = memory.read_text()
    changed = json.loads(known)
    changed["roots"]["tfl"] = "00" * 32
    memory.write_text(json.dumps(changed))
    before = len(history(story))
    answer = bob.try_to("on", "tfl-ulez", "--reason", "To another gateway.")
    refused(answer, "not sent: the gateway shows another trust root for tfl than before")
    assert "WARNING" in answer.errors and str(memory) in answer.errors and len(history(story)) == before
    off = bob.try_to("off", "tfl-ulez", "--reason", "Stopping is never held up.")
    assert off.code == DONE and "ANOTHER TRUST ROOT" in off.errors
    memory.unlink()
    bob.must("on", "tfl-ulez", "--reason", "Looked into.")
    assert json.loads(memory.read_text()) == json.loads(known)


# --- journals that somebody has written in ---

def journal(story, topic=None):
    """The journal's records, oldest first."""
    with Consumer(story.broker.address, story.pki, topic or f"{story.prefix}anpr.journal", "broker") as consumer:
        return [r.value for r in consumer.read_all_until_end()]


def sealed(story, entry):
    """An entry signed with the node's own key."""
    data = entry.SerializeToString()
    (story.folder / "bytes").write_bytes(b"anpr-journal-v1\0" + data)
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", story.pki / "signing.key", "-in",
                                story.folder / "bytes"], check=True, capture_output=True).stdout
    return journal_pb2.StoredEntry(entry=data, signature=signature).SerializeToString()


def following(records):
    last = journal_pb2.StoredEntry.FromString(records[-1]).entry
    inner = journal_pb2.JournalEntry.FromString(last)
    return journal_pb2.JournalEntry(sequence=inner.sequence + 1, previous_hash=hashlib.sha256(last).digest(),
                                    time_ms=inner.time_ms, node="gw-1")


def flipped(_, records):
    value = bytearray(records[2])
    value[len(value) // 2] ^= 1
    return [*records[:2], bytes(value), *records[3:]], "journal entry 3 does not verify"


def truncated(_, records):
    return records[:-2], f"the journal ends at entry {len(records) - 2}, but this node has seen entry {len(records)}"


def replaced(story, records):
    """The same length, signed throughout, but another newest entry."""
    entry = following(records[:-1])
    entry.lapse.cause = 4
    return [*records[:-1], sealed(story, entry)], f"journal entry {len(records)} does not verify: its hash is not the one"


def unsigned(_, records):
    entry = following(records)
    entry.lapse.cause = 4
    planted = journal_pb2.StoredEntry(entry=entry.SerializeToString(), signature=bytes(64)).SerializeToString()
    return [*records, planted], f"journal entry {len(records) + 1} does not verify: journal entry {len(records) + 1} is not signed"


def without_authority(story, records):
    """A node that turns tfl's switch on by alice's signature."""
    entry, asked = following(records), command("tfl", **switch(2))
    last = journal_pb2.StoredEntry.FromString(records[-1]).entry
    asked.head_sequence, asked.head_hash = len(records), hashlib.sha256(last).digest()
    data = asked.SerializeToString()
    entry.decree.signed.command = data
    entry.decree.signed.signatures.add(kind=1, value=cms(story, "alice", data))
    entry.decree.command_id = hashlib.sha256(data).digest()
    entry.decree.accepted_at_ms = entry.time_ms
    return [*records, sealed(story, entry)], f"journal entry {len(records) + 1} does not verify: signature: "


def write(story, topic, records):
    producer = Producer(story.broker.client("kafka") | {"acks": "all"})
    for value in records:
        producer.produce(topic, value, partition=0)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("change", [flipped, truncated, replaced, unsigned, without_authority])
def test_a_journal_that_does_not_verify_starts_nothing(story, change):
    story.gateway.stop()
    records, words = change(story, journal(story))
    topic = f"{story.prefix}anpr.journal-{change.__name__}"
    topics = {name: f"{story.prefix}anpr.{name}" for name in ("ledger", "heads", "accounts", "documents")} | {"journal": topic}
    kafka = {"topics": topics}
    story.prepare(kafka=kafka)
    write(story, topic, records)
    ends = story.consumer(committed=False).ends()
    story.gateway.start()
    try:
        eventually(lambda: words in story.gateway.words(), lambda: f"{words} in {story.gateway.words()[-2000:]}")
        everything = story.consumer(committed=False)
        assert steady(lambda: everything.ends() == ends, 2, "a read under a journal that does not verify")
    finally:
        story.gateway.stop()
        story.write_config()
        story.start()
    flows(story)


def test_an_entry_planted_while_it_runs_stops_publishing(story):
    """By a writer with the gateway's own certificate for Kafka."""
    records, words = without_authority(story, journal(story))
    flows(story)
    write(story, f"{story.prefix}anpr.journal", records[-1:])
    eventually(lambda: words in story.gateway.words(), lambda: f"{words} in {story.gateway.words()[-2000:]}")
    ends = story.consumer(committed=False).ends()
    everything = story.consumer(committed=False)
    assert steady(lambda: everything.ends() == ends, 3, "a read after an entry that does not verify")
    assert any(words in str(p) for p in story.people["bob"].status()["problems"])
