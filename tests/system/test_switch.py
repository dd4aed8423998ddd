# SPDX-License-Identifier: Apache-2.0
"""Off when the broker cannot be told, off for a while, off by a register: what is answered, and what comes of it."""

import csv
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import admin_specification
from support.installation import stamp
from support.people import DONE
from support.rights import only_the_journal_may_be_written
from support.wait import eventually, steady

NOT_YET = 4
RATE = 60


@pytest.fixture(scope="module")
def story(install_in_module, own_broker_in_module):
    return install_in_module(("tfl-ulez",), own_broker_in_module).share("--rate", RATE, "--trouble", "none")


@pytest.fixture(autouse=True)
def nothing_of_an_earlier_failure_is_off(story):
    for person in ("bob", "alice"):
        story.people[person].try_to("on", "tfl-ulez", "--reason", "A new test.")


def entries(story, **wanted):
    """Journal entries with these values; none while the gateway cannot be asked."""
    answer = story.people["iris"].try_to("history", "--json")
    return [e for e in answer.json if all(e[k] == v for k, v in wanted.items())] if answer.code == DONE else []


def enforced(story, **wanted):
    return [e for e in entries(story, **wanted) if e["enforced_by"]]


def flows(story):
    consumer = story.consumer()
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 10, "reads again")
    consumer.assert_unbroken()


@pytest.mark.parametrize("away,back", [("kill", "start"), ("freeze", "thaw")])
def test_off_with_the_broker_away_stops_here_and_is_recorded_later(story, away, back):
    getattr(story.broker, away)()
    began = time.monotonic()
    answer = story.people["bob"].try_to("off", "tfl-ulez", "--reason", f"Broker: {away}.", "--json")
    took = time.monotonic() - began
    try:
        assert answer.code == NOT_YET and answer.json["outcome"] == "stopped_here"
        assert took < 10
        assert story.people["bob"].status()["problems"]
    finally:
        getattr(story.broker, back)()
    off = eventually(lambda: entries(story, action="off", reason=f"Broker: {away}."), "the off is in the journal")
    assert len(off) == 1, "recorded once"
    eventually(lambda: enforced(story, action="off", reason=f"Broker: {away}."), "its enforced entry")
    steady(story.consumer(committed=False).ends, 2, "a read while off")
    assert not list((story.folder / "state").glob("stop/*.cms"))
    story.people["bob"].must("on", "tfl-ulez", "--reason", "The broker is back.")
    flows(story)


def test_an_off_that_could_not_be_recorded_survives_the_core(story):
    story.broker.kill()
    try:
        assert story.people["bob"].try_to("off", "tfl-ulez", "--reason", "Survives.").code == NOT_YET
        story.gateway.kill_child("core")
    finally:
        story.broker.start()
    eventually(lambda: enforced(story, action="off", reason="Survives."), "its enforced entry")
    steady(story.consumer(committed=False).ends, 2, "a read while off")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "On again.")
    flows(story)


def test_an_off_for_a_while_ends_by_itself(story):
    story.people["bob"].off("tfl-ulez", "--for", "2s", "--reason", "Two seconds.")
    off_at = time.time() * 1000
    flows(story)
    ended = eventually(lambda: entries(story, action="period_ended"), "the end is in the journal")
    assert len(ended) == 1
    captured = [r.read.read.captured_at_ms for r in story.consumer().read_all_until_end()]
    assert not [at for at in captured if off_at < at < off_at + 1500]


def test_an_on_for_a_while_ends_by_itself_and_is_fenced(story):
    story.people["bob"].off("tfl-ulez", "--reason", "Until further notice.")
    # offs reach 2 s further in camera time on both ends, so a shorter period would share nothing
    story.people["bob"].must("on", "tfl-ulez", "--for", "15s", "--reason", "Fifteen seconds.")
    flows(story)
    eventually(lambda: enforced(story, action="period_ended"), "the end is enforced")
    steady(story.consumer(committed=False).ends, 2, "a read after the end")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "On again.")
    flows(story)


def test_a_register_that_takes_a_camera_away_has_a_receipt(story):
    path = story.folder / "tfl-ulez" / "cameras.csv"
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    gone = next(row["camera_id"] for row in rows if row["state"] == "live")
    fewer = story.folder / "fewer.csv"
    with open(fewer, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row for row in rows if row["camera_id"] != gone)
    answer = story.people["bob"].must("propose", str(fewer), "--partner", "tfl-ulez")
    assert answer["receipt"]["entry"] > answer["entry"]
    consumer = story.consumer()
    before = len(consumer.read_all_until_end())
    flows(story)
    assert all(r.read.read.camera_id != gone for r in consumer.read_all_until_end()[before:])


# --- what people are told ---

