# SPDX-License-Identifier: Apache-2.0
"""What the simulator makes up: marks, cameras, drives, the day, and bad lines that are bad for certain."""

import csv
import io
import itertools
import json
import random
import re
from collections import Counter, defaultdict
from datetime import datetime

import pytest

from . import places, plates, reads, trouble, world

# The patterns of the marks, as published; in normal form, without spaces.
PATTERNS = [re.compile(p) for p in (
    r"[A-HJ-PR-Y]{2}(?!00|01|50)[0-9]{2}[A-HJ-PR-Z]{3}", r"[A-HJ-NPR-TV-Y][1-9][0-9]{0,2}[A-HJ-PR-Y]{3}",
    r"Q[1-9][0-9]{0,2}[A-Z]{3}", r"[A-HJ-PR-Y]{3}[1-9][0-9]{0,2}[A-HJ-NPR-TV-Y]", r"[A-HJ-PR-Y]{1,3}[1-9][0-9]{0,2}",
    r"[A-HJ-PR-Y]{1,2}[0-9]{1,4}", r"[1-9][0-9]{0,2}[A-HJ-PR-Y]{1,3}",
    r"[A-HJ-PR-Y][A-Z]?[IZ][1-9][0-9]{0,3}", r"[A-HJ-PR-Y][IZ][A-Z][1-9][0-9]{0,3}", r"[0-9]{3}[DX][0-9]{3}", r"[0-9]{5}")]


def test_british_marks_follow_the_patterns():
    rng, seen = random.Random(1), Counter()
    for _ in range(20000):
        vehicle = plates.make_vehicle(rng)
        assert 1 <= len(vehicle.written) <= 16
        if vehicle.country == "GB":
            form = next((i for i, p in enumerate(PATTERNS) if p.fullmatch(vehicle.plate)), None)
            assert form is not None
            seen[form] += 1
    assert seen[0] > 0.8 * 20000 and len(seen) >= 8


def test_a_misread_mark_is_another_and_near():
    rng = random.Random(2)
    for _ in range(2000):
        vehicle = plates.make_vehicle(rng)
        wrong = plates.misread(rng, vehicle)
        assert wrong.plate != vehicle.plate and 1 <= len(wrong.written) <= 16
        assert abs(len(wrong.plate) - len(vehicle.plate)) <= 1


def test_the_same_mark_has_the_same_tag():
    assert plates.Vehicle("AB12 CDE", "GB").tag == plates.Vehicle("AB12CDE", "GB", 0.5).tag
    assert plates.Vehicle("AB12 CDE", "GB").tag != plates.Vehicle("AB12 CDF", "GB").tag


@pytest.mark.parametrize("kind", ["tfl", "nh"])
def test_a_register_fits_every_number_of_cameras(kind):
    def rows(n):
        out = io.StringIO()
        places.write_register([c for r in places.ROUTES[kind](n) for c in r.cameras], out)
        return list(csv.DictReader(io.StringIO(out.getvalue())))
    many = rows(2000)
    assert rows(200) == many[:200]
    assert list(many[0]) == places.COLUMNS
    assert len({r["camera_id"] for r in many}) == len({r["external_ids"] for r in many}) == 2000
    assert set(r["state"] for r in many) == {"offered", "commissioning", "live", "retired"}
    assert Counter(r["state"] for r in many)["live"] > 1500
    assert len({r["area"] for r in many}) >= 5
    south, north, west, east = (51.2, 51.8, -0.65, 0.3) if kind == "tfl" else (50.0, 55.5, -4.5, 1.8)
    for r in many:
        assert south < float(r["latitude"]) < north and west < float(r["longitude"]) < east
        assert 0 <= int(r["heading"]) < 360 and len(r["camera_id"]) <= 64
    assert many[0]["camera_id"] == {"tfl": "ULEZ-00001", "nh": "NH-0001"}[kind]


@pytest.mark.parametrize("kind, per_km", [("tfl", (1.4, 12)), ("nh", (0.4, 2.0))])      # minutes a km, with lights and queues
def test_vehicles_pass_cameras_in_order_and_in_plausible_time(kind, per_km):
    routes = places.ROUTES[kind](60)
    where = {c.camera_id: (i, j) for i, r in enumerate(routes) for j, c in enumerate(r.cameras)}
    passages = list(itertools.islice(world.traffic(routes, 20, world.flat(1, 0), 1, random.Random(3)), 20000))
    assert all(a[0] <= b[0] for a, b in zip(passages, passages[1:]))
    assert all(camera.state != "retired" for _, camera, _, _ in passages)
    trips = defaultdict(list)
    for at, camera, vehicle, _ in passages:
        trips[id(vehicle)].append((at, *where[camera.camera_id]))
    legs = 0
    for seen in trips.values():
        for (t0, r0, p0), (t1, r1, p1) in zip(seen, seen[1:]):
            if r0 == r1 and p1 > p0 and t1 - t0 < 1200:
                km = sum(c.next_km for c in routes[r0].cameras[p0:p1])
                assert per_km[0] * 0.5 < (t1 - t0) / 60 / km < per_km[1]
                legs += 1
    assert legs > 5000
    assert sum(len(seen) >= 3 for seen in trips.values()) > 1000


