# SPDX-License-Identifier: Apache-2.0
"""What a partner captured, kept or delivered while its sharing was off: never shared, whatever dies meanwhile and however
late it comes; and the ledger says that something was skipped.

One installation, one story. The partner sends only what it is told to."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from support.messages import ledger_pb2
from support.people import DONE
from support.rights import the_ledger_may_not_be_written
from support.topic import Consumer
from support.wait import eventually

CAMERA = "ULEZ-00001"
BOUND = timedelta(seconds=2)        # the clock bound: what an off covers beyond its ends


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(("tfl-ulez",))
    it.partner("tfl-ulez", "--rate", "max", "--begin", "paused", "--trouble", "none", "--external-ids", 0, cameras=20)
    it.agreement("tfl-ulez", [CAMERA])
    it.prepare()
    it.start()
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    it.reader = it.consumer()
    shared_again(it)
    return it


@pytest.fixture(autouse=True)
def all_is_on(story):
    for person in ("bob", "alice"):
        story.people[person].try_to("on", "tfl-ulez", "--reason", "A new test.")
    shared_again(story)


def now():
    return datetime.now(timezone.utc)


def put(it, captured):
    """One read into the partner's stream, now; its id."""
    control = it.simulators["tfl-ulez"].control
    number = control(stats=True)["items"] + 1
    control(inject=json.dumps({"read_id": f"w-{number}", "cursor": f"c-{number:012}", "camera_id": CAMERA, "vrm": "AB12CDE",
                               "captured_at": captured.isoformat(), "confidence": 0.9}))
    return f"w-{number}"


def shared(it):
    return {r.read.read.read_id for r in it.reader.read_all_until_end()}


def shared_again(it):
    """A read captured and delivered now is shared, and so is whatever was to come before it; when that was captured."""
    captured = {}

    def one():
        at = now()
        captured[put(it, at)] = at
        return captured.keys() & shared(it)
    found = eventually(one, "a read of now is shared")
    it.reader.assert_unbroken()
    return captured[found.pop()]


def shareable(it):
    """A moment at which everything was on, and which an off from now on does not cover: a read captured then may be shared."""
    at = shared_again(it)
    wait_past(at)
    return at


def wait_past(at):
    """Until a moment is further back than the clock bound."""
    eventually(lambda: now() > at + BOUND + timedelta(milliseconds=100), "the clock bound is over")


def off(it, who="bob"):
    it.people[who].must("off", "tfl-ulez", "--reason", "Off.")
    return now()


def on(it, *people):
    for person in people or ("bob",):
        it.people[person].must("on", "tfl-ulez", "--reason", "On again.")


def gaps(it):
    """(from, to) of every gap that an off left, by the ledger."""
    with Consumer(it.broker.address, it.pki, f"{it.prefix}anpr.ledger", "broker") as ledger:
        records = [ledger_pb2.LedgerRecord.FromString(r.value) for r in ledger.read_all_until_end()]
    return [(g.from_ms, g.to_ms) for r in records for p in r.partners for g in p.gaps if g.cause == ledger_pb2.GAP_CAUSE_OFF]


def ms(at):
    return at.timestamp() * 1000


def back(it):
    eventually(lambda: it.people["bob"].try_to("status").code == DONE, "the gateway is back")


def denied(it):
    """Reads denied so far: all, and those captured while off."""
    totals = it.totals("tfl-ulez")
    return totals["denied"], totals["denied_by_reason"].get("captured_while_off", 0)


# --- captured while off ---

def test_it_is_never_shared_however_late_and_however_often_the_gateway_began_anew(story):
    while_on = shareable(story)
    off(story)
    while_off = now()
    story.gateway.stop()
    story.start()
    on(story)
    shared_again(story)
    (all_before, off_before), late = denied(story), [put(story, while_off)]
    story.gateway.stop()
    story.start()
    late += [put(story, while_off), put(story, now() - timedelta(hours=6))]     # nothing was on yet, hours ago
    delayed = put(story, while_on)
    shared_again(story)
    assert not shared(story) & set(late)
    assert delayed in shared(story), "late alone is no reason"
    eventually(lambda: denied(story) == (all_before + len(late), off_before + 2), lambda: f"each is counted as what it is: {denied(story)}")


# --- kept by the partner from before the off ---

def off_and_nothing_dies(story):
    off(story)
    eventually(lambda: story.told < len(gaps(story)), "the ledger has the gap")


def off_and_the_core_dies_when_the_ledger_has_the_gap(story):
    off_and_nothing_dies(story)
    assert story.gateway.kill_child("core")
    back(story)


def off_and_the_core_dies_before_the_ledger_has_the_gap(story):
    with the_ledger_may_not_be_written(story):
        off(story)
        assert story.gateway.kill_child("core")
        back(story)
    assert story.told == len(gaps(story)), "the ledger was to know nothing of it yet"


@pytest.mark.parametrize("turn_off", [off_and_nothing_dies, off_and_the_core_dies_when_the_ledger_has_the_gap,
                                      off_and_the_core_dies_before_the_ledger_has_the_gap])
def test_it_is_not_asked_for_again_and_the_ledger_tells_of_one_gap(story, turn_off):
    story.told = len(gaps(story))
    before = shareable(story)
    off_at = now()
    turn_off(story)
    kept, captured_while_off = put(story, before), put(story, now())
    wait_past(now())                # the partner is asked from that much before it came on
    on(story)
    on_at = now()
    shared_again(story)
    assert not {kept, captured_while_off} & shared(story)
    assert story.gateway.kill_child("core")
    back(story)
    shared_again(story)
    assert not {kept, captured_while_off} & shared(story)
    new = gaps(story)[story.told:]
    assert len(new) == 1 and ms(before) <= new[0][0] < ms(on_at) and new[0][1] == 0, (before, off_at, on_at, new)
