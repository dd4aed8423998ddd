# SPDX-License-Identifier: Apache-2.0
"""Watches a gateway from outside while its switches are turned: the journal, the ledger, the topics (what is committed,
and whatever is appended), and what the partners say they have sent. Each read is decided a second time and compared;
nothing is kept longer than it is needed. What is wrong is counted by kind, and told."""

import threading
import time
from collections import Counter, deque

from .decisions import Decisions
from .evaluator import FOR_EVER
from .messages import SharedRead, ledger_pb2
from .topic import Follower

OFF, GONE = ledger_pb2.GAP_CAUSE_OFF, ledger_pb2.GAP_CAUSE_CURSOR_GONE
KINDS = ("reads_after_receipt", "captured_while_off", "missing", "twice", "unexpected")
RECENT = 100_000        # reads of a partner that are remembered, to notice repeats
HELD_UP = 120           # seconds; a broker that is frozen for longer than a transaction may last is back by then
PUBLISHED = 20_000      # published reads remembered until an off that covers their time may have become known


class PartnerReads:
    """One partner's reads, from three sides: what it sent, what the ledger says became of it, what is on the topic."""

    def __init__(self, partner, decisions, found, again):
        """again: as Follower's, of the topic the reads are published to."""
        self.partner, self.decisions, self.found, self.again = partner, decisions, found, again
        self.items, self.statements, self.shared = deque(), deque(), {}
        self.sequence, self.passed, self.open_gap, self.gone, self.matched = 0, 0, False, False, 0
        self.reached, self.skipped = {}, 0              # (sequence, offset) within each partition; what came only when asked again
        self.numbers, self.recent = {}, deque()         # of items passed, by read id
        self.came_ids = set()                           # of those, published
        self.published = deque(maxlen=PUBLISHED)        # (camera, captured, ledger record)
        self.newest_captured = 0
        self.runs, self.life = [], 0                    # (since when, the node whose reads these are); of the publisher then
        self.moved = time.monotonic()                   # when a statement was last compared, or there was none

    def on_ledger(self, record, statement, life):
        """life: how often its publisher has changed nodes. One that had it before may have it again, from one whose reads
        never came."""
        self.statements.append((record, statement))
        if statement.totals.received > 0 and (not self.runs or self.life != life):
            self.runs.append((record.written_at_ms, record.node))
            self.life = life

    def on_topic(self, message):
        """Where a partition's sequence has a gap, a second consumer says whether the topic has it too: librdkafka's own, on
        which this watch depends, may have skipped what was there."""
        read = SharedRead.FromString(message.value())
        sequence, offset = self.reached.get(message.partition(), (0, -1))
        if read.partition_sequence > sequence + 1:
            for missed in self.again(message.partition(), offset + 1, message.offset()):
                if missed.key().decode().startswith(f"{self.partner}/"):
                    self.skipped += 1
                    self._take(missed, SharedRead.FromString(missed.value()))
        self._take(message, read)

    def _take(self, message, read):
        sequence, _ = self.reached.get(message.partition(), (0, -1))
        if read.partition_sequence > sequence + 1:
            self.found("missing", f"{self.partner}: partition {message.partition()} goes from {sequence} to {read.partition_sequence} at "
                       f"offset {message.offset()}")
        self.reached[message.partition()] = max(sequence, read.partition_sequence), message.offset()
        if read.sequence <= self.sequence or read.sequence in self.shared:
            self.found("twice", f"{self.partner}: sequence {read.sequence} a second time")
            return
        inner = read.read
        self.shared[read.sequence] = (inner.read_id, inner.camera_id, inner.captured_at_ms, bool(inner.plate_patch),
                                      read.policy_version)
        self.newest_captured = max(self.newest_captured, inner.captured_at_ms)

    def settle(self):
        """Compare what can be: statements whose items and reads have all arrived."""
        while self.statements and self._ready(*self.statements[0]):
            self._compare(*self.statements.popleft())
            self.moved = time.monotonic()
        if not self.statements:
            self.moved = time.monotonic()

    def held_up(self):
        """What the oldest statement that could not be compared for long is waiting for; None: nothing does."""
        if time.monotonic() - self.moved < HELD_UP:
            return None
        record, statement = self.statements[0]
        wanted = range(self.sequence + 1, _last_sequence(statement, self.sequence) + 1)
        return (f"{self.partner}: nothing compared for {HELD_UP} s: transaction {record.ordinal} of publisher {record.publisher}, written at "
                f"{record.written_at_ms} under version {record.policy_version} (known: {self.decisions.newest}), to cursor {statement.cursor} "
                f"(sent: {self.items[-1].number if self.items else self.passed}), sequences {wanted}, not on the topic: "
                f"{[n for n in wanted if n not in self.shared][:20]}; {len(self.shared)} later ones are")

    def _ready(self, record, statement):
        last = _last_sequence(statement, self.sequence)
        sent = self.items[-1].number if self.items else self.passed
        return (record.policy_version <= self.decisions.newest and _number(statement.cursor) <= sent
                and all(n in self.shared for n in range(self.sequence + 1, last + 1)))

    def _compare(self, record, statement):
        last, cursor = _last_sequence(statement, self.sequence), _number(statement.cursor)
        came = {r[0]: r for r in (self.shared.pop(n) for n in range(self.sequence + 1, last + 1))}
        if len(came) < last - self.sequence:
            self.found("twice", f"{self.partner}: a read id twice in one transaction")
        self.sequence = last
        new = []
        while self.items and self.items[0].number <= cursor:
            new.append(self.items.popleft())
        self.passed = max(self.passed, cursor)
        gap = any(g.cause == OFF for g in statement.gaps)
        self.gone |= any(g.cause == GONE for g in statement.gaps)
        sharing = self.decisions.sharing(self.partner, record.policy_version, record.written_at_ms)
        absent = [item for item in new if not self._judge(item, came.pop(item.read_id, None), sharing, record)]
        self._excuse(absent, len(new) - statement.totals.received, gap or self.open_gap, sharing, record)
        for read in came.values():
            again = self.numbers.get(read[0]) in self.came_ids
            self.found("twice" if again else "unexpected", f"{self.partner}: published beside what the transaction passed, "
                       f"under version {record.policy_version}")
        self.open_gap = (gap or self.open_gap) and statement.totals.received == 0
        self.gone = self.gone and statement.totals.received == 0

    def _judge(self, item, read, sharing, record):
        """Compare one item with what came of it; False where it is missing."""
        may, patch = sharing.decide(item.camera, item.captured, record.written_at_ms)
        self._remember(item, read is not None, record)
        if read is None:
            return not may
        self.matched += 1
        where = f"{self.partner}: captured at {item.captured}, published at {record.written_at_ms} under version {record.policy_version}"
        if not may or (read[3] and not patch):
            self.found("captured_while_off" if sharing.off_at_capture(item.camera, item.captured) else "unexpected", where)
        elif (self._now(record).off_at_capture(item.camera, item.captured)
              and not self.decisions.in_flight(self.partner, record, item.captured)):
            self.found("captured_while_off", where + ", off by a later entry")
        if read[4] != record.policy_version:
            self.found("unexpected", f"{self.partner}: a read says version {read[4]}, its transaction {record.policy_version}")
        return True

    def _now(self, record):
        """All that is known by now."""
        return self.decisions.sharing(self.partner, self.decisions.newest, record.written_at_ms)

    def _remember(self, item, published, record):
        self.numbers[item.read_id] = item.number
        self.recent.append(item)
        if published:
            self.came_ids.add(item.number)
            self.published.append((item.camera, item.captured, record))
        if len(self.recent) > RECENT:
            old = self.recent.popleft()
            del self.numbers[old.read_id]
            self.came_ids.discard(old.number)

    def _excuse(self, absent, skipped, gap, sharing, record):
        """What was permitted and did not come is missing, unless it was not asked for, because nothing was on."""
        for item in absent:
            if gap and skipped > 0 and item.captured < sharing.came_on(record.written_at_ms):
                skipped -= 1
            else:
                self.found("missing", f"{self.partner}: captured at {item.captured}, passed at {record.written_at_ms} under "
                           f"version {record.policy_version}" + (", no longer there when it was asked for" if self.gone else ""))

    def look_back(self, off):
        """An off has become known: what was captured since, and published before the node knew."""
        for camera, captured, record in self.published:
            if self.decisions.in_flight(self.partner, record, captured):
                continue
            if captured >= off.at and self.decisions.sharing(self.partner, self.decisions.newest, captured).off_at_capture(
                    camera, captured):
                self.found("captured_while_off", f"{self.partner}: captured at {captured}, off since {off.at} by entry {off.entry}")


