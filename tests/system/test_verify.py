# SPDX-License-Identifier: Apache-2.0
"""anprctl verify: nothing is wrong where nothing is, and each offence is named, with the place of the first.

The offences are planted in a copy of what an honest installation left in Kafka, by somebody who can do whatever the
gateway's and the node's keys, and the disks of the brokers, allow."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from support.charters import make
from support.evidence import Evidence, entry_of, place, sealed, signed, vouched
from support.messages import SharedRead, command_pb2, journal_pb2, ledger_pb2
from support.places import BUILD, ROOT, program
from support.wait import eventually


@pytest.fixture(scope="module")
def honest(install_in_module):
    """Two partners, reads, an off and an on, a kill, a stop; then nothing moves any more."""
    it = install_in_module(("tfl-ulez", "national-highways"))
    it.partner("tfl-ulez", "--rate", 300)
    it.partner("national-highways", "--rate", 100, "--batch-seconds", 1)
    it.agreement("tfl-ulez", ["ULEZ-*"], drop=["speed_kph", "heading"])
    it.agreement("national-highways", ["NH-*"])
    it.prepare()
    it.start()
    for partner in it.partners:
        it.agree(partner)
        it.go_live(partner)
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 300, "reads")
    # A slow machine may answer 'recorded' or 'stopped here' first; either becomes an enforced entry.
    it.people["bob"].try_to("off", "tfl-ulez", "--cameras", "ULEZ-000*", "--reason", "Works.")
    eventually(lambda: it.people["bob"].try_to("on", "tfl-ulez", "--cameras", "ULEZ-000*", "--reason", "Done.").code == 0, "on again")
    it.gateway.kill_child("core")
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 500, "reads after it came back")
    for simulator in it.simulators.values():
        simulator.control(finish=True)
    consumer = it.consumer()
    eventually(lambda: it.totals("tfl-ulez")["published"] == len(consumer.read_all_until_end()), "all published")
    it.gateway.stop()
    return it


@pytest.fixture(scope="module")
def taken(honest):
    return Evidence(honest)


@pytest.fixture
def evidence(taken):
    return taken.copy()


@pytest.fixture
def verify(tmp_path):
    """What verify finds wrong in the evidence: {kind: (count, place of the first, words)}, and its figures. The checker,
    which has no code of the gateway and does not look at reads, finds all the rest of it as well, in the same places."""
    def run(evidence, *options):
        bundle = evidence.save(tmp_path / "bundle")
        status, answer = ask("--bundle", bundle, *options)
        found = {o["offence"]: (o["count"], o["first"], o["what"]) for o in answer["offences"]}
        assert status == (1 if found else 0)
        at_reads = OF_READS | {kind for kind, (_, place, _) in found.items() if place.split(" ")[0] in evidence.topics}
        beside = {kind: place for kind, (_, place, _) in found.items() if kind not in at_reads}
        apart = {kind: place for kind, place in places(check(bundle, *options)).items() if kind not in at_reads}
        assert apart == beside
        return found, answer["figures"]
    return run


# Told at the ledger record that says so, but seen on the topic.
OF_READS = {"read_missing", "read_altered"}


def check(bundle, *options):
    """What deploy/check_bundle says of it."""
    done = subprocess.run([sys.executable, ROOT / "deploy/check_bundle", "--json", bundle, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    assert done.returncode == (1 if answer["offences"] else 0) and answer["clean"] == (done.returncode == 0)
    return answer


def places(answer):
    return {o["offence"]: o["first"] for o in answer["offences"]}


def ask(*options):
    done = subprocess.run([program("anprctl"), "verify", "--json", *map(str, options)], capture_output=True, text=True,
                          timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def largest(evidence, topic):
    """The partition of the topic with the most reads: its name, and them."""
    key = max((k for k in evidence.records if k[0] == topic), key=lambda k: len(evidence.records[k]))
    return key, evidence.records[key]


def changed(value, **fields):
    read = SharedRead.FromString(value)
    for name, to in fields.items():
        setattr(read, name, to)
    return read.SerializeToString(deterministic=True)


# --- nothing is wrong ---

def test_nothing_is_wrong_in_kafka(honest):
    status, answer = ask("--prefix", honest.prefix, *honest.kafka("verifier"))
    assert (status, answer["offences"], answer["unreadable"]) == (0, [], "")
    figures = answer["figures"]
    reads = sum(len(honest.consumer(p).read_all_until_end()) for p in honest.partners)
    assert figures["reads"] == figures["reads_accounted"] == reads > 800
    assert figures["reads_gone"] == figures["reads_before_ledger"] == figures["not_enforced"] == 0
    assert figures["accounts_compared"] >= 2


def test_nothing_is_wrong_in_a_copy(evidence, verify):
    found, figures = verify(evidence)
    assert found == {}
    assert figures["reads"] == figures["reads_accounted"] > 800


def test_reads_gone_by_retention_are_no_offence(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    del reads[:50]
    evidence.oldest[key] = reads[0].offset
    found, figures = verify(evidence)
    assert found == {}
    assert figures["reads_gone"] == 50


def test_a_ledger_that_is_no_longer_whole_is_no_offence(evidence, verify):
    for ledger in evidence.ledgers():
        del ledger[:len(ledger) // 2]
    found, figures = verify(evidence)
    assert found == {}
    assert figures["reads_before_ledger"] > 0 and figures["reads_accounted"] > 0
    assert figures["reads_before_ledger"] + figures["reads_accounted"] == figures["reads"]


def test_a_bundle_without_reads(honest, tmp_path):
    bundle = tmp_path / "evidence.bundle"
    subprocess.run([program("anprctl"), "export", bundle, "--prefix", honest.prefix, *honest.kafka("verifier")], check=True,
                   stdout=subprocess.DEVNULL)
    status, answer = ask("--bundle", bundle)
    assert (status, answer["offences"]) == (0, [])
    checked = check(bundle)
    assert checked["clean"] and checked["notes"] == []
    assert all(checked["figures"][f] == answer["figures"][f] for f in checked["figures"])
    assert answer["figures"]["reads"] == 0 < answer["figures"]["accounts_compared"]
    marks = {read.read.vrm.encode() for r in honest.consumer().read_all_until_end() if (read := r.read).read.vrm}
    held = bundle.read_bytes()
    assert len(marks) > 100 and not [m for m in marks if len(m) > 5 and m in held], "no plates"


def test_every_offence_is_in_the_document():
    """By the same name and meaning, in the order of the alphabet."""
    source = (ROOT / "gateway/verify/offences.c").read_text()
    named = {name: "".join(re.findall(r'"([^"]*)"', meaning))
             for name, meaning in re.findall(r'\{"(\w+)",((?:\s*"[^"]*")+)\}', source) if name != "none"}
    documented = re.findall(r"^\| `(\w+)` \| B? ?\| (.*) \|$", (ROOT / "proto/FORMATS.md").read_text(), re.M)
    assert len(named) == 17 and documented == sorted(named.items())


# --- what a live cluster does while it is read ---

def probe(bundle, journal_end=0, fails=0):
    """What verify_probe says of a bundle whose source answers so: its lines, and how many questions were asked."""
    lines = subprocess.run([BUILD / "tests/verify_probe", bundle, str(journal_end), str(fails)], check=True,
                           capture_output=True, text=True, timeout=120).stdout.splitlines()
    last, _, questions = lines[-1].partition(" questions ")
    return lines[:-1] + [last], int(questions)


@pytest.fixture
def live(evidence, tmp_path):
    """The bundle, and what is said of it where nothing is wrong."""
    reads = sum(len(r) for (topic, _), r in evidence.records.items() if topic in evidence.topics)
    return evidence.save(tmp_path / "bundle"), f"reads {reads} accounted {reads}"


def test_a_journal_that_grows_while_a_round_is_under_way(evidence, live):
    """Each entry in turn is the newest when the round begins; what follows it is there when the journal is read last."""
    bundle, right = live
    for item in evidence.journal():
        assert probe(bundle, journal_end=item.offset + 1)[0] == [right]


def test_a_broker_that_does_not_answer_once(live):
    """Whatever was asked, the round fails and is repeated, and nothing is called wrong or left out for that."""
    bundle, right = live
    _, questions = probe(bundle)
    for number in [*range(1, 60, 2), *range(60, questions + 1, questions // 20)]:
        said, _ = probe(bundle, fails=number)
        assert said in [[f"round {r} failed", right] for r in (1, 2, 3)], f"question {number}"


# --- reads ---

def test_a_read_added(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    last = SharedRead.FromString(reads[-1].value)
    evidence.newest[key] += 1
    reads.append(replace(reads[-1], offset=evidence.newest[key] - 1, value=changed(
        reads[-1].value, sequence=last.sequence + 1000, partition_sequence=last.partition_sequence + 1)))
    found, _ = verify(evidence)
    assert found == {"read_added": (1, place(key, reads[-1]), found["read_added"][2])}


def test_a_read_twice(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    evidence.newest[key] += 1
    reads.append(replace(reads[20], offset=evidence.newest[key] - 1))
    found, _ = verify(evidence)
    assert found["read_added"][:2] == (1, place(key, reads[-1]))


def test_a_read_altered(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    evidence.rewrite(reads, 100, lambda v: changed(v, received_at_ms=SharedRead.FromString(v).received_at_ms - 1))
    found, _ = verify(evidence)
    assert found == {"read_altered": (1, place(key, reads[100]), found["read_altered"][2])}


def test_a_read_taken_away(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    gone = SharedRead.FromString(reads.pop(100).value)
    found, _ = verify(evidence)
    assert list(found) == ["read_missing"]
    assert found["read_missing"][0] == 1
    numbers = [int(w.strip(",")) for w in found["read_missing"][2].split() if w.strip(",").isdigit()]
    assert numbers[-2] <= gone.partition_sequence <= numbers[-1], "among the numbers it names"


def test_a_read_of_before_an_off_after_it(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    evidence.newest[key] += 1
    reads.append(replace(reads[5], offset=evidence.newest[key] - 1))
    found, _ = verify(evidence)
    assert found["read_after_off"][:2] == (1, place(key, reads[-1]))


def test_a_read_that_was_not_permitted(evidence, verify, honest):
    """Stamped with the version before both sides had turned it on."""
    key, reads = largest(evidence, honest.topic)
    evidence.rewrite(reads, 3, lambda v: changed(v, policy_version=5))
    found, _ = verify(evidence)
    assert found["read_not_permitted"][:2] == (1, place(key, reads[3]))
    assert found["read_other_version"][:2] == (1, place(key, reads[3]))


def test_a_version_the_journal_has_not(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    evidence.rewrite(reads, 3, lambda v: changed(v, policy_version=10_000))
    found, _ = verify(evidence)
    assert found["policy_version_wrong"][:2] == (1, place(key, reads[3]))


def test_a_read_with_more_than_was_agreed(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)

    def faster(value):
        read = SharedRead.FromString(value)
        read.read.speed_kph = 57.0
        return read.SerializeToString(deterministic=True)
    evidence.rewrite(reads, 7, faster)
    found, _ = verify(evidence)
    assert found["read_not_as_agreed"][:2] == (1, place(key, reads[7]))


def test_a_read_kept_for_longer(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    evidence.rewrite(reads, 7, lambda v: changed(v, keep_until_ms=SharedRead.FromString(v).keep_until_ms + 86_400_000))
    found, _ = verify(evidence)
    assert found["read_not_as_agreed"][:2] == (1, place(key, reads[7]))


def test_a_record_that_is_no_read(evidence, verify, honest):
    key, reads = largest(evidence, honest.topic)
    evidence.newest[key] += 1
    reads.append(replace(reads[-1], offset=evidence.newest[key] - 1, value=b"\xff not a read"))
    found, _ = verify(evidence)
    assert found == {"read_added": (1, place(key, reads[-1]), found["read_added"][2])}


# --- journal ---

@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_an_entry_with_a_flipped_bit(evidence, verify, where):
    journal = evidence.journal()
    index = len(journal) // 2

    def flip(value):
        at = int(len(value) * where)
        return value[:at] + bytes([value[at] ^ 0x10]) + value[at + 1:]
    evidence.rewrite(journal, index, flip)
    found, _ = verify(evidence)
    assert found["journal_broken"][:2] == (1, place((evidence.name("journal"), 0), journal[index]))


def test_an_entry_edited_and_signed_again(evidence, verify, honest):
    """By the node's key: the entry after it still names the hash of the one that was there."""
    journal = evidence.journal()
    index = next(i for i, item in enumerate(journal) if entry_of(item).HasField("enforced"))

    def later(value):
        entry = entry_of(journal[index])
        entry.enforced.took_ms += 1
        return sealed(entry, honest.pki / "signing.key")
    evidence.rewrite(journal, index, later)
    found, _ = verify(evidence)
    assert found["journal_broken"][:2] == (1, place((evidence.name("journal"), 0), journal[index + 1]))