@pytest.mark.parametrize("rate, speed", [(5, 1), (80, 1), (5000, 1), (80, 60)])
def test_the_rate_is_the_rate_from_the_first_second(rate, speed):
    routes = places.ROUTES["tfl"](200)
    n = 20000
    last = list(itertools.islice(world.traffic(routes, rate, world.flat(speed, 0), speed, random.Random(4)), n))
    assert n / last[-1][0] == pytest.approx(rate, rel=0.1)
    assert n / 10 / last[n // 10][0] == pytest.approx(rate, rel=0.2)


def test_the_day_has_the_measured_shape():
    routes = places.ROUTES["tfl"](100)
    day = 240.0         # seconds that a day lasts, at this speed
    hours = Counter()
    for at, _, _, _ in world.traffic(routes, 200, world.diurnal(86400 / day, 0), 86400 / day, random.Random(5)):
        if at >= day:
            break
        hours[int(at / day * 24)] += 1
    assert sum(hours.values()) == pytest.approx(200 * day, rel=0.05)
    share = {h: 100 * n / sum(hours.values()) for h, n in hours.items()}
    for h in (7, 8, 12, 16, 17, 20):
        assert share[h] == pytest.approx(world.HOURS[h], rel=0.15)
    assert share[3] < 0.6


def test_batches_keep_every_tag_and_its_age():
    routes = places.ROUTES["nh"](60)
    plain = list(itertools.islice(world.traffic(routes, 20, world.flat(1, 0), 1, random.Random(6)), 12000))
    again = world.traffic(routes, 20, world.flat(1, 0), 1, random.Random(6))
    out = list(itertools.takewhile(lambda p: p[0] < 550, world.batched(again, 60.0)))
    for at, camera, _, age in out:
        if camera.kind == "hashed_tag":
            assert at % 60 == 0 and 0 <= age <= 60.0
        else:
            assert age <= 2
    seen = sorted(at for at, camera, _, _ in plain if camera.kind == "hashed_tag" and at < 540)
    sent = sorted(at - age for at, camera, _, age in out if camera.kind == "hashed_tag")
    assert sent == pytest.approx(seen)


def test_stamps_name_the_moment_in_every_way_of_writing_it():
    stamp = reads.Stamps().stamp
    for ms in (0, 1_700_000_000_007, 1_772_323_199_999):
        for zone in range(3):
            text = stamp(ms, zone)
            assert round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000) == ms
    assert stamp(1_700_000_000_007, 2).endswith(".007+01:00")


def acceptable(line):
    """A plain reading of the interface's fields, to hold bad lines against."""
    try:
        read = json.loads(line.decode())
        offset = read["captured_at"][-6:]
        datetime.fromisoformat(read["captured_at"].replace("Z", "+00:00"))
        mark = {"vrm": "vrm", "hashed_tag": "tag", "no_plate": None}[read.get("kind", "vrm")]
        return (offset.endswith("Z") or offset[0] in "+-") and len(read["read_id"].encode()) <= 64 \
            and len(read["camera_id"]) <= 64 and len(read["cursor"]) <= 256 \
            and (mark is None or 1 <= len(read[mark]) <= 16) \
            and -90 <= read.get("lat", 0) <= 90 and -180 <= read.get("lon", 0) <= 180 \
            and 0 <= read.get("heading", 0) < 360 and 0 <= read.get("confidence", 0) <= 1
    except (ValueError, KeyError, TypeError, IndexError):
        return False


@pytest.mark.parametrize("kind", ["tfl", "nh"])
def test_bad_lines_are_bad_and_good_lines_are_good(kind):
    routes = places.ROUTES[kind](60)
    items = reads.Items(kind, 1, {"malformed": 0.5, "repeat": 0.1, "clock": 0.1}, images=0.1)
    number, why = 1, Counter()
    passages = world.traffic(routes, 20, world.flat(1, 0), 1, random.Random(7))
    for passage in itertools.islice(passages, 3000):
        for line, note in items.make(passage, 1_780_000_000_000, number):
            note = json.loads(note)
            assert line.count(b"\n") == 1 and line.endswith(b"\n")
            assert acceptable(line) == (note["fate"] != "malformed"), note
            why[note.get("why")] += 1
            number += 1
    assert set(why) == {None, "not_json", "bad_utf8", "missing_field", "impossible_field"}


def test_shares_of_trouble_are_checked():
    assert trouble.parse("none") == {} and trouble.parse("default") == trouble.DEFAULT
    assert trouble.parse("late=0.5, misread=0.25") == {"late": 0.5, "misread": 0.25}
    for bad in ("lateness=0.1", "late=x", "late=2", "late=-0.1", "late=0.6,misread=0.6", ""):
        with pytest.raises(trouble.BadTrouble):
            trouble.parse(bad)
