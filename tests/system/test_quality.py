# SPDX-License-Identifier: Apache-2.0
"""What is noticed about a camera's reads, as the police see it on each read and the ledger by camera; and stamps that leave
the offset out."""

import csv
import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from support.evaluator import moment
from support.messages import ledger_pb2, read_pb2
from support.topic import Consumer
from support.wait import eventually

FIGURES = ("received", "permitted", "denied", "low_confidence", "repeats", "no_confidence", "position_mismatches",
           "unknown_formats", "misread_suspects", "timed")
NOTICED = ("denied", "low_confidence", "repeats", "position_mismatches", "unknown_formats", "misread_suspects")


@pytest.fixture(scope="module")
def quiet(install_in_module):
    """A partner that sends only what it is told to; every read of a test is of a live camera."""
    it = install_in_module(("tfl-ulez",))
    it.share("--rate", "max", "--begin", "paused", "--trouble", "none", "--external-ids", 0, cameras=20, reads=0,
             quality={"min_confidence": 0.5, "max_age": "24h", "max_future": "5s", "clock_bound": "2s"})
    eventually(lambda: it.simulators["tfl-ulez"].control(stats=True)["open"] == 1, "connected")
    while not it.totals("tfl-ulez")["permitted"]:       # what is captured up to 2 s after the switch is not shared
        it.simulators["tfl-ulez"].control(flood=1)
    with open(it.folder / "tfl-ulez" / "cameras.csv", newline="", encoding="utf-8") as file:
        it.live = [row for row in csv.DictReader(file) if row["state"] == "live"]
    it.number = 0
    return it


def put(it, camera, stamp=None, **changes):
    """One read into the stream, dealt with when this returns; its id."""
    it.number += 1
    received = it.totals("tfl-ulez")["received"]
    now = datetime.now(timezone.utc).isoformat()
    read = {"read_id": f"q-{it.number}", "cursor": f"q-{it.number}", "camera_id": camera["camera_id"],
            "captured_at": stamp or now, "vrm": "AB12CDE", "confidence": 0.9} | changes
    it.simulators["tfl-ulez"].control(inject=json.dumps({k: v for k, v in read.items() if v is not None}))
    it.simulators["tfl-ulez"].control(flood=1)          # of any camera; what was put in goes out with it
    eventually(lambda: it.totals("tfl-ulez")["received"] >= received + 2, "dealt with")
    return read["read_id"]


def published(it, read_id):
    """The read as the police have it; None where it was not shared."""
    found = [r.read for r in it.consumer().read_all_until_end() if r.read.read.read_id == read_id]
    assert len(found) <= 1
    return found[0] if found else None


def flags(it, read_id):
    return {read_pb2.QualityFlag.Name(flag).removeprefix("QUALITY_FLAG_").lower() for flag in published(it, read_id).quality}


def figures(it, camera, since_ms=0):
    """The camera's, summed over the ledger, and its least delay."""
    sums, delays = Counter(), []
    with Consumer(it.broker.address, it.pki, f"{it.prefix}anpr.ledger", "broker") as ledger:
        for record in ledger.read_all_until_end():
            written = ledger_pb2.LedgerRecord.FromString(record.value)
            for partner in written.partners if written.written_at_ms >= since_ms else ():
                for count in partner.totals.cameras:
                    if count.camera == camera["camera_id"]:
                        sums.update({name: getattr(count, name) for name in FIGURES})
                        delays += [count.least_delay_ms] if count.timed else []
    return sums, min(delays, default=None)


def shown(it, camera):
    """What anprctl shows of the camera, and of which hour."""
    view = it.people["bob"].must("cameras", "tfl-ulez", "--quality")
    hour = datetime.fromisoformat(view["hour"].replace("Z", "+00:00")).timestamp() * 1000
    return {c["camera_id"]: c for c in view["cameras"]}.get(camera["camera_id"], {}), hour


def shown_as_counted(it, camera):
    """Whether it is what the ledger of that hour comes to, clock and all."""
    it_shows, hour = shown(it, camera)
    sums, delay = figures(it, camera, hour)
    timed = sums.pop("timed", 0)
    return ({name: it_shows.get(name, 0) for name in sums} == dict(sums) and
            it_shows.get("clock_offset_ms") == (delay if timed >= 10 else None))


