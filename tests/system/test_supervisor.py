# SPDX-License-Identifier: Apache-2.0
"""The supervisor from the outside: what it starts, how it confines it, what it starts again, how it ends.

Runs the gateway's own main with small roles (tests/support/supervised.c), so that no Kafka is needed; the supervisor
is the real one.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from support.places import BUILD, PATIENCE, ROOT

PROGRAM = BUILD / "tests" / "unit" / "supervised"
PARTNERS = ["tfl-ulez", "nh-roads"]

CONFIG = """
gateway: {{id: gw-1, state_dir: {state}, signing_key: {pki}/signing.key}}
kafka: {{brokers: "localhost:1", ca: {pki}/ca.pem, cert: {pki}/kafka.pem, key: {pki}/kafka.key}}
organisations:
  - {{id: mps, ca: {pki}/mps-ca.pem, people: [{{subject: "CN=alice", roles: [policy-admin]}}]}}
  - {{id: tfl, ca: {pki}/tfl-ca.pem}}
  - {{id: nh, ca: {pki}/nh-ca.pem}}
partners:
  - {{id: tfl-ulez, organisation: tfl, source: {{kind: stream, url: "https://localhost:2/v1/reads",
      ca: {pki}/tfl-ca.pem, cert: {pki}/to-tfl.pem, key: {pki}/to-tfl.key}}}}
  - {{id: nh-roads, organisation: nh, source: {{kind: stream, url: "https://localhost:3/v1/reads",
      ca: {pki}/nh-ca.pem, cert: {pki}/to-nh.pem, key: {pki}/to-nh.key}}}}
