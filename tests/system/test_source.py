# SPDX-License-Identifier: Apache-2.0
"""A source against the partner simulator and against partners that misbehave, the test being its core."""

import json
import re
import ssl
import threading
import time
from datetime import datetime

import pytest

from partner.client import Partner as Simulator
from support.hostile import OK, Hostile
from support.messages import read_pb2
from support.places import PATIENCE, free_port
from support.source import CONNECTING, IDLE, STREAMING, WAITING, Source
from support.wait import eventually

NOT_JSON, TOO_LONG = 1, 2       # ledger.proto
Read = read_pb2.Read


@pytest.fixture
def simulate(pki, tmp_path):
    running = []

    def begin(*options, **named):
        running.append(Simulator(pki, tmp_path, *options, **named))
        return running[-1]
    yield begin
    for partner in running:
        partner.stop()


@pytest.fixture
def source_of(pki, tmp_path):
    """source_of(url) runs a source that is ready; afterwards it has logged nothing of what it read."""
    log = open(tmp_path / "source.log", "w+")
    running = []

    def begin(url, **named):
        running.append(Source(pki, url, log=log, **named))
        running[-1].wait_until_ready()
        return running[-1]
    yield begin
    for source in running:
        source.__exit__()
    log.seek(0)
    words = log.read()
    assert "ERROR: AddressSanitizer" not in words and "runtime error" not in words, words
    assert "read_id" not in words and "camera" not in words and "vrm" not in words


