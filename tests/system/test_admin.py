# SPDX-License-Identifier: Apache-2.0
"""The admin process alone: a test plays the supervisor and the core at the other ends of its sockets."""
import contextlib
import fcntl
import http.client
import importlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import pytest

from support.places import BUILD, PATIENCE, ROOT

PROGRAM = BUILD / "gateway" / "anpr-gateway"
ADMIN_SETUP, TRUST_ROOTS, REQUEST, RESPONSE, READY = 6, 7, 8, 9, 11


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    subprocess.run([ROOT / "deploy" / "pki" / "make", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    subprocess.run(["protoc", f"-I{ROOT / 'proto'}", f"--python_out={folder}", "anpr/v1/frame.proto",
                    "anpr/v1/read.proto", "anpr/v1/ledger.proto"], check=True)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("anpr.v1.frame_pb2")
    sys.path.remove(str(folder))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Admin:
    def __init__(self, pki, frames):
        self.pki, self.frames, self.port = pki, frames, free_port()
        self.control, control = socket.socketpair()
        self.core, core = socket.socketpair()
        high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 20) for s in (control, core)]
        script = f'exec 3<&{high[0]} 4<&{high[1]} {high[0]}<&- {high[1]}<&-; exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", script, "-", PROGRAM, "--role", "admin"],
                                        pass_fds=high, stderr=subprocess.PIPE, text=True)
        for s in (control, core):
            s.close()
        for fd in high:
            os.close(fd)
        self.core.settimeout(PATIENCE)
        self.control.settimeout(PATIENCE)
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    @staticmethod
    def send(to, kind, body):
        to.sendall(struct.pack("<II", len(body), kind) + body)

    @staticmethod
    def receive(source):
        def exactly(n):
            out = bytearray(n)
            view = memoryview(out)
            while view:
                got = source.recv_into(view)
                if not got:
                    raise EOFError
                view = view[got:]
            return bytes(out)
        n, kind = struct.unpack("<II", exactly(8))
        return kind, exactly(n)

    def set_up(self):
        read = lambda name: (self.pki / name).read_text()
        setup = self.frames.AdminSetup(listen_address="127.0.0.1", listen_port=self.port,
                                       cert_pem=read("admin.pem"), key_pem=read("admin.key"))
        self.send(self.control, ADMIN_SETUP, setup.SerializeToString())

    def trust(self, *organisations):
        roots = [self.frames.TrustRoot(organisation=o, ca_pem=(self.pki / f"{ca}-ca.pem").read_text())
                 for o, ca in (o if isinstance(o, tuple) else (o, o) for o in organisations)]
        self.send(self.core, TRUST_ROOTS, self.frames.TrustRoots(roots=roots).SerializeToString())
        self.wait_for("trust roots taken")

    def wait_for(self, text, count=1):
        end = time.monotonic() + PATIENCE
        while sum(text in line for line in self.lines) < count:
            assert time.monotonic() < end, f"{text!r} did not come:\n" + "".join(self.lines)
            time.sleep(0.01)

    def request(self):
        kind, body = self.receive(self.core)
        assert kind == REQUEST
        return self.frames.AdminRequest.FromString(body)

    def answer(self, request, status=200, kind="application/json", body=b"{}"):
        self.send(self.core, RESPONSE, self.frames.AdminResponse(
            id=request.id, status=status, content_type=kind, body=body).SerializeToString())

    def context(self, who="alice", chain=None, version=None):
        context = ssl.create_default_context(cafile=self.pki / "gateway-ca.pem")
        if version:
            context.minimum_version = context.maximum_version = version
        if who:
            context.load_cert_chain(chain or self.pki / f"{who}.pem", self.pki / f"{who}.key")
        return context

    def client(self, who="alice", **options):
        return http.client.HTTPSConnection("localhost", self.port, context=self.context(who, **options), timeout=PATIENCE)


@pytest.fixture
def started(pki, frames):
    a = Admin(pki, frames)
    yield a
    a.process.kill()
    a.process.wait()


@pytest.fixture
def admin(started):
    started.set_up()
    assert started.receive(started.control) == (READY, b"")
    started.trust("mps", "tfl")
    return started


def refused(admin, who):
    """Whether the person cannot ask anything. TLS 1.3 tells the client only after its own handshake is done."""
    try:
        client = admin.client(who)
        client.request("GET", "/v1/status")
        return client.getresponse().status == 403
    except (ssl.SSLError, ConnectionError, http.client.HTTPException):
        return True


