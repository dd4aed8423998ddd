# SPDX-License-Identifier: Apache-2.0
"""anprctl try: what it counts is what the plain evaluator makes of the reads that the partner sent; nothing is shared."""

import json
import re
import subprocess
import time
from collections import Counter

import pytest
import yaml

from support.evaluator import Evaluator, Register, Switch, Version, moment
from support.people import REFUSED
from support.places import PATIENCE, program
from support.wait import eventually, steady

TODAY = ["ULEZ-0000?", "ULEZ-0001?"]
RULES = [{"name": "some", "cameras": ["ULEZ-0001?", "ULEZ-0002?"]}, {"name": "others", "cameras": ["ULEZ-0003?"]}]
READS = 600


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(("tfl-ulez",))
    it.partner("tfl-ulez", "--rate", 200, "--begin", "paused", "--trouble", "unknown_camera=0.02")
    it.agreement("tfl-ulez", TODAY)
    it.prepare()
    it.start()
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    return it


def draft(story, **changes):
    """Today's agreement with some changes; its validity begins tomorrow. Its path."""
    text = yaml.safe_load(story.agreements["tfl-ulez"].read_text()) | {"rules": RULES} | changes
    path = story.folder / "draft.yaml"
    path.write_text(yaml.safe_dump(text, sort_keys=False))
    return path


class Trial:
    """anprctl try, running; `result` waits for its end."""

    def __init__(self, story, who, path, *options, period="15s"):
        begun = len(re.findall("trial begun", story.gateway.words()))
        person = story.people[who]
        self.process = subprocess.Popen([program("anprctl"), "try", path, "--for", period, "--json", *options], text=True,
                                        env=person.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        eventually(lambda: self.process.poll() is not None
                   or len(re.findall("trial begun", story.gateway.words())) > begun, "a trial")

    def end(self):
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors

    def result(self):
        code, out, errors = self.end()
        assert code == 0, out + errors
        return json.loads(out)


def evaluator(agreement, register, switches=()):
    return Evaluator("tfl", 2000, [register], [Version.read(0, 0, agreement.read_text(), register)], list(switches),
                     int(time.time() * 1000))


def switches(story):
    """Off until each side turned its own on: of a read captured before that, the partner may still have some."""
    side = {"CN=alice": "mps", "CN=bob": "tfl"}
    turned = [(side[h["who"]["subject"]], moment(h["time"])) for h in story.people["iris"].must("history") if h["action"] == "on"]
    return [s for who, at in turned for s in (Switch(0, "off", who), Switch(at, "on", who))]


def expected(story, today, proposed, register, sent):
    """Outcomes by camera, as the slow and plain way has them."""
    outcomes = Counter()
    for read in sent:
        captured = moment(read["captured_at"])
        verdicts = [e.decide(read.get("sent_as", read["camera_id"]), captured, read["kind"], read.get("confidence"), (),
                             captured + 500, captured + 600)[0] == "permit" for e in (today, proposed)]
        known = register.by_any_id.get(read.get("sent_as", read["camera_id"]))
        outcomes[known, {(True, True): "both", (True, False): "only_today", (False, True): "only_draft",
                         (False, False): "neither"}[tuple(verdicts)]] += 1
    return outcomes


def counted(result):
    return Counter({(c["camera"], outcome): c[outcome] for c in result["cameras"]
                    for outcome in ("both", "only_draft", "only_today", "neither") if c[outcome]})


def reads_come(story, already):
    """Reads from now on, for a while; those that came since."""
    story.simulators["tfl-ulez"].control(go=True)
    eventually(lambda: len(story.sent()) >= already + READS, "reads")
    story.simulators["tfl-ulez"].control(pause=True)
    return [read for read in story.sent()[already:] if read["fate"] in ("ok", "unknown_camera")]


def test_counts_are_those_of_the_plain_evaluator(story):
    path = draft(story, valid={"from": "2029-01-01T00:00:00Z", "until": "2035-01-01T00:00:00Z"})
    trial = Trial(story, "alice", path, period="20s")
    sent = reads_come(story, 0)
    result = trial.result()
    register = Register.read(0, (story.folder / "tfl-ulez" / "cameras.csv").read_text())
    in_force = draft(story)
    wanted = expected(story, evaluator(story.agreements["tfl-ulez"], register, switches(story)),
                      evaluator(in_force, register), register, sent)
    assert result["state"] == "done" and result["complete"] and result["reads"] == len(sent)
    assert counted(result) == wanted
    for outcome in ("both", "only_draft", "only_today", "neither"):
        assert result[outcome] == sum(n for (_, o), n in wanted.items() if o == outcome) > 0
        assert sum(hour[outcome] for hour in result["hours"]) == result[outcome]
    assert sum(rule["shared"] for rule in result["rules"]) == result["both"] + result["only_draft"]
    assert sum(result["reasons"].values()) == result["neither"] + result["only_today"]
    assert {r["rule"] for r in result["rules"] if r["shared"]} == {"some", "others"}
    # Only what is agreed today has been shared, and the ledger has counted all of it as ever.
    consumer = story.consumer()
    shared = result["both"] + result["only_today"]
    consumer.wait_for(lambda records: len(records) >= shared, "reads")
    steady(lambda: len(consumer.read_all_until_end()), 2, "another read")
    assert len(consumer.records) == shared
    assert all(re.fullmatch("ULEZ-000[01].", record.read.read.camera_id) for record in consumer.records)
    totals = story.totals("tfl-ulez")
    assert totals["permitted"] == shared and totals["received"] == len(sent)


def test_a_register(story):
    """Cameras that a draft register retires would not be shared any more."""
    lines = (story.folder / "tfl-ulez" / "cameras.csv").read_text().splitlines(keepends=True)
    path = story.folder / "draft.csv"
    path.write_text("".join(line.replace(",live,", ",retired,") if line.startswith("ULEZ-0000") else line for line in lines))
    already = len(story.sent())
    trial = Trial(story, "bob", path, "--partner", "tfl-ulez", period="20s")
    sent = reads_come(story, already)
    result = trial.result()
    assert result["reads"] == len(sent) and result["agreement"] is None
    assert result["only_draft"] == 0 and result["only_today"] > 0 and result["both"] > 0
    assert {c["camera"][:9] for c in result["cameras"] if c["only_today"]} == {"ULEZ-0000"}
    assert result["reasons"]["camera_not_live"] >= result["only_today"]


def test_a_trial_of_the_partners_own_connects_it_and_nobody_elses(story):
    story.people["bob"].off("tfl-ulez", "--reason", "Off.")
    before = len(story.consumer().read_all_until_end())
    for who, comes in (("alice", False), ("bob", True)):
        already = len(story.sent())
        trial = Trial(story, who, draft(story), period="20s")
        story.simulators["tfl-ulez"].control(go=True)
        result = trial.result()
        story.simulators["tfl-ulez"].control(pause=True)
        assert result["connects"] == comes and (result["reads"] > 0) == comes
        assert result["both"] == result["only_today"] == 0 and (result["only_draft"] > 0) == comes
        assert len(story.sent()) > already
    assert len(story.consumer().read_all_until_end()) == before, "nothing of it is shared"
    disconnected = lambda: [p for p in story.people["iris"].status()["partners"] if p["source"]["state"] == "idle"]   # noqa: E731
    eventually(disconnected, "the partner is left alone again")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "On again.")


