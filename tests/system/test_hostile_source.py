# SPDX-License-Identifier: Apache-2.0
"""A partner that misbehaves harms only itself: garbage is counted and gone, trouble is waited out, repeats are denied.
Its neighbour, who behaves, is watched all the while."""

import json
from datetime import datetime, timezone

import pytest

from support.topic import assert_unbroken
from support.wait import eventually, settled, steady


@pytest.fixture(scope="module")
def two(install_in_module):
    """tfl-ulez is silent until told; national-highways sends all the while. Both are live."""
    it = install_in_module(("tfl-ulez", "national-highways"))
    it.partner("tfl-ulez", "--rate", "max", "--begin", "paused", "--trouble", "none", "--external-ids", 0)
    it.partner("national-highways", "--rate", 60, "--trouble", "none", "--batch-seconds", 2)
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.agreement("national-highways", ["NH-*"])
    it.begin()
    eventually(lambda: it.simulators["tfl-ulez"].control(stats=True)["open"] == 1, "connected")
    # nothing is shared that was captured up to 2 s after the switch: let the first read come through
    put_in = 0
    while not it.totals("tfl-ulez")["permitted"]:
        put_in += flood(it, 1)
        eventually(lambda: it.totals("tfl-ulez")["received"] == put_in, "each dealt with, so that a test starts with none under way")
    return it


@pytest.fixture
def neighbour(two):
    """The other partner's reads go on while the test runs."""
    consumer = two.consumer("national-highways")
    seen = len(consumer.read_all_until_end())
    yield
    consumer.wait_for(lambda records: len(records) > seen, "the neighbour's reads")
    consumer.assert_unbroken()


def flood(it, n):
    it.simulators["tfl-ulez"].control(flood=n)
    return n


def put(it, line):
    """A line into the stream; returns once the gateway has dealt with it and with a read after it."""
    before = it.totals("tfl-ulez")
    it.simulators["tfl-ulez"].control(inject=line)
    flood(it, 1)
    return before, eventually(lambda: changed(it, before, 2), "both dealt with")


def changed(it, before, n):
    now = it.totals("tfl-ulez")
    return now if now["received"] >= before["received"] + n else None


