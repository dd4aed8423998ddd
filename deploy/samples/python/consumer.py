#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A consumer of the police topic, to build your own from: it takes each read once into an SQLite file, says where reads
are missing or came twice, and deletes each read when its time has come. What you do with the reads is not here."""

import argparse
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing

from anpr.v1.read_pb2 import SharedRead      # made by protoc from proto/anpr/v1/read.proto: see README.md
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from google.protobuf.message import DecodeError

WHOLE, CANNOT, FAULTS = 0, 1, 3      # exit codes; 2 is argparse's, for usage
WRONG = ("missing", "twice", "disorder", "behind", "malformed")
SETTLE = 10     # seconds

SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS numbers (topic TEXT, partition INTEGER, partner TEXT, next INTEGER, sequence INTEGER,
    PRIMARY KEY (topic, partition, partner));
CREATE TABLE IF NOT EXISTS reads (topic TEXT, partition INTEGER, offset INTEGER, keep_until_ms INTEGER, value BLOB,
    PRIMARY KEY (topic, partition, offset));
CREATE INDEX IF NOT EXISTS reads_keep_until ON reads (keep_until_ms);
"""


def now_ms():
    return time.time_ns() // 1_000_000


def say(words):
    # Never a number plate, nor bytes of a record: logs are kept longer, and seen by more people, than reads may be.
    print(words, file=sys.stderr, flush=True)