@pytest.mark.parametrize("who, organisation", [("alice", "mps"), ("bob", "tfl")])
def test_a_request_goes_to_the_core_and_the_answer_back(admin, who, organisation):
    client = admin.client(who)
    client.request("POST", "/v1/commands?x=1&y=%20", b"\x00signed\xff")
    request = admin.request()
    assert (request.organisation, request.subject) == (organisation, f"CN={who}")
    assert (request.method, request.path, request.body) == ("POST", "/v1/commands?x=1&y=%20", b"\x00signed\xff")
    assert request.certificate == ssl.PEM_cert_to_DER_cert((admin.pki / f"{who}.pem").read_text())
    admin.answer(request, 409, body=b'{"error":"stale"}')
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (409, b'{"error":"stale"}')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    # The same connection again.
    client.request("GET", "/v1/status")
    admin.answer(admin.request(), 200, "text/html; charset=utf-8", b"x" * 3_000_000)
    answer = client.getresponse()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(answer.read()) == 3_000_000


def test_answers_find_their_askers(admin):
    clients = [admin.client(who) for who in ("alice", "bob", "alice")]
    for n, client in enumerate(clients):
        client.request("GET", f"/v1/{n}")
    for request in reversed([admin.request() for _ in clients]):
        admin.answer(request, body=request.path.encode())
    assert [c.getresponse().read() for c in clients] == [b"/v1/0", b"/v1/1", b"/v1/2"]


def test_trust_roots_may_come_before_the_setup(started):
    roots = started.frames.TrustRoots(roots=[started.frames.TrustRoot(
        organisation="mps", ca_pem=(started.pki / "mps-ca.pem").read_text())])
    started.send(started.core, TRUST_ROOTS, roots.SerializeToString())
    time.sleep(0.3)
    started.set_up()
    assert started.receive(started.control) == (READY, b"")
    client = started.client()
    client.request("GET", "/v1/status")
    started.answer(started.request())
    assert client.getresponse().status == 200


def test_connections_are_refused_before_there_are_trust_roots(started):
    started.set_up()
    assert started.receive(started.control) == (READY, b"")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", started.port), timeout=5)


@pytest.mark.parametrize("who", [None, "sam", "outsider", "admin", "tfl-server"])
def test_strangers_are_refused(admin, who):
    """No certificate, another CA's, a certificate that is not a client's."""
    assert refused(admin, who)
    admin.wait_for("clients refused")


def test_old_tls_is_refused(admin):
    context = admin.context()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(("127.0.0.1", admin.port)), server_hostname="localhost")
    client = admin.client(version=ssl.TLSVersion.TLSv1_2)
    client.request("GET", "/v1/status")
    admin.answer(admin.request())
    assert client.getresponse().status == 200


def test_no_plain_http(admin):
    with socket.create_connection(("127.0.0.1", admin.port), timeout=10) as s:
        s.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP/" not in s.recv(1000)


def test_a_root_that_is_two_bodies_is_nobody(admin):
    admin.trust("mps", ("impostor", "mps"), "tfl")
    assert refused(admin, "alice")
    assert not refused_now(admin, "bob")


def refused_now(admin, who):
    client = admin.client(who)
    client.request("GET", "/v1/status")
    admin.answer(admin.request())
    return client.getresponse().status != 200


def test_connections_of_a_removed_root_are_closed(admin):
    alice, bob = admin.client("alice"), admin.client("bob")
    for client in (alice, bob):
        client.request("GET", "/v1/status")
        admin.answer(admin.request())
        client.getresponse().read()
    admin.trust("mps")
    admin.wait_for("trust roots taken", 2)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, ssl.SSLError)):
        bob.request("GET", "/v1/status")
        bob.getresponse()
    assert refused(admin, "bob")
    alice.request("GET", "/v1/status")
    admin.answer(admin.request())
    assert alice.getresponse().status == 200


def test_no_session_is_resumed(admin):
    context = admin.context(version=ssl.TLSVersion.TLSv1_2)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", admin.port)), server_hostname="localhost") as s:
        session = s.session
    with context.wrap_socket(socket.create_connection(("127.0.0.1", admin.port)), server_hostname="localhost",
                             session=session) as s:
        assert not s.session_reused


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/", {}, 200),
    ("POST", "/", {}, 405),
    ("GET", "/index.html", {}, 404),
    ("GET", "/../page.js", {}, 404),
    ("GET", "/page.js/", {}, 404),
    ("GET", "/v1", {}, 404),
    ("GET", "/v2/status", {}, 404),
    ("GET", "//v1/status", {}, 404),
    ("GET", "/v1/" + "x" * 3000, {}, 404),
    ("DELETE", "/v1/status", {}, 501),
    ("POST", "/v1/commands", {"Origin": "https://evil.example"}, 403),
    ("POST", "/v1/commands", {"Origin": "null"}, 403),
    ("POST", "/v1/commands", {"Content-Length": str(22 << 20)}, 413),
    ("GET", "/v1/status", {"X": "y" * 20000}, 400),
])
def test_what_the_core_never_sees(admin, method, path, headers, status):
    client = admin.client()
    client.request(method, path, headers=headers)
    assert client.getresponse().status == status
    admin.core.settimeout(0.2)
    with pytest.raises(TimeoutError):
        admin.request()


