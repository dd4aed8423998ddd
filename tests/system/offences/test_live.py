# SPDX-License-Identifier: Apache-2.0
"""Each offence that can be committed while anprctl verify --follow runs is told by it within seconds. One watch is there
for all: what it found before is held against what it finds then, by its metrics. The list is README.md."""

import re
import time
from dataclasses import replace

import pytest
import requests
from confluent_kafka import Producer
from planted import ROWS

from support.auditor import Watch
from support.evidence import Evidence, place
from support.grown import HOUR_MS, Grown
from support.honest import PARTNERS as HONEST
from support.honest import live
from support.places import PATIENCE, free_port
from support.prometheus import labelled, samples_of
from support.wait import eventually

SECONDS = 15            # "within seconds", with room for a busy machine
TRANSACTIONS, READS = 12, 120


class Scene:
    """What an installation that has stopped left in Kafka, somebody who adds to it with the gateway's keys, and a watch."""

    def __init__(self, it):
        self.it, self.port = it, free_port()
        self.honest = Evidence(it)
        self.there = self.honest.copy()
        self.watch = Watch(it, "--metrics", f"127.0.0.1:{self.port}")
        self.producer = Producer(it.broker.client("broker") | {"transactional.id": f"{it.prefix}somebody"})
        self.producer.init_transactions(PATIENCE)

    def _samples(self):
        try:
            return samples_of(requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=20).text)
        except requests.ConnectionError:        # not yet
            return {}

    def counts(self):
        """{kind of offence: how many}"""
        return {dict(labels)["kind"]: n for (name, labels), n in self._samples().items() if name == "anpr_verify_offences_total"}

    def accounted(self):
        return self._samples()["anpr_verify_reads_accounted_total", ()]

    def look(self, rounds=2):
        """So many rounds that began from now on are over: all that is there has been told."""
        def whole():
            samples = self._samples()
            return labelled(samples, "anpr_verify_rounds_total", result="whole") if samples else -1
        until = eventually(lambda: whole() + 1, "the watch serves metrics") + rounds
        eventually(lambda: whole() >= until, f"{rounds} rounds more")

    def first(self, kind):
        return next((o["count"], o["first"], o["what"]) for answer in self.watch.told() for o in answer["offences"]
                    if o["offence"] == kind)

    def stretch(self):
        """What an honest gateway might write next; of the journal and its texts, all. Of the hour after its own, so that its
        last account still holds."""
        ahead = self.there.copy()
        grown = Grown(ahead, self.it, READS, step_ms=5, honest=self.honest)
        honest_ms = max(items[-1].timestamp for items in self.honest.ledgers())
        grown.now_ms = max(grown.now_ms, (honest_ms // HOUR_MS + 1) * HOUR_MS)
        grown.add(TRANSACTIONS)
        grown.account_again()
        for key, items in ahead.records.items():
            ahead.records[key] = items[self._kept(key):]
        return ahead

    def _kept(self, key):
        """How many of a partition a stretch leaves out."""
        return 0 if key[0] in (self.there.name("journal"), self.there.name("documents")) else len(self.there.records[key])

    def write(self, ahead):
        """As the gateway does, in one transaction. {place in the stretch: place in Kafka}"""
        places, wrong = {}, []
        self.producer.begin_transaction()
        for key, items in ahead.records.items():
            new = items[len(self.there.records[key]) - self._kept(key):]
            for item in new:
                sound = replace(item, offset=self.there.newest[key])
                self._produce(key, sound, wrong)
                places[place(key, item)] = place(key, sound)
                self.there.records[key].append(sound)
                self.there.newest[key] += 1
            self.there.newest[key] += bool(new)         # Kafka's own, at the end of a transaction
        self.producer.commit_transaction(PATIENCE)
        assert not wrong
        return places

    def _produce(self, key, item, wrong):
        def delivered(error, message):
            if error or message.offset() != item.offset:
                wrong.append((error, message.topic(), message.offset(), item.offset))
        self.producer.produce(key[0], item.value, item.key, partition=key[1], timestamp=item.timestamp, on_delivery=delivered)
        self.producer.poll(0)


@pytest.fixture(scope="module")
def scene(install_in_module):
    scene = Scene(live(install_in_module(HONEST)))
    scene.look()
    yield scene
    scene.watch.kill()


def test_an_honest_stretch_is_no_offence(scene):
    """Nothing that is told later lies in how it is written."""
    before = scene.accounted()
    scene.write(scene.stretch())
    eventually(lambda: scene.accounted() == before + TRANSACTIONS * READS, "all of it is accounted for")
    scene.look()
    assert not any(scene.counts().values()) and scene.watch.told() == []


def last(row):
    """Those that others cannot follow: after a broken journal nothing of it is believed."""
    return row.kind == "journal_broken", "version that the journal has not" in row.words


@pytest.mark.parametrize("row", sorted((row for row in ROWS if row.live), key=last),
                         ids=lambda row: re.sub(r"\W+", "-", row.words.lower())[:60])
def test_it_is_told_within_seconds(row, scene):
    before, ahead = scene.counts(), scene.stretch()
    expected = row.plant(ahead, scene.it)
    places = scene.write(ahead)
    written = time.monotonic()
    eventually(lambda: scene.counts()[row.kind] > before[row.kind], f"{row.kind} is told", SECONDS)
    print(f"told after {time.monotonic() - written:.1f} s")
    scene.look()
    if before[row.kind] == 0 and isinstance(expected, str):
        assert scene.first(row.kind)[1] == places[expected]
    elif before[row.kind] == 0 and callable(expected):
        assert expected(scene.first(row.kind))
