# SPDX-License-Identifier: Apache-2.0
"""A full disk: what is answered is true, and what stops does not need the disk."""

import os
import subprocess
import time

import pytest

from support.people import DONE, UNREACHABLE
from support.places import PATIENCE
from support.wait import eventually, steady


@pytest.fixture
def story(install, own_broker):
    it = install(on=own_broker)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", it.state]).returncode:
        pytest.skip("a small file system of its own can be mounted by root only")
    it.share()
    flows(it)
    yield it
    it.gateway.stop()
    subprocess.run(["umount", it.state], check=True)


def flows(it):
    since = time.time() * 1000
    it.consumer().wait_for(lambda records: records and max(r.read.read.captured_at_ms for r in records) > since, "reads", 120)


def fill(it):
    filler = it.state / "filler"
    with pytest.raises(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def enforced(it, reason):
    answer = it.people["iris"].try_to("history", "--json")
    return [e for e in answer.json if e["reason"] == reason and e["enforced_by"]] if answer.code == DONE else []


@pytest.mark.timeout(8 * PATIENCE)
def test_an_off_that_neither_journal_nor_disk_takes_claims_nothing_and_stops_all_the_same(story):
    filler = fill(story)
    done = story.people["bob"].try_to("off", "tfl-ulez", "--for", "2s", "--reason", "The disk is full.", "--json")
    assert done.code == DONE, "the disk is not needed while the broker is there"
    flows(story)
    story.broker.kill()
    try:
        answer = story.people["bob"].try_to("off", "tfl-ulez", "--reason", "Nowhere to write.")
        assert answer.code == UNREACHABLE, answer
        assert "neither journal nor disk could take it" in answer.errors and "forgotten when this node restarts" in answer.errors
        assert not list((story.state / "stop").glob("*.cms*"))
    finally:
        story.broker.start()
    # it is still in memory, so the partner stays stopped and the journal is told
    eventually(lambda: enforced(story, "Nowhere to write."), "its enforced entry", 120)
    steady(story.consumer(committed=False).ends, 2, "a read while off")
    filler.unlink()
    story.people["bob"].must("on", "tfl-ulez", "--reason", "There is room again.")
    flows(story)


@pytest.mark.timeout(8 * PATIENCE)
def test_a_stop_file_needs_no_room(story):
    fill(story)
    (story.state / "stop" / "tfl-ulez").touch()
    eventually(lambda: "stop file recorded" in story.gateway.words(), "the stop file is in the journal")
    eventually(lambda: any(e["action"] == "stop_file" and e["enforced_by"] for e in story.people["iris"].must("history")),
               "its enforced entry")
    steady(story.consumer(committed=False).ends, 2, "a read while stopped")
    (story.state / "stop" / "tfl-ulez").unlink()
    flows(story)
