# SPDX-License-Identifier: Apache-2.0
"""The real processes of a running gateway: what each holds, and that each comes back.

How the supervisor behaves in every corner is tested with small roles (test_supervisor.py); this is the same program as
it is installed."""

import os
import re
import signal
from pathlib import Path

import pytest

from support.wait import eventually


@pytest.fixture(scope="module")
def running(install_in_module):
    return install_in_module(("tfl-ulez", "national-highways")).share("--rate", 30)


def descriptors(number):
    out = {}
    for path in Path(f"/proc/{number}/fd").iterdir():
        try:
            out[int(path.name)] = os.readlink(path)
        except OSError:
            pass                           # closed since
    return out


def test_nobody_holds_a_file(running):
    """Keys came over sockets, or were read and closed; a parser of a partner's bytes has no file to give away."""
    for number in running.gateway.children():
        files = {n: to for n, to in descriptors(number).items() if to.startswith("/")}
        assert files.pop(0) == files.pop(1) == "/dev/null"
        assert files.pop(2) == str(running.gateway.log)
        allowed = {str(running.state / "stop"), str(running.state)} if number in running.gateway.children("core") else set()
        assert set(files.values()) <= allowed, files


def test_a_source_holds_two_sockets_and_its_partner(running):
    for number in running.gateway.children("source"):
        kinds = [to.split(":")[0] for to in descriptors(number).values()]
        assert set(kinds) <= {"/dev/null", str(running.gateway.log), "socket", "anon_inode", "pipe"}
        assert kinds.count("socket") <= 6


def test_all_are_confined(running):
    numbers, core = running.gateway.children(), running.gateway.children("core")
    assert len(numbers) == 4
    for number in numbers:
        status = Path(f"/proc/{number}/status").read_text()
        assert re.search(r"^NoNewPrivs:\t1$", status, re.M)
        environment = [e for e in Path(f"/proc/{number}/environ").read_bytes().split(b"\0") if e]
        allocator = [b"GLIBC_TUNABLES=glibc.malloc.tcache_count=60000"] if number in core else []
        assert [e for e in environment if b"SAN_OPTIONS=" not in e] == [b"LC_ALL=C.UTF-8"] + allocator
        assert re.search(r"^Max core file size\s+0\s+0\s", Path(f"/proc/{number}/limits").read_text(), re.M)


def received(it):
    return it.totals("tfl-ulez")["received"]


@pytest.mark.parametrize("role, others", [("source", ["core", "admin"]), ("admin", ["core", "source"]), ("core", [])])
def test_each_comes_back_and_the_rest_stays(running, role, others):
    gateway = running.gateway
    before = {r: set(gateway.children(r)) for r in ("core", "admin", "source")}
    victim = gateway.kill_child(role)
    back = lambda: victim not in gateway.children() and len(gateway.children()) == 4
    eventually(back, f"{role} comes back")
    for other in others:
        assert set(gateway.children(other)) == before[other]
    if not others:
        assert not set(gateway.children()) & set().union(*before.values())
    seen = eventually(lambda: running.people["alice"].try_to("status").code == 0 and received(running), "answers again")
    eventually(lambda: received(running) > seen + 20, "reads flow again")


def test_nobody_outlives_the_supervisor(running):
    numbers = running.gateway.children()
    assert running.gateway.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not any(Path(f"/proc/{n}").exists() for n in numbers), "all gone")
