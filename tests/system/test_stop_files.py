# SPDX-License-Identifier: Apache-2.0
"""Stop files put there by hand: state_dir/stop/<partner> or all. They need neither the broker nor the admin process."""

import os
import shutil
import signal
import time
from contextlib import contextmanager

import pytest

from support.people import DONE
from support.wait import eventually, steady

RATE = 60


@pytest.fixture(scope="module")
def story(install_in_module, own_broker_in_module):
    it = install_in_module(("tfl-ulez",), own_broker_in_module)
    it.share("--rate", RATE, "--trouble", "none")
    it.reader, it.eyes = it.consumer(), it.consumer(committed=False)
    flows(it)
    return it


def flows(it):
    """Reads captured from now on arrive."""
    since = time.time() * 1000
    it.reader.wait_for(lambda records: records and records[-1].read.read.captured_at_ms > since, "reads", 120)


def stop_folder(it):
    return it.state / "stop"


def touch(it, name="tfl-ulez"):
    (stop_folder(it) / name).touch()
    return time.time() * 1000


def journaled(it, action):
    answer = it.people["iris"].try_to("history", "--json")
    return [e for e in answer.json if e["action"] == action] if answer.code == DONE else []


def status(it):
    answer = it.people["alice"].try_to("status", "--json")
    return answer.json if answer.code == DONE else None


def problem(it, words):
    return eventually(lambda: [p for p in (status(it) or {"problems": []})["problems"] if words in p], f"a problem with '{words}'")[0]


def stopped(it, since, n=1):
    """The n-th stop file is in the journal and made good; nothing comes any more."""
    eventually(lambda: journaled(it, "stop_file")[n - 1:], "the stop file is in the journal", 120)
    eventually(lambda: journaled(it, "stop_file")[n - 1]["enforced_by"], "its enforced entry")
    steady(it.eyes.ends, 1.5, "a read while stopped")
    return since


def goes_on(it, name="tfl-ulez"):
    """The file is removed: reads flow again, and none that was captured while it lay there."""
    (stop_folder(it) / name).unlink()
    flows(it)
    assert not status(it)["stop_files"]


def nothing_captured_within(it, begin, end):
    captured = [r.read.read.captured_at_ms for r in it.reader.read_all_until_end(120)]
    assert not [at for at in captured if begin <= at < end]
    it.reader.assert_unbroken(120)


@contextmanager
def frozen(number):
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


def count(it):
    return len(journaled(it, "stop_file"))


@pytest.mark.timeout(300)
def test_it_stops_with_the_admin_process_frozen(story):
    before = count(story)
    with frozen(story.gateway.children("admin")[0]):
        begin = touch(story)
        eventually(lambda: "stop file recorded" in story.gateway.words(), "the stop file is recorded")
        eventually(lambda: story.gateway.words().count('event="enforced"') > 0, "it is made good")
        steady(story.eyes.ends, 1.5, "a read while stopped")
    stopped(story, begin, before + 1)
    assert [f["name"] for f in status(story)["stop_files"]] == ["tfl-ulez"]
    assert problem(story, "is stopped by a file on this node, stop/tfl-ulez: remove it")
    end = time.time() * 1000
    goes_on(story)
    nothing_captured_within(story, begin + 500, end)


@pytest.mark.timeout(300)
def test_nobodys_on_ends_it(story):
    before = count(story)
    begin = touch(story)
    stopped(story, begin, before + 1)
    for person in ("alice", "bob"):
        answer = story.people[person].try_to("on", "tfl-ulez", "--reason", "On.")
        assert answer.code != DONE and "stop file" in answer.errors, answer
    goes_on(story)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("away,back", [("kill", "start"), ("freeze", "thaw")])
