# SPDX-License-Identifier: Apache-2.0
"""The police topic as its consumer sees it: confluent-kafka and Python's protobuf, no code of the gateway."""

import time
from collections import defaultdict
from dataclasses import dataclass

from confluent_kafka import Consumer as Kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from .broker import client_settings
from .messages import SharedRead
from .places import PATIENCE


class Refused(Exception):
    """The broker did not let this consumer in, or not read."""


@dataclass(frozen=True, slots=True)
class Record:
    partition: int
    offset: int
    timestamp: int          # milliseconds, as Kafka keeps it
    key: bytes
    headers: dict
    value: bytes

    @property
    def read(self):
        return SharedRead.FromString(self.value)


def _refusal(error):
    # With TLS 1.3 a broker turns a client's certificate down only after the handshake, which to the client looks like a
    # broken connection; the alert it sends tells the two apart.
    return "SSL alert" in error.str() or error.code() in (
        KafkaError._SSL, KafkaError._AUTHENTICATION, KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED)


class Consumer:
    """A consumer of one topic with somebody's certificate; keeps what it has read, so that it can go on."""

    def __init__(self, address, pki, topic, who="police", committed=True):
        self.topic, self.trouble, self.records = topic, None, []
        self._reached, self._partitions = {}, []      # offsets before which all has been read
        self._kafka = Kafka(client_settings(address, pki, who) | {
            "group.id": "not-used", "enable.auto.commit": False, "enable.partition.eof": True,
            "auto.offset.reset": "earliest", "allow.auto.create.topics": False,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
            "reconnect.backoff.max.ms": 500, "error_cb": self._noticed, "log_level": 0,
            "topic.metadata.refresh.interval.ms": 2000})
        self._eyes = Kafka(client_settings(address, pki, who) | {
            "group.id": "not-used", "isolation.level": "read_uncommitted", "error_cb": self._noticed, "log_level": 0})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._kafka.close()
        self._eyes.close()

    def _noticed(self, error):
        if _refusal(error):
            self.trouble = error

    def _assign(self, until):
        """Take all partitions, from their beginnings; the topic may be about to be made."""
        while not self._partitions:
            try:
                found = self._kafka.list_topics(self.topic, timeout=2).topics[self.topic]
                if found.error and _refusal(found.error):
                    raise Refused(str(found.error))
                self._partitions = sorted(found.partitions)
            except KafkaException as error:
                if _refusal(error.args[0]):
                    raise Refused(str(error)) from None
            self._kafka.poll(0)         # lets _noticed be called
            if self.trouble:
                raise Refused(str(self.trouble))
            assert self._partitions or time.monotonic() < until, f"no topic {self.topic}"
        self._kafka.assign([TopicPartition(self.topic, p, 0) for p in self._partitions])

    def ends(self, seconds=PATIENCE):
        """Where each partition ends, what is not committed included: {partition: high watermark}."""
        until = time.monotonic() + seconds
        if not self._partitions:
            self._assign(until)
        ends = {}
        for p in self._partitions:
            while p not in ends:
                try:
                    ends[p] = self._eyes.get_watermark_offsets(TopicPartition(self.topic, p), timeout=5)[1]
                except KafkaException:
                    assert time.monotonic() < until, f"{self.topic}: no end of partition {p} to be had"
        return ends

    def _take(self, seconds):
        """Poll once. What came is kept."""
        for message in self._kafka.consume(500, seconds):
            error = message.error()
            if error is None:
                self._reached[message.partition()] = message.offset() + 1
                self.records.append(Record(message.partition(), message.offset(), message.timestamp()[1],
                                           message.key(), dict(message.headers() or ()), message.value()))
            elif error.code() == KafkaError._PARTITION_EOF:
                self._reached[message.partition()] = message.offset()
            elif _refusal(error):
                raise Refused(str(error))
        if self.trouble:
            raise Refused(str(self.trouble))

    def read_all_until_end(self, seconds=PATIENCE):
        """All records up to where the partitions end now, in the order they arrived; those of earlier calls first."""
        until = time.monotonic() + seconds
        ends = self.ends(seconds)
        while any(self._reached.get(p, 0) < end for p, end in ends.items()):
            assert time.monotonic() < until, f"{self.topic}: read to {self._reached}, not to {ends}"
            self._take(0.2)
        return self.records

    def assert_unbroken(self, seconds=PATIENCE):
        """As assert_unbroken() of what had come when this was asked, while more comes: a transaction's messages become
        visible one partition after the other. Returns those records."""
        top = {}
        for record in self.read_all_until_end(seconds):
            read = record.read
            top[read.partner_id] = max(top.get(read.partner_id, 0), read.sequence)
        whole = [r for r in self.read_all_until_end(seconds) if r.read.sequence <= top.get(r.read.partner_id, 0)]
        assert_unbroken(whole)
        return whole

    def wait_for(self, condition, what, seconds=PATIENCE):
        """Read on until condition(records) is true; its value."""
        until = time.monotonic() + seconds
        if not self._partitions:
            self._assign(until)
        while not (value := condition(self.records)):
            assert time.monotonic() < until, f"not within the time: {what}; {len(self.records)} records came"
            self._take(0.2)
        return value