@pytest.mark.parametrize("who, options, words", [
    ("iris", (), "neither policy-admin nor controller"),
    ("omar", (), "neither policy-admin nor controller"),
    ("nina", (), "nh is not among the bodies"),
])
def test_who_may_not(story, who, options, words):
    code, out, errors = Trial(story, who, draft(story), *options).end()
    assert code == REFUSED and words in errors


def test_drafts_that_are_none(story):
    alice = story.people["alice"]
    assert "no partner" in alice.try_to("try", draft(story, partner="leeds"), "--for", "5s").errors
    assert "--for" in alice.try_to("try", draft(story), "--for", "soon").errors
    bad = draft(story)
    bad.write_text(bad.read_text().replace("purposes:", "purposs:"))
    assert "purposs" in alice.try_to("try", bad, "--for", "5s").errors


def test_a_trial_ends_with_the_core(story):
    trial = Trial(story, "alice", draft(story), period="60s")
    other = story.people["alice"].try_to("try", draft(story), "--for", "5s")
    assert other.code != 0 and "another trial runs" in other.errors
    story.gateway.kill_child("core")
    code, _, errors = trial.end()
    assert code == REFUSED and "the trial is lost" in errors
    eventually(lambda: story.people["alice"].try_to("status").code == 0, "the gateway again")


def test_a_trial_ends_when_nobody_looks(story):
    trial = Trial(story, "alice", draft(story), period="60s")
    trial.process.kill()
    trial.end()
    again = eventually(lambda: (a := story.people["alice"].try_to("try", draft(story), "--for", "2s")).code == 0 and a,
                       "room for another trial")
    assert "Of 0 reads" in again.text


def test_what_was_counted_goes_with_the_proposal(story):
    """Whoever is asked sees it, from the journal; it has to be a trial of the very text."""
    path, kept = draft(story), story.folder / "trial.json"
    result = Trial(story, "alice", path, period="2s").result()
    kept.write_text(json.dumps(result))
    number = story.people["alice"].must("propose", path, "--trial", kept)["entry"]
    seen = story.people["bob"].must("proposals", number)
    assert (seen[0] if isinstance(seen, list) else seen)["trial"] == result
    assert "Tried before it was proposed" in story.people["bob"].try_to("proposals", number).text
    for text in (json.dumps(result | {"sha256": "00" * 32}), "[]", "{", json.dumps({"trial": "x"})):
        kept.write_text(text)
        refused = story.people["alice"].try_to("propose", draft(story, purposes=["other"]), "--trial", kept)
        assert refused.code == REFUSED and "not what a trial of this text came to" in refused.errors