def _number(cursor):
    return int(cursor[2:]) if cursor else 0


def _last_sequence(statement, otherwise):
    return max((feed.sequence for feed in statement.feeds), default=otherwise)


class Appended:
    """Whatever is appended to the topics, committed or not: nothing that an off covers after that off's receipt."""

    def __init__(self, decisions, found):
        self.decisions, self.found, self.reads = decisions, found, 0
        self.waiting = deque()      # arguments of _check
        self.marks = []

    def take(self, topic, message, arrived):
        partner, camera = message.key().decode().split("/", 1)
        version = int(dict(message.headers())["anpr-policy-version"])
        patch = len(message.value()) > 600 and bool(SharedRead.FromString(message.value()).read.plate_patch)
        self.waiting.append(((topic, message.partition()), message.offset(), partner, camera, patch, version,
                             message.timestamp()[1]))
        for mark in list(self.marks):
            mark.see(partner, camera, patch, arrived)

    def settle(self):
        """Once every off in the journal has its receipt."""
        while self.waiting and not self.decisions.pending:
            self.reads += 1
            self._check(*self.waiting.popleft())

    def _check(self, place, offset, partner, camera, patch, version, published):
        for newest, offs, ends in self.decisions.fenced:
            if version < newest and offset >= ends.get(place, FOR_EVER) and any(off.partner == partner for off in offs):
                self.found("reads_after_receipt", f"{place} at {offset}: decided under version {version}, after the receipt "
                           f"of entry {newest}")
        for running in self.decisions.running[partner]:
            if running.against(place, offset, version, published) and running.off.covers(
                    camera, patch, self.decisions.worlds[partner].rules):
                self.found("reads_after_receipt", f"{place} at {offset}: covered by the off of entry {running.off.entry}")


