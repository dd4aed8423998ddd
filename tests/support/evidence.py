# SPDX-License-Identifier: Apache-2.0
"""Everything of an installation's topics, taken out by confluent-kafka, to be tampered with in memory and written as a
bundle. Unlike the bundles that anprctl makes it holds the reads as well."""

import copy
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from confluent_kafka import Consumer as Kafka
from confluent_kafka import KafkaError, TopicPartition
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .broker import client_settings
from .messages import bundle_pb2, journal_pb2, ledger_pb2

MAGIC = b"anpr-bundle-v1\n"


@dataclass(frozen=True, slots=True)
class Item:
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def varint(n):
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def place(key, item):
    """Where offences say that it is."""
    return f"{key[0]} partition {key[1]} offset {item.offset}"


def entry_of(item):
    return journal_pb2.JournalEntry.FromString(journal_pb2.StoredEntry.FromString(item.value).entry)


def _signature(key, domain, data):
    return load_pem_private_key(Path(key).read_bytes(), None).sign(domain + b"\0" + data)


def sealed(entry, key):
    """A journal entry as a node with this key stores it."""
    data = entry.SerializeToString(deterministic=True)
    return journal_pb2.StoredEntry(entry=data, signature=_signature(key, b"anpr-journal-v1", data)).SerializeToString()


def vouched(record, key):
    """An account as a node with this key stores it."""
    data = record.SerializeToString(deterministic=True)
    return ledger_pb2.StoredRecord(record=data, signature=_signature(key, b"anpr-record-v1", data)).SerializeToString()


def signed(pki, name, command):
    """A person's CMS signature over a command's bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(command)
        file.flush()
        return subprocess.run(
            ["openssl", "cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER", "-in", file.name,
             "-signer", pki / f"{name}.pem", "-inkey", pki / f"{name}.key"], check=True, capture_output=True).stdout


class Evidence:
    """records[topic, partition]: the Items of a partition, by offset. oldest and newest: its ends."""

    def __init__(self, it, who="verifier"):
        self.prefix, self.topics = it.prefix, {it.topic_of(p) for p in it.partners}
        self.records, self.oldest, self.newest = defaultdict(list), {}, {}
        kafka = Kafka(client_settings(it.broker.address, it.pki, who) | {
            "group.id": "verifier-evidence", "enable.auto.commit": False, "enable.partition.eof": True,
            "auto.offset.reset": "earliest", "isolation.level": "read_committed"})
        for name in ("journal", "documents", "ledger", "accounts"):
            self._take(kafka, f"{self.prefix}anpr.{name}")
        for topic in self.topics:
            self._take(kafka, topic)
        kafka.close()

    def _take(self, kafka, topic):
        partitions = sorted(kafka.list_topics(topic, timeout=20).topics[topic].partitions)
        for number in partitions:
            at = TopicPartition(topic, number)
            self.oldest[topic, number], self.newest[topic, number] = kafka.get_watermark_offsets(at, timeout=20)
            at.offset = self.oldest[topic, number]
            kafka.assign([at])
            self.records[topic, number] = list(self._until(kafka, topic, self.newest[topic, number]))

    @staticmethod
    def _until(kafka, topic, newest):
        """Up to where it ended; where more comes all the time its own end is never met. The last may be Kafka's own."""
        offset = -1
        while offset + 1 < newest:
            message = kafka.poll(20)
            assert message is not None, f"{topic}: no answer"
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                return
            offset = message.offset()
            if offset < newest:
                yield Item(offset, message.timestamp()[1], message.key() or b"", message.value() or b"")

    def name(self, topic):
        return f"{self.prefix}anpr.{topic}"

    def journal(self):
        return self.records[self.name("journal"), 0]

    def ledgers(self):
        """The ledger's partitions that hold anything."""
        return [self.records[key] for key in sorted(self.records) if key[0] == self.name("ledger") and self.records[key]]

    def copy(self):
        return copy.deepcopy(self)

    def forget(self, topic):
        """As anprctl makes bundles: not a word of this topic."""
        for key in [k for k in self.records if k[0] == topic]:
            del self.records[key], self.oldest[key], self.newest[key]

    def append(self, key, like, value, timestamp=None):
        """One more at the end of a partition, with the time of `like` or its own; the item."""
        self.newest[key] += 1
        self.records[key].append(replace(like, offset=self.newest[key] - 1, value=value, timestamp=timestamp or like.timestamp))
        return self.records[key][-1]

    def rewrite(self, items, index, change):
        """Item number index gets the value change(value)."""
        items[index] = replace(items[index], value=change(items[index].value))

    def save(self, path):
        header = bundle_pb2.BundleHeader(**{n: self.name(n) for n in ("journal", "documents", "ledger", "accounts")})
        for topic, partition in sorted(self.records):
            header.partitions.add(topic=topic, partition=partition, oldest=self.oldest[topic, partition],
                                  newest=self.newest[topic, partition])
        with open(path, "wb") as file:
            file.write(MAGIC)
            self._write(file, bundle_pb2.BundleItem(header=header))
            for (topic, partition), items in sorted(self.records.items()):
                for i in items:
                    self._write(file, bundle_pb2.BundleItem(record=bundle_pb2.BundleRecord(
                        topic=topic, partition=partition, offset=i.offset, timestamp_ms=i.timestamp, key=i.key, value=i.value)))
        return path

    def _write(self, file, item):
        data = item.SerializeToString()
        file.write(varint(len(data)) + data)
