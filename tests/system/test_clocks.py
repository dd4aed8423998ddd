# SPDX-License-Identifier: Apache-2.0
"""Which clock rules what (DESIGN.md 5.6): ends that fall due, a gateway frozen across one, a broker that knows better."""

import os
import re
import signal
import struct
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from support.broker import Broker
from support.evaluator import Register
from support.places import BUILD
from support.wait import eventually, settled, steady

RATE = 100
GUARD_MS = 3000


def ms(text):
    at = datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return round(at.total_seconds() * 1000)


def wait_until(at_ms):
    time.sleep(max(0, at_ms / 1000 - time.time()))


@pytest.fixture
def story(install):
    """One partner of 20 cameras, of which ULEZ-0000? are on for 15 s only, until .end."""
    it = install(("tfl-ulez",))
    it.share("--rate", RATE, "--trouble", "none", cameras=20)
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 10, "reads")
    bob = it.people["bob"]
    bob.off("tfl-ulez", "--cameras", "ULEZ-0000?", "--reason", "For now.")
    entry = bob.must("on", "tfl-ulez", "--cameras", "ULEZ-0000?", "--for", "15s", "--reason", "Fifteen seconds.")["entry"]
    until = next(s["until"] for p in bob.status()["partners"] for s in p["switches"] if s["entry"] == entry)
    return SimpleNamespace(it=it, bob=bob, gateway=it.gateway, consumer=consumer, end=ms(until))


def covered(record):
    return record.key.decode().split("/")[1].startswith("ULEZ-0000")


def the_end(story):
    """The entry of the end, once it is enforced."""
    ends = [e for e in story.it.people["iris"].must("history") if e["action"] == "period_ended"]
    assert len(ends) <= 1, "one entry for each end"
    return ends and ends[0]["enforced_by"]


def nothing_was_lost(story):
    """Every read of the other cameras since some seconds before the end was published, once and in order."""
    records = story.consumer.assert_unbroken()
    others = [r.read.read.read_id for r in sorted(records, key=lambda r: r.read.sequence)
              if not covered(r) and r.timestamp > story.end - 8000]
    register = Register.read(0, (story.it.folder / "tfl-ulez" / "cameras.csv").read_text())

    def live(camera):
        return not camera.startswith("ULEZ-0000") and register.cameras[camera]["state"] == "live"
    sent = [s["read_id"] for s in story.it.sent() if s["kind"] == "vrm" and live(register.by_any_id[s["camera_id"]])]
    assert others == sent[sent.index(others[0]):sent.index(others[-1]) + 1], "lost, twice, or out of order"


def test_before_an_end_no_batch_takes_what_it_covers(story):
    eventually(lambda: the_end(story), "the end is enforced", 60)
    seen = len(story.consumer.read_all_until_end())
    records = story.consumer.wait_for(lambda records: len(records) > seen + 100 and records, "reads after the end")
    last = max(r.timestamp for r in records if covered(r))
    assert last < story.end - GUARD_MS, "decided within the guard"
    assert last > story.end - GUARD_MS - 6000, "the guard is no longer than it must be"
    assert max(r.timestamp for r in records if not covered(r)) > story.end
    nothing_was_lost(story)
    denied = story.it.totals("tfl-ulez")["denied_by_reason"]
    assert denied.get("camera_off", 0) > 0, "what was held back is accounted for"


@pytest.mark.parametrize("frozen_ms", [-5000, -1500])
def test_a_gateway_frozen_across_an_end_commits_nothing_it_had_not_sent(story, frozen_ms):
    """Frozen before the guard begins, and within it; thawed after the end."""
    everything = story.it.consumer(committed=False)
    frozen = [story.gateway.process.pid, *story.gateway.children()]
    wait_until(story.end + frozen_ms)
    for number in frozen:
        os.kill(number, signal.SIGSTOP)
    try:
        ends = settled(everything.ends, 0.3, "what was on its way to the broker")
        wait_until(story.end + 500)
    finally:
        for number in reversed(frozen):
            os.kill(number, signal.SIGCONT)
    eventually(lambda: the_end(story), "the end is enforced", 60)
    seen = len(story.consumer.read_all_until_end())
    records = story.consumer.wait_for(lambda records: len(records) > seen + 100 and records, "reads after the end")
    late = [r for r in everything.read_all_until_end() if covered(r) and r.offset >= ends[r.partition]]
    assert not late, "appended after the gateway was frozen"
    assert max(r.timestamp for r in records if covered(r)) < story.end - GUARD_MS
    nothing_was_lost(story)


@contextmanager
def broker_with_a_clock(folder, pki):
    """A broker and a function that sets its clock so many seconds ahead. The gateway's processes begin with an
    environment of their own, so it is the broker whose clock is moved: what they compare is the same."""
    offset = folder / "offset"
    folder.mkdir()

    def ahead(seconds):
        with open(offset, "r+b" if offset.exists() else "wb") as file:
            file.write(struct.pack("=q", 1000 * seconds))
    ahead(0)
    with Broker(folder / "broker", pki, environment={"LD_PRELOAD": str(BUILD / "tests/moved_clock.so"),
                                                     "MOVED_CLOCK": str(offset)}) as broker:
        yield broker, ahead


def test_beyond_the_bound_nothing_is_published_until_the_clocks_agree_again(install, tmp_path, pki):
    with broker_with_a_clock(tmp_path / "clock", pki) as (broker, ahead):
        it = install(("tfl-ulez",), on=broker).share("--rate", RATE, "--trouble", "none", cameras=20)
        bob = it.people["bob"]
        for seconds, words in (1, None), (-10, "ahead of the broker's"), (10, "behind the broker's"):
            flowing(it)
            assert not unpublished(bob)
            ahead(seconds)
            if not words:
                continue
            problem = eventually(lambda: clock_told(bob), "the problem in status")[0]
            assert words in problem and re.search(r"clock is (9\.[5-9]|10\.[0-5]) s ", problem), problem
            # an aborted transaction's reads are in the log, but nobody who reads committed ones sees them
            consumer = it.consumer()
            steady(lambda: len(consumer.read_all_until_end()), 2, "published by a clock that is wrong")
            off = bob.off("tfl-ulez", "--reason", "Off works whatever the clock says.")
            assert off["receipt"]["entry"] > off["entry"]
            bob.must("on", "tfl-ulez", "--reason", "On again.")
            ahead(0)
            eventually(lambda: not unpublished(bob), "the problem is over")
            assert any("journal entry" in p and words in p for p in bob.status()["problems"]), "the entries' time is told"
        flowing(it)
        assert "clock is" in it.gateway.words(), "said in the log"


def unpublished(person):
    return [p for p in person.status()["problems"] if p.startswith("publisher")]


def clock_told(person):
    """The broker's clock governs its group of nodes too: a jump can make a node join again, which status tells first."""
    return [p for p in unpublished(person) if "clock is" in p]


def flowing(it):
    consumer = it.consumer()
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 10, "reads")
    consumer.assert_unbroken()
