# SPDX-License-Identifier: Apache-2.0
"""The short form of tests/chaos/switch; and that what watches it does see what it looks for."""

from collections import Counter

import pytest
from support.decisions import Decisions, Off, PartnerWorld, Running
from support.evaluator import FOR_EVER, Switch
from support.messages import SharedRead, ledger_pb2
from support.places import PATIENCE
from support.sent import Item
from support.torture import torture
from support.watch import KINDS, Appended, PartnerReads

FAULTS = ["none", "core killed", "broker frozen", "none", "core frozen"]


@pytest.mark.timeout(10 * PATIENCE)
def test_off_means_off_whatever_dies(tmp_path, pki, own_broker):
    figures = torture(tmp_path / "gateway", pki, own_broker, len(FAULTS), 150, 11, faults=FAULTS)
    assert figures["right"], figures
    assert not any(figures[kind] for kind in KINDS)
    assert figures["faults_by_kind"] == dict(sorted(Counter(f for f in FAULTS if f != "none").items()))
    assert figures["reads"] > 0 and figures["receipt_ms"]["p50"]


# --- the watcher itself ---

REGISTER = """camera_id,external_ids,name,latitude,longitude,road,heading,area,state,zone
C-1,,One,51.5,-0.1,A1,0,Westminster,live,Europe/London
C-2,,Two,51.5,-0.1,A1,0,Camden,live,Europe/London
C-3,,Three,51.5,-0.1,A1,0,Camden,offered,Europe/London
"""
AGREEMENT = """
agreement: A
recipient: {organisation: mps}
valid: {from: 2020-01-01T00:00:00Z, until: 2100-01-01T00:00:00Z}
rules: [{name: one, cameras: [C-1]}, {name: both, cameras: ["C-*"]}]
"""
NOON = 1_800_000_000_000


@pytest.fixture
def watched():
    """A partner, all on since before noon, and what is found."""
    decisions, found = Decisions({"p": PartnerWorld("tfl", REGISTER, AGREEMENT, 2000)}), Counter()

    def note(kind, _):
        found[kind] += 1
    decisions.newest = 9
    return PartnerReads("p", decisions, note, lambda *_: []), Appended(decisions, note), decisions, found


class Message:
    def __init__(self, read, offset=0, version=5):
        self.read, self.at, self.version = read, offset, version

    def value(self):
        return self.read.SerializeToString()

    def key(self):
        return f"p/{self.read.read.camera_id}".encode()

    def headers(self):
        return [("anpr-policy-version", str(self.version).encode())]

    def partition(self):
        return 0

    def offset(self):
        return self.at

    def timestamp(self):
        return 1, self.read.published_at_ms


def on_topic(number, sequence, captured=NOON, camera="C-1", version=5, published=NOON + 50):
    read = SharedRead(partner_id="p", sequence=sequence, partition_sequence=sequence, policy_version=version, published_at_ms=published)
    read.read.read_id, read.read.camera_id, read.read.captured_at_ms = f"r-{number}", camera, captured
    return Message(read, sequence, version)


def item(number, captured=NOON, camera="C-1"):
    return Item(number, f"r-{number}", camera, captured)


def transaction(cursor, sequence, received, version=5, at=NOON + 50, gap=False):
    record = ledger_pb2.LedgerRecord(policy_version=version, written_at_ms=at)
    statement = record.partners.add(partner="p", cursor=f"c-{cursor:012d}")
    statement.totals.received = received
    statement.feeds.add(sequence=sequence)
    if gap:
        statement.gaps.add(cause=ledger_pb2.GAP_CAUSE_OFF)
    return record, statement


def all_right(watched):
    reads, _, _, _ = watched
    reads.items.extend([item(1), item(2, camera="C-3"), item(3, camera="C-2")])
    reads.on_topic(on_topic(1, 1))
    reads.on_topic(on_topic(3, 2, camera="C-2"))
    reads.statements.append(transaction(3, 2, 3))


def a_read_that_only_the_first_consumer_missed(watched):
    reads, _, _, _ = watched
    asked = []

    def again(*place):
        asked.append(place)
        return [on_topic(1, 1)]
    reads.again = again
    reads.items.extend([item(1), item(3, camera="C-2")])
    reads.on_topic(on_topic(3, 2, camera="C-2"))
    reads.statements.append(transaction(3, 2, 2))
    assert asked == [(0, 0, 2)] and reads.skipped == 1


def a_read_that_the_topic_lacks(watched):
    reads, _, _, _ = watched
    reads.items.extend([item(1), item(3, camera="C-2")])
    reads.on_topic(on_topic(3, 2, camera="C-2"))


def a_read_is_missing(watched):
    reads, _, _, _ = watched
    reads.items.extend([item(1), item(2)])
    reads.on_topic(on_topic(2, 1))
    reads.statements.append(transaction(2, 1, 2))


def a_read_is_missing_though_there_was_a_gap(watched):
    reads, _, decisions, _ = watched
    decisions.switches["p"] = [(3, Switch(NOON - 9000, "off", "tfl")), (4, Switch(NOON - 6000, "on", "tfl"))]
    reads.items.extend([item(1, NOON - 6500), item(2, NOON - 10)])
    reads.statements.append(transaction(2, 0, 0, gap=True))


