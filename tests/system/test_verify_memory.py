# SPDX-License-Identifier: Apache-2.0
"""What anprctl verify keeps does not grow with what it has looked at: not with the reads, the hours or the accounts of one
round, and not with the rounds of a watch that runs for weeks. It may grow with the journal. By heap in use, which is the
same each time; what Kafka's client adds for itself: tests/bench/verify."""

import os
import subprocess

import pytest

from support.grown import Grown
from support.places import BUILD

CAMERAS = 300       # in each account: one that is kept weighs more than anything else of its hour
DAY, WEEK = 24, 168
NO_CACHE = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}       # what is freed into it counts as in use


def probe(evidence, folder, rounds, accounted=True, named=()):
    """The most that was in use in each round, where nothing is wrong but the kinds of offences named. rounds: the ends of the
    partitions in each but the last, which has all. accounted: the ledger has all reads."""
    ends = folder / "ends"
    ends.write_text("".join(f"{number} {topic} {partition} {end}\n" for number, newest in enumerate(rounds)
                            for (topic, partition), end in newest.items()))
    done = subprocess.run([BUILD / "tests/verify_probe", evidence.save(folder / "bundle"), "0", "0", ends], check=True,
                          capture_output=True, text=True, timeout=600, env=os.environ | NO_CACHE)
    *lines, last = done.stdout.splitlines()
    heaps, kinds = lines[:len(rounds) + 1], [line.split()[0] for line in lines[len(rounds) + 1:]]
    assert kinds == list(named), done.stdout
    reads = sum(len(items) for (topic, _), items in evidence.records.items() if topic in evidence.topics)
    assert last.startswith(f"reads {reads} accounted {f'{reads} ' if accounted else ''}"), done.stdout
    assert len(heaps) == len(rounds) + 1 and all(line.startswith("heap ") for line in heaps), heaps
    heaps = [int(line.split()[1]) for line in heaps]
    if not all(heaps):
        pytest.skip("a sanitizer's heap does not tell")
    return heaps


def in_one_round(evidence, folder, honest, hours, **size):
    """The most in use while all of it is looked at for the first time; what the installation itself left has been before."""
    begin = dict(evidence.newest)
    folder.mkdir()
    Grown(evidence, honest, **size).add(hours)
    return probe(evidence, folder, [begin])[-1]


def round_by_round(evidence, honest, hours, **size):
    """The ends of the partitions after each hour."""
    grown = Grown(evidence, honest, **size)
    for _ in range(hours):
        grown.add()
        yield dict(evidence.newest)


def test_it_does_not_grow_with_hours_and_accounts(taken, honest, tmp_path):
    day, week = (in_one_round(taken.copy(), tmp_path / str(hours), honest, hours, reads=4, cameras=CAMERAS) for hours in (DAY, WEEK))
    assert week < 1.05 * day


def test_it_does_not_grow_with_reads(taken, honest, tmp_path):
    """Sixteen times as many, in transactions of the same size."""
    few, many = (in_one_round(taken.copy(), tmp_path / str(hours), honest, hours, reads=200) for hours in (6, 96))
    assert many < 1.05 * few


def test_it_does_not_grow_with_reads_older_than_the_ledger(taken, honest, tmp_path):
    def heap(hours):
        evidence, folder = taken.copy(), tmp_path / str(hours)
        folder.mkdir()
        Grown(evidence, honest, reads=200).add(hours)
        for ledger in evidence.ledgers():
            del ledger[:-1]
        return probe(evidence, folder, [{("no-such-topic", 0): 0}], accounted=False)[0]
    assert heap(96) < 1.05 * heap(6)


def test_a_watch_does_not_grow(evidence, honest, tmp_path):
    """Three weeks, and a round each hour."""
    heaps = probe(evidence, tmp_path, list(round_by_round(evidence, honest, 3 * WEEK, reads=4, cameras=CAMERAS)))
    assert max(heaps[-WEEK:]) < 1.01 * max(heaps[DAY:WEEK])


def test_a_watch_whose_accounts_are_all_gone_says_so_and_does_not_grow(evidence, honest, tmp_path):
    rounds = list(round_by_round(evidence, honest, 2 * WEEK, reads=4, cameras=CAMERAS))
    evidence.records[evidence.name("accounts"), 0].clear()
    heaps = probe(evidence, tmp_path, rounds, named=["account_missing"])
    assert max(heaps[-WEEK:]) < 1.01 * max(heaps[DAY:WEEK])
