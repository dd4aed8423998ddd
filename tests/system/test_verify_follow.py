# SPDX-License-Identifier: Apache-2.0
"""anprctl verify --follow: an independent watch. It says nothing while all is well, whatever happens to the gateway, and
tells what somebody plants within seconds."""

import json
import signal
import subprocess

import pytest
from confluent_kafka import Producer

from support.messages import SharedRead
from support.places import PATIENCE, program
from support.wait import eventually

SECONDS = 15        # "within seconds", with room for a busy machine


class Watch:
    """anprctl verify --follow --json as a verifier; what it tells goes to a file."""

    def __init__(self, it):
        self.out, self.err = it.folder / "watch.out", it.folder / "watch.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program("anprctl"), "verify", "--follow", "--json", "--prefix", it.prefix,
                 *map(str, it.kafka("verifier"))], stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def told(self):
        """What it found: one answer for each line it has written in full."""
        return [line for line in self._running() if "error" not in line]

    def troubles(self):
        """What stood in its way."""
        return [line["error"] for line in self._running() if "error" in line]

    def _running(self):
        assert self.process.poll() is None, f"it ended: {self.err.read_text()}"
        return self._lines()

    def _lines(self):
        return [json.loads(line) for line in self.out.read_bytes().split(b"\n")[:-1]]

    def stop(self):
        """Its exit status, and the last it says."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE), self._lines()[-1]


@pytest.fixture
def watch_over():
    """watch_over(installation): a watch, ended with the test."""
    begun = []

    def begin(it):
        begun.append(Watch(it))
        return begun[-1]
    yield begin
    for watch in begun:
        watch.process.kill()
        watch.process.wait()


@pytest.fixture
def watched(install, watch_over):
    """A gateway that is up and has agreed nothing yet, and a watch over it."""
    it = install()
    it.partner("tfl-ulez", "--rate", 100)
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.start()
    return it, watch_over(it)


def plant(it, record):
    """A copy of a read under numbers of its own, by somebody who has the gateway's certificate."""
    read = SharedRead.FromString(record.value)
    read.sequence += 1_000_000
    read.partition_sequence += 1_000_000
    delivered = []
    producer = Producer(it.broker.client("kafka") | {"acks": "all"})
    producer.produce(it.topic, read.SerializeToString(deterministic=True), record.key, partition=record.partition,
                     timestamp=record.timestamp, on_delivery=lambda error, message: delivered.append((error, message)))
    assert producer.flush(PATIENCE) == 0
    (error, message), = delivered
    assert error is None
    return f"{it.topic} partition {message.partition()} offset {message.offset()}"


def turn(it, position):
    """Whoever is asked says it only once; a slow machine may answer 'recorded' first."""
    eventually(lambda: it.people["bob"].try_to(position, "tfl-ulez", "--cameras", "ULEZ-000*", "--reason", "Works.").code == 0,
               f"turned {position}")


def test_a_watch_is_silent_until_a_read_is_planted(watched):
    it, watch = watched
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 200, "reads")
    turn(it, "off")
    turn(it, "on")
    seen = len(consumer.read_all_until_end())
    it.gateway.kill_child("core")
    consumer.wait_for(lambda records: len(records) > seen + 300, "reads after the core came back")
    assert watch.told() == []

    before = len(consumer.records)
    where = plant(it, consumer.records[-1])
    first, = eventually(watch.told, "the planted read is told", SECONDS)
    assert not first["clean"]
    offence, = first["offences"]
    assert (offence["offence"], offence["count"], offence["first"]) == ("read_added", 1, where)

    consumer.wait_for(lambda records: len(records) > before + 100, "reads after it")
    assert len(watch.told()) == 1, "a kind of offence is told once"
    status, last = watch.stop()
    assert status == 1
    assert [o["offence"] for o in last["offences"]] == ["read_added"] and last["unreadable"] == ""
    assert last["figures"]["reads_accounted"] >= before, "it had looked at them all"


def test_a_watch_that_saw_nothing_wrong_ends_with_status_0(watched):
    it, watch = watched
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    it.consumer().wait_for(lambda records: len(records) > 50, "reads")
    status, last = watch.stop()
    assert (status, last["clean"], last["offences"]) == (0, True, [])
    assert last["figures"]["entries"] >= 1


def test_a_watch_outlives_a_broker_that_is_away(install, own_broker, watch_over):
    """It says so, once, and goes on where it was."""
    it = install(on=own_broker).share()
    watch = watch_over(it)
    own_broker.stop()
    eventually(watch.troubles, "it says that the broker is away", 2 * PATIENCE)     # it waits for one that restarts
    own_broker.start()
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 100, "reads after the broker came back")
    where = plant(it, consumer.records[-1])
    first, = eventually(watch.told, "the planted read is told")
    assert [(o["offence"], o["first"]) for o in first["offences"]] == [("read_added", where)]
    troubles = watch.troubles()
    assert all(a != b for a, b in zip(troubles, troubles[1:])), "nothing is said twice in a row"
    assert watch.stop()[0] == 1