admin: {{listen: "127.0.0.1:8443", cert: {pki}/admin.pem, key: {pki}/admin.key}}
"""


@pytest.fixture(scope="module")
def shared_pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    subprocess.run([ROOT / "deploy" / "pki" / "make", folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def pki(shared_pki, tmp_path):
    return pathlib.Path(shutil.copytree(shared_pki, tmp_path / "pki"))


@pytest.fixture
def config(pki, tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG.format(pki=pki, state=tmp_path / "state"))
    return path


class Gateway:
    """The program, and what it says."""

    def __init__(self, config, **environment):
        self.lines = []
        self.process = subprocess.Popen([PROGRAM, config], stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, SECRET_OF_THE_SHELL="1", **environment))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, pattern, count=1, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [m for m in (re.search(pattern, line) for line in list(self.lines)) if m]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{count} x {pattern!r} did not come; said:\n" + "\n".join(self.lines))

    def children(self):
        """Process id by title, as a process list shows it."""
        out = {}
        for path in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                parent = re.search(r"^PPid:\t(\d+)", path.read_text(), re.M)
                if parent and int(parent[1]) == self.process.pid:
                    title = (path.parent / "cmdline").read_bytes().split(b"\0")[0].decode()
                    out[title] = int(path.parent.name)
            except (FileNotFoundError, ProcessLookupError):
                pass
        return out

    def up(self):
        self.wait_for('event="gateway is up"')
        return self.children()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.reader.join(5)
        return status


@pytest.fixture
def gateway(config):
    g = Gateway(config)
    yield g
    if g.process.poll() is None:
        g.process.kill()
        g.process.wait()


def gone(pid, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


TITLES = {"anpr-gateway: core", "anpr-gateway: admin", "anpr-gateway: source tfl-ulez", "anpr-gateway: source nh-roads"}


def test_every_role_runs_and_is_connected(gateway):
    assert set(gateway.up()) == TITLES
    for partner in PARTNERS:
        gateway.wait_for(f'event="source is set up" partner="{partner}"')
        gateway.wait_for(f'event="greeted" partner="{partner}" words="here I am"')
    gateway.wait_for('event="attached" peer=2')


def test_a_child_has_what_it_needs_and_no_more(gateway):
    for title, pid in gateway.up().items():
        proc = pathlib.Path(f"/proc/{pid}")
        descriptors = {int(p.name): os.readlink(p) for p in (proc / "fd").iterdir()}
        assert descriptors[0] == descriptors[1] == "/dev/null"
        given = {3} if title.endswith("core") else {3, 4}
        # The core has the ends that were attached besides: one each for the admin process and the sources.
        attached = 3 if title.endswith("core") else 0
        assert given <= set(descriptors) and len(descriptors) == 3 + len(given) + attached
        assert all(descriptors[n].startswith("socket:") for n in set(descriptors) - {0, 1, 2})

        environment = (proc / "environ").read_bytes().split(b"\0")
        tunables = [b"GLIBC_TUNABLES=glibc.malloc.tcache_count=60000"] if title.endswith("core") else []
        assert [e for e in environment if e] == [b"LC_ALL=C.UTF-8"] + tunables

        status = (proc / "status").read_text()
        assert re.search(r"^NoNewPrivs:\t1$", status, re.M)
        assert re.search(r"^Umask:\t0077$", status, re.M)
        assert re.search(r"^SigBlk:\t0+$", status, re.M)
        assert re.search(r"^Max core file size\s+0\s+0\s", (proc / "limits").read_text(), re.M)
        assert re.search(r"^Name:\tanpr-(core|admin|source)$", status, re.M)
        # The configuration's path and the like are not for the process list.
        assert (proc / "cmdline").read_bytes().rstrip(b"\0").decode() == title
        # Its own session: what is typed at the supervisor's terminal is for the supervisor.
        assert os.getsid(pid) == pid


def test_memory_cannot_be_read_by_the_same_user(gateway):
    """PR_SET_DUMPABLE 0 gives the files in /proc/PID to root."""
    if os.geteuid() == 0:
        pytest.skip("root can read everything, and owns its own files in any case")
    for pid in gateway.up().values():
        with pytest.raises(PermissionError):
            (pathlib.Path(f"/proc/{pid}/environ")).read_bytes()


@pytest.mark.parametrize("role", ["source tfl-ulez", "admin"])
def test_a_killed_child_is_started_again_alone(gateway, role):
    before = gateway.up()
    title = f"anpr-gateway: {role}"
    os.kill(before[title], signal.SIGKILL)
    gateway.wait_for(f'event="child ended" child="{role}" pid={before[title]} signal=9')
    gateway.wait_for(f'event="child started" child="{role}"', 2)
    gateway.wait_for('event="attached"', 4)
    after = gateway.children()
    assert after[title] != before[title]
    assert {t: p for t, p in after.items() if t != title} == {t: p for t, p in before.items() if t != title}


def test_all_start_anew_with_the_core(gateway):
    before = gateway.up()
    os.kill(before["anpr-gateway: core"], signal.SIGKILL)
    gateway.wait_for('event="core is up"', 2)
    gateway.wait_for('event="greeted"', 4)
    gateway.wait_for('event="child started"', 8)
    after = gateway.children()
    assert set(after) == TITLES
    assert not set(after.values()) & set(before.values())
    assert all(gone(pid) for pid in before.values())


def test_restarts_back_off(gateway):
    gateway.up()
    waits = []
    for n in range(1, 5):
        os.kill(gateway.children()["anpr-gateway: admin"], signal.SIGKILL)
        waits.append(int(gateway.wait_for('child="admin" .*restart_in_ms=([0-9]+)', n)[-1][1]))
        gateway.wait_for('event="child started" child="admin"', n + 1)
    assert waits == [100, 200, 400, 800]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_order(gateway, number):
    pids = gateway.up()
    assert gateway.end(number) == 0
    ends = [line for line in gateway.lines if 'event="child ended"' in line]
    assert 'child="core"' in ends[0] and "status=0" in ends[0]
    assert any('event="core has ended in order"' in line for line in gateway.lines)
    assert all(gone(pid) for pid in pids.values())


def test_a_hung_core_is_given_time_then_killed(gateway):
    pids = gateway.up()
    os.kill(pids["anpr-gateway: core"], signal.SIGSTOP)
    began = time.monotonic()
    assert gateway.end() == 1
    assert time.monotonic() - began > 9
    assert all(gone(pid) for pid in pids.values())


def test_a_second_signal_ends_it_at_once(gateway):
    pids = gateway.up()
    os.kill(pids["anpr-gateway: core"], signal.SIGSTOP)
    gateway.process.terminate()
    gateway.wait_for('event="gateway is ending"')
    began = time.monotonic()
    assert gateway.end() == 1
    assert time.monotonic() - began < 9
    assert all(gone(pid) for pid in pids.values())


def test_nobody_outlives_the_supervisor(gateway):
    pids = gateway.up()
    gateway.process.kill()
    gateway.process.wait()
    assert all(gone(pid) for pid in pids.values())


def test_renewed_keys_are_picked_up(gateway, pki):
    before = gateway.up()
    for name in ("to-tfl.pem", "to-tfl.key"):
        (pki / name).unlink()
    subprocess.run([ROOT / "deploy" / "pki" / "make", pki], check=True, capture_output=True)
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for('event="key files renewed" child="source tfl-ulez"')
    gateway.wait_for('event="child started" child="source tfl-ulez"', 2)
    after = gateway.children()
    assert after["anpr-gateway: source tfl-ulez"] != before["anpr-gateway: source tfl-ulez"]
    assert after["anpr-gateway: source nh-roads"] == before["anpr-gateway: source nh-roads"]


def test_a_renewal_that_is_half_done_changes_nothing(gateway, pki):
    before = gateway.up()
    shutil.copy(pki / "to-nh.pem", pki / "to-tfl.pem")
    shutil.copy(pki / "broker.pem", pki / "admin.pem")
    gateway.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert gateway.children() == before
    shutil.copy(pki / "broker.key", pki / "admin.key")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for('event="child started" child="admin"', 2)


def test_two_cannot_share_a_state_folder(gateway, config):
    gateway.up()
    second = subprocess.run([PROGRAM, config], capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 2
    assert "another anpr-gateway runs with this state folder" in second.stderr


def test_service_manager_is_told(config, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        g = Gateway(config, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert manager.recv(1000).startswith(b"READY=1\n")
        assert g.end() == 0
        assert manager.recv(1000).startswith(b"STOPPING=1\n")


def test_a_bad_configuration_starts_nothing(config):
    config.write_text(config.read_text().replace("id: gw-1", "id: g w").replace("state_dir", "statedir"))
    run = subprocess.run([PROGRAM, config], capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 2
    assert f"{config}:2:15: gateway.id: an id is 1 to 64 of A-Z a-z 0-9 . _ -\n" in run.stderr
    assert "did you mean 'state_dir'?" in run.stderr
    assert run.stderr.endswith(": not started: 3 problems in the configuration\n")


def test_check_prints_what_is_in_effect(config, tmp_path):
    first = subprocess.run([PROGRAM, "--check", config], capture_output=True, text=True, timeout=PATIENCE)
    assert first.returncode == 0 and first.stderr == ""
    assert "  publishers: 8\n" in first.stdout and "journal: anpr.journal\n" in first.stdout
    assert "PRIVATE KEY" not in first.stdout
    again = tmp_path / "printed.yaml"
    again.write_text(first.stdout)
    assert subprocess.run([PROGRAM, "--check", again], capture_output=True, text=True, timeout=PATIENCE).stdout == first.stdout
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("arguments, status, said", [
    (["--help"], 0, "usage: anpr-gateway"),
    (["--version"], 0, "anpr-gateway 0."),
    ([], 2, "which configuration file?"),
    (["a", "b"], 2, "one configuration file only"),
    (["--no-such"], 2, "unrecognized option"),
    (["--role", "core", "--config", "x"], 2, "run anpr-gateway FILE"),
    (["--role", "source"], 2, "run anpr-gateway FILE"),
    (["--role", "king"], 2, "no such role"),
    (["no-such.yaml"], 2, "no-such.yaml: cannot be opened: No such file or directory"),
])
def test_usage(arguments, status, said):
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == status
    assert said in run.stdout + run.stderr