def a_read_comes_twice(watched):
    reads, _, _, _ = watched
    all_right(watched)
    reads.settle()
    reads.on_topic(on_topic(1, 3))
    reads.statements.append(transaction(3, 3, 1))


def a_sequence_comes_twice(watched):
    reads, _, _, _ = watched
    all_right(watched)
    reads.on_topic(on_topic(1, 1))


def a_read_nobody_sent(watched):
    reads, _, _, _ = watched
    reads.items.extend([item(1)])
    reads.on_topic(on_topic(1, 1))
    reads.on_topic(on_topic(7, 2))
    reads.statements.append(transaction(1, 2, 1))


def a_camera_that_is_not_live(watched):
    reads, _, _, _ = watched
    reads.items.extend([item(1, camera="C-3")])
    reads.on_topic(on_topic(1, 1, camera="C-3"))
    reads.statements.append(transaction(1, 1, 1))


def a_read_captured_while_off(watched):
    reads, _, decisions, _ = watched
    decisions.switches["p"] = [(3, Switch(NOON - 1000, "off", "tfl")), (4, Switch(NOON + 10, "on", "tfl"))]
    all_right(watched)


def a_read_captured_within_the_clock_bound_of_off(watched):
    reads, _, decisions, _ = watched
    decisions.switches["p"] = [(3, Switch(NOON - 9000, "off", "tfl")), (4, Switch(NOON - 1500, "on", "tfl"))]
    all_right(watched)


def a_read_captured_while_a_camera_was_off(watched):
    reads, _, decisions, _ = watched
    decisions.switches["p"] = [(3, Switch(NOON - 1000, "off", "mps", cameras=("C-2",))),
                               (4, Switch(NOON + 10, "on", "mps", cameras=("C-2",)))]
    all_right(watched)


def a_read_captured_after_an_off_that_was_recorded_later(watched):
    reads, _, decisions, _ = watched
    decisions.switches["p"] = [(8, Switch(NOON - 10, "off", "tfl"))]
    all_right(watched)


def one_rule_off_leaves_the_other(watched):
    reads, _, decisions, _ = watched
    decisions.switches["p"] = [(3, Switch(NOON - 1000, "off", "tfl", "A", "one"))]
    all_right(watched)


def _fenced(decisions, entry=7, at=4, key=("tfl", None, None, None, None), ended=FOR_EVER):
    off, ends = Off(entry, "p", NOON, key), {("t", 0): at}
    decisions.running["p"].append(Running(off, FOR_EVER, ended, ends))
    decisions.fenced.append((entry, [off], ends))


def appended_after_a_receipt_by_a_late_publisher(watched):
    _, appended, decisions, _ = watched
    _fenced(decisions, at=4)
    appended.take("t", on_topic(1, 4, version=6), 0)
    appended.settle()


def appended_after_a_receipt_under_the_off_itself(watched):
    _, appended, decisions, _ = watched
    _fenced(decisions, at=4)
    appended.take("t", on_topic(1, 5, version=8), 0)
    appended.settle()


def appended_before_the_receipt(watched):
    _, appended, decisions, _ = watched
    _fenced(decisions, at=4)
    appended.take("t", on_topic(1, 3, version=6), 0)
    appended.settle()


def appended_when_it_was_on_again(watched):
    _, appended, decisions, _ = watched
    _fenced(decisions, at=4, ended=9)
    appended.take("t", on_topic(1, 5, version=9), 0)
    appended.settle()


def another_camera_than_the_off_covers(watched):
    _, appended, decisions, _ = watched
    _fenced(decisions, at=4, key=("tfl", None, None, None, ("C-2",)))
    appended.take("t", on_topic(1, 5, version=8), 0)
    appended.settle()


@pytest.mark.parametrize("story,want", [
    (all_right, {}), (one_rule_off_leaves_the_other, {}), (appended_before_the_receipt, {}), (appended_when_it_was_on_again, {}),
    (another_camera_than_the_off_covers, {}),
    (a_read_that_only_the_first_consumer_missed, {}), (a_read_that_the_topic_lacks, {"missing": 1}),
    (a_read_is_missing, {"missing": 1}), (a_read_is_missing_though_there_was_a_gap, {"missing": 1}),
    (a_read_comes_twice, {"twice": 1}), (a_sequence_comes_twice, {"twice": 1}),
    (a_read_nobody_sent, {"unexpected": 1}), (a_camera_that_is_not_live, {"unexpected": 1}),
    (a_read_captured_while_off, {"captured_while_off": 2}),
    (a_read_captured_within_the_clock_bound_of_off, {"unexpected": 2}),
    (a_read_captured_while_a_camera_was_off, {"captured_while_off": 1}),
    (a_read_captured_after_an_off_that_was_recorded_later, {"captured_while_off": 2}),
    (appended_after_a_receipt_by_a_late_publisher, {"reads_after_receipt": 1}),
    (appended_after_a_receipt_under_the_off_itself, {"reads_after_receipt": 1}),
], ids=lambda value: value.__name__ if callable(value) else "")
def test_the_watcher_sees(watched, story, want):
    story(watched)
    watched[0].settle()
    assert dict(watched[3]) == want
