# SPDX-License-Identifier: Apache-2.0
"""The sample consumers, against a real installation: each committed read once, whatever kills them; what is missing, twice
or garbage is told; and what has reached its time is gone from the file's bytes. All of them are held to the same."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import pytest
from confluent_kafka import Producer

from support.messages import GENERATED, SharedRead
from support.places import BUILD, PATIENCE, ROOT
from support.wait import eventually

SAMPLES = ROOT / "deploy" / "samples"
LANGUAGES = ("python", "c", "java")
WHOLE, CANNOT, FAULTS = 0, 1, 3
PLATE = "ZZ99ZZZ"


class Sample:
    """One store and the processes that fill it, one after the other."""

    def __init__(self, command, it, folder, who="police"):
        self.command, self.it, self.store, self.who, self.process = command, it, folder / "reads.db", who, None

    def start(self, *options):
        pki = self.it.pki
        self.process = subprocess.Popen(
            [*self.command, "--kafka", self.it.broker.address, "--ca", pki / "ca.pem",
             "--cert", pki / f"{self.who}.pem", "--key", pki / f"{self.who}.key", "--topic", self.it.topic,
             "--store", self.store, *options],
            env=os.environ | {"PYTHONPATH": str(GENERATED)}, stderr=subprocess.PIPE, text=True)
        return self.process

    def end(self):
        """Its exit code and its words."""
        words = self.process.communicate(timeout=PATIENCE)[1]
        return self.process.returncode, words

    def until_end(self):
        self.start("--until-end")
        return self.end()

    def values(self):
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as db:
            return Counter(value for value, in db.execute("SELECT value FROM reads"))

    def holds(self, plate):
        """Whether any file of the store has these bytes."""
        return any(plate.encode() in f.read_bytes() for f in list(self.store.parent.glob("reads.db*")) if f.exists())


@pytest.fixture(scope="module")
def shared(install_in_module):
    it = install_in_module()
    it.share("--rate", 200, "--trouble", "none", reads=200)
    it.simulators["tfl-ulez"].control(finish=True)
    eventually(lambda: it.totals("tfl-ulez")["published"] == len(it.consumer().read_all_until_end()), "all published")
    return it


@pytest.fixture(scope="session")
def java(tmp_path_factory):
    """How the sample in Java is run, once Maven has made it."""
    target = tmp_path_factory.mktemp("java")
    done = subprocess.run(["mvn", "-q", "-B", "-f", SAMPLES / "java/pom.xml", f"-Dtarget={target}", "package"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{target}/consumer.jar:{target}/lib/*",
            "org.example.anpr.Consumer"]


@pytest.fixture(params=LANGUAGES)
def make(request, shared, tmp_path):
    """make(who) is a Sample with somebody's certificate."""
    command = {"python": lambda: [sys.executable, SAMPLES / "python/consumer.py"],
               "c": lambda: [BUILD / "tests/sample_consumer"],
               "java": lambda: request.getfixturevalue("java")}[request.param]()
    made = []

    def go(who="police"):
        made.append(Sample(command, shared, tmp_path, who))
        return made[-1]
    yield go
    for it in made:
        if it.process and it.process.poll() is None:
            it.process.kill()
            it.process.communicate()


@pytest.fixture
def sample(make):
    return make()


def committed(it):
    return Counter(r.value for r in it.consumer().read_all_until_end())


def plant(it, *values, partition, abort=False):
    """Records by somebody who has the gateway's certificate."""
    producer = Producer(it.broker.client("kafka") | ({"transactional.id": "anpr-sample-test"} if abort else {}))
    if abort:
        producer.init_transactions(PATIENCE)
        producer.begin_transaction()
    for value in values:
        producer.produce(it.topic, value, b"planted", partition=partition)
    assert producer.flush(PATIENCE) == 0
    if abort:
        producer.abort_transaction(PATIENCE)


