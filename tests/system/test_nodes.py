# SPDX-License-Identifier: Apache-2.0
"""Two nodes of one gateway: who runs what, and what an independent consumer sees when one of them goes.

One installation, one story: each test leaves both nodes up, with something to run for each."""

import csv
import json
import subprocess
import time

import pytest

from support.evaluator import moment
from support.people import DONE, NOT_YET
from support.places import PATIENCE, program
from support.rights import only_the_journal_may_be_written
from support.wait import eventually, steady

RATE = 60
PARTNERS = ("tfl-ulez", "national-highways")
CONTROLLER = {"tfl-ulez": "bob", "national-highways": "nina"}
TAKE_OVER = 15      # seconds, as DESIGN.md's issue has it


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(PARTNERS)
    for partner in PARTNERS:
        it.partner(partner, "--rate", RATE, "--trouble", "none")
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.agreement("national-highways", ["*"])
    it.prepare()
    it.start()
    it.live_at = {}
    for partner in PARTNERS:
        it.agree(partner)
        it.go_live(partner)
        it.live_at[partner] = time.time() * 1000
        it.consumer(partner).wait_for(lambda records: len(records) > 10, "reads")
    it.add_node().start()
    return it


def owners(story, node):
    """{partner: the node that runs it}, as this node says; {} while it does not answer."""
    answer = story.at(node, "alice").try_to("status", "--json")
    return {p["id"]: p["node"] for p in answer.json["partners"]} if answer.code == DONE else {}


@pytest.fixture(autouse=True)
def each_runs_one(story):
    first, second = story.nodes
    for node in story.nodes:
        if node.gateway.process.poll() is not None:
            node.start()
    for partner in PARTNERS:
        for person in ("alice", CONTROLLER[partner]):
            story.at(first, person).try_to("on", partner, "--reason", "A new test.")
    eventually(lambda: sorted(owners(story, first).values()) == ["gw-1", "gw-2"] and owners(story, second) == owners(story, first),
               lambda: f"each node runs one partner: {owners(story, first)} {owners(story, second)}")
    for partner in PARTNERS:
        flows(story, partner)


def node_of(story, partner):
    name = owners(story, story.nodes[0])[partner]
    return next(n for n in story.nodes if n.id == name)


def other(story, node):
    return next(n for n in story.nodes if n is not node)


def run_by(story, node):
    return next(p for p, name in owners(story, story.nodes[0]).items() if name == node.id)


def flows(story, partner, seconds=None):
    """A read that is captured from now on comes; how long that took."""
    since, began = time.time() * 1000, time.monotonic()
    consumer = story.consumer(partner)
    consumer.read_all_until_end()
    consumer.wait_for(lambda records: any(r.read.read.captured_at_ms > since for r in records[-100:]),
                      f"reads of {partner} again", seconds or PATIENCE)
    return time.monotonic() - began


def longest_silence(records, since):
    """Between two reads appended after `since` (UTC ms), in seconds."""
    at = sorted(r.timestamp for r in records if r.timestamp >= since)
    return max(b - a for a, b in zip(at, at[1:])) / 1000


def assert_exactly_once(story, partner):
    """Whatever the partner sent while all was on is on the topic, once; sequences have no gap."""
    records = [r.read.read for r in story.consumer(partner).assert_unbroken()]
    published = [read.read_id for read in records]
    assert len(published) == len(set(published)), "a read twice"
    until = max(read.captured_at_ms for read in records) - 2000
    live = {c["camera_id"] for c in _cameras(story, partner) if c["state"] == "live"}
    sent = {s["read_id"]: moment(s["captured_at"]) - story.live_at[partner] for s in story.sent(partner)
            if s["fate"] == "ok" and s["camera_id"] in live}
    due = {id: at for id, at in sent.items() if 3000 < at < until - story.live_at[partner]}
    missing = {id: at for id, at in due.items() if id not in set(published)}
    assert len(due) > 10 and not missing, f"{len(due)} expected, missing (ms after it came on): {missing}"


