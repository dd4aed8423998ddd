# SPDX-License-Identifier: Apache-2.0
"""The simulator as a client meets it: TLS, HTTP/1.1, HTTP/2, cursors, faults, restarts, replay."""

import csv
import json
import re
import signal
import socket
import ssl
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from .client import HERE, PATIENCE, Background, Partner, run

TROUBLE = "misread=0.03,repeat=0.03,late=0.03,clock=0.03,malformed=0.1,no_plate=0.03,unknown_camera=0.03,oversize=0.01"
ALL = ("--rate", "max", "--trouble", "none")


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    subprocess.run([HERE.parents[1] / "deploy/pki/make", folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def start(pki, tmp_path):
    """start(option, ...) runs a simulator until the test is over."""
    running = []

    def begin(*options, **named):
        running.append(Partner(pki, tmp_path, *options, **named))
        return running[-1]
    yield begin
    for partner in running:
        assert partner.stop() == "", "nothing on stderr"


def notes(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def eventually(true, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "not within the time"
        time.sleep(0.02)


def timeless(lines):
    """Without times; bad lines may have lost the end of theirs, or have other quotes."""
    return [re.sub(rb"""["']2[0-9T:.Z+-]*""", b"", line) for line in lines]


# What is sent

def test_a_client_gets_exactly_what_the_sent_file_says(start, tmp_path):
    sent = tmp_path / "sent"
    partner = start("--rate", "max", "--total", 2000, "--trouble", TROUBLE, "--sent", sent, "--images", 0.1,
                    "--end-when-done")
    body = partner.get("?start=oldest").read()
    lines, told = body.splitlines(keepends=True), notes(sent)
    assert len(lines) == len(told)
    fates = Counter()
    for number, (line, note) in enumerate(zip(lines, told), 1):
        assert note["cursor"] == f"c-{number:012d}"
        fates[note["fate"]] += 1
        if note["fate"] in ("malformed", "oversize"):
            assert (len(line) > 512 * 1024) == (note["fate"] == "oversize")
            continue
        read = json.loads(line)
        assert read.pop("camera_id") == note.pop("sent_as", note["camera_id"])
        assert read.pop("kind", "vrm") == note["kind"]
        assert ("plate_patch" in read) == note.pop("images", False)
        for name in ("read_id", "cursor", "captured_at", "vrm", "tag", "confidence"):
            assert read.get(name) == note.get(name), name
    assert set(fates) == {"ok", *(part.split("=")[0] for part in TROUBLE.split(","))}
    distinct = {n["read_id"] for n in told if n["fate"] not in ("malformed", "oversize")}
    assert len(distinct) == 2000 == sum(fates.values()) - fates["repeat"] - fates["malformed"] - fates["oversize"]


def test_http2_and_http1_carry_the_same_bytes(start):
    partner = start("--rate", "max", "--total", 3000, "--images", 0.2, "--end-when-done", "--chunk", 1000)
    status, body = partner.h2_body("?start=oldest")
    assert status == 200 and body.count(b"\n") >= 3000
    assert body == partner.get("?start=oldest").read()
    assert partner.h2_body("?after=nonsense")[0] == 400
    assert len(body) > 10 * 65535, "many times the window, so the server had to wait for it"


def test_curl_speaks_http2_with_it(start, pki):
    partner = start("--total", 200, *ALL, "--end-when-done")
    curl = subprocess.run(
        ["curl", "-sS", "--http2", "--cacert", pki / "tfl-ca.pem", "--cert", pki / "to-tfl.pem", "--key",
         pki / "to-tfl.key", "-w", "%{http_version}", partner.url + "?start=oldest"],
        capture_output=True, check=True, timeout=PATIENCE)
    *lines, version = curl.stdout.split(b"\n")
    assert version == b"2" and len(lines) == 200


def test_the_same_seed_sends_the_same_reads(pki, tmp_path):
    def reads(*options):
        with Partner(pki, tmp_path, "--rate", "max", "--total", 1000, "--trouble", TROUBLE, "--end-when-done",
                     *options) as partner:
            return timeless(partner.get("?start=oldest").readlines())
    once = reads("--seed", 5)
    assert once == reads("--seed", 5)
    assert once != reads("--seed", 6)
    # and whatever the pace they are made at
    with Partner(pki, tmp_path, "--rate", 40000, "--total", 200, *ALL[2:], "--seed", 9) as partner:
        paced = timeless(partner.lines("?start=oldest", 200))
        assert partner.control(stats=True)["reads"] <= 200
    with Partner(pki, tmp_path, "--rate", 40000, "--total", 200, *ALL[2:], "--seed", 9, "--begin", "paused") as partner:
        partner.control(flood=150, rate=1000, go=True)
        assert timeless(partner.lines("?start=oldest", 200)) == paced


def test_national_highways_sends_tags_in_batches_beside_plates(start, tmp_path):
    sent = tmp_path / "sent"
    partner = start("--kind", "nh", "--rate", 400, "--cameras", 100, "--batch-seconds", 1, "--trouble", "none",
                    "--sent", sent, who="nh")
    partner.lines("?start=oldest", 1500)
    partner.stop()
    kinds = [n["kind"] for n in notes(sent)]
    assert Counter(kinds)["hashed_tag"] > 3 * Counter(kinds)["vrm"] > 0
    # tags come in few long runs, plates between them; mixed they would make hundreds of runs
    runs = sum(a != b for a, b in zip(kinds, kinds[1:]))
    assert runs < 30
    state = {row["camera_id"]: row for row in csv.DictReader(run("register", "--kind", "nh", "--cameras", 100).splitlines())}
    for note in notes(sent):
        assert ("redundant" in state[note["camera_id"]]["name"]) == (note["kind"] == "vrm")
        assert state[note["camera_id"]]["state"] != "retired"


# Cursors

def test_a_reconnect_goes_on_after_the_cursor(start):
    partner = start("--total", 500, *ALL, "--end-when-done")
    whole = partner.get("?start=oldest").readlines()
    assert len(whole) == 500
    for k in (1, 17, 499, 500):
        cursor = json.loads(whole[k - 1])["cursor"]
        assert partner.get(f"?after={cursor}").readlines() == whole[k:]
    assert partner.get("").read() == b"", "from now there is nothing more"


def test_since_gives_what_entered_then_or_later(start):
    partner = start(*ALL, "--begin", "paused", "--heartbeat", 0.2)
    partner.control(flood=10)
    time.sleep(0.05)
    between = datetime.now(timezone.utc)
    time.sleep(0.05)
    partner.control(flood=10)

    def first(moment):
        return json.loads(partner.lines(f"?since={moment}", 1)[0])["cursor"]
    assert first(between.isoformat()) == "c-000000000011"           # its + comes unescaped
    assert first(between.isoformat().replace("+00:00", "Z")) == "c-000000000011"
    west = between.astimezone(timezone(timedelta(hours=-5)))
    assert first(west.isoformat()) == "c-000000000011"
    assert first("2020-01-01T00:00:00Z") == "c-000000000001"
    # a moment ahead: what enters before it is left out
    ahead = datetime.now(timezone.utc) + timedelta(seconds=1)
    feed = Background(partner.get(f"?since={ahead.isoformat().replace('+00:00', 'Z')}"))
    partner.control(flood=5)
    eventually(lambda: feed.heartbeats >= 2)
    time.sleep(max(0, (ahead - datetime.now(timezone.utc)).total_seconds()) + 0.1)
    partner.control(flood=5)
    eventually(lambda: len(feed.lines) == 5)
    assert json.loads(feed.lines[0])["cursor"] == "c-000000000026"


def test_without_a_place_a_client_gets_what_comes_from_now_on(start):
    partner = start(*ALL, "--begin", "paused")
    partner.control(flood=100)
    feed = Background(partner.get())
    partner.control(flood=3)
    eventually(lambda: len(feed.lines) == 3)
    assert json.loads(feed.lines[0])["cursor"] == "c-000000000101"


def test_what_is_no_longer_kept_is_gone(start):
    partner = start(*ALL, "--begin", "paused", "--keep", 100, "--end-when-done")
    partner.control(flood=1000, finish=True)
    assert partner.get("?after=c-000000000899").status == 410
    assert len(partner.get("?after=c-000000000900").readlines()) == 100
    assert len(partner.get("?start=oldest").readlines()) == 100
    assert len(partner.get("?since=2020-01-01T00:00:00Z").readlines()) == 100
    assert partner.get("?after=c-000000001001").status == 410, "of another log"


def test_a_client_too_slow_for_what_is_kept_is_let_go(start):
    partner = start(*ALL, "--begin", "paused", "--keep", 1000, "--images", 1)
    response = partner.get("?start=oldest")
    partner.control(flood=5000)
    lines = 0
    while line := response.readline():
        lines += line != b"\n"
    assert lines < 5000
    assert partner.control(stats=True)["open"] == 0


@pytest.mark.parametrize("query", ["?after=", "?after=c-1", "?after=c-00000000000x", "?after=%00", "?start=newest", "?start=",
                                   "?since=yesterday", "?since=2026-01-01T00:00:00", "?since=2026-01-01",
                                   "?after=c-000000000001&start=oldest", "?since=2026-01-01T00:00:00Z&since=2026-01-01T00:00:00Z"])
def test_nonsense_is_refused(shared, query):
    assert shared.get(query).status == 400


@pytest.fixture(scope="module")
def shared(pki, tmp_path_factory):
    with Partner(pki, tmp_path_factory.mktemp("shared"), *ALL, "--total", 10) as partner:
        yield partner


def test_only_what_there_is_can_be_had(shared):
    assert shared.get(path="/").status == 404
    assert shared.get(method="POST").status == 405
    assert shared.get(accept="text/event-stream").status == 406
    assert shared.get(accept="application/x-ndjson;q=0").status == 406
    for accept in ("application/x-ndjson", "*/*", "application/*",
                   "application/x-protobuf; delimited=true, application/x-ndjson;q=0.8, text/event-stream;q=0.5"):
        response = shared.get("?start=oldest", accept=accept)
        assert (response.status, response.headers["content-type"]) == (200, "application/x-ndjson")


def test_of_what_is_offered_the_client_decides(start):
    partner = start(*ALL, "--total", 4, "--formats", "event-stream,protobuf,ndjson", "--end-when-done")
    for accept, want in [("application/x-protobuf; delimited=true, application/x-ndjson;q=0.8, text/event-stream;q=0.5",
                          "application/x-protobuf; delimited=true"),
                         ("application/x-ndjson, text/event-stream;q=0.9", "application/x-ndjson"),
                         ("text/*", "text/event-stream"), ("application/*", "application/x-protobuf; delimited=true"),
                         ("*/*", "text/event-stream")]:
        response = partner.get("?start=oldest", accept=accept)
        assert (response.status, response.headers["content-type"]) == (200, want)
    body = partner.get("?after=c-000000000003", accept="text/event-stream", last_event_id="c-000000000003").read()
    assert body.startswith(b"data: {") and body.endswith(b"}\n\n") and body.count(b"\n\n") == 1
    asked = partner.control(stats=True)["requests"][-1]
    assert (asked["format"], asked["last_event_id"]) == ("event-stream", "c-000000000003")


def test_a_protobuf_body_is_lengths_and_messages(start):
    partner = start(*ALL, "--total", 50, "--formats", "protobuf", "--end-when-done", "--chunk", 100)
    body, messages = partner.get("?start=oldest").read(), 0
    while body:
        n, shift, at = 0, 0, 0
        while True:
            n |= (body[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if body[at - 1] < 0x80:
                break
        message, body = body[at:at + n], body[at + n:]
        assert len(message) == n and f"c-{messages + 1:012d}".encode() in message
        messages += 1
    assert messages == 50


# TLS

def test_a_client_needs_a_certificate_of_this_partners_ca(shared):
    stranger, nobody = shared.tls("to-nh"), ssl.create_default_context(cafile=shared.pki / "tfl-ca.pem")
    for context in (stranger, nobody):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", shared.port), timeout=PATIENCE),
                                     server_hostname="localhost") as s:
                s.sendall(b"GET /v1/reads?start=oldest HTTP/1.1\r\n\r\n")
                assert s.recv(100) == b"", "an answer without a certificate"
                raise ConnectionError


@pytest.mark.parametrize("version, good", [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                                           (ssl.TLSVersion.TLSv1_3, True)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_before_1_2_is_refused(shared, version, good):
    context = shared.tls()
    context.set_ciphers("DEFAULT@SECLEVEL=0")       # else it is our own side that refuses 1.1
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", shared.port), timeout=PATIENCE) as raw:
        try:
            got = context.wrap_socket(raw, server_hostname="localhost").version()
        except (ssl.SSLError, ConnectionError):
            got = None
    assert bool(got) == good


# Heartbeats and faults

def test_heartbeats_come_in_silence_and_between_reads(start):
    partner = start("--rate", 20, "--total", 5, "--trouble", "none", "--heartbeat", 0.3)
    feed = Background(partner.get("?start=oldest"))
    eventually(lambda: feed.heartbeats >= 4 and len(feed.lines) == 5)
    assert not feed.ended.is_set()


def test_a_heartbeat_never_falls_into_a_line(start):
    partner = start("--rate", 200, "--trouble", "none", "--heartbeat", 0.01, "--chunk", 7)
    feed = Background(partner.get("?start=oldest"))
    eventually(lambda: feed.heartbeats >= 10 and len(feed.lines) >= 100)
    for line in feed.lines[:100]:
        json.loads(line)


def test_a_stalled_partner_is_silent_and_then_goes_on(start):
    partner = start(*ALL, "--begin", "paused", "--heartbeat", 0.1)
    feed = Background(partner.get())
    eventually(lambda: feed.heartbeats >= 1)
    partner.control(stall=True)
    time.sleep(0.3)
    beats = feed.heartbeats
    partner.control(flood=10)
    time.sleep(0.5)
    assert feed.heartbeats <= beats + 1 and not feed.lines and not feed.ended.is_set()
    partner.control(stall=False)
    eventually(lambda: len(feed.lines) == 10 and feed.heartbeats > beats + 1)


def test_drop_and_refuse(start):
    partner = start(*ALL, "--begin", "paused")
    feed = Background(partner.get())
    partner.control(drop=True, refuse=True)
    assert feed.ended.wait(PATIENCE)
    assert partner.get().status == 503
    partner.control(go=True)
    assert partner.get().status == 200
    stats = partner.control(stats=True)
    assert stats["answers"] == {"200": 2, "503": 1}
    assert [r["from"] for r in stats["requests"]][:2] == [1, None]


def test_what_is_put_in_by_hand_is_an_item_like_any_other(start, tmp_path):
    sent = tmp_path / "sent"
    partner = start(*ALL, "--begin", "paused", "--sent", sent)
    partner.control(flood=2)
    assert partner.control(inject='{"odd": ')["number"] == 3
    partner.control(garbage=4)
    partner.control(flood=2)
    lines = partner.lines("?start=oldest", 9)
    assert lines[2] == b'{"odd": \n'
    assert [n["fate"] for n in notes(sent)] == ["ok"] * 2 + ["injected"] + ["garbage"] * 4 + ["ok"] * 2
    assert json.loads(lines[7])["cursor"] == "c-000000000008"
    assert partner.lines("?after=c-000000000003", 6) == lines[3:]
    for line in lines[3:7]:
        with pytest.raises(UnicodeDecodeError):
            line.decode()


def test_reads_come_into_being_though_nobody_reads(start):
    partner = start(*ALL, "--total", 20000, "--begin", "client")
    response = partner.get("?start=oldest")     # asked, and then not read
    eventually(lambda: partner.control(stats=True)["reads"] == 20000)
    assert partner.control(stats=True)["sent_items"] < 20000
    for number in range(1, 20001):
        assert json.loads(response.readline())["cursor"] == f"c-{number:012d}"


def test_it_can_be_told_however_deep_its_socket_lies(pki, tmp_path):
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    with Partner(pki, folder, "--begin", "paused") as partner:
        assert partner.control(stats=True)["reads"] == 0
        assert '"ok": true' in run("ctl", partner.socket, '{"go": true}')


def test_pause_rate_and_go(start):
    partner = start("--rate", 1000, "--trouble", "none")
    eventually(lambda: partner.control(stats=True)["reads"] > 50)
    partner.control(pause=True)
    held = partner.control(stats=True)["reads"]
    time.sleep(0.3)
    assert partner.control(stats=True)["reads"] == held
    partner.control(rate=1, go=True)
    time.sleep(0.3)
    assert partner.control(stats=True)["reads"] <= held + 20
    partner.control(rate="max")
    eventually(lambda: partner.control(stats=True)["reads"] > held + 5000)


# Restarts

def test_a_killed_simulator_comes_back_as_it_was(pki, tmp_path):
    state, sent = tmp_path / "state", tmp_path / "sent"
    options = ("--rate", 3000, "--total", 6000, "--trouble", "repeat=0.2,malformed=0.1,late=0.05", "--seed", 3, "--sent", sent,
               "--end-when-done")
    seen = []
    for kill in range(4):
        partner = Partner(pki, tmp_path, *options, "--state", state)
        feed = Background(partner.get("?start=oldest"))
        if kill < 3:
            eventually(lambda: len(feed.lines) > len(seen) + 500)
            if kill == 1:
                partner.control(garbage=3)
            partner.stop(signal.SIGKILL)
            assert feed.ended.wait(PATIENCE)
            whole = [line for line in feed.lines if line.endswith(b"\n")]
        else:
            assert feed.ended.wait(PATIENCE)
            whole = feed.lines
            partner.stop()
        assert whole[:len(seen)] == seen
        seen = whole
    told = notes(sent)
    assert len(told) == len(seen)
    assert [n["cursor"] for n in told] == [f"c-{n:012d}" for n in range(1, len(told) + 1)]
    # the reads are those of a run that was never killed, but for what was put in by hand
    with Partner(pki, tmp_path, *options) as calm:
        calm_body = calm.get("?start=oldest").readlines()
    calm_told = notes(sent)

    def content(lines, told):
        return [re.sub(rb'"(captured_at|cursor)":"[^"]*"', b"", line) for line, note in zip(lines, told)
                if note["fate"] not in ("garbage", "malformed")]
    assert content(seen, told) == content(calm_body, calm_told)
    assert len(seen) == len(calm_body) + 3


def test_a_torn_state_file_is_mended(pki, tmp_path):
    state = tmp_path / "state"
    options = (*ALL, "--begin", "paused", "--state", state)
    with Partner(pki, tmp_path, *options) as partner:
        partner.control(flood=100)
        before = partner.lines("?start=oldest", 100)
    index = (tmp_path / "state.index").read_bytes()
    (tmp_path / "state.index").write_bytes(index[:-10])
    with state.open("ab") as file:
        file.write(b'{"half a li')
    with Partner(pki, tmp_path, *options) as partner:
        assert partner.control(stats=True)["items"] == 99
        partner.control(flood=2)
        after = partner.lines("?start=oldest", 101)
    assert after[:99] == before[:99] and timeless(after[99:100]) == timeless(before[99:])
    other = subprocess.run([*partner.process.args[:-4], "--seed", "8", "--state", state], capture_output=True, text=True,
                           timeout=PATIENCE)
    assert other.returncode == 2 and "other options" in other.stderr


# Replay

SITES = """id,name,description,location_id,direction,radial_group,in_out,code,longitude,latitude
1,A 1,North Road,1,N,1,2,b,-2.30,51.40
2,A 1,North Road,1,S,1,1,a,-2.30,51.40
9,A 7,Quay,7,NE,2,1,a,-2.36,51.38
"""
COUNTS = """Time,1,2,9
2017-10-31T23:30:00Z,4,0,7
2017-10-31T23:45:00Z,6,2,5
2017-11-01T00:00:00Z,0,1,0
2017-11-01T00:15:00Z,10,4,3
2017-11-01T00:30:00Z,0,0,21
"""


@pytest.fixture
def survey(tmp_path):
    (tmp_path / "sites.csv").write_text(SITES)
    (tmp_path / "counts.csv").write_text(COUNTS)
    return ("--replay", tmp_path / "counts.csv", "--sites", tmp_path / "sites.csv")


@pytest.mark.parametrize("options, totals", [
    ((), {"SITE-001": 20, "SITE-002": 7, "SITE-009": 36}),
    (("--day", "2017-11-01"), {"SITE-001": 10, "SITE-002": 5, "SITE-009": 24}),
    (("--repair",), {"SITE-001": 28, "SITE-002": 9, "SITE-009": 40}),
    (("--trouble", "repeat=0.5,malformed=0.3"), {"SITE-001": 20, "SITE-002": 7, "SITE-009": 36}),
])
def test_a_replay_sends_as_many_as_were_counted(start, survey, tmp_path, options, totals):
    sent = tmp_path / "sent"
    partner = start(*survey, *options, "--rate", "max", "--sent", sent, "--end-when-done", "--external-ids", 0)
    reads = [json.loads(line) for line, note in zip(partner.get("?start=oldest").readlines(), notes(sent))
             if note["fate"] == "ok"]
    assert Counter(r["camera_id"] for r in reads) == totals
    assert len({r["read_id"] for r in reads}) == len(reads)


def test_a_replay_keeps_the_bins_apart_and_stamps_the_moment_of_sending(start, survey):
    # 900 s at 900 times is a second a bin
    partner = start(*survey, "--speed", 900, "--day", "2017-11-01", "--begin", "client")
    response, arrived = partner.get("?start=oldest"), []
    begun = time.time()
    while len(arrived) < 39:
        line = response.readline()
        arrived.append((time.time(), json.loads(line)))
    bins = Counter(int(t - begun) for t, _ in arrived)
    assert abs(bins[0] - 1) <= 2 and abs(bins[1] - 17) <= 6 and abs(bins[2] + bins[3] - 21) <= 6
    for t, read in arrived:
        assert abs(t - datetime.fromisoformat(read["captured_at"].replace("Z", "+00:00")).timestamp()) < 0.7


def test_a_survey_has_a_register(tmp_path, survey):
    rows = list(csv.DictReader(run("register", "--sites", survey[3]).splitlines()))
    assert [(r["camera_id"], r["external_ids"], r["heading"], r["area"]) for r in rows] == [
        ("SITE-001", "site:1", "0", "outer ring"), ("SITE-002", "site:2", "180", "outer ring"),
        ("SITE-009", "site:9", "45", "inner ring")]


def test_help_teaches():
    text = run("--help")
    for word in ("examples:", "register", "ctl", "--replay", "\"stall\"", "fates:", "curl"):
        assert word in text