def test_an_entry_dropped(evidence, verify):
    journal = evidence.journal()
    del journal[6]
    found, _ = verify(evidence)
    assert found["journal_broken"][:2] == (1, place((evidence.name("journal"), 0), journal[6]))


def test_a_tail_cut_off_and_made_again(evidence, verify, honest):
    """By the node's key, so that nothing in the journal tells: who saw the entry before knows."""
    journal = evidence.journal()
    seen = hashlib.sha256(journal_pb2.StoredEntry.FromString(journal[-1].value).entry).hexdigest()
    number = len(journal)
    evidence.rewrite(journal, -1, lambda _: sealed(_with_time(entry_of(journal[-1])), honest.pki / "signing.key"))
    found, _ = verify(evidence, "--head", f"{number}:{seen}")
    assert found["head_lost"][0] == 1
    del journal[-1]
    found, _ = verify(evidence, "--head", f"{number}:{seen}")
    assert found["head_lost"][0] == 1


def test_an_approval_forged(evidence, verify, honest):
    """In the partner's name, by a certificate of the police's CA, the node lending its key."""
    make(honest.pki, "--add", "bobby person /CN=bob mps-ca")
    journal = evidence.journal()
    index, entry = next((i, e) for i, e in enumerate(map(entry_of, journal))
                        if command_pb2.Command.FromString(e.decree.signed.command).HasField("approve"))
    entry.decree.signed.signatures[0].value = signed(honest.pki, "bobby", entry.decree.signed.command)
    evidence.rewrite(journal, index, lambda _: sealed(entry, honest.pki / "signing.key"))
    found, _ = verify(evidence)
    assert found["journal_broken"][:2] == (1, place((evidence.name("journal"), 0), journal[index]))