def notes(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def line(n, **more):
    read = {"read_id": f"r-{n}", "cursor": f"c-{n}", "camera_id": "CAM-1", "captured_at": "2026-11-01T12:00:00Z",
            "vrm": f"AB{n}"}
    return json.dumps(read | more).encode() + b"\n"


def listen_until_closed(connection):
    while connection.recv(65536):
        pass


# With the simulator

@pytest.mark.parametrize("form", ["ndjson", "protobuf", "event-stream"])
def test_every_good_read_arrives_once_and_every_bad_one_is_counted(simulate, source_of, tmp_path, form):
    sent = tmp_path / "sent.jsonl"
    partner = simulate("--formats", form, "--rate", "max", "--total", 3000, "--begin", "client", "--images", 0.02, "--sent", sent, "--trouble",
                       "malformed=0.05,repeat=0.01,oversize=0.002,late=0.01,no_plate=0.02")
    source = source_of(partner.url)
    source.start()
    good = {"ok", "late", "no_plate", "repeat"}
    reads, rejected = source.collect(lambda reads, _: sum(1 for r in reads if r.cursor) >= 3000 and
                                     reads[-1].cursor == notes(sent)[-1]["cursor"])
    told = notes(sent)
    assert [r.cursor for r in reads] == [n["cursor"] for n in told if n["fate"] in good]
    assert [r.read_id for r in reads] == [n["read_id"] for n in told if n["fate"] in good]
    assert sum(rejected.values()) == sum(n["fate"] not in good for n in told) > 100
    assert rejected[TOO_LONG] == sum(n["fate"] == "oversize" for n in told)
    by_cursor = {n["cursor"]: n for n in told}
    for read in reads:
        note = by_cursor[read.cursor]
        assert read.vrm == note.get("vrm", "") and read.tag == note.get("tag", "")
        assert read.camera_id == note.get("sent_as", note["camera_id"])
        at = datetime.fromisoformat(note["captured_at"].replace("Z", "+00:00"))
        assert read.captured_at_ms == round(at.timestamp() * 1000)
        assert bool(read.overview) == note.get("images", False)
        if read.overview:
            assert read.overview[:3] == read.plate_patch[:3] == b"\xff\xd8\xff" and read.overview[-2:] == b"\xff\xd9"


@pytest.mark.parametrize("offered, picked", [("all", "protobuf"), ("event-stream,ndjson", "ndjson"), ("event-stream", "event-stream")])
def test_the_partner_picks_the_format(simulate, source_of, offered, picked):
    partner = simulate("--formats", offered, "--rate", "max", "--total", 100, "--trouble", "none", "--heartbeat", 0.2)
    source = source_of(partner.url)
    source.start()
    source.collect(lambda reads, _: len(reads) >= 100)
    assert [r["format"] for r in partner.control(stats=True)["requests"]] == [picked]
    source.wait_for(lambda r: r.state == STREAMING)


@pytest.mark.parametrize("form", ["ndjson", "protobuf", "event-stream"])
def test_it_goes_on_where_it_left_off(simulate, source_of, tmp_path, form):
    partner = simulate("--formats", form, "--rate", "max", "--total", 20000, "--trouble", "none", "--begin", "client")
    source = source_of(partner.url)
    source.start()
    reads = []
    for cut in range(3):
        more, _ = source.collect(lambda reads, _: len(reads) >= 1500)
        reads += more
        partner.control(drop=True)
    more, _ = source.collect(lambda more, _: len(reads) + len(more) >= 20000)
    reads += more
    assert len({r.read_id for r in reads}) == len(reads) == 20000
    assert [r.cursor for r in reads] == sorted(r.cursor for r in reads)
    first, *others = partner.control(stats=True)["requests"]
    assert first["last_event_id"] is None
    assert others and all(r["target"].endswith("after=" + r["last_event_id"]) for r in others)


def test_a_new_start_begins_there_and_a_stop_ends(simulate, source_of):
    partner = simulate("--rate", "max", "--total", 1000, "--trouble", "none")
    source = source_of(partner.url)
    source.start()
    reads, _ = source.collect(lambda reads, _: len(reads) >= 1000)
    source.start(after=reads[499].cursor)
    again, _ = source.collect(lambda again, _: len(again) >= 500)
    assert [r.cursor for r in again] == [r.cursor for r in reads[500:]]
    source.start(since_ms=4102444800000)    # nothing entered after 2100
    assert not list(source.batches(2))
    source.stop()
    source.wait_for(lambda r: r.state == IDLE)
    source.start(since_ms=1000)
    again, _ = source.collect(lambda again, _: len(again) >= 1000)
    assert [r.cursor for r in again] == [r.cursor for r in reads]


def test_an_old_cursor_is_a_gap_and_then_the_oldest(simulate, source_of):
    partner = simulate("--rate", "max", "--total", 2000, "--keep", 300, "--trouble", "none")
    first = source_of(partner.url)
    first.start()
    first.collect(lambda reads, _: reads[-1].cursor == "c-000000002000")
    source = source_of(partner.url)
    source.start(after="c-000000000001")
    reads, _ = source.collect(lambda reads, _: reads[-1].cursor == "c-000000002000")
    assert len(reads) == 300
    gaps = [r for r in source.reports if r.gap]
    assert len(gaps) == 1 and gaps[0].epoch == source.epoch and "no longer has" in gaps[0].detail


def test_a_core_that_does_not_read_holds_the_partner(simulate, source_of):
    """Back-pressure: of 100 MB the source takes in no more than it may, and everything arrives in the end."""
    partner = simulate("--rate", "max", "--total", 20000, "--images", 0.5, "--trouble", "none")

    def memory():
        with open(f"/proc/{source.process.pid}/statm") as f:
            return int(f.read().split()[1]) * 4096
    eventually(lambda: partner.control(stats=True)["reads"] >= 20000, "20,000 reads in the log")
    source = source_of(partner.url)
    before = memory()
    source.start()
    most = max(memory() for _ in range(30) if not time.sleep(0.1))
    assert most - before < 24 << 20
    reads, _ = source.collect(lambda reads, _: len(reads) >= 20000)
    assert len({r.cursor for r in reads}) == len(reads) == 20000
    assert source.reports[-1].state == STREAMING, "the wait was not taken for silence"


def test_it_backs_off_and_comes_back(simulate, source_of):
    partner = simulate("--rate", 50, "--trouble", "none")
    partner.control(refuse=True)
    source = source_of(partner.url)
    source.start()
    waits = [source.wait_for(lambda r: r.state == WAITING) for _ in range(4)]
    assert all("503" in r.detail for r in waits)
    assert waits[3].retry_in_ms > waits[0].retry_in_ms > 0
    partner.control(refuse=False)
    source.wait_for(lambda r: r.state == STREAMING)
    source.collect(lambda reads, _: len(reads) >= 10)


def test_silence_is_a_broken_connection(simulate, source_of):
    partner = simulate("--rate", 50, "--trouble", "none")
    source = source_of(partner.url)
    source.start()
    source.collect(lambda reads, _: len(reads) >= 10)
    source.reports.clear()
    partner.control(stall=True)
    began = time.monotonic()
    report = source.wait_for(lambda r: r.state == WAITING, seconds=2 * PATIENCE)
    assert time.monotonic() - began > 28
    assert "silent" in report.detail


def test_reports_come_by_themselves(simulate, source_of):
    partner = simulate("--rate", 50, "--trouble", "none")
    source = source_of(partner.url)
    source.wait_for(lambda r: r.state == IDLE)
    source.wait_for(lambda r: r.state == IDLE)
    source.start()
    source.wait_for(lambda r: r.state == CONNECTING)
    first = source.wait_for(lambda r: r.state == STREAMING)
    later = source.wait_for(lambda r: r.state == STREAMING)
    assert later.bytes > first.bytes and later.epoch == 1


@pytest.mark.parametrize("form", ["ndjson", "protobuf", "event-stream"])
def test_garbage_from_the_partner_harms_nothing(simulate, source_of, form):
    partner = simulate("--formats", form, "--rate", 200, "--trouble", "none", "--begin", "client")
    source = source_of(partner.url)
    source.start()
    source.collect(lambda reads, _: len(reads) >= 50)
    partner.control(garbage=500)
    reads, rejected = source.collect(lambda reads, rejected: sum(rejected.values()) >= 400)
    assert len({r.cursor for r in reads}) == len(reads)


# Ends of the process

@pytest.mark.parametrize("which", ["control", "core"])
def test_it_leaves_when_hung_up_on(simulate, source_of, which):
    partner = simulate("--rate", "max", "--trouble", "none")
    source = source_of(partner.url)
    source.start()
    source.collect(lambda reads, _: len(reads) >= 100)
    getattr(source, which).close()
    assert source.process.wait(timeout=PATIENCE) == 0


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\0\0\0\0\5\0\0\0", b"\4\0\0\0\2\0\0\0\xff\xff\xff\xff"],
                         ids=["http", "huge", "a batch", "no start"])
