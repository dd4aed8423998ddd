# SPDX-License-Identifier: Apache-2.0
"""anprctl explain with real people: what it says of a moment is what happened to the reads of that moment."""

import time
from datetime import datetime, timezone

import pytest

from support.people import DONE, REFUSED
from support.wait import eventually

ANYTIME = "2020-01-01T00:00:00Z"
BOUND = 2.5         # the clock bound, and a little


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(("tfl-ulez",))
    it.partner("tfl-ulez", "--rate", 60, "--trouble", "none")
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.start()
    it.agree("tfl-ulez")
    return it


def stamp(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now():
    return stamp(time.time() * 1000)


def explain(story, at, *options, who="iris", camera="ULEZ-00001"):
    view = story.people[who].must("explain", "tfl-ulez", camera, at, *options)
    assert view["shared"] == any(a["shared"] for a in view["agreements"]) == (view["reason"] is None)
    return view


def deciders(view):
    """(who, what) of each entry named, which history must have as well."""
    return [(d["who"]["subject"] if d["who"] else None, d["did"]) for d in view["agreements"][0]["decided_by"]]


def moment():
    """A moment that no switch is near; it is over when this returns."""
    time.sleep(BOUND)
    at = now()
    time.sleep(0.6)
    return at


def test_a_life(story):
    alice, bob = story.people["alice"], story.people["bob"]
    assert explain(story, ANYTIME)["reason"] == "no_agreement"
    agreed = explain(story, now())
    assert agreed["reason"] == "partner_off" and deciders(agreed) == [("CN=bob", "turned off")]

    story.go_live("tfl-ulez")
    live = moment()
    view = explain(story, live)
    assert view["shared"] and set(deciders(view)) == {
        ("CN=alice", "proposed and consented"), ("CN=bob", "consented"), ("CN=alice", "turned on"),
        ("CN=bob", "turned on"), ("CN=bob", "registered")}
    assert view["agreements"][0]["topic"] == story.topic and view["agreements"][0]["rule"] == "all"

    # What it says of reads that came is what became of them, under the policy version stamped on them.
    consumer = story.consumer()
    consumer.wait_for(lambda records: len(records) > 50, "reads")
    for shared in (record.read for record in consumer.records[:3] + consumer.records[-3:]):
        view = explain(story, stamp(shared.read.captured_at_ms), "--published", stamp(shared.published_at_ms),
                       camera=shared.read.camera_id)
        assert view["shared"] and view["policy_version"] == shared.policy_version

    off = bob.off("tfl-ulez", "--reason", "Works.")["entry"]
    dark = moment()
    view = explain(story, dark)
    assert view["reason"] == "partner_off" and [d["entry"] for d in view["agreements"][0]["decided_by"]] == [off]
    assert view["agreements"][0]["decided_by"][0]["reason"] == "Works."
    assert view["agreements"][0]["decided_by"][0]["enforced_by"] > off
    bob.must("on", "tfl-ulez", "--reason", "Works are over.")
    view = explain(story, dark, "--published", now())
    assert view["reason"] == "captured_while_off"
    assert deciders(view) == [("CN=bob", "had off"), ("CN=bob", "turned on again")]

    moment()        # out of reach of the off that has just ended
    alice.off("tfl-ulez", "--cameras", "ULEZ-00001", "--for", "3s", "--reason", "A short one.")
    short = now()
    assert explain(story, short)["reason"] == "camera_off"
    assert explain(story, short, camera="ULEZ-00002")["shared"]
    eventually(lambda: [h for h in alice.must("history") if h["action"] == "period_ended"], "its end")
    again = moment()
    assert explain(story, again)["shared"]

    register = story.folder / "tfl-ulez" / "cameras.csv"
    register.write_text("".join(line.replace(",live,", ",retired,") if line.startswith("ULEZ-00001,") else line
                                for line in register.read_text().splitlines(keepends=True)))
    bob.must("propose", register, "--partner", "tfl-ulez")
    retired = explain(story, now())
    assert retired["reason"] == "camera_not_live" and deciders(retired) == [("CN=bob", "registered")]
    assert "said retired" in retired["agreements"][0]["because"]
    assert explain(story, again)["shared"], "the past stays as it was"

    bob.must("withdraw", "TFL-MPS-1", "--reason", "The end.")
    ended = explain(story, now(), camera="ULEZ-00002")
    assert ended["reason"] == "expired" and deciders(ended) == [("CN=bob", "withdrew")]
    for at, want in ((live, None), (dark, "partner_off"), (short, "camera_off"), (again, None)):
        assert explain(story, at)["reason"] == want


def test_everybody_with_a_role_may_ask_in_words(story):
    for who in ("alice", "omar", "bob", "nina", "iris"):
        answer = story.people[who].try_to("explain", "tfl-ulez", "ULEZ-00002", now())
        assert answer.code == DONE and "Not shared." in answer.text and "expired" in answer.text
        assert "withdrawn at" in answer.text and "CN=bob, tfl" in answer.text and "The end." in answer.text
    assert "would have been" not in answer.text


@pytest.mark.parametrize("arguments, words", [
    (("leeds", "X", ANYTIME), "no such partner"),
    (("tfl-ulez", "X", "yesterday"), "RFC 3339"),
    (("tfl-ulez", "X", ANYTIME, "--published", "later"), "RFC 3339"),
    (("tfl-ulez", "X", ANYTIME, "--kind", "plate"), "kind is vrm"),
    (("tfl-ulez", "X", ANYTIME, "--class", "video"), "plate_patch or overview"),
])
def test_questions_that_are_none(story, arguments, words):
    answer = story.people["iris"].try_to("explain", *arguments)
    assert answer.code == REFUSED and words in answer.errors


def test_a_camera_nobody_knows(story):
    view = explain(story, now(), camera="X-1")
    assert view["camera_id"] is None and view["reason"] in ("expired", "unknown_camera")