def test_same_origin_is_let_through(admin):
    client = admin.client()
    client.request("POST", "/v1/commands", b"x", {"Origin": f"https://localhost:{admin.port}"})
    admin.answer(admin.request())
    assert client.getresponse().status == 200


def test_a_register_of_100000_cameras_fits(admin):
    body = os.urandom(1 << 20) * 20
    client = admin.client()
    sender = threading.Thread(target=client.request, args=("POST", "/v1/commands", body))
    sender.start()
    request = admin.request()
    sender.join()
    assert request.body == body
    admin.answer(request)
    assert client.getresponse().status == 200


def test_a_silent_core_is_told_after_8_s(admin):
    client = admin.client()
    began = time.monotonic()
    client.request("GET", "/v1/status")
    request = admin.request()
    answer = client.getresponse()
    assert answer.status == 504 and time.monotonic() - began > 7.5
    assert "8 s" in json.loads(answer.read())["error"]
    admin.answer(request)  # too late, and harmless
    client.request("GET", "/v1/status")
    admin.answer(admin.request(), body=b"later")
    assert client.getresponse().read() == b"later"


def test_a_core_that_does_not_read_does_not_stop_the_process(admin):
    """Its queue fills; people get 503 or 504, and the process still answers what needs no core."""
    body = os.urandom(1 << 20) * 20
    clients = [admin.client() for _ in range(8)]
    threads = [threading.Thread(target=c.request, args=("POST", "/v1/commands", body)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    began = time.monotonic()
    other = admin.client("bob")
    other.request("GET", "/")
    assert other.getresponse().status == 200 and time.monotonic() - began < 7.5
    statuses = sorted(c.getresponse().status for c in clients)
    assert set(statuses) == {503, 504}


def test_people_who_leave_do_no_harm(admin):
    requests = []
    for _ in range(5):
        client = admin.client()
        client.request("GET", "/v1/status")
        requests.append(admin.request())
        client.close()
    for request in requests:
        admin.answer(request)
    assert not refused_now(admin, "alice")


def test_who_does_not_finish_the_handshake_is_hung_up_on(admin):
    with socket.create_connection(("127.0.0.1", admin.port), timeout=PATIENCE) as s:
        began = time.monotonic()
        assert s.recv(1) == b""
        assert time.monotonic() - began > 4


def test_64_connections_and_no_more(admin):
    held = [socket.create_connection(("127.0.0.1", admin.port)) for _ in range(64)]
    time.sleep(0.3)
    began = time.monotonic()
    assert not refused_now(admin, "alice")  # waits until the silent ones are hung up on
    assert time.monotonic() - began > 3
    for s in held:
        s.close()


@pytest.mark.parametrize("kind, body", [(RESPONSE, b"\xff\xff"), (RESPONSE, b""), (TRUST_ROOTS, b"\xff"), (1, b""), (99, b"")])
def test_nonsense_from_the_core_ends_it(admin, kind, body):
    admin.send(admin.core, kind, body)
    assert admin.process.wait(PATIENCE) == 1


def test_a_header_cannot_be_smuggled_in(admin):
    client = admin.client()
    client.request("GET", "/v1/status")
    admin.answer(admin.request(), kind="text/html\r\nSet-Cookie: x=y")
    assert admin.process.wait(PATIENCE) == 1


@pytest.mark.parametrize("end", ["control", "core"])
def test_it_goes_with_either_of_its_neighbours(admin, end):
    getattr(admin, end).close()
    assert admin.process.wait(PATIENCE) == 0


def test_a_taken_address_is_told(started):
    with socket.socket() as s:
        s.bind(("127.0.0.1", started.port))
        s.listen()
        started.set_up()
        assert started.process.wait(PATIENCE) == 1
    started.wait_for("Address already in use")


def test_nothing_of_a_request_is_logged(admin):
    client = admin.client()
    client.request("POST", "/v1/commands?partner=secret-partner", b"secret-body")
    admin.answer(admin.request())
    client.getresponse()
    admin.wait_for("request answered")
    assert "secret" not in "".join(admin.lines)


def test_the_page_may_do_nothing_but_ask_this_server(admin):
    client = admin.client()
    client.request("GET", "/")
    files = set(re.findall(r' (?:src|href)="(/[0-9a-f]{16}/[^"]+)"', client.getresponse().read().decode()))
    assert {f.split("/")[2] for f in files} == {f.name for f in (ROOT / "gateway/admin/page").iterdir()} - {"index.html"}
    for path in ["/", *files]:
        client.request("GET", path)
        answer = client.getresponse()
        body, name = answer.read(), path.split("/")[-1]
        kind = {"css": "text/css", "js": "text/javascript"}.get(name.split(".")[-1], "text/html")
        assert answer.status == 200 and answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert answer.headers.get_all("Cache-Control") == (["private, max-age=31536000, immutable"] if name else ["no-store"])
        assert not name or body == (ROOT / "gateway/admin/page" / name).read_bytes()
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Referrer-Policy"] == "no-referrer"
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy.pop("img-src") == "'self' data:"
        assert {policy.pop(name) for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
        assert {policy.pop(name) for name in ("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types")} == {"'none'"}
        assert policy == {"require-trusted-types-for": "'script'"}


def listen(admin, who="alice", body=b'{"n":0}'):
    """A listener whom the core lets look, its answer, and what it was told first."""
    client = admin.client(who)
    client.request("GET", "/v1/events")
    while (request := admin.request()).subject != f"CN={who}":
        admin.answer(request, body=body)
    admin.answer(request, body=body)
    answer = client.getresponse()
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream"
    return client, answer


def told(answer):
    """Data of the next event; comments are passed over."""
    while (line := answer.readline()).startswith(b":") or line == b"\n":
        pass
    assert line == b"event: status\n", line
    data = answer.readline()
    assert answer.readline() == b"\n"
    return data.removeprefix(b"data: ").strip()


def test_listeners_are_told_and_the_core_is_asked_once_for_all_by_each_in_turn(admin):
    (_, alice), (_, bob) = listen(admin), listen(admin, "bob")
    for answer in alice, bob:
        assert told(answer) == b'{"n":0}'
    askers = []
    for n in range(4):
        request = admin.request()
        assert (request.method, request.path) == ("GET", "/v1/events") and request.certificate
        askers.append((request.organisation, request.subject))
        admin.answer(request, body=b'{"n":%d}' % (n + 1))
    assert set(askers) == {("mps", "CN=alice"), ("tfl", "CN=bob")} and len(set(askers[:2])) == 2
    for answer in alice, bob:
        while told(answer) != b'{"n":4}':
            pass


def test_whose_role_is_gone_is_no_longer_told(admin):
    (_, alice), (_, bob) = listen(admin), listen(admin, "bob")
    for _ in range(4):
        request = admin.request()
        gone = request.subject == "CN=alice"
        admin.answer(request, status=403 if gone else 200, body=b'{"n":1}')
        if gone:
            break
    with pytest.raises((ssl.SSLError, http.client.HTTPException, ConnectionError)):
        while alice.readline():
            pass
        raise ConnectionError
    admin.answer(admin.request(), body=b'{"n":2}')
    while told(bob) != b'{"n":2}':
        pass


def test_nobody_listens_without_a_role(admin):
    client = admin.client()
    client.request("GET", "/v1/events")
    admin.answer(admin.request(), status=403, body=b'{"error":"x"}')
    answer = client.getresponse()
    assert answer.status == 403 and answer.read() == b'{"error":"x"}'
    admin.core.settimeout(2)
    with pytest.raises(TimeoutError):
        admin.request()


def test_a_listener_who_does_not_keep_up_is_hung_up_on(admin):
    (_, alice), (_, bob) = listen(admin), listen(admin, "bob")
    body, heard = b'"' + b"x" * (2 << 20) + b'"', [0]

    def hear():
        with contextlib.suppress(http.client.HTTPException, OSError):      # the end of the test
            while told(bob):
                heard[0] += 1
    threading.Thread(target=hear, daemon=True).start()
    subjects = []
    while len(subjects) < 30 and subjects[-4:] != ["CN=bob"] * 4:
        request = admin.request()
        subjects.append(request.subject)
        admin.answer(request, body=body)
    assert "CN=alice" in subjects and subjects[-4:] == ["CN=bob"] * 4, subjects
    assert heard[0] >= 4


def test_32_listeners_and_no_more(admin):
    def core():
        with contextlib.suppress(OSError, EOFError):                       # the end of the test
            while True:
                admin.answer(admin.request())
    threading.Thread(target=core, daemon=True).start()

    def asked():
        client = admin.client()
        client.request("GET", "/v1/events")
        return client, client.getresponse()
    kept = [asked() for _ in range(32)]
    assert {answer.status for _, answer in kept} == {200}
    client, answer = asked()
    assert answer.status == 503 and answer.headers["Retry-After"] == "1"
    client, answer = kept.pop()
    answer.close()
    client.close()
    end = time.monotonic() + PATIENCE
    while asked()[1].status != 200:                                        # its place is free once it has been seen to go
        assert time.monotonic() < end
