# SPDX-License-Identifier: Apache-2.0
"""Asking the nodes of a gateway in turn, as anprctl does; the nodes are stand-ins that answer what a test wants."""

import subprocess
import time

import pytest

from support.hostile import Hostile
from support.places import BUILD, PATIENCE, free_port


def answer(status, body=b"", after=0.0):
    def say(connection, *_):
        time.sleep(after)
        connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    return say


@pytest.fixture
def ask(pki):
    """ask(node, ...) gives (what came out, seconds, the nodes); a node is what it does, or an address."""
    made = []

    def go(*nodes, timeout=60_000, next_after=1000, method="POST", path="/v1/commands?x=1", body="{}", cert="bob"):
        servers = [n if isinstance(n, str) else Hostile(pki, n) for n in nodes]
        made.extend(s for s in servers if not isinstance(s, str))
        urls = [s if isinstance(s, str) else s.url.removesuffix("/v1/reads") for s in servers]
        began = time.monotonic()
        out = subprocess.run([BUILD / "tests/http_probe", pki / "tfl-ca.pem", pki / f"{cert}.pem", pki / f"{cert}.key",
                              str(timeout), str(next_after), method, path, body, *urls],
                             capture_output=True, text=True, timeout=2 * PATIENCE)
        assert out.returncode == 0, out.stderr
        return out.stdout.strip(), time.monotonic() - began, servers
    yield go
    for server in made:
        server.listener.close()


def nobody():
    return f"https://127.0.0.1:{free_port()}"


def test_the_request_as_it_is_sent(ask):
    out, _, (node,) = ask(answer(200, b"done"), body="signed bytes")
    assert out == "200 0 done"
    lines = node.requests[0].split("\r\n")
    assert lines[0] == "POST /v1/commands?x=1 HTTP/1.1"
    assert "Content-Type: application/x-protobuf" in lines and "Content-Length: 12" in lines
    assert not any(line.startswith("Expect") for line in lines)
    out, _, (node,) = ask(answer(200, b"{}"), method="GET", path="/v1/status", body="-")
    assert node.requests[0].startswith("GET /v1/status HTTP/1.1") and "Content-" not in node.requests[0]


def test_a_dead_node_costs_no_time(ask):
    out, seconds, _ = ask(nobody(), nobody(), answer(200, b"done"), next_after=30_000)
    assert out == "200 2 done" and seconds < 25


def test_a_slow_node_is_not_waited_for_nor_given_up(ask):
    out, seconds, _ = ask(answer(200, b"late", after=1.8), answer(202, b"not yet", after=0.1))
    assert out == "200 0 late", "it did answer in the end, and better"
    assert 1.7 < seconds
    out, seconds, _ = ask(answer(200, b"late", after=30), answer(200, b"done"))
    assert out == "200 1 done" and 0.9 < seconds < 25


def test_whatever_is_not_done_goes_to_the_next(ask):
    out, seconds, nodes = ask(answer(202, b"recorded"), answer(503, b"stopped"), answer(500), answer(200, b"done"), next_after=30_000)
    assert out == "200 3 done" and seconds < 25
    assert all(len(n.requests) == 1 for n in nodes)


def test_the_best_answer_counts(ask):
    out, seconds, _ = ask(answer(503, b"poor"), answer(202, b"good"), answer(202, b"as good"), answer(500), nobody(), next_after=30_000)
    assert out == "202 1 good" and seconds < 25


def test_it_ends_when_the_time_is_over(ask):
    out, seconds, _ = ask(answer(200, after=30), answer(200, after=30), timeout=2500)
    assert out == "- no answer in time" and 2.4 < seconds < 25
    out, seconds, _ = ask(answer(202, b"recorded"), answer(200, after=30), timeout=2000)
    assert out == "202 0 recorded" and 1.9 < seconds < 25


def test_without_hurry_only_a_failure_leads_on(ask):
    out, seconds, (_, second) = ask(answer(200, b"slow", after=2), answer(200), next_after=0)
    assert out == "200 0 slow" and not second.requests


def test_why_nobody_answered(ask, pki):
    assert ask(nobody())[0] == "- it cannot be reached"
    assert ask("http://127.0.0.1:1")[0] == "- an address is not an https URL"
    with Hostile(pki, answer(200), who="nh") as other:
        assert ask(other.url.removesuffix("/v1/reads"))[0] == "- its certificate is not to be trusted"
        assert not other.requests
    out = ask(answer(200), cert="alice")[0]     # of another organisation
    assert out in ("- the TLS handshake failed; perhaps the certificate given was refused", "- the connection broke")
    assert ask(lambda c, *_: c.sendall(b"SSH-2.0\r\n\r\n"))[0] == "- what answers there does not speak HTTP"
    assert ask(lambda c, *_: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"))[0] == "- the connection broke"


def test_no_redirect_is_followed(ask):
    def redirect(connection, *_):
        connection.sendall(b"HTTP/1.1 307 X\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert ask(redirect)[0] == "307 0"