def test_nonsense_from_the_core_ends_it(simulate, source_of, nonsense):
    source = source_of("https://127.0.0.1:9/")
    source.core.sendall(nonsense)
    assert source.process.wait(timeout=PATIENCE) == 1


# TLS

def refused(source, words):
    source.start()
    report = source.wait_for(lambda r: r.state == WAITING)
    assert words in report.detail, report.detail


def test_a_server_of_another_ca_is_not_trusted(pki, source_of):
    with Hostile(pki, lambda *_: pytest.fail("it sent a request"), who="nh") as partner:
        refused(source_of(partner.url, who="tfl"), "not to be trusted")
        assert not partner.requests


def test_a_server_of_another_name_is_not_trusted(pki, source_of):
    with Hostile(pki, lambda *_: None, cert="bob") as partner:      # of the right CA, but a person's
        refused(source_of(partner.url), "not to be trusted")
        assert not partner.requests


def test_our_certificate_may_be_refused(simulate, source_of):
    partner = simulate("--rate", 50, "--trouble", "none", who="nh")
    source = source_of(partner.url, who="nh", client="to-tfl")
    source.start()
    report = source.wait_for(lambda r: r.state == WAITING)
    assert report.detail in ("the TLS handshake failed", "the connection broke")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(pki, source_of):
    with Hostile(pki, lambda *_: None, version=ssl.TLSVersion.TLSv1_1) as partner:
        refused(source_of(partner.url), "TLS handshake")
        assert not partner.requests


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "ftp://127.0.0.1:{}/", "file:///etc/passwd", "https://me@127.0.0.1:{}/", "nonsense"])
def test_nothing_but_https(source_of, url):
    refused(source_of(url.format(free_port())), "not an https URL")


def test_nobody_there(source_of):
    refused(source_of(f"https://127.0.0.1:{free_port()}/"), "cannot be reached")


# HTTP

def head(status, *headers):
    return f"HTTP/1.1 {status}\r\n".encode() + b"".join(h.encode() + b"\r\n" for h in headers) + b"\r\n"


NDJSON = "Content-Type: application/x-ndjson"


