# SPDX-License-Identifier: Apache-2.0
"""anprctl ui, attacked and used by a browser of sorts: who is let in, what is passed on, what is signed."""

import base64
import json
import os
import pty
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.api_node import Node, done, stored_receipt
from support.messages import command_pb2
from support.people import DONE, NOT_YET, USAGE
from support.places import PATIENCE, free_port, program
from support.ui import ON, PROTOBUF, Ui, draft, switch
from support.wait import eventually


@pytest.fixture
def node(pki):
    node = Node(pki)
    node.views |= {"/": {"page": 1}, "/page.js": {"page": 2}, "/v1/status": {"gateway": "gw-1"},
                   "/v1/whoami": {"organisation": "tfl", "subject": "CN=bob", "roles": ["controller"], "signs": False},
                   "/v1/trust": {"organisations": [], "node_keys": []}}
    yield node
    node.close()


def environment(pki, folder, *urls, **more):
    return {"HOME": str(folder), "PATH": os.environ["PATH"], "ANPRCTL_GATEWAY": ",".join(urls),
            "ANPRCTL_CA": str(pki / "gateway-ca.pem"), "ANPRCTL_CERT": str(pki / "bob.pem"), "ANPRCTL_KEY": str(pki / "bob.key"),
            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}, **more}


@pytest.fixture
def opened(pki, tmp_path):
    """opened(url, ..., options=()) is a Ui whose address has not been used yet."""
    made = []

    def open_ui(*urls, options=(), **more):
        made.append(Ui(environment(pki, tmp_path, *urls, **more), *options, folder=tmp_path))
        return made[-1]
    yield open_ui
    for ui in made:
        ui.__exit__()


@pytest.fixture
def ui(opened, node):
    ui = opened(node.url)
    assert ui.log_in().status == 303
    return ui


# --- who is let in ---

def test_the_token_works_once_and_becomes_a_cookie(opened, node):
    ui = opened(node.url)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{64}", ui.url)
    answer = ui.log_in()
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    name, *rules = answer.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(rf"anprctl-{ui.port}=[0-9a-f]{{64}}", name) and set(rules) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert ui.url.split("=")[1] not in answer.headers["Set-Cookie"], "the cookie is another secret than the token"
    assert ui.get("/").status == 200 and node.asked == ["/"]
    ui.cookie = None
    again = ui.log_in()
    assert again.status == 401 and b"press Enter" in again.body and "Set-Cookie" not in again.headers
    assert node.asked == ["/"]


def test_enter_gives_another_address_and_shuts_the_old_browser_out(pki, node, tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([program("anprctl"), "ui"], env=environment(pki, tmp_path, node.url), stdin=theirs, stdout=theirs,
                               stderr=theirs, start_new_session=True, preexec_fn=lambda: __import__("fcntl").ioctl(theirs, 0x540E, 0))
    os.close(theirs)
    text = ""

    def read_until(pattern):
        nonlocal text
        until = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, text)):
            assert time.monotonic() < until, text
            text += os.read(ours, 4096).decode()
        text = text[found.end():]
        return found.group(1)
    try:
        said = Ui.__new__(Ui)
        said.cookie, said.url = None, read_until(r"(http://127\S+)\r\n")
        said.port = urlsplit(said.url).port
        assert said.log_in().status == 303 and said.get("/").status == 200
        old = said.cookie
        os.write(ours, b"\n")
        said.url = read_until(r"(http://127\S+)\r\n")
        assert said.get("/").status == 200, "an address that nobody opened takes nothing away"
        assert said.log_in().status == 303 and said.cookie != old and said.get("/").status == 200
        said.cookie = old
        assert said.get("/").status == 401
        os.write(ours, b"\x03")
        assert process.wait(timeout=PATIENCE) == DONE
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("cookie", [
    None, "", "{name}=", "{name}=" + "0" * 64, "{name}={value}0", "{name}={short}", "x{name}={value}", "{name} ={value}", "{value}",
    "anprctl-1={value}", "{name}={token}"])
