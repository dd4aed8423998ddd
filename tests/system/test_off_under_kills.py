# SPDX-License-Identifier: Apache-2.0
"""Off, while the core is killed before, during or after it. Whatever dies: once off is acknowledged as done, not one
message more is appended; and what was captured while it was off is never shared."""

import random
import subprocess
import time

import pytest

from support.people import DONE
from support.places import PATIENCE, program
from support.wait import eventually, steady

RATE = 100


@pytest.fixture
def live(install):
    return install().share("--rate", RATE, "--trouble", "none")


def off_until_done(it, kill_at):
    """Bob types off until it is done; meanwhile the core is killed once, so many seconds after he began."""
    person, begun, killed = it.people["bob"], time.monotonic(), False
    while True:
        typed = subprocess.Popen([program("anprctl"), "off", "tfl-ulez", "--reason", "Stop."], env=person.environment(),
                                 cwd=person.home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while typed.poll() is None:
            if not killed and time.monotonic() - begun >= kill_at:
                killed = it.gateway.kill_child("core") is not None
            time.sleep(0.005)
        if typed.returncode == DONE:
            return
        assert time.monotonic() - begun < PATIENCE, "off is never done"


@pytest.mark.timeout(15 * PATIENCE)
@pytest.mark.parametrize("seed", [1])
def test_nothing_comes_after_an_acknowledged_off(live, seed):
    rng, committed, uncommitted, offs = random.Random(seed), live.consumer(), live.consumer(committed=False), []
    for kill_at in [0, rng.uniform(0, 0.1), rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.6), None]:
        on_at = offs[-1][1] if offs else 0
        committed.wait_for(lambda records: sum(r.read.read.captured_at_ms > on_at for r in records) > RATE / 2, "reads")
        off_until_done(live, float("inf") if kill_at is None else kill_at)
        off_at, ends, sent = time.time() * 1000, uncommitted.ends(), len(live.sent())
        if kill_at is None:
            assert live.gateway.kill_child("core")
        # everything is up again and the partner has gone on
        eventually(lambda: live.people["bob"].try_to("status").code == DONE, "the gateway is back")
        eventually(lambda: len(live.sent()) > sent + RATE, "the partner goes on")
        steady(uncommitted.ends, 1, "a message after off was acknowledged")
        assert uncommitted.ends() == ends
        live.people["bob"].must("on", "tfl-ulez", "--reason", "Go on.")
        offs.append((off_at, time.time() * 1000))
    records = committed.wait_for(lambda records: records if records[-1].read.read.captured_at_ms > offs[-1][1] else None, "reads")
    assert not [r for r in records for off_at, on_at in offs if off_at < r.read.read.captured_at_ms < on_at]
    committed.assert_unbroken()