@pytest.mark.parametrize("answer, words", [
    (head("302 Found", "Location: https://127.0.0.1:1/"), "answered 302"),
    (head("404 Not Found", "Content-Type: text/html") + b"<h1>AB12CDE</h1>", "answered 404"),
    (head("401 Unauthorized", "WWW-Authenticate: Basic"), "answered 401"),
    (head("206 Partial Content", NDJSON) + line(1), "answered 206"),
    (head("200 OK", "Content-Type: text/html"), "unknown content type"),
    (head("200 OK", "Content-Type: application/json") + line(1), "unknown content type"),
    (head("200 OK"), "a format that was not offered"),
    (head("200 OK", NDJSON, "Content-Encoding: gzip") + b"\x1f\x8b", "not usable HTTP"),
    (head("200 OK", NDJSON, *[f"X-{i}: {'x' * 1000}" for i in range(64)]), "not usable HTTP"),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not usable HTTP"),
    (head("200 OK", NDJSON, "Content-Length: 0"), "ended the response"),
    (b"", ""),
], ids=["redirect", "not found", "password", "part", "html", "json", "no type", "gzip", "headers", "ssh", "empty", "nothing"])
def test_answers_that_will_not_do(pki, source_of, answer, words):
    with Hostile(pki, lambda connection, *_: connection.sendall(answer)) as partner:
        source = source_of(partner.url)
        source.start()
        report = source.wait_for(lambda r: r.state == WAITING)
        assert words in report.detail, report.detail
        assert "AB12CDE" not in report.detail


def test_what_is_asked_for(pki, source_of):
    with Hostile(pki, lambda *_: None) as partner:
        source = source_of(partner.url + "?site=4&zone=a%20b")
        for start in ({}, {"after": "c 1+&=?/ü"}, {"since_ms": 1793534400123}):
            source.start(**start)
            source.wait_for(lambda r: r.state == WAITING and r.epoch == source.epoch)
        first = [r.split("\r\n")[0] for r in partner.requests]
        for query in ("start=oldest", "after=c%201%2b%26%3d%3f%2f%c3%bc", "since=2026-11-01T12%3a00%3a00.123Z"):
            assert f"GET /v1/reads?site=4&zone=a%20b&{query} HTTP/1.1" in first, first
        headers = partner.requests[0].split("\r\n")
        assert "Accept: application/x-protobuf; delimited=true, application/x-ndjson;q=0.8, text/event-stream;q=0.5" in headers
        assert not any(re.match("accept-encoding|te|cookie|authorization", h, re.I) for h in headers)


def test_410_for_ever_does_not_spin(pki, source_of):
    with Hostile(pki, lambda connection, *_: connection.sendall(head("410 Gone"))) as partner:
        source = source_of(partner.url)
        source.start(after="c-1")
        source.wait_for(lambda r: r.gap)
        list(source.batches(4))
        assert not any(r.gap for r in source.reports), "one gap, not one for each answer"
        assert 3 <= len(partner.requests) <= 8
        assert "after=c-1" in partner.requests[0] and all("start=oldest" in r for r in partner.requests[1:])


def test_a_rejected_line_is_counted_once_however_often_it_is_sent(pki, source_of):
    """The connection breaks right after the bad line, before a cursor follows it; then the partner sends it again."""
    def answer(connection, request, n):
        connection.sendall(OK + b"\r\n" + (line(1) if "oldest" in request else b"") + b"not json\n")
        if n >= 2:
            connection.sendall(line(2))
            listen_until_closed(connection)
    with Hostile(pki, answer) as partner:
        source = source_of(partner.url)
        source.start()
        reads, rejected = source.collect(lambda reads, _: len(reads) >= 2)
        assert [r.cursor for r in reads] == ["c-1", "c-2"]
        assert rejected == {NOT_JSON: 1}
        assert "after=c-1" in partner.requests[1]


def test_a_line_without_end_costs_no_memory(pki, source_of):
    done = threading.Event()

    def answer(connection, _request, n):
        connection.sendall(OK + b"\r\n" + line(1))
        for _ in range(64):
            connection.sendall(b"x" * (1 << 20))
        connection.sendall(b"\n" + line(2))
        done.set()
        listen_until_closed(connection)
    with Hostile(pki, answer) as partner:
        source = source_of(partner.url)
        source.start()
        reads, rejected = source.collect(lambda reads, _: len(reads) >= 2)
        assert rejected == {TOO_LONG: 1} and done.is_set()
        with open(f"/proc/{source.process.pid}/status") as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])
        assert peak < 300_000, f"{peak} KiB (AddressSanitizer included)"