def test_without_the_cookie_nothing_is_asked_of_the_gateway(ui, node, cookie):
    name, value = ui.cookie.split("=")
    if cookie is not None:
        cookie = cookie.format(name=name, value=value, short=value[:-1], token=ui.url.split("=")[1])
    for method, path in (("GET", "/"), ("GET", "/v1/status"), ("GET", "/v1/events"), ("POST", "/v1/commands")):
        body = switch().SerializeToString() if method == "POST" else None
        answer = ui.ask(method, path, body, cookie=False, headers={"Cookie": cookie})
        assert answer.status == 401 and b"anprctl ui" in answer.body
    assert node.asked == [] and node.posted == []


def test_the_cookie_is_found_among_others(ui):
    assert ui.get("/", headers={"Cookie": f"a=b; {ui.cookie}; c=d"}).status == 200
    assert ui.get("/", headers={"Cookie": f"{ui.cookie.split('=')[0]}=planted; {ui.cookie}"}).status == 200


@pytest.mark.parametrize("token", ["", "0" * 64, "{token}0", "{short}", "%00", "{token}&x=1", "%s"])
def test_a_wrong_token_lets_nobody_in(opened, node, token):
    ui = opened(node.url)
    right = ui.url.split("=")[1]
    answer = ui.get("/?token=" + token.format(token=right, short=right[:-1]))
    assert answer.status == 401 and "Set-Cookie" not in answer.headers
    assert ui.ask("POST", f"/?token={right}", b"").status == 401, "only a GET opens it"
    assert ui.log_in().status == 303, "wrong ones do not use it up"


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost", "127.0.0.1:{port}.evil.example", "[::1]:{port}",
    "127.0.0.1:{port}:{port}", "LOCALHOST.evil:{port}", "0.0.0.0:{port}", "", None])
def test_another_host_is_refused(ui, node, host):
    answer = ui.get("/v1/status", headers={"Host": host and host.format(port=ui.port)})
    assert answer.status in (400, 403) and node.asked == []
    assert ui.get("/v1/status", headers={"Host": f"localhost:{ui.port}"}).status == 200


@pytest.mark.parametrize("headers", [
    {"Origin": None}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "http://127.0.0.1:{other}"}, {"Origin": "http://localhost:{port}"}, {"Origin": "http://127.0.0.1:{port}/"},
    {"Origin": "http://127.0.0.1:{port}.evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": ""}])
def test_a_command_from_another_page_is_refused(ui, node, headers):
    made = {k: v and v.format(port=ui.port, other=ui.port + 1) for k, v in headers.items()}
    answer = ui.post(switch(), headers=made)
    assert answer.status == 403 and "another site" in json.loads(answer.body)["error"]
    assert node.posted == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_cannot_look_either(ui, node, site):
    assert ui.get("/v1/status", headers={"Sec-Fetch-Site": site}).status == 403
    assert ui.get("/v1/status", headers={"Origin": "http://evil.example"}).status == 403
    assert node.asked == []
    assert ui.get("/", headers={"Sec-Fetch-Site": "none"}).status == 200, "typed by the person"


# --- what is passed on ---

def test_files_and_views_are_passed_on_and_nothing_else_of_the_answer(ui, node):
    node.headers = {"Content-Security-Policy": "default-src 'self'", "Set-Cookie": "a=b", "X-Else": "1",
                    "Access-Control-Allow-Origin": "*"}
    answer = ui.get("/page.js")
    assert (answer.status, json.loads(answer.body)) == (200, {"page": 2})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    assert not {"set-cookie", "x-else", "access-control-allow-origin"} & {k.lower() for k in answer.headers}
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    node.headers = {}
    assert "default-src 'none'" in ui.get("/").headers["Content-Security-Policy"], "none given is one that permits nothing"
    assert ui.get("/v1/status?a=%20b&c=d").status == 200 and node.asked[-1] == "/v1/status?a=%20b&c=d"
    assert ui.get("/v1/nothing").status == 404 and json.loads(ui.get("/v1/nothing").body) == {"error": "no such view"}


def test_of_the_request_only_the_path_is_passed_on(ui, node):
    ui.get("/v1/status", headers={"Authorization": "x", "X-Else": "y", "Referer": "z", "Accept-Language": "en"})
    assert {k.lower() for k in node.asked_with} <= {"host", "user-agent", "accept"}


