# SPDX-License-Identifier: Apache-2.0
"""anprctl verify: nothing is wrong where nothing is, in Kafka, in a bundle, and while everything moves. What is named where
something is wrong: offences/."""

import re
import subprocess

import pytest

from support.auditor import ask, check, judge, places
from support.evidence import entry_of
from support.messages import command_pb2
from support.places import BUILD, ROOT, program


@pytest.fixture
def verify(tmp_path):
    return lambda evidence, *options: judge(evidence, tmp_path / "bundle", *options)[:2]


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
    key = max((k for k in evidence.records if k[0] == honest.topic), key=lambda k: len(evidence.records[k]))
    reads = evidence.records[key]
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
    assert len(named) == 18 and documented == sorted(named.items())


def test_a_body_has_the_authority_that_is_known(evidence, verify, honest):
    assert verify(evidence, "--root", f"tfl={honest.pki}/tfl-ca.pem")[0] == {}


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


def test_a_topic_that_is_met_while_a_round_is_under_way(evidence, live):
    """Its consents come with the round's own reading of the journal, and more entries after that: the reads may have been
    decided under these, so the journal is read once more."""
    bundle, right = live
    ask = [command_pb2.Command.FromString(entry_of(item).decree.signed.command).WhichOneof("ask") for item in evidence.journal()]
    first_on = ask.index("set_switch")
    for item in evidence.journal()[first_on:]:
        assert probe(bundle, journal_end=f"1,{item.offset}")[0] == [right]


def test_a_broker_that_does_not_answer_once(live):
    """Whatever was asked, the round fails and is repeated, and nothing is called wrong or left out for that."""
    bundle, right = live
    _, questions = probe(bundle)
    for number in [*range(1, 60, 2), *range(60, questions + 1, questions // 20)]:
        said, _ = probe(bundle, fails=number)
        assert said in [[f"round {r} failed", right] for r in (1, 2, 3)], f"question {number}"


def test_a_receipt_that_the_journal_has_not(evidence, tmp_path):
    journal = evidence.journal()
    index = next(i for i, item in enumerate(journal) if entry_of(item).HasField("enforced"))
    receipt = tmp_path / "receipt"
    receipt.write_bytes(journal[index].value)
    assert check(evidence.save(tmp_path / "bundle"), "--receipt", receipt)["clean"]
    del journal[index:]
    assert places(check(evidence.save(tmp_path / "bundle"), "--receipt", receipt))["head_lost"] == str(receipt)