def test_what_is_noticed_is_flagged_and_counted_by_camera(quiet):
    camera, other = quiet.live[0], quiet.live[1]
    before, _ = figures(quiet, camera)
    plain = put(quiet, camera)
    misread = put(quiet, camera, vrm="A812CDE", confidence=0.8)
    elsewhere = put(quiet, other, vrm="A812CDE", confidence=0.8)
    surer = put(quiet, camera, vrm="AS12CDE", confidence=0.6), put(quiet, camera, vrm="A512CDE", confidence=0.99)
    unsure = put(quiet, camera, vrm="XY34ZAB", confidence=0.4)
    bare = put(quiet, camera, vrm="LK51ABC", confidence=None)
    far = put(quiet, camera, vrm="LK51ABD", lat=float(camera["latitude"]) + 0.01, lon=float(camera["longitude"]))
    foreign = put(quiet, camera, vrm="W 1234 XYZW")
    put(quiet, camera, read_id=plain)
    assert flags(quiet, plain) == set() and flags(quiet, elsewhere) == set()
    assert flags(quiet, misread) == {"misread_suspect"}
    assert [flags(quiet, r) for r in surer] == [set(), set()], "the earlier one was published already"
    assert published(quiet, unsure) is None
    assert flags(quiet, bare) == {"no_confidence"}
    assert flags(quiet, far) == {"position_mismatch"}
    assert flags(quiet, foreign) == {"vrm_format"}
    assert (published(quiet, misread).read.vrm, published(quiet, foreign).vrm_normalised) == ("A812CDE", "W1234XYZW")
    after, delay = figures(quiet, camera)
    assert {name: after[name] - before[name] for name in NOTICED} == {
        "denied": 2, "low_confidence": 1, "repeats": 1, "position_mismatches": 1, "unknown_formats": 1, "misread_suspects": 2}
    assert after["no_confidence"] > before["no_confidence"] and after["received"] == after["timed"]
    assert after["received"] == after["permitted"] + after["denied"]
    assert -1000 < delay < 5000
    eventually(lambda: shown_as_counted(quiet, camera), "the same figures in anprctl")
    quiet.gateway.kill_child("core")        # what is counted is in the topics
    eventually(lambda: quiet.people["bob"].try_to("status").code == 0, "up again")
    eventually(lambda: quiet.totals("tfl-ulez")["received"] > 0 and
               quiet.simulators["tfl-ulez"].control(stats=True)["open"] == 1, "connected again")
    assert flags(quiet, put(quiet, camera, vrm="AB12CDE")) == set(), "nothing is remembered beside the topics"
    assert figures(quiet, camera)[0]["received"] > after["received"]


def test_a_clock_that_is_wrong_is_measured_and_flagged(quiet):
    camera = quiet.live[2]
    ids = [put(quiet, camera, vrm=f"AB12CD{letter}",
               stamp=(datetime.now(timezone.utc) + timedelta(seconds=4)).isoformat()) for letter in "CEFHJKPRTWXY"]
    assert flags(quiet, ids[0]) == set(), "one read says nothing"
    assert flags(quiet, ids[-1]) == {"clock_offset"}
    assert -4000 <= figures(quiet, camera)[1] < -2000
    eventually(lambda: shown_as_counted(quiet, camera), "the same clock in anprctl")


def test_a_stamp_without_an_offset_is_the_cameras_local_time(quiet):
    camera = quiet.live[3]
    assert camera["zone"] == "Europe/London"
    now = datetime.now(timezone.utc).replace(microsecond=0)
    local = now.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None)
    read = published(quiet, put(quiet, camera, stamp=local.isoformat(), vrm="LK51ABE"))
    assert read.read.captured_at_ms == moment(now)


@pytest.mark.parametrize("camera,stamp", [("unknown", None), (None, "2026-03-29T01:30:00")],
                         ids=["unknown camera", "a time clocks skip"])
def test_a_stamp_that_is_no_time_is_rejected(quiet, camera, stamp):
    stamp = stamp or datetime.now(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds")
    before = quiet.totals("tfl-ulez")["rejected_by_reason"].get("bad_timestamp", 0)
    sent = put(quiet, quiet.live[3] | ({"camera_id": camera} if camera else {}), stamp=stamp)
    assert quiet.totals("tfl-ulez")["rejected_by_reason"]["bad_timestamp"] == before + 1
    assert published(quiet, sent) is None