@pytest.mark.parametrize("path", [
    "/../", "/v1/../../etc/passwd", "/v1/..%2f..", "/%2e%2e/", "/./", "//evil.example/", "/v1//status", "/v1/%00", "/.hidden", "/v1/",
    "/v1/-x", "/v1/a\\b", "/v1/status;x", "/" + "a" * 3000, "/v1/status?" + "a" * 3000, "/v1/status?a='\"<", "/v1/st\u00e4tus".encode().decode("latin-1")])
def test_paths_of_more_than_one_meaning_are_refused(ui, node, path):
    line = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\nConnection: close\r\n\r\n"
    answer = ui.raw(line.encode("latin-1"))
    assert re.match(rb"HTTP/1\.[01] 40[04]", answer), answer[:100]
    assert node.asked == []


@pytest.mark.parametrize("line", [
    "GET http://evil.example/v1/status HTTP/1.1", "GET http://127.0.0.1:{port}/v1/status HTTP/1.1", "CONNECT evil.example:443 HTTP/1.1",
    "PUT / HTTP/1.1", "DELETE /v1/commands HTTP/1.1", "OPTIONS * HTTP/1.1", "TRACE / HTTP/1.1", "FROBNICATE / HTTP/1.1",
    "GET /v1/status", "GET  HTTP/1.1", "\x16\x03\x01", "PRI * HTTP/2.0", "GET /v1/status HTTP/1.1\r\n Folded: x"])
def test_what_is_not_asked_of_a_page_is_refused(ui, node, line):
    head = f"{line.format(port=ui.port)}\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\nConnection: close\r\n\r\n"
    answer = ui.raw(head.encode("latin-1"))
    assert not answer or re.match(rb"HTTP/1\.[01] [45]", answer), answer[:100]
    assert node.asked == []
    assert ui.get("/").status == 200


def test_headers_cannot_be_smuggled(ui, node):
    for path in ("/v1/status?a=b%0d%0aX-Evil:%201", "/v1/status?a=b\rX-Evil:1"):
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\nConnection: close\r\n\r\n"
        answer = ui.raw(head.encode())
        assert b"X-Evil: 1" not in answer
    assert "x-evil" not in {k.lower() for k in getattr(node, "asked_with", {})}
    ui.get("/v1/events", headers={"Last-Event-ID": "1 2\tX"})
    assert "last-event-id" not in {k.lower() for k in node.asked_with}


def test_only_commands_are_posted_and_only_as_protobuf(ui, node):
    for path in ("/", "/v1/trials", "/v1/commands/", "/v1/commands/x"):
        assert ui.ask("POST", path, b"x").status == 404
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert ui.post(switch(), headers={"Content-Type": kind}).status == 415
    assert node.posted == []


# --- when the gateway is away ---

def test_a_gateway_that_is_away_is_said_in_plain_words_and_comes_back(opened, pki, node):
    ui = opened(f"https://127.0.0.1:{free_port()}")
    ui.log_in()
    page = ui.get("/")
    assert page.status == 502 and page.headers["Content-Type"].startswith("text/html") and b"does not answer" in page.body
    assert b"<script" not in page.body
    for path in ("/v1/status", "/v1/whoami", "/v1/events"):
        answer = ui.get(path)
        assert answer.status == 502 and answer.headers["Content-Type"] == "application/json"
        assert "cannot be reached" in json.loads(answer.body)["error"]
    answer = ui.post(switch())
    assert answer.status == 502 and "confirmed" in json.loads(answer.body)["error"]
    assert "NOT CONFIRMED" in ui.line("outcome")


def test_the_next_node_is_asked(opened, node):
    ui = opened(f"https://127.0.0.1:{free_port()}", node.url)
    ui.log_in()
    assert ui.get("/").status == 200 and ui.get("/v1/status").status == 200
    assert ui.post(switch()).status == 200
    node.stream = [b"data: 1\n\n"]
    assert ui.get("/v1/events").body == b"data: 1\n\n"


def test_a_gateway_of_another_ca_is_not_believed(opened, node, pki):
    ui = opened(node.url, ANPRCTL_CA=str(pki / "mps-ca.pem"))
    ui.log_in()
    assert "not to be trusted" in json.loads(ui.get("/v1/status").body)["error"] and node.asked == []