def test_a_receipt_that_the_journal_has_not(evidence, tmp_path):
    journal = evidence.journal()
    index = next(i for i, item in enumerate(journal) if entry_of(item).HasField("enforced"))
    receipt = tmp_path / "receipt"
    receipt.write_bytes(journal[index].value)
    assert check(evidence.save(tmp_path / "bundle"), "--receipt", receipt)["clean"]
    del journal[index:]
    assert places(check(evidence.save(tmp_path / "bundle"), "--receipt", receipt))["head_lost"] == str(receipt)


def _with_time(entry):
    entry.time_ms += 1
    return entry


def test_another_certificate_authority(evidence, verify, honest):
    found, _ = verify(evidence, "--root", f"tfl={honest.pki}/tfl-ca.pem")
    assert found == {}
    found, _ = verify(evidence, "--root", f"tfl={honest.pki}/nh-ca.pem")
    assert list(found) == ["trust_root_replaced"]


def test_a_text_that_is_missing(evidence, verify):
    documents = evidence.records[evidence.name("documents"), 0]
    documents.clear()
    found, _ = verify(evidence)
    assert "document_missing" in found


# --- ledger and accounts ---

def test_a_ledger_record_dropped(evidence, verify):
    ledger = max(evidence.ledgers(), key=len)
    del ledger[5]
    found, _ = verify(evidence)
    assert "ledger_broken" in found
    assert found["ledger_broken"][1].endswith(f"offset {ledger[5].offset}")