PROTOBUF, EVENTS = "Content-Type: application/x-protobuf; delimited=true", "Content-Type: text/event-stream"


def message(n):
    read = Read(read_id=f"r-{n}", cursor=f"c-{n}", camera_id="CAM-1", captured_at_ms=1793534400000, vrm=f"AB{n}")
    data = read.SerializeToString()
    return bytes([len(data)]) + data


def event(n):
    return b"data: " + line(n) + b"\n"


@pytest.mark.parametrize("type_line, one, begun", [(PROTOBUF, message, b"\xff\xff\xff\x1f"), (EVENTS, event, b"data: ")],
                         ids=["protobuf", "event-stream"])
def test_an_item_without_measure_costs_no_memory(pki, source_of, type_line, one, begun):
    """64 MiB - 1 are announced, and come."""
    def answer(connection, _request, n):
        connection.sendall(head("200 OK", type_line) + one(1) + begun + b"x" * ((64 << 20) - 1))
        connection.sendall((b"" if one is message else b"\n\n") + one(2))
        listen_until_closed(connection)
    with Hostile(pki, answer) as partner:
        source = source_of(partner.url)
        source.start()
        reads, rejected = source.collect(lambda reads, _: len(reads) >= 2)
        assert [r.cursor for r in reads] == ["c-1", "c-2"] and rejected == {TOO_LONG: 1}
        with open(f"/proc/{source.process.pid}/status") as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])
        assert peak < 300_000, f"{peak} KiB (AddressSanitizer included)"


def test_a_length_that_is_none_ends_the_response(pki, source_of):
    """What came before it is kept, and the next response goes on after it."""
    def answer(connection, request, n):
        after = int(re.search(r"after=c-(\d+)", request)[1]) if "after" in request else 0
        connection.sendall(head("200 OK", PROTOBUF) + message(after + 1) + (b"\xff" * 20 if after == 0 else b"\0"))
        listen_until_closed(connection)
    with Hostile(pki, answer) as partner:
        source = source_of(partner.url)
        source.start()
        reads, rejected = source.collect(lambda reads, _: len(reads) >= 2)
        assert [r.cursor for r in reads] == ["c-1", "c-2"] and not rejected
        assert any("cannot be cut into messages" in r.detail for r in source.reports)


@pytest.mark.parametrize("cursor, header", [("c-1", "c-1"), ("a,b;c=\"d\"", "a,b;c=\"d\""), ("ü", None), (" c", None), ("c ", None)])
def test_the_cursor_is_a_header_where_it_can_be_one(pki, source_of, cursor, header):
    with Hostile(pki, lambda *_: None) as partner:
        source = source_of(partner.url)
        source.start(after=cursor)
        source.wait_for(lambda r: r.state == WAITING)
        sent = [h for h in partner.requests[0].split("\r\n") if h.startswith("Last-Event-ID:")]
        assert sent == ([f"Last-Event-ID: {header}"] if header else [])


def test_chunks_cut_anywhere(pki, source_of):
    def answer(connection, *_):
        body = line(1) + b"\n\r\n" + line(2, vrm="ÄÖ 1") + line(3)
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for i in range(len(body)):
            connection.sendall(b"1\r\n" + body[i:i + 1] + b"\r\n")
        listen_until_closed(connection)
    with Hostile(pki, answer) as partner:
        source = source_of(partner.url)
        source.start()
        reads, rejected = source.collect(lambda reads, _: len(reads) >= 3)
        assert [r.vrm for r in reads] == ["AB1", "ÄÖ 1", "AB3"] and not rejected


def test_garbage_without_a_cursor_shows_in_the_report(pki, source_of):
    def answer(connection, *_):
        connection.sendall(OK + b"\r\n" + b"not json\n" * 17)
        listen_until_closed(connection)
    with Hostile(pki, answer) as partner:
        source = source_of(partner.url)
        source.start()
        source.wait_for(lambda r: "17 items were no reads" in r.detail)


def test_retry_after_is_kept_to(pki, source_of):
    with Hostile(pki, lambda c, *_: c.sendall(head("503 Service Unavailable", "Retry-After: 7"))) as partner:
        source = source_of(partner.url)
        source.start()
        report = source.wait_for(lambda r: r.state == WAITING)
        assert 6000 < report.retry_in_ms <= 7000