# --- events ---

def listen(ui):
    """A connection whose response has begun, after its headers."""
    s = socket.create_connection(("127.0.0.1", ui.port), timeout=PATIENCE)
    s.sendall(f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        assert (piece := s.recv(1)), head
        head += piece
    return s, head.decode()


def test_events_come_as_they_are_sent(ui, node):
    node.stream_hold()
    s, head = listen(ui)
    assert head.startswith("HTTP/1.1 200") and "Content-Type: text/event-stream" in head and "no-store" in head
    for n in range(3):
        node.stream_send(f"data: {n}\n\n".encode())
        assert f"data: {n}\n\n".encode() in s.recv(1000), "it is held back"
    node.stream_end()
    rest = b""
    while not rest.endswith(b"0\r\n\r\n"):
        rest += s.recv(1000)
    s.close()


def test_a_page_that_stops_listening_ends_the_gateways_stream(ui, node):
    node.stream_hold()
    s, _ = listen(ui)
    s.close()
    def ended():
        node.stream_send(b": still here\n\n")
        return node.stream_broken
    eventually(ended, "the gateway's end is closed")
    node.stream_end()


def test_a_page_that_does_not_read_holds_the_gateway_not_the_memory(ui, node):
    node.stream_hold()
    s, _ = listen(ui)
    sent = 0
    while sent < 64 << 20 and node.stream_send(b"data: " + b"x" * 65530 + b"\n\n", wait=2):
        sent += 65536
    assert sent < 32 << 20, "everything was taken, though nobody read"
    status = Path(f"/proc/{ui.process.pid}/status").read_text()
    assert int(re.search(r"VmRSS:\s+(\d+)", status)[1]) < 100_000
    assert ui.get("/").status == 200
    s.close()
    node.stream_end()


def test_too_many_streams_are_refused_and_leave_room_again(ui, node):
    node.stream_hold()
    open_ones = [listen(ui)[0] for _ in range(8)]
    assert ui.get("/v1/events").status == 503
    assert ui.get("/v1/status").status == 200
    for s in open_ones:
        s.close()
    def again():
        node.stream_send(b": x\n\n")
        s, head = listen(ui)
        s.close()
        return " 200 " in head
    eventually(again, "there is room again")
    node.stream_end()


def test_a_refused_stream_keeps_its_status(ui, node):
    node.stream = (403, {"error": "no role"})
    assert ui.get("/v1/events").status == 403


# --- commands ---

def test_whoever_signs_is_told(ui):
    answer = ui.get("/v1/whoami")
    assert json.loads(answer.body) == {"organisation": "tfl", "subject": "CN=bob", "roles": ["controller"], "signs": True}


def test_a_command_is_told_signed_and_sent(ui, node, pki, tmp_path):
    page = switch(agreement="A-1", rule="r", cameras=command_pb2.CameraSelector(patterns=["ULEZ-*", "X"], area="Inner"),
                  data_class=3, for_ms=5_400_000)
    answer = ui.post(page)
    assert (answer.status, json.loads(answer.body)["outcome"]) == (200, "done")
    assert ui.line("signing") == ("off tfl-ulez, agreement A-1, rule r, cameras ULEZ-* and 1 more, area Inner, class overview, for 90m, "
                                  "because: Works.")
    assert ui.line("outcome") == "done, journal entry 10, with a receipt"
    signed, command = node.posted[0], node.command
    asked = command_pb2.Command.FromString(page.command)
    assert command.nonce == asked.nonce and command.set_switch == asked.set_switch and command.reason == "Works."
    assert command.organisation == "tfl" and abs(command.made_at_ms / 1000 - time.time()) < 60
    assert (command.head_sequence, command.head_hash) == (9, bytes.fromhex("ab" * 32))
    (tmp_path / "command").write_bytes(signed.command)
    (tmp_path / "signature").write_bytes(signed.signatures[0].value)
    assert [s.kind for s in signed.signatures] == [1]
    subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "signature", "-content",
                    tmp_path / "command", "-purpose", "any", "-out", "/dev/null", "-CAfile", pki / "tfl-ca.pem"],
                   check=True, capture_output=True)