def test_an_off_that_cannot_be_fenced_yet_says_what_it_waits_for(story):
    with only_the_journal_may_be_written(story):
        began = time.monotonic()
        answer = story.people["bob"].try_to("off", "tfl-ulez", "--reason", "Waits.", "--json")
        assert time.monotonic() - began < 10
        assert answer.code == NOT_YET and answer.json["outcome"] == "recorded", answer
        waiting = admin_specification.check("post", "/v1/commands", 202, answer.json)["waiting_for"]
        assert [w["node"] for w in waiting] == ["gw-1"] and isinstance(waiting[0]["publisher"], int)
        words = story.people["alice"].try_to("off", "tfl-ulez", "--reason", "As well.")
        assert words.code == NOT_YET and f"publisher {waiting[0]['publisher']} of node gw-1" in words.text, words
        assert not enforced(story, action="off", reason="Waits.")
    eventually(lambda: enforced(story, action="off", reason="Waits.") and enforced(story, action="off", reason="As well."),
               "their enforced entries", 120)
    steady(story.consumer(committed=False).ends, 2, "a read while off")
    for person in ("bob", "alice"):
        story.people[person].must("on", "tfl-ulez", "--reason", "On again.")
    flows(story)


def test_what_an_off_holds_back_is_counted(story):
    assert story.people["alice"].status()["partners"][0]["suppressed"] is None
    off = story.people["bob"].off("tfl-ulez", "--cameras", "ULEZ-0000*", "--reason", "A few.")
    partner = eventually(lambda: [p for p in story.people["alice"].status()["partners"]
                                  if (p["suppressed"] or {"reads": 0})["reads"] > 5], "reads that were held back")[0]
    assert partner["suppressed"]["entry"] == off["entry"]
    assert partner["suppressed"]["reads"] <= sum(n for reason, n in partner["totals"]["denied_by_reason"].items()
                                                 if reason.endswith("_off"))
    assert "reads denied by an off since" in story.people["alice"].try_to("status").text
    story.people["bob"].must("on", "tfl-ulez", "--cameras", "ULEZ-0000*", "--reason", "On again.")
    eventually(lambda: story.people["alice"].status()["partners"][0]["suppressed"] is None, "nothing is off")


def test_an_agreement_past_its_review_is_a_problem_that_grows(story, install):
    it = install()
    (it.folder / "tfl-ulez").mkdir()
    it.agreement("tfl-ulez", ["ULEZ-*"], valid={"from": stamp(-30), "until": stamp(300), "review_by": stamp(-12)[:10]})
    (it.folder / "tfl-ulez" / "cameras.csv").write_text((story.folder / "tfl-ulez" / "cameras.csv").read_text())
    it.prepare()
    story.gateway.stop()            # two gateways at a time would fence each other
    try:
        it.start()
        it.agree("tfl-ulez")
        problems = it.people["omar"].status()["problems"]
        assert any("agreement TFL-MPS-1 was to be reviewed by" in p and "12 day(s) ago" in p for p in problems), problems
        it.gateway.stop()
    finally:
        story.start()
    flows(story)


def test_two_people_press_off_at_once(story):
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda person: story.people[person].try_to("off", "tfl-ulez", "--reason", "At once.", "--json"),
                                ["bob", "alice", "bob"]))
    assert all(a.code == DONE or a.json["outcome"] == "recorded" for a in answers), answers     # nobody is refused
    assert len({a.json["entry"] for a in answers}) == 3
    eventually(lambda: len(enforced(story, action="off", reason="At once.")) == 3, "three enforced entries")
    steady(story.consumer(committed=False).ends, 1, "a read while off")
    for person in ("bob", "alice"):
        story.people[person].must("on", "tfl-ulez", "--reason", "On again.")
    flows(story)


def test_a_partner_with_nothing_on_goes_on_from_when_it_came_on_again(story):
    """Though a fence and a restart come between, which read the ledger anew."""
    consumer = story.consumer()
    story.people["bob"].off("tfl-ulez", "--reason", "Nothing on.")
    off_at = time.time() * 1000
    story.people["alice"].off("tfl-ulez", "--reason", "And the other side.")
    assert story.gateway.kill_child("core")
    eventually(lambda: story.people["bob"].try_to("status").code == DONE, "the gateway is back")
    steady(story.consumer(committed=False).ends, 2, "a read while off")
    for person in ("bob", "alice"):
        story.people[person].must("on", "tfl-ulez", "--reason", "On again.")
    on_at = time.time() * 1000
    flows(story)
    words = story.gateway.words()
    assert 'event="source started" partner=tfl-ulez' in words
    assert "from=time" in [line for line in words.splitlines() if 'event="source started"' in line][-1], "not from its old cursor"
    captured = [r.read.read.captured_at_ms for r in consumer.read_all_until_end()]
    assert not [at for at in captured if off_at < at < on_at]
    partner = story.people["bob"].status()["partners"][0]["totals"]
    assert partner["received"] == partner["permitted"] + partner["denied"] + partner["rejected"]