def line_with(**fields):
    """A good line, but for `fields`; None leaves one out. Text is taken as it is."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    whole = {"read_id": f"by-hand-{now}", "cursor": f"by-hand-{now}", "camera_id": "ULEZ-00001", "captured_at": now,
             "vrm": "AB12CDE", "confidence": 0.9} | fields
    return json.dumps({k: v for k, v in whole.items() if v is not None})


HOSTILE = [
    ("not_json", "not json at all"),
    ("not_json", "{"),
    ("not_json", "[]"),
    ("not_json", "\udcff\udcfe"),
    ("not_json", '{"read_id": "\udcc3("}'),
    ("not_json", "[" * 100_000),
    ("missing_field", line_with(read_id=None)),
    ("missing_field", line_with(camera_id=None)),
    ("missing_field", line_with(captured_at=None)),
    ("bad_field", line_with(read_id="r" * 65)),
    ("bad_field", line_with(read_id=17)),
    ("bad_field", line_with(vrm="ABCDEFGHJKLMNPRST")),
    ("bad_field", line_with(confidence=1.5)),
    ("bad_field", line_with(lat=91)),
    ("bad_field", line_with(cursor="c" * 257)),
    ("bad_timestamp", line_with(captured_at="yesterday")),
    ("bad_timestamp", line_with(captured_at="2026-11-01T10:00:00", camera_id="of-no-zone")),
    ("bad_timestamp", line_with(captured_at="2026-13-40T25:61:00Z")),
    ("bad_kind", line_with(kind="lorry")),
    ("bad_image", line_with(plate_patch="%%%%")),
    ("too_long", line_with(overview="A" * 600_000)),
]


@pytest.mark.parametrize("reason, line", HOSTILE, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(HOSTILE)])
def test_a_bad_line_is_rejected_with_a_reason_and_the_feed_goes_on(two, reason, line):
    before, after = put(two, line)
    assert after["permitted"] + after["denied"] == before["permitted"] + before["denied"] + 1, "the good read after it"
    assert after["rejected_by_reason"].get(reason, 0) == before["rejected_by_reason"].get(reason, 0) + 1
    assert after["rejected"] == before["rejected"] + 1


def test_a_thousand_lines_of_random_bytes(two, neighbour):
    before = two.totals("tfl-ulez")
    two.simulators["tfl-ulez"].control(garbage=1000)
    flood(two, 10)
    after = eventually(lambda: changed(two, before, 1010), "all dealt with")
    assert after["rejected"] == before["rejected"] + 1000


def test_a_read_that_comes_twice_is_a_duplicate(two):
    line = line_with(read_id="twice")
    put(two, line)
    before, after = put(two, line)
    assert after["denied_by_reason"]["duplicate"] == before["denied_by_reason"].get("duplicate", 0) + 1
    records = two.consumer().read_all_until_end()
    assert sum(r.read.read.read_id == "twice" for r in records) == 1


def test_a_cursor_that_goes_backwards_shares_nothing_twice(two):
    """An early cursor in the stream, then a broken connection: the gateway asks for what follows it, and gets all again."""
    flood(two, 50)
    put(two, line_with(cursor="c-000000000001"))
    before = two.totals("tfl-ulez")
    two.simulators["tfl-ulez"].control(inject=line_with(cursor="c-000000000001"), drop=True)
    eventually(lambda: two.simulators["tfl-ulez"].control(stats=True)["open"] == 1, "connected again")
    flood(two, 5)
    eventually(lambda: changed(two, before, 5), "reads after it")
    settled(lambda: two.totals("tfl-ulez")["received"], 1, "reads that come again")
    records = two.consumer().read_all_until_end()
    assert len(records) == len({r.read.read.read_id for r in records})
    assert_unbroken(records)


def test_a_stream_that_ends_is_asked_again_from_where_it_was(two, neighbour):
    before = two.totals("tfl-ulez")
    for _ in range(3):
        two.simulators["tfl-ulez"].control(drop=True)
        flood(two, 20)
    eventually(lambda: changed(two, before, 60), "what was sent meanwhile")
    assert settled(lambda: two.totals("tfl-ulez")["received"], 1, "reads") == before["received"] + 60
    two.consumer().assert_unbroken()


def test_a_partner_that_refuses_is_backed_off_from_and_shown(two, neighbour):
    simulator = two.simulators["tfl-ulez"]
    simulator.control(refuse=True, drop=True)
    shown = eventually(lambda: [p for p in two.people["alice"].status()["partners"]
                                if p["id"] == "tfl-ulez" and p["source"]["state"] == "waiting"], "back-off in status")
    assert shown[0]["source"]["detail"]
    asked = len(simulator.control(stats=True)["requests"])
    steady(lambda: len(simulator.control(stats=True)["requests"]) <= asked + 10, 2, "asked again and again")
    before = two.totals("tfl-ulez")
    simulator.control(refuse=False, flood=5)
    eventually(lambda: changed(two, before, 5), "reads after it is well again")


def test_a_flood_is_held_back_and_loses_nothing(two, neighbour):
    simulator, before = two.simulators["tfl-ulez"], two.totals("tfl-ulez")
    simulator.control(flood=30_000)
    after = eventually(lambda: changed(two, before, 30_000), "all of it dealt with", 300)
    assert after["received"] == before["received"] + 30_000
    two.consumer().assert_unbroken(300)


@pytest.mark.timeout(300)
def test_a_silent_connection_is_given_up_and_made_again(two, neighbour):
    """Silence for 30 s is a broken connection (DESIGN.md 5.1): the one test that cannot be quick."""
    simulator = two.simulators["tfl-ulez"]
    connections = simulator.control(stats=True)["connections"]
    simulator.control(stall=True)
    eventually(lambda: simulator.control(stats=True)["connections"] > connections, "a new connection", 120)
    simulator.control(stall=False)
    flood(two, 5)
    eventually(lambda: two.simulators["tfl-ulez"].control(stats=True)["open"] >= 1, "connected")


def test_received_is_still_permitted_denied_and_rejected(two):
    for partner in two.partners:
        totals = two.totals(partner)
        assert totals["received"] == (totals["permitted"] + sum(totals["denied_by_reason"].values())
                                      + sum(totals["rejected_by_reason"].values()))