def _cameras(story, partner):
    with open(story.folder / partner / "cameras.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_node_says_who_runs_what(story):
    partner = run_by(story, story.nodes[1])
    shown = {p["id"]: p for p in story.at(story.nodes[0], "alice").status()["partners"]}
    assert shown[partner]["on"] and shown[partner]["totals"] is None
    assert "gw-2" in story.at(story.nodes[0], "alice").try_to("status").text
    for name in PARTNERS:
        assert_exactly_once(story, name)


def test_a_node_that_is_killed_is_taken_over(story):
    node = story.nodes[1]
    partner = run_by(story, node)
    node.gateway.kill_all()
    took = flows(story, partner, TAKE_OVER)
    print(f"killed: taken over after {took:.1f} s")
    assert took < TAKE_OVER
    eventually(lambda: set(owners(story, story.nodes[0]).values()) == {"gw-1"}, "one node runs all")
    flows(story, partner)
    assert_exactly_once(story, partner)


def test_a_node_that_is_frozen_is_taken_over_and_appends_nothing_when_thawed(story):
    node = story.nodes[1]
    partner = run_by(story, node)
    node.gateway.freeze()
    try:
        took = flows(story, partner, TAKE_OVER)
    finally:
        node.gateway.thaw()
    print(f"frozen: taken over after {took:.1f} s")
    flows(story, partner)
    eventually(lambda: owners(story, node).get(partner), "the thawed node answers")
    flows(story, partner)
    for name in PARTNERS:
        assert_exactly_once(story, name)


def test_a_node_that_is_stopped_hands_over_at_once(story):
    node = story.nodes[1]
    partner = run_by(story, node)
    since = time.time() * 1000
    assert node.gateway.stop() == 0
    flows(story, partner)
    records = story.consumer(partner).read_all_until_end()
    gap = longest_silence(records, since - 2000)
    print(f"stopped: {gap:.2f} s without a read")
    assert gap < 3, "the hand-over took long"
    assert_exactly_once(story, partner)


def off_and_on(story, through, partner, frozen=None):
    person = story.at(through, CONTROLLER[partner])
    appended = story.consumer(partner, committed=False)
    if frozen:
        frozen.gateway.freeze()
    try:
        receipt = person.must("off", partner, "--reason", "Elsewhere.")["receipt"]
        ends = appended.ends()
        steady(appended.ends, 2, "a read after the receipt")
    finally:
        if frozen:
            frozen.gateway.thaw()
    if frozen:
        eventually(lambda: owners(story, frozen), "the thawed node answers")
    assert steady(appended.ends, 2, "a read after the receipt") == ends
    assert receipt["publishers"] and receipt["took_ms"] < 5000
    print(f"off through {through.id}, frozen {bool(frozen)}: {receipt['took_ms']} ms")
    story.live_at[partner] = time.time() * 1000 + 3000
    person.must("on", partner, "--reason", "On again.")
    flows(story, partner)
    assert_exactly_once_after(story, partner)


def assert_exactly_once_after(story, partner):
    eventually(lambda: time.time() * 1000 > story.live_at[partner] + 9000, "some seconds of reads")
    assert_exactly_once(story, partner)


def test_off_stops_a_publisher_on_another_node(story):
    partner = run_by(story, story.nodes[1])
    off_and_on(story, story.nodes[0], partner)
    partner = run_by(story, story.nodes[0])
    off_and_on(story, story.nodes[1], partner)


def test_off_stops_a_publisher_on_a_frozen_node_which_appends_nothing_when_thawed(story):
    node = story.nodes[1]
    off_and_on(story, story.nodes[0], run_by(story, node), frozen=node)


def test_an_off_whose_node_dies_before_it_is_enforced_is_made_good_by_the_other(story):
    first, second = story.nodes
    partner = run_by(story, second)
    appended = story.consumer(partner, committed=False)
    with only_the_journal_may_be_written(story):
        answer = story.at(first, CONTROLLER[partner]).try_to("off", partner, "--reason", "Left behind.", "--json")
        assert answer.code == NOT_YET and answer.json["outcome"] == "recorded", answer
        first.gateway.kill_all()
    iris = story.at(second, "iris")
    off = eventually(lambda: [e for e in iris.must("history") if e["reason"] == "Left behind." and e["enforced_by"]],
                     "the other node makes it good")[0]
    receipt = next(e for e in iris.must("history") if e["number"] == off["enforced_by"])
    assert receipt["node"] == "gw-2"
    steady(appended.ends, 2, "a read after the receipt")
    story.live_at[partner] = time.time() * 1000 + 3000
    story.at(second, CONTROLLER[partner]).must("on", partner, "--reason", "On again.")


def test_nothing_of_all_that_is_an_offence(story):
    for node in story.nodes:
        assert node.gateway.stop() == 0
    done = subprocess.run([program("anprctl"), "verify", "--json", "--prefix", story.prefix, *map(str, story.kafka("verifier"))],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0 and not answer["offences"], done.stdout