def assert_unbroken(records):
    """The sequences of each partner, and of each partner and partition, run from 1 without a gap or a repeat, in order
    within each partition; and each camera's reads are in the order of their sequence."""
    by_partner, by_partition, by_camera = defaultdict(list), defaultdict(list), defaultdict(list)
    for record in records:
        read = record.read
        by_partner[read.partner_id].append(read.sequence)
        by_partition[read.partner_id, record.partition].append(read.partition_sequence)
        by_camera[record.key].append(read.sequence)
    for partner, sequence in by_partner.items():
        assert sorted(sequence) == list(range(1, len(sequence) + 1)), f"{partner}: sequence with a gap or a repeat"
    for (partner, partition), sequence in by_partition.items():
        assert sequence == list(range(1, len(sequence) + 1)), f"{partner}, partition {partition}: out of sequence"
    for sequence in by_camera.values():
        assert sequence == sorted(sequence), "a camera's reads are out of order"


LOST = 120          # seconds within which what a Follower has missed can be read again
STILL = 20          # seconds without a message, after which a Follower asks whether there is one


class Follower:
    """Reads a topic as it grows, with the broker's own certificate, and keeps nothing: for runs that go on for long."""

    def __init__(self, broker, topic, committed=True):
        self.topic, self.reached, self.reopened = topic, {}, 0
        self._settings = broker.client("broker") | {
            "group.id": "not-used", "enable.auto.commit": False, "enable.partition.eof": True, "log_level": 0,
            "auto.offset.reset": "earliest", "allow.auto.create.topics": False, "reconnect.backoff.max.ms": 500,
            "isolation.level": "read_committed" if committed else "read_uncommitted", "error_cb": lambda _: None}
        self._kafka = Kafka(self._settings)
        self._partitions = sorted(self._kafka.list_topics(topic, timeout=PATIENCE).topics[topic].partitions)
        self._assign()

    def _assign(self):
        self._kafka.assign([TopicPartition(self.topic, p, self.reached.get(p, 0)) for p in self._partitions])
        self._moved = time.monotonic()

    def close(self):
        self._kafka.close()

    def ends(self, timeout=PATIENCE):
        """Where each partition ends, what is not committed included if it reads that: {(topic, partition): offset}."""
        return {(self.topic, p): self._kafka.get_watermark_offsets(TopicPartition(self.topic, p), timeout=timeout)[1]
                for p in self._partitions}

    def behind(self):
        """What there is to read beyond what came: {partition: messages}; None while the broker does not say."""
        try:
            return {p: end - self.reached.get(p, 0) for (_, p), end in self.ends(2).items() if end > self.reached.get(p, 0)}
        except KafkaException:
            return None

    def poll(self, seconds=0.0):
        """What came: messages of Kafka's."""
        came = []
        for message in self._kafka.consume(2000, seconds):
            if message.error() is None:
                self.reached[message.partition()] = message.offset() + 1
                came.append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                self.reached[message.partition()] = message.offset()
        if came:
            self._moved = time.monotonic()
        elif time.monotonic() - self._moved > STILL:
            self._look()
        return came

    def again(self, partition, begin, end):
        """Messages at offsets [begin, end) of a partition, by a consumer that has read nothing before."""
        kafka, came = Kafka(self._settings), []
        try:
            kafka.assign([TopicPartition(self.topic, partition, begin)])
            until, reached = time.monotonic() + LOST, begin
            while reached < end:
                assert time.monotonic() < until, f"{self.topic}, partition {partition}: read to {reached}, not to {end}"
                for message in kafka.consume(2000, 0.2):
                    if message.error() is None:
                        came.append(message)
                        reached = message.offset() + 1
            return [message for message in came if message.offset() < end]
        finally:
            kafka.close()

    def _look(self):
        """Where the broker has more and nothing comes, begin anew: a consumer of librdkafka's at times stops fetching
        after its broker was away (its issues 5153, 5430)."""
        self._moved = time.monotonic()
        if self.behind():
            self._kafka.close()
            self._kafka = Kafka(self._settings)
            self._assign()
            self.reopened += 1

    def poll_to_end(self, partition=0):
        """What came, to the end of a partition as it is now; None while the broker does not say where that is."""
        try:
            end = self._kafka.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=2)[1]
        except KafkaException:
            return None
        came, until = [], time.monotonic() + 2
        while self.reached.get(partition, 0) < end:
            came += self.poll(0.05)
            if time.monotonic() > until:
                return came or None
        return came