def test_a_tally_changed(evidence, verify):
    """One denied read fewer than there were, and one received: it adds up, and yet is not what was signed."""
    ledger = max(evidence.ledgers(), key=len)
    index, record = next((i, r) for i, r in enumerate(map(lambda item: ledger_pb2.LedgerRecord.FromString(item.value), ledger))
                         if i + 1 < len(ledger) and any(p.totals.denied for p in r.partners))
    totals = next(p.totals for p in record.partners if p.totals.denied)
    totals.denied[0].n += 1
    totals.received += 1
    evidence.rewrite(ledger, index, lambda _: record.SerializeToString(deterministic=True))
    found, _ = verify(evidence)
    assert found["ledger_broken"][1].endswith(f"offset {ledger[index + 1].offset}")
    assert "account_wrong" in found


def _published_more(record):
    next(p for p in record.partners if p.feeds).totals.published += 1


def _numbers_back(record):
    next(p for p in record.partners if p.feeds).feeds[0].sequence -= 1


def _unknown_version(record):
    record.policy_version = 10_000


@pytest.mark.parametrize(("change", "kind"), [(_published_more, "totals_wrong"), (_numbers_back, "totals_wrong"),
                                              (_unknown_version, "policy_version_wrong")])
def test_a_ledger_record_that_contradicts_itself_or_the_journal(evidence, verify, change, kind):
    ledger = max(evidence.ledgers(), key=len)
    index, record = next((i, r) for i, r in enumerate(map(lambda item: ledger_pb2.LedgerRecord.FromString(item.value), ledger))
                         if i > 3 and any(p.feeds for p in r.partners))
    change(record)
    evidence.rewrite(ledger, index, lambda _: record.SerializeToString(deterministic=True))
    found, _ = verify(evidence)
    assert found[kind][1].endswith(f"offset {ledger[index].offset}")


