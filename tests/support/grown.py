# SPDX-License-Identifier: Apache-2.0
"""Evidence with much more in it: transactions are added to what an honest installation left, as if its gateway had gone
on, for those who ask what an auditor's program needs when there is much to check."""

import hashlib
from itertools import cycle

from .evidence import vouched
from .messages import SharedRead, ledger_pb2

HOUR_MS = 3_600_000


class Grown:
    """Adds to `evidence` transactions of the first partner's publisher, each with so many reads and so many cameras, and
    step_ms after the one before. Where that is an hour, each brings the account of the hour before. The reads are made
    from the newest in `honest`, and under the policy version of its newest ledger record."""

    def __init__(self, evidence, it, reads, cameras=1, step_ms=HOUR_MS, honest=None):
        self.honest = honest = honest or evidence
        self.evidence, self.reads, self.step_ms, self.key = evidence, reads, step_ms, it.pki / "signing.key"
        self.templates = cycle([((topic, number), items[-1]) for (topic, number), items in sorted(honest.records.items())
                                if topic == it.topic and items])
        _, item = next(self.templates)
        partner = SharedRead.FromString(item.value).partner_id
        self.partner = ledger_pb2.PartnerRecord(partner=partner, cursor="grown", totals=ledger_pb2.Totals(
            received=reads + 1, permitted=reads, published=reads,
            denied=[ledger_pb2.ReasonCount(reason=ledger_pb2.REASON_TOO_OLD, n=1)], cameras=[ledger_pb2.CameraCount(camera=f"CAMERA-{n:05}", received=n) for n in range(cameras)]))
        self.numbers, self.hour_ms = {}, None
        self._stand(partner, it.topic)
        self.last = evidence.records[self.where][-1]
        self.now_ms = ledger_pb2.LedgerRecord.FromString(self.last.value).written_at_ms
        self.version = ledger_pb2.LedgerRecord.FromString(honest.records[self.where][-1].value).policy_version

    def _stand(self, partner, topic):
        """The partner's part of the ledger, and how far the feed is by it."""
        for key, items in self.evidence.records.items():
            for item in items if key[0] == self.evidence.name("ledger") else ():
                for part in ledger_pb2.LedgerRecord.FromString(item.value).partners:
                    for feed in part.feeds:
                        if (part.partner, feed.topic) == (partner, topic):
                            self.where, self.feed = key, feed
                            self.numbers |= {(topic, p.partition): p.sequence for p in feed.partitions}

    def add(self, n=1):
        """So many more."""
        for _ in range(n):
            self.now_ms += self.step_ms
            self._transaction()

    def _transaction(self):
        last = ledger_pb2.LedgerRecord.FromString(self.last.value)
        record = ledger_pb2.LedgerRecord(
            kind=ledger_pb2.LedgerRecord.KIND_BATCH, publisher=last.publisher, ordinal=last.ordinal + 1,
            previous_hash=hashlib.sha256(self.last.value).digest(), batch_id=bytes(16), policy_version=self.version,
            written_at_ms=self.now_ms, node=last.node, partners=[self.partner])
        feed = record.partners[0].feeds.add(topic=self.feed.topic, sequence=self.feed.sequence, digest=self.feed.digest)
        touched = {key[1]: self.numbers[key] for key in (self._read(feed) for _ in range(self.reads))}
        for number, sequence in sorted(touched.items()):
            feed.partitions.add(partition=number, sequence=sequence)
        value = record.SerializeToString(deterministic=True)
        self.last, self.feed = self.evidence.append(self.where, self.last, value, self.now_ms), feed
        if self.step_ms == HOUR_MS:
            self._account(hashlib.sha256(value).digest())

    def _read(self, feed):
        """One more of the feed: the template again, so much later, under the next numbers. Its partition."""
        key, item = next(self.templates)
        read = SharedRead.FromString(item.value)
        later = self.now_ms - read.published_at_ms
        feed.sequence += 1
        self.numbers[key] += 1
        read.sequence, read.partition_sequence, read.policy_version = feed.sequence, self.numbers[key], self.version
        read.read.captured_at_ms += later
        read.received_at_ms += later
        read.published_at_ms += later
        read.keep_until_ms += later
        value = read.SerializeToString(deterministic=True)
        feed.digest = hashlib.sha256(feed.digest + value).digest()
        feed.steps.append(int.from_bytes(feed.digest[:4], "little"))
        self.evidence.append(key, item, value, self.now_ms)
        return key

    def _account(self, ledger_hash):
        """Of the hour before, if that was one of ours."""
        hour_ms, self.hour_ms = self.hour_ms, self.now_ms // HOUR_MS * HOUR_MS
        if hour_ms:
            key = self.evidence.name("accounts"), 0
            self.evidence.append(key, self.evidence.records[key][-1], vouched(ledger_pb2.Account(
                partner=self.partner.partner, hour_ms=hour_ms, totals=self.partner.totals,
                ledger_hash=ledger_hash, publisher=self.where[1], node="gw-1"), self.key), self.now_ms)

    def account_again(self):
        """The newest honest account of the partner once more, made with the newest ledger record. It still holds where ours
        are of later hours."""
        key = self.evidence.name("accounts"), 0
        item, account = next((i, a) for i in reversed(self.honest.records[key])
                             if (a := account_of(i)) and a.partner == self.partner.partner)
        account.ledger_hash = hashlib.sha256(self.last.value).digest()
        self.evidence.append(key, item, vouched(account, self.key))


def account_of(item):
    return ledger_pb2.Account.FromString(ledger_pb2.StoredRecord.FromString(item.value).record)