@pytest.mark.parametrize("ask, words", [
    (dict(approve=command_pb2.Approve(proposal=7), reason="Yes."), "approve proposal 7, because: Yes."),
    (dict(refuse=command_pb2.Refuse(proposal=7), reason="No."), "refuse proposal 7, because: No."),
    (dict(withdraw=command_pb2.Withdraw(agreement="A-1"), reason="Over."), "withdraw agreement A-1, because: Over."),
    (dict(acknowledge_gap=command_pb2.AcknowledgeGap(partner="p"), reason="Seen."), "acknowledge the gap of p, because: Seen."),
    (dict(set_switch=command_pb2.SetSwitch(position=ON), reason="Go."), "on every partner, because: Go."),
])
def test_what_is_signed_is_shown_whatever_it_is(ui, node, ask, words):
    node.answer = done()
    assert ui.post(draft(**ask)).status == 200
    assert ui.line("signing") == words and len(node.posted) == 1


def test_a_proposal_brings_its_texts(ui, node):
    text = b"agreement: x\n" * 100_000
    ref = command_pb2.DocumentRef(kind=1, sha256=__import__("hashlib").sha256(text).digest(), size=len(text), name="x.yaml")
    trial = command_pb2.DocumentRef(kind=7, sha256=bytes(32), size=2, name="t.json")
    node.answer = done()
    answer = ui.post(draft([text, b"{}"], propose=command_pb2.Propose(document=ref, trial=trial)))
    assert answer.status == 200 and list(node.posted[0].documents) == [text, b"{}"]
    assert ui.line("signing") == "propose x.yaml, an agreement of 1300000 bytes"


def test_a_repeat_is_the_same_command(ui, node):
    page = switch()
    for _ in range(3):
        assert ui.post(page).status == 200
    assert len(node.posted) == 3 and len({p.command for p in node.posted}) == 1
    assert len({p.signatures[0].value for p in node.posted}) == 1
    assert ui.post(switch()).status == 200 and node.posted[3].command != node.posted[0].command


def test_a_nonce_is_one_commands_only(ui, node):
    nonce = os.urandom(16)
    assert ui.post(switch(nonce=nonce)).status == 200
    answer = ui.post(switch(nonce=nonce, reason="Other."))
    assert answer.status == 409 and "nonce" in json.loads(answer.body)["error"] and len(node.posted) == 1


def test_forty_commands_are_not_too_many(ui, node):
    assert [ui.post(switch()).status for _ in range(40)] == [200] * 40
    assert len({p.command for p in node.posted}) == 40


def test_the_head_the_person_looked_at_stays(ui, node):
    page = draft(reason="Yes.", approve=command_pb2.Approve(proposal=7), head_sequence=5, head_hash=b"\x05" * 32)
    node.answer = done()
    assert ui.post(page).status == 200
    assert (node.command.head_sequence, node.command.head_hash) == (5, b"\x05" * 32)


def test_a_journal_that_was_replaced_is_said_loudly_and_nothing_widens(ui, node):
    node.answer = done()
    assert ui.post(switch(position=ON)).status == 200
    node.views["/v1/head"] = {"gateway": "gw-1", "sequence": 9, "hash": "cd" * 32}
    answer = ui.post(switch(position=ON))
    assert answer.status == 403 and "no longer contains" in json.loads(answer.body)["error"] and len(node.posted) == 1
    eventually(lambda: "ROLLED BACK OR REPLACED" in "".join(ui.errors), "the warning")
    node.answer = done(stored_receipt())
    assert ui.post(switch()).status == 200, "an off is never held up"


def test_somebody_elses_organisation_is_refused(ui, node):
    for organisation in ("mps", "tfl2", "TFL", " tfl"):
        answer = ui.post(switch(organisation=organisation))
        assert answer.status == 403 and "you speak for tfl" in json.loads(answer.body)["error"]
    assert node.posted == []
    assert ui.post(switch(organisation="tfl")).status == 200