def test_an_account_changed(evidence, verify, honest):
    accounts = evidence.records[evidence.name("accounts"), 0]

    def more(value, sign):
        stored = ledger_pb2.StoredRecord.FromString(value)
        account = ledger_pb2.Account.FromString(stored.record)
        account.totals.received += 1
        account.totals.rejected.add(rejection=1, n=1)
        if sign:
            return vouched(account, honest.pki / "signing.key")
        stored.record = account.SerializeToString(deterministic=True)
        return stored.SerializeToString()
    where = place((evidence.name("accounts"), 0), accounts[-1])
    signed, unsigned = evidence.copy(), evidence
    signed.rewrite(signed.records[evidence.name("accounts"), 0], -1, lambda v: more(v, True))
    found, _ = verify(signed)
    assert found == {"account_wrong": (1, where, found["account_wrong"][2])}
    unsigned.rewrite(accounts, -1, lambda v: more(v, False))
    found, _ = verify(unsigned)
    assert found == {"statement_unsigned": (1, where, found["statement_unsigned"][2])}


def write_anew(evidence, ledger, change):
    """All of a publisher's ledger, changed by change(record), with a chain of its own."""
    previous = bytes(32)
    for index, item in enumerate(ledger):
        record = ledger_pb2.LedgerRecord.FromString(item.value)
        record.previous_hash = previous
        change(record)
        evidence.rewrite(ledger, index, lambda _, r=record: r.SerializeToString(deterministic=True))
        previous = hashlib.sha256(ledger[index].value).digest()


def test_a_ledger_written_anew(evidence, verify):
    """The accounts that a node signed still name the old one."""
    write_anew(evidence, max(evidence.ledgers(), key=len), lambda record: setattr(record, "node", "gw-9"))
    found, _ = verify(evidence)
    assert "ledger_replaced" in found


def test_a_ledger_that_goes_on_after_an_off_as_if_there_were_none(evidence, verify, honest):
    """Seen without the reads: an enforced entry says how far the feed was, and the ledger goes on under the version before."""
    enforced = [e.enforced for e in map(entry_of, evidence.journal()) if e.HasField("enforced")]
    version = max(enforced[-1].entries)
    fenced = next(p for p in enforced[-1].publishers if any(f.partner == "tfl-ulez" for f in p.feeds))
    last = next(f.last_sequence for f in fenced.feeds if f.partner == "tfl-ulez")
    key = evidence.name("ledger"), fenced.publisher
    ledger = evidence.records[key]
    write_anew(evidence, ledger, lambda r: setattr(r, "policy_version", min(r.policy_version, version - 1)))
    first = next(item for item, r in ((i, ledger_pb2.LedgerRecord.FromString(i.value)) for i in ledger)
                 if any(f.sequence > last for p in r.partners if p.partner == "tfl-ulez" for f in p.feeds))
    for topic in evidence.topics:
        evidence.forget(topic)
    found, _ = verify(evidence)
    assert set(found) == {"read_after_off", "ledger_replaced"}
    assert found["read_after_off"][1] == place(key, first) and f"version {version - 1}" in found["read_after_off"][2]


def test_an_enforced_entry_that_does_not_name_a_feed(evidence, verify, honest):
    """It says that nothing had been published into it: whatever the ledger has of it before is too much."""
    journal = evidence.journal()
    index = max(i for i, item in enumerate(journal) if entry_of(item).HasField("enforced"))
    entry = entry_of(journal[index])
    for publisher in entry.enforced.publishers:
        del publisher.feeds[:]
    evidence.rewrite(journal, index, lambda _: sealed(entry, honest.pki / "signing.key"))
    found, _ = verify(evidence)
    assert "journal_broken" in found        # by what follows it; up to there it is the journal
    assert "read_after_off" in found
