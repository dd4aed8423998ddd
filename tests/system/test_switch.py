# SPDX-License-Identifier: Apache-2.0
"""Off when the broker cannot be told, off for a while, off by a register: what is answered, and what comes of it."""

import csv
import time

import pytest

from support.people import DONE
from support.topic import assert_unbroken
from support.wait import eventually, steady

NOT_YET = 4
RATE = 60


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(("tfl-ulez",))
    it.partner("tfl-ulez", "--rate", RATE, "--trouble", "none")
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.start()
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    it.consumer().wait_for(lambda records: len(records) > 10, "reads")
    return it


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
    assert_unbroken(consumer.read_all_until_end())


@pytest.mark.parametrize("away,back", [("kill", "start"), ("freeze", "thaw")])
def test_off_with_the_broker_away_stops_here_and_is_recorded_later(story, away, back):
    getattr(story.broker, away)()
    began = time.monotonic()
    answer = story.people["bob"].try_to("off", "tfl-ulez", "--reason", f"Broker: {away}.", "--json")
    took = time.monotonic() - began
    try:
        assert answer.code == NOT_YET and answer.json["outcome"] == "stopped_here"
        assert took < 5.5
        assert story.people["bob"].status()["problems"]
    finally:
        getattr(story.broker, back)()
    off = eventually(lambda: entries(story, action="off", reason=f"Broker: {away}."), "the off is in the journal")
    assert len(off) == 1, "recorded once"
    eventually(lambda: enforced(story, action="off", reason=f"Broker: {away}."), "its enforced entry")
    steady(lambda: story.consumer(committed=False).ends(), 2, "a read while off")
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
    steady(lambda: story.consumer(committed=False).ends(), 2, "a read while off")
    story.people["bob"].must("on", "tfl-ulez", "--reason", "On again.")
    flows(story)


def test_an_off_for_a_while_ends_by_itself(story):
    story.people["bob"].must("off", "tfl-ulez", "--for", "2s", "--reason", "Two seconds.")
    off_at = time.time() * 1000
    flows(story)
    ended = eventually(lambda: entries(story, action="period_ended"), "the end is in the journal")
    assert len(ended) == 1
    captured = [r.read.read.captured_at_ms for r in story.consumer().read_all_until_end()]
    assert not [at for at in captured if off_at < at < off_at + 1500]


def test_an_on_for_a_while_ends_by_itself_and_is_fenced(story):
    story.people["bob"].must("off", "tfl-ulez", "--reason", "Until further notice.")
    # offs reach 2 s further in camera time on both ends, so a shorter period would share nothing
    story.people["bob"].must("on", "tfl-ulez", "--for", "15s", "--reason", "Fifteen seconds.")
    flows(story)
    eventually(lambda: enforced(story, action="period_ended"), "the end is enforced")
    steady(lambda: story.consumer(committed=False).ends(), 2, "a read after the end")
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
