# SPDX-License-Identifier: Apache-2.0
"""Nothing personal left lying about: reads whose every personal field carries a mark no one else uses are sent, shared,
denied and rejected, and then everything the gateway has written is searched for the marks."""

import base64
import csv
import json
import os
import signal
from datetime import datetime, timezone
from pathlib import Path

import pytest

from support.wait import eventually

PLATE = "ZZ77QXJ"                   # of a permitted read
DENIED = "YY66QXK"                  # of a denied one
BROKEN = "XX55QXL"                  # of a line that is no read
LATITUDE, LONGITUDE = 51.987654, -0.876543
PICTURE = b"\xff\xd8\xff\xe0 secret-image-mark \xff\xd9"
IMAGE = base64.b64encode(PICTURE).decode()
MARKS = [PLATE, DENIED, BROKEN, PLATE.lower(), "51.987654", "0.876543", "secret-image-mark", IMAGE, "marked-read"]


@pytest.fixture(scope="module")
def after(install_in_module):
    """An installation through which marked reads have gone, in every way there is, with debug logs on."""
    it = install_in_module()
    it.partner("tfl-ulez", "--rate", "max", "--begin", "paused", "--trouble", "none", "--external-ids", 0)
    it.agreement("tfl-ulez", ["ULEZ-0000*"])
    it.prepare()
    it.started = datetime.now().timestamp()
    it.start("--verbose")
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    consumer = it.consumer()

    def marked(number, **fields):
        return json.dumps({"read_id": f"marked-read-{number}", "cursor": f"m-{number}", "camera_id": "ULEZ-00001", "vrm": PLATE,
                           "captured_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "lat": LATITUDE,
                           "lon": LONGITUDE, "plate_patch": IMAGE, "overview": IMAGE} | fields)
    control, number = it.simulators["tfl-ulez"].control, iter(range(10 ** 6))

    def send_all_kinds():
        control(inject=marked(next(number)))
        control(inject=marked(next(number), camera_id="ULEZ-00050", vrm=DENIED))
        control(inject=marked(next(number), captured_at=BROKEN, vrm=BROKEN))
        control(inject=marked(next(number), vrm=BROKEN)[:-3] + BROKEN)
        control(inject=marked(next(number), vrm=BROKEN, lat=LATITUDE * 10))
        control(flood=1)
        return any(r.read.read.vrm == PLATE for r in consumer.read_all_until_end())
    eventually(send_all_kinds, "a marked read on the topic")
    # the odd moments write most: a killed core, a killed source, an end in order
    for role in ("source", "core"):
        it.gateway.kill_child(role)
        shared = len(consumer.read_all_until_end())
        eventually(lambda: send_all_kinds() and len(consumer.read_all_until_end()) > shared, f"reads after the {role} was killed")
    for pid in it.gateway.children():
        try:
            os.kill(pid, signal.SIGABRT)        # would dump core, if it could
        except ProcessLookupError:
            pass
    shared = len(consumer.read_all_until_end())
    eventually(lambda: send_all_kinds() and len(consumer.read_all_until_end()) > shared, "reads after all were aborted")
    it.said = json.dumps(it.people["alice"].status()), json.dumps(it.people["iris"].must("history"))
    assert it.gateway.stop() == 0
    return it


def assert_unmarked(text, where):
    for mark in MARKS:
        assert mark.encode() not in text, f"a mark is in {where}"       # which mark and where is enough to know


def test_the_marks_were_really_there(after):
    """The search can fail: what it looks for is on the topic, and came in denied and rejected as well."""
    assert any(PLATE.encode() in r.value for r in after.consumer().read_all_until_end())
    totals = json.loads(after.said[0])["partners"][0]["totals"]
    assert totals["denied_by_reason"]["not_in_schedule"] > 0
    assert {"bad_timestamp", "bad_field", "not_json"} <= set(totals["rejected_by_reason"])


def test_logs_hold_no_mark(after):
    text = after.gateway.log.read_bytes()
    assert b"level=debug" in text
    assert_unmarked(text, "the log")
    with open(after.folder / "tfl-ulez" / "cameras.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert row["latitude"].encode() not in text and row["longitude"].encode() not in text, "a registered position"


def test_the_state_folder_holds_no_mark(after):
    files = [path for path in after.state.rglob("*") if path.is_file()]
    assert files, "there is nothing to search"
    for path in files:
        assert_unmarked(path.read_bytes(), path.name)


def test_status_and_history_hold_no_mark(after):
    for said in after.said:
        assert_unmarked(said.encode(), "what the API says")


def test_no_file_written_meanwhile_holds_a_mark(after):
    """Core dumps and temporary files, wherever such things lie; the simulator's and the broker's own files apart."""
    for place in {Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/var/crash"), Path("/run"), Path.cwd(), after.folder}:
        for path in [*place.glob("*"), *place.glob("core*")]:
            try:
                if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= after.started and path.stat().st_size < 1 << 28:
                    assert_unmarked(path.read_bytes(), path.name)
            except OSError:
                pass
    assert not list(after.folder.rglob("core*")), "a core dump"


def test_ledger_heads_accounts_and_journal_hold_no_mark(after):
    from support.topic import Consumer
    for name in ("ledger", "heads", "accounts", "journal", "documents"):
        with Consumer(after.broker.address, after.pki, f"{after.prefix}anpr.{name}", who="broker") as consumer:
            for record in consumer.read_all_until_end():
                assert_unmarked((record.key or b"") + (record.value or b""), name)