def test_it_stops_with_the_broker_away(story, away, back):
    before = count(story)
    getattr(story.broker, away)()
    try:
        begin = touch(story)
        assert problem(story, "not yet in the journal")
        held = eventually(lambda: (status(story) or {}).get("stop_files"), "the stop file in status")
        assert held[0]["there"] and not held[0]["recorded"]
    finally:
        getattr(story.broker, back)()
    stopped(story, begin, before + 1)
    assert count(story) == before + 1, "recorded once"
    end = time.time() * 1000
    goes_on(story)
    nothing_captured_within(story, begin + 500, end)


@pytest.mark.timeout(400)
def test_it_survives_the_core_before_it_is_in_the_journal(story):
    before = count(story)
    story.broker.kill()
    try:
        begin = touch(story)
        assert problem(story, "not yet in the journal")
        assert story.gateway.kill_child("core")
    finally:
        story.broker.start()
    stopped(story, begin, before + 1)
    end = time.time() * 1000
    goes_on(story)
    nothing_captured_within(story, begin + 500, end)


@pytest.mark.timeout(400)
def test_gone_again_before_the_broker_was_back_it_is_still_an_off(story):
    before, ended = count(story), len(journaled(story, "stop_file_removed"))
    story.broker.kill()
    try:
        begin = touch(story)
        assert problem(story, "not yet in the journal")
        (stop_folder(story) / "tfl-ulez").unlink()
        end = time.time() * 1000
        assert problem(story, "which is gone; not yet in the journal")
    finally:
        story.broker.start()
    eventually(lambda: len(journaled(story, "stop_file_removed")) == ended + 1, "its end is in the journal", 120)
    assert count(story) == before + 1
    flows(story)
    nothing_captured_within(story, begin + 500, end)


@pytest.mark.timeout(400)
def test_it_is_there_at_the_start_and_gone_at_the_next(story):
    before, ended = count(story), len(journaled(story, "stop_file_removed"))
    story.gateway.stop()
    begin = touch(story, "all")
    ends = story.eyes.ends()
    story.start()
    stopped(story, begin, before + 1)
    assert story.eyes.ends() == ends, "nothing was published before it was seen"
    assert problem(story, "every partner is stopped by a file")
    story.gateway.stop()
    (stop_folder(story) / "all").unlink()
    end = time.time() * 1000
    story.start()
    eventually(lambda: len(journaled(story, "stop_file_removed")) == ended + 1, "its end is in the journal")
    flows(story)
    nothing_captured_within(story, begin + 500, end)


@pytest.mark.timeout(300)
def test_a_folder_that_was_lost_ends_nothing(story):
    before = count(story)
    begin = touch(story)
    stopped(story, begin, before + 1)
    story.gateway.stop()
    shutil.rmtree(stop_folder(story))
    story.start()
    eventually(lambda: (stop_folder(story) / "tfl-ulez").exists(), "the file is put back")
    steady(story.eyes.ends, 1.5, "a read while stopped")
    assert count(story) == before + 1
    goes_on(story)


@pytest.mark.timeout(300)
def test_a_folder_that_cannot_be_read_ends_nothing_and_is_told(story):
    before = count(story)
    begin = touch(story)
    stopped(story, begin, before + 1)
    aside = story.state / "aside"
    stop_folder(story).rename(aside)
    stop_folder(story).touch()          # a file where the folder should be
    assert problem(story, "stop files cannot be seen, what they stopped stays so")
    steady(story.eyes.ends, 1.5, "a read while stopped")
    stop_folder(story).unlink()
    aside.rename(stop_folder(story))
    goes_on(story)


@pytest.mark.timeout(300)
def test_a_name_that_is_no_partners_stops_nobody_and_is_told(story):
    before = count(story)
    touch(story, "tfl-ulze")
    touch(story, "Who is this?")
    assert problem(story, "stop file 'tfl-ulze' stops nobody")
    assert problem(story, "names that no partner can have")
    flows(story)
    assert count(story) == before
    for name in ("tfl-ulze", "Who is this?"):
        (stop_folder(story) / name).unlink()
    eventually(lambda: not [p for p in status(story)["problems"] if "nobody" in p], "all is well again")
