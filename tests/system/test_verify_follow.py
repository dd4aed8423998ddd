# SPDX-License-Identifier: Apache-2.0
"""anprctl verify --follow: an independent watch. It says nothing while all is well, whatever happens to the gateway, and
tells what somebody plants within seconds."""

import subprocess

import pytest
import requests
from confluent_kafka import Producer

from support.messages import SharedRead
from support.places import PATIENCE, free_port, program
from support.prometheus import labelled, promtool, samples_of
from support.wait import eventually

SECONDS = 15        # "within seconds", with room for a busy machine


def up(install):
    """A gateway that is up and has agreed nothing yet."""
    it = install()
    it.partner("tfl-ulez", "--rate", 100)
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.start()
    return it


@pytest.fixture
def watched(install, watch_over):
    """It, and a watch over it."""
    it = up(install)
    return it, watch_over(it)


@pytest.fixture
def watched_with_metrics(install, watch_over):
    it, port = up(install), free_port()
    return it, watch_over(it, "--metrics", f"127.0.0.1:{port}"), port


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


def test_a_watch_has_metrics_of_its_own(watched_with_metrics):
    it, watch, port = watched_with_metrics
    it.agree("tfl-ulez")
    it.go_live("tfl-ulez")
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 100, "reads")

    def scrape():
        answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=20)
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return samples_of(answer.text), answer.text

    def offences():
        return {dict(labels)["kind"]: n for (name, labels), n in scrape()[0].items() if name == "anpr_verify_offences_total"}
    eventually(lambda: scrape()[0]["anpr_verify_reads_accounted_total", ()] > 100, "it has looked at reads")
    now, text = scrape()
    promtool("check", "metrics", text=text)
    assert len(offences()) == 18 and not any(offences().values())
    assert now["anpr_verify_entries_total", ()] == now["anpr_verify_head", ()] >= 4
    assert labelled(now, "anpr_verify_rounds_total", result="failed") == 0 < labelled(now, "anpr_verify_rounds_total", result="whole")
    eventually(lambda: scrape()[0]["anpr_verify_lag_seconds", ()] < SECONDS, "it is not behind")
    plant(it, consumer.records[-1])
    eventually(lambda: offences()["read_added"] == 1, "the planted read is counted", SECONDS)
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=20).status_code == 404
    assert watch.stop()[0] == 1


@pytest.mark.parametrize(("more", "words"), [
    (["--follow", "--metrics", "0.0.0.0:9465"], "loopback"), (["--follow", "--metrics", "nowhere"], "address:port"),
    (["--metrics", "127.0.0.1:9465"], "is for --follow")])
def test_metrics_are_refused(honest, more, words):
    done = subprocess.run([program("anprctl"), "verify", "--prefix", honest.prefix, *map(str, honest.kafka("verifier")), *more],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and words in done.stderr


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