class Store:
    """Reads, the numbers seen and the offsets reached, in one file: a transaction holds all three, so that whenever this
    program is killed, it goes on exactly where its reads end. Offsets committed to Kafka would be ahead or behind."""

    def __init__(self, path):
        # Deleted reads would live on in a write-ahead log, and in a rollback journal that is kept between transactions.
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = TRUNCATE")
        self.db.execute("PRAGMA locking_mode = EXCLUSIVE")      # two consumers of one store would undo each other
        self.db.execute("PRAGMA secure_delete = ON")            # what is deleted is overwritten, not only unlinked
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)

    def position(self, topic, partition):
        row = self.db.execute("SELECT next FROM positions WHERE topic = ? AND partition = ?", (topic, partition)).fetchone()
        return row[0] if row else None

    def behind(self, topic, partitions):
        """Partners of whom the partitions, all read to their ends, have fewer reads than the topic was given: `sequence`
        counts a partner's reads on the topic, `partition_sequence` those in each partition, both from 1. Where a
        partition has nothing of a partner any more, there is nothing to compare."""
        rows = self.db.execute("SELECT partner, COUNT(*), SUM(next - 1), MAX(sequence) FROM numbers WHERE topic = ? "
                               "GROUP BY partner", (topic,))
        return {partner: (there, given) for partner, n, there, given in rows if n == partitions and there != given}

    def delete_expired(self):
        return self.db.execute("DELETE FROM reads WHERE keep_until_ms <= ?", (now_ms(),)).rowcount

    def take(self, messages, counts):
        """All of a batch, or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        for message in messages:
            self._take(message, counts)
        self.db.execute("COMMIT")

    def _take(self, message, counts):
        at = message.topic(), message.partition()
        self.db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (*at, message.offset() + 1))
        read = decode(message.value())
        if read is None:
            counts["malformed"] += 1
            say(f"MALFORMED: {at[0]} partition {at[1]} offset {message.offset()}: no read; skipped")
        elif self._check(at, read, counts):
            # A read may still be on the topic when its time is over; then it is not ours to have.
            if read.keep_until_ms <= now_ms():
                counts["expired"] += 1
            else:
                self.db.execute("INSERT INTO reads VALUES (?, ?, ?, ?, ?)",
                                (*at, message.offset(), read.keep_until_ms, message.value()))
                counts["stored"] += 1

    def _check(self, at, read, counts):
        """Whether the read is new. `partition_sequence` of a partner rises by one in a partition, and `sequence` rises
        with it. The first seen is taken as it comes: older reads may have left the topic already."""
        where, number = f"{at[0]} partition {at[1]}: {read.partner_id}", read.partition_sequence
        row = self.db.execute("SELECT next, sequence FROM numbers WHERE topic = ? AND partition = ? AND partner = ?",
                              (*at, read.partner_id)).fetchone()
        expected, before = row or (number, 0)
        if number < expected:
            counts["twice"] += 1
            say(f"TWICE: {where}: expected {expected}, found {number}; not stored again")
            return False
        if number > expected:
            counts["missing"] += number - expected
            say(f"MISSING: {where}: expected {expected}, found {number}")
        if read.sequence <= before:
            counts["disorder"] += 1
            say(f"DISORDER: {where}: sequence {read.sequence} after {before}")
        self.db.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?, ?, ?)",
                        (*at, read.partner_id, number + 1, max(read.sequence, before)))
        return True


def decode(value):
    """A read with all that is needed to number and to delete it; None if it is none."""
    try:
        read = SharedRead.FromString(value or b"")
    except DecodeError:
        return None
    # SQLite's integers are signed; the gateway counts from 1 and comes nowhere near.
    whole = read.partner_id and 0 < read.partition_sequence < 2**62 and 0 < read.sequence < 2**62
    return read if whole and read.HasField("keep_until_ms") else None


class Topic:
    """All partitions of the topic, from where the store ends. No consumer group: its offsets would lie in Kafka, apart from
    the reads, and a killed member holds its partitions for the rest of its session."""

    def __init__(self, options, store):
        self.name, self.store, self.trouble, self.parts, self.ended = options.topic, store, None, set(), set()
        self.kafka = Consumer({
            # librdkafka asks after the group even where nothing joins it: a name the police have the right to
            "bootstrap.servers": options.kafka, "group.id": "police-not-used", "security.protocol": "ssl",
            "ssl.ca.location": options.ca, "ssl.certificate.location": options.cert, "ssl.key.location": options.key,
            "isolation.level": "read_committed",    # Java's default is not; what was aborted was never shared
            "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True,
            "error_cb": self._noticed, "log_level": 0})

    def _noticed(self, error):
        # Brokers come and go, and librdkafka connects again by itself. A certificate does not mend by waiting; with
        # TLS 1.3 its refusal arrives after the handshake, as an alert.
        if "SSL alert" in error.str() or error.code() in (KafkaError._SSL, KafkaError._AUTHENTICATION):
            self.trouble = f"the broker and this certificate do not go together: {error.str()}"

    def _assign(self):
        """Take all partitions, as soon as a broker says which there are."""
        try:
            found = self.kafka.list_topics(self.name, timeout=2).topics[self.name]
        except KafkaException:
            self.kafka.poll(0)      # lets _noticed be called
            return
        if found.error:
            self.trouble = f"{self.name}: {found.error.str()}"
            return
        self.parts = set(found.partitions)
        positions = {p: self.store.position(self.name, p) for p in self.parts}
        self.kafka.assign([TopicPartition(self.name, p, OFFSET_BEGINNING if at is None else at)
                           for p, at in positions.items()])

    def batch(self):
        """Messages that came within a second."""
        messages = []
        if not self.parts:
            self._assign()
            return messages
        for message in self.kafka.consume(500, 1.0):
            error = message.error()
            if error is None:
                self.ended.discard(message.partition())
                messages.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self.ended.add(message.partition())
            else:
                self.trouble = error.str()
        return messages

    def at_end(self):
        return bool(self.parts) and self.parts <= self.ended


class Behind:
    """What lacks at the end of all partitions for SETTLE seconds is missing: a transaction shows in one after the other."""

    def __init__(self, topic, store, counts):
        self.topic, self.store, self.counts, self.since, self.told = topic, store, counts, {}, {}

    def settled(self):
        """Whether all that was given is there, or has been told."""
        found = self.store.behind(self.topic.name, len(self.topic.parts)) if self.topic.at_end() else {}
        self.since = {partner: self.since.get(partner, time.monotonic()) for partner in found}
        for partner, (there, given) in found.items():
            if time.monotonic() - self.since[partner] > SETTLE and self.told.get(partner) != given - there:
                self.told[partner] = given - there
                self.counts["behind"] += 1
                say(f"BEHIND: {self.topic.name}: {partner}: sequence is {given}, the partitions have {there}")
        return all(self.told.get(partner) == given - there for partner, (there, given) in found.items())


def consume(options, store, asked_to_stop):
    counts = Counter(deleted=store.delete_expired())     # before anything else: this may have been down for days
    topic = Topic(options, store)
    behind = Behind(topic, store, counts)
    try:
        while not asked_to_stop() and not topic.trouble:
            store.take(topic.batch(), counts)
            counts["deleted"] += store.delete_expired()
            if behind.settled() and options.until_end and topic.at_end():
                break
    finally:
        topic.kafka.close()
    say("; ".join(f"{counts[name]} {name}" for name in
                  ("stored", "expired", "deleted", *WRONG)))
    if topic.trouble:
        say(f"cannot go on: {topic.trouble}")
        return CANNOT
    return FAULTS if any(counts[name] for name in WRONG) else WHOLE


def parse():
    parser = argparse.ArgumentParser(
        description="Take the reads of a topic into an SQLite file, each once, and delete each when its time has come.",
        epilog="Exit codes: 0 all was well; 1 it could not go on; 2 usage; 3 reads were missing, came twice or were "
               "malformed, as told. SIGTERM ends it cleanly.")
    parser.add_argument("--kafka", required=True, metavar="HOST:PORT", help="a broker, or several with commas")
    parser.add_argument("--ca", required=True, metavar="FILE", help="PEM: who signed the broker's certificate")
    parser.add_argument("--cert", required=True, metavar="FILE", help="PEM: your certificate")
    parser.add_argument("--key", required=True, metavar="FILE", help="PEM: its key")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--store", required=True, metavar="FILE", help="SQLite; made if it is not there")
    parser.add_argument("--until-end", action="store_true", help="stop at the end of the topic instead of waiting for more")
    return parser.parse_args()


def main():
    options, stop = parse(), []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(True))
    try:
        store = Store(options.store)
        with closing(store.db):
            return consume(options, store, lambda: stop)
    except (KafkaException, sqlite3.Error) as error:
        say(f"cannot go on: {error}")
        return CANNOT


if __name__ == "__main__":
    sys.exit(main())