class Mark:
    """When the newest read that an off is to stop was seen, by the consumer's clock; 0 = none. offs: Offs."""

    def __init__(self, offs, worlds):
        self.offs, self.worlds, self.newest = offs, worlds, 0

    def see(self, partner, camera, patch, arrived):
        if any(off.partner == partner and off.covers(camera, patch, self.worlds[partner].rules) for off in self.offs):
            self.newest = arrived


class Watch(threading.Thread):
    """The whole of it, on a thread of its own. `say` is told what is wrong."""

    def __init__(self, it, worlds, logs, say):
        super().__init__(daemon=True)
        self.say, self.counts, self.faults = say, Counter(), None
        self.nodes, self.lives = {}, Counter()          # by publisher: whose it is, and how often that has changed
        self.decisions = Decisions(worlds)
        self.appended = Appended(self.decisions, self.found)
        self.logs = logs
        self.journal = Follower(it.broker, f"{it.prefix}anpr.journal")
        self.ledger = Follower(it.broker, f"{it.prefix}anpr.ledger")
        topics = sorted({it.topic_of(p) for p in worlds})
        self.committed = [Follower(it.broker, t) for t in topics]
        again = {f.topic: f.again for f in self.committed}
        self.partners = {p: PartnerReads(p, self.decisions, self.found, again[it.topic_of(p)]) for p in worlds}
        self.uncommitted = [Follower(it.broker, t, committed=False) for t in topics]
        self.followers = [self.journal, self.ledger, *self.committed, *self.uncommitted]
        self.ending = threading.Event()

    def found(self, kind, what):
        self.counts[kind] += 1
        if self.counts[kind] <= 20:
            self.say(f"FOUND {kind}: {what}")

    def run(self):
        try:
            while not self.ending.is_set():
                self.step()
        except Exception as error:      # noqa: BLE001  whoever waits has to be told
            self.faults = error
            raise

    def step(self):
        # In this order: what the journal is asked for afterwards knows of every off that was fenced before these.
        for follower in self.uncommitted:
            came = follower.poll(0.02)
            arrived = time.time() * 1000
            for message in came:
                self.appended.take(follower.topic, message, arrived)
        for follower in self.committed:
            for message in follower.poll():
                self.partners[message.key().decode().split("/", 1)[0]].on_topic(message)
        for message in self.ledger.poll():
            record = ledger_pb2.LedgerRecord.FromString(message.value())
            if self.nodes.get(record.publisher) != record.node:
                self.nodes[record.publisher] = record.node
                self.lives[record.publisher] += 1
            for statement in record.partners:
                self.partners[statement.partner].on_ledger(record, statement, self.lives[record.publisher])
        for partner, log in self.logs.items():
            self.partners[partner].items.extend(log.take())
        if self._journal():
            self.appended.settle()
        for partner in self.partners.values():
            partner.settle()
            assert not partner.held_up(), partner.held_up()

    def _journal(self):
        """True once it has been read to its end."""
        came = self.journal.poll_to_end()
        for message in came or ():
            before = set(self.decisions.pending)
            self.decisions.take(message.value())
            for entry in set(self.decisions.pending) - before:
                for off in self.decisions.pending[entry]:
                    self.partners[off.partner].look_back(off)
        return came is not None

    def mark(self, offs):
        """Look out for what these cover from now on."""
        mark = Mark(offs, self.decisions.worlds)
        self.appended.marks.append(mark)
        return mark

    def unmark(self, mark):
        self.appended.marks.remove(mark)

    def unsettled(self):
        """What still has to be compared: (partner, statements, reads on the topic, items, the newest passed, the newest sent)."""
        return [(p, len(r.statements), len(r.shared), len(r.items), r.passed, self.logs[p].newest)
                for p, r in self.partners.items() if r.statements or r.shared or r.items]

    def unread(self):
        """What the topics have beyond what came, by topic."""
        return {f.topic: f.behind() for f in self.followers}

    def close(self):
        self.ending.set()
        self.join()
        for follower in self.followers:
            follower.close()