def hostile_drafts():
    good = switch()
    signed = command_pb2.SignedCommand.FromString(good.SerializeToString())
    signed.signatures.add(kind=1, value=b"x")
    attested = command_pb2.SignedCommand.FromString(good.SerializeToString())
    attested.signatures.add(kind=2, value=b"x")
    return {
        "nothing": b"", "noise": os.urandom(300), "text": b"{\"off\": true}", "no command": command_pb2.SignedCommand(),
        "signed": signed, "attested": attested, "unknown beside": good.SerializeToString() + b"\xfa\x01\x01x",
        "unknown within": command_pb2.SignedCommand(command=good.command + b"\xfa\x01\x01x"),
        "garbage within": command_pb2.SignedCommand(command=b"\xff" * 40), "asks nothing": draft(reason="x"),
        "no reason": switch(reason=""), "no nonce": switch(nonce=b""), "short nonce": switch(nonce=bytes(15)),
        "long nonce": switch(nonce=bytes(17)), "no position": switch(position=0), "bad partner": switch(partner="a b"),
        "escapes": switch(reason="\x1b[2Jx"), "long reason": switch(reason="x" * 1001), "long for": switch(for_ms=1 << 63),
        "three texts": draft([b"a", b"b", b"c"], propose=command_pb2.Propose()), "empty text": draft([b""], propose=command_pb2.Propose()),
        "no document": draft(propose=command_pb2.Propose()), "no proposal": draft(approve=command_pb2.Approve(), reason="x"),
        "unknown class": switch(data_class=9), "truncated": good.SerializeToString()[:-3],
        "huge patterns": switch(cameras=command_pb2.CameraSelector(patterns=["a"] * 20001)),
    }


@pytest.mark.parametrize("name", hostile_drafts())
def test_what_is_no_command_is_refused(ui, node, name):
    answer = ui.post(hostile_drafts()[name])
    assert answer.status in (400, 403) and json.loads(answer.body)["error"], name
    assert node.posted == []
    assert "\x1b" not in "".join(ui.lines)
    assert ui.post(switch()).status == 200


def test_a_body_beyond_measure_is_refused(ui, node):
    assert ui.post(b"", headers={"Content-Length": str(23 << 20)}).status == 413
    for length in ("-1", "99999999999999999999", "x", "1e3"):
        head = (f"POST /v1/commands HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\nOrigin: http://127.0.0.1:{ui.port}\r\n"
                f"Content-Type: {PROTOBUF}\r\nContent-Length: {length}\r\n\r\n")
        assert not re.match(rb"HTTP/1\.1 2", ui.raw(head.encode()))
    chunked = (f"POST /v1/commands HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n")
    assert not re.match(rb"HTTP/1\.1 2", ui.raw(chunked.encode()))
    assert ui.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 20000) == b"" or True
    assert ui.get("/").status == 200 and node.posted == []


@pytest.mark.parametrize("answer, words", [
    ((202, {"outcome": "recorded", "entry": 10, "hash": "cd" * 32, "effect": "x", "waiting_for": []}), "recorded, but NOT YET ENFORCED"),
    ((202, {"outcome": "stopped_here", "effect": "x"}), "ON THIS NODE ONLY"),
    ((403, {"error": "bob may not"}), "refused: bob may not"),
    ((409, {"error": "stale"}), "refused: stale"),
    ((503, {"error": "away"}), "NOT CONFIRMED: away"),
    ((200, {"outcome": "?"}), "NOT CONFIRMED: the answer makes no sense"),
])
def test_the_gateways_answer_is_given_back_and_told(ui, node, answer, words):
    node.answer = answer
    back = ui.post(switch(position=ON))
    assert (back.status, json.loads(back.body)) == answer and words in ui.line("outcome")


def test_an_answer_that_is_none_is_not_passed_on(ui, node):
    node.answer = (200, b"<script>alert(1)</script>")
    back = ui.post(switch(position=ON))
    assert back.status == 502 and b"script" not in back.body and "NOT CONFIRMED" in ui.line("outcome")


# --- its life ---