def after(it, step=1, **fields):
    """The partition of the newest read, and a read that comes `step` after it."""
    records = [r for r in it.consumer().read_all_until_end() if r.value != b"\xff no read"]
    last = max(records, key=lambda r: (r.read.sequence, r.offset))
    newest = max((r.read for r in records if r.partition == last.partition), key=lambda r: r.partition_sequence)
    read = SharedRead.FromString(newest.SerializeToString())
    read.sequence, read.partition_sequence = newest.sequence + step, newest.partition_sequence + step
    read.read.vrm = read.vrm_normalised = PLATE
    read.keep_until_ms = time.time_ns() // 1_000_000 + 3_600_000
    for name, value in fields.items():
        setattr(read, name, value)
    return last.partition, read.SerializeToString()


def test_each_committed_read_is_stored_once(shared, sample):
    assert sample.until_end()[0] == WHOLE
    assert sample.values() == committed(shared)
    code, words = sample.until_end()
    assert code == WHOLE and "0 stored" in words
    assert sample.values() == committed(shared)


def test_killed_at_any_moment_it_goes_on_without_a_gap_or_a_repeat(shared, sample):
    moments = random.Random(7)
    for _ in range(6):
        sample.start()
        time.sleep(moments.uniform(0.3, 2))     # at any moment is what is tried
        sample.process.send_signal(signal.SIGKILL)
        sample.process.communicate()
    code, words = sample.until_end()
    assert code == WHOLE, words
    assert sample.values() == committed(shared)


@pytest.mark.parametrize("who, why", [("bob", "certificate"), ("outsider", "uthoriz"), ("nobody", "certificate|nobody.pem")])
def test_who_may_not_read_is_told(make, who, why):
    """A certificate of a CA that the broker does not know, one that it knows but that has no right, and none at all."""
    code, words = make(who).until_end()
    assert code == CANNOT and "cannot go on: " in words and re.search(why, words)


def test_aborted_reads_are_not_seen(shared, sample):
    partition, value = after(shared)
    plant(shared, value, partition=partition, abort=True)
    assert sample.until_end()[0] == WHOLE
    assert value not in sample.values() and not sample.holds(PLATE)


def test_what_reaches_its_time_is_gone_from_the_bytes(shared, sample):
    assert sample.until_end()[0] == WHOLE
    partition, value = after(shared, keep_until_ms=time.time_ns() // 1_000_000 + 20_000)
    plant(shared, value, partition=partition)
    sample.start()
    eventually(lambda: sample.holds(PLATE), "the read in the store")
    eventually(lambda: not sample.holds(PLATE), "the read gone from the store")
    sample.process.terminate()
    code, words = sample.end()
    assert code == WHOLE and "1 deleted" in words and PLATE not in words
    assert value in committed(shared), "the topic still has it"
    sample.store.unlink()
    code, words = sample.until_end()
    assert code == WHOLE and re.search(r"; [1-9]\d* expired;", words) and not sample.holds(PLATE)


def test_a_gap_a_repeat_and_garbage_are_told_exactly(shared, sample):
    sample.until_end()
    partition, value = after(shared, step=4)
    number = SharedRead.FromString(value).partition_sequence
    plant(shared, value, value, b"\xff no read", partition=partition)
    code, words = sample.until_end()
    where = f"{shared.topic} partition {partition}"
    assert code == FAULTS
    assert f"MISSING: {where}: tfl-ulez: expected {number - 3}, found {number}\n" in words
    assert f"TWICE: {where}: tfl-ulez: expected {number + 1}, found {number}; not stored again\n" in words
    assert words.count(f"MALFORMED: {where} offset ") == 1
    assert "1 stored; 0 expired; 0 deleted; 3 missing; 1 twice; 0 disorder; 0 behind; 1 malformed" in words
    assert PLATE not in words and sample.values()[value] == 1
    assert sample.until_end()[0] == WHOLE, "what was told is not told again"