def test_a_hundred_idle_connections_are_in_nobodys_way(ui):
    idle = [socket.create_connection(("127.0.0.1", ui.port), timeout=PATIENCE) for _ in range(100)]
    for s in idle[:50]:
        s.sendall(b"GET / HTTP/1.1\r\nHost:")
    assert ui.get("/").status == 200 and ui.post(switch()).status == 200
    for s in idle:
        s.close()
    assert ui.get("/").status == 200


def test_running_out_of_descriptors_passes(pki, node, tmp_path):
    environ = environment(pki, tmp_path, node.url)
    with Ui({**environ}, folder=tmp_path) as ui:
        ui.log_in()
        __import__("resource").prlimit(ui.process.pid, __import__("resource").RLIMIT_NOFILE, (40, 40))
        many = [socket.create_connection(("127.0.0.1", ui.port), timeout=PATIENCE) for _ in range(60)]
        time.sleep(0.5)
        for s in many:
            s.close()
        assert eventually(lambda: ui.get("/").status == 200, "served again")
        assert len(ui.errors) < 50, "it says so over and over"


def test_people_who_go_away_before_the_answer_leave_nothing(ui, node):
    node.delay["/v1/status"] = 0.3
    for _ in range(30):
        s = socket.create_connection(("127.0.0.1", ui.port), timeout=PATIENCE)
        s.sendall(f"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\n\r\n".encode())
        s.close()
    node.delay.clear()
    eventually(lambda: ui.get("/v1/status").status == 200, "answers again")
    eventually(lambda: len(list(Path(f"/proc/{ui.process.pid}/task").iterdir())) == 1, "no thread is left")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_also_while_a_stream_runs(ui, node, signum):
    node.stream_hold()
    s, _ = listen(ui)
    assert ui.stop(signum) == DONE
    s.close()
    node.stream_end()


def test_it_ends_by_itself_when_unused(opened, node):
    ui = opened(node.url, options=("--idle", "1s"))
    assert ui.process.wait(timeout=PATIENCE) == DONE


def test_it_listens_on_the_loopback_address_only(ui):
    listening = [line.split() for line in Path(f"/proc/{ui.process.pid}/net/tcp").read_text().splitlines()
                 if f":{ui.port:04X} " in line and line.split()[3] == "0A"]
    assert [line[1] for line in listening] == [f"0100007F:{ui.port:04X}"]
    assert f":{ui.port:04X} " not in Path(f"/proc/{ui.process.pid}/net/tcp6").read_text()


def test_a_port_that_is_taken_is_said(pki, node, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        out = subprocess.run([program("anprctl"), "ui", "--port", str(s.getsockname()[1])], env=environment(pki, tmp_path, node.url),
                             capture_output=True, text=True, timeout=PATIENCE)
    assert out.returncode == USAGE and "cannot be listened on" in out.stderr


@pytest.mark.parametrize("options, words", [
    (["--port", "70000"], "--port takes"), (["--port", "-1"], "--port takes"), (["--port", "x"], "--port takes"),
    (["--idle", "0s"], "--idle takes"), (["--idle", "2d"], "--idle takes"), (["--idle", "x"], "--idle takes"), (["x"], "too many")])
def test_wrong_options_are_told(pki, node, tmp_path, options, words):
    out = subprocess.run([program("anprctl"), "ui", *options], env=environment(pki, tmp_path, node.url), capture_output=True, text=True,
                         timeout=PATIENCE)
    assert out.returncode == USAGE and words in out.stderr


def test_a_key_of_somebody_else_shows_at_once(pki, node, tmp_path):
    out = subprocess.run([program("anprctl"), "ui"], env=environment(pki, tmp_path, node.url, ANPRCTL_KEY=str(pki / "alice.key")),
                         capture_output=True, text=True, timeout=PATIENCE)
    assert out.returncode == USAGE and out.stderr


def test_the_key_goes_nowhere(ui, node, pki, tmp_path):
    ui.post(switch())
    ui.get("/v1/status")
    key = "".join((pki / "bob.key").read_text().splitlines()[1:-1])
    secrets = [key[:40], key[40:80], ui.cookie.split("=")[1]]
    ui.stop()
    seen = "".join(ui.lines + ui.errors) + "".join(p.read_text(errors="replace") for p in tmp_path.rglob("*") if p.is_file())
    assert seen and not any(s in seen for s in secrets)
