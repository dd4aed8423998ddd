# SPDX-License-Identifier: Apache-2.0
"""From an empty broker to totals that add up, as its users go: agree, go live, receive, turn off, turn on, count.

One installation, one story: each test goes on where the one before ended."""

import csv
import time

import pytest

from support.people import DONE, REFUSED
from support.topic import Refused, assert_unbroken
from support.wait import eventually, steady

AGREED = ["ULEZ-0000*", "ULEZ-0001*"]
RATE = 60


def inside(camera):
    return camera < "ULEZ-00020"


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module(("tfl-ulez", "national-highways"))
    it.partner("tfl-ulez", "--rate", RATE, "--trouble", "repeat=0.02,malformed=0.02,unknown_camera=0.02,no_plate=0.02")
    it.partner("national-highways", "--rate", RATE, "--trouble", "none", "--batch-seconds", 2)
    it.agreement("tfl-ulez", AGREED)
    it.agreement("national-highways", ["NH-*"])
    it.prepare()
    it.start()
    return it


def live_cameras(it, partner):
    with open(it.folder / partner / "cameras.csv", newline="", encoding="utf-8") as file:
        return {row["camera_id"] for row in csv.DictReader(file) if row["state"] == "live"}


def test_nothing_is_shared_by_default(story):
    steady(story.consumer().ends, 2, "a read without an agreement")
    assert story.consumer().read_all_until_end() == []


def test_an_agreement_alone_shares_nothing(story):
    story.agree("tfl-ulez")
    story.agree("national-highways")
    story.turn_on("alice", "tfl-ulez")
    steady(story.consumer().ends, 2, "a read with one side's switch off")
    assert story.consumer().read_all_until_end() == []


def test_permitted_reads_arrive_once_both_sides_are_on(story):
    story.turn_on("bob", "tfl-ulez")
    story.go_live("national-highways")
    tfl, nh = story.consumer(), story.consumer("national-highways")
    tfl.wait_for(lambda records: len(records) > 100, "reads of Transport for London")
    nh.wait_for(lambda records: len(records) > 20, "reads of National Highways")
    for consumer, partner in ((tfl, "tfl-ulez"), (nh, "national-highways")):
        consumer.assert_unbroken()
        assert {r.read.partner_id for r in consumer.records} == {partner}
        assert {r.read.read.camera_id for r in consumer.records} <= live_cameras(story, partner)


def test_no_camera_outside_the_agreement_is_ever_shared(story):
    sent = eventually(lambda: [s for s in story.sent() if s["fate"] == "ok" and not inside(s["camera_id"])],
                      "a read of a camera outside")
    assert sent
    records = story.consumer().read_all_until_end()
    assert records and all(inside(r.read.read.camera_id) for r in records)
    assert story.totals("tfl-ulez")["denied_by_reason"]["not_in_schedule"] > 0


def test_what_is_shared_is_what_was_sent_and_what_was_agreed(story):
    records = story.consumer().read_all_until_end()
    wanted = {r.read.read.read_id for r in records}

    def notes():
        sent = {s["read_id"]: s for s in story.sent() if "read_id" in s}
        return sent if wanted <= set(sent) else None        # they may be written a moment later than sent
    sent = eventually(notes, "a note of each read on the topic")
    for record in records:
        read, told = record.read, sent[record.read.read.read_id]
        assert (read.read.vrm, read.read.camera_id) == (told["vrm"], told["camera_id"])
        assert read.agreement_id == "TFL-MPS-1" and list(read.purposes) == ["serious-crime"]
        assert read.keep_until_ms == read.published_at_ms + 365 * 86400 * 1000
        assert read.policy_version > 0 and not read.read.cursor
        assert record.headers["anpr-agreement"] == b"TFL-MPS-1"


def test_off_is_done_when_it_is_acknowledged(story):
    committed, uncommitted = story.consumer(), story.consumer(committed=False)
    committed.wait_for(lambda records: len(records) > 10, "reads before")
    answer = story.people["bob"].off("tfl-ulez", "--reason", "Works.")
    off_at = time.time() * 1000
    ends = uncommitted.ends()
    before = len(story.sent())
    assert answer["outcome"] == "done" and answer["receipt"]["took_ms"] < 5000
    last = {f["topic"]: f["last_sequence"] for p in answer["receipt"]["publishers"] for f in p["feeds"]}
    # the partner goes on, and not one message is appended
    eventually(lambda: len(story.sent()) > before + 2 * RATE, "the partner goes on")
    assert uncommitted.ends() == ends
    records = committed.read_all_until_end()
    assert max(r.read.sequence for r in records) == last[story.topic] == len(records)
    assert max(r.timestamp for r in records) <= off_at
    # whoever it does not concern goes on
    nh = story.consumer("national-highways")
    seen = len(nh.read_all_until_end())
    nh.wait_for(lambda records: len(records) > seen + 10, "the other partner's reads")
    story.off = (answer["entry"], off_at)


def test_the_partner_is_not_even_connected_while_it_is_off(story):
    partner = story.simulators["tfl-ulez"]
    eventually(lambda: partner.control(stats=True)["open"] == 0, "disconnected")


def test_on_again_shares_nothing_of_the_time_between(story):
    _, off_at = story.off
    story.people["bob"].must("on", "tfl-ulez", "--reason", "Works are over.")
    on_at = time.time() * 1000
    consumer = story.consumer()
    consumer.wait_for(lambda records: sum(r.read.read.captured_at_ms > on_at for r in records) > RATE, "reads again")
    assert not [r for r in consumer.records if off_at < r.read.read.captured_at_ms < on_at]
    consumer.assert_unbroken()


def test_each_side_decides_for_itself_alone(story):
    assert story.people["nina"].try_to("off", "tfl-ulez", "--reason", "Not mine.").code == REFUSED
    assert story.people["iris"].try_to("off", "tfl-ulez", "--reason", "Only looking.").code == REFUSED
    story.people["alice"].off("tfl-ulez", "--reason", "Our side.")
    # what one side has turned off, the other cannot turn on
    story.people["bob"].try_to("on", "tfl-ulez", "--reason", "Go on.")
    consumer = story.consumer(committed=False)
    steady(consumer.ends, 2, "a read that the police side has turned off")
    story.people["alice"].must("on", "tfl-ulez", "--reason", "On again.")
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 10, "reads again")


def test_one_camera_can_be_turned_off(story):
    story.people["bob"].off("tfl-ulez", "--cameras", "ULEZ-00001", "--reason", "Lens.")
    off_at = time.time() * 1000
    consumer = story.consumer()
    consumer.wait_for(lambda records: sum(r.read.read.captured_at_ms > off_at + 1000 for r in records) > 3 * RATE, "other cameras")
    cameras = {r.read.read.camera_id for r in consumer.records if r.timestamp > off_at}
    assert cameras and "ULEZ-00001" not in cameras
    story.people["bob"].must("on", "tfl-ulez", "--cameras", "ULEZ-00001", "--reason", "Mended.")


def agreed_totals(it, partner, consumer):
    """The totals, once the topic holds as many reads and neither moved while the other was looked at."""
    before, records = it.totals(partner), consumer.read_all_until_end()
    return before if before == it.totals(partner) and before["published"] == len(records) else None


def test_totals_add_up_and_agree_with_the_topic(story):
    for partner in ("tfl-ulez", "national-highways"):
        simulator = story.simulators[partner]
        simulator.control(finish=True)
        consumer = story.consumer(partner)
        totals = eventually(lambda: agreed_totals(story, partner, consumer), f"totals of {partner} and its topic at one moment")
        denied, rejected = totals["denied_by_reason"], totals["rejected_by_reason"]
        assert totals["received"] == totals["permitted"] + sum(denied.values()) + sum(rejected.values())
        assert totals["permitted"] == totals["published"]
        assert (totals["denied"], totals["rejected"]) == (sum(denied.values()), sum(rejected.values()))
        assert_unbroken(consumer.records)
    assert story.totals("tfl-ulez")["rejected"] > 0


def test_history_tells_who_did_what(story):
    history = str(story.people["iris"].must("history"))
    for word in ("CN=bob", "CN=alice", "CN=nina", "Works are over."):
        assert word in history


@pytest.mark.parametrize("who", [None, "outsider", "to-tfl"])
def test_other_consumers_are_refused(story, who):
    with pytest.raises(Refused):
        story.consumer(who=who).read_all_until_end(20)


def test_a_stranger_gets_nothing_from_the_api(story):
    person = story.people["alice"]
    stranger = story.people["bob"].environment() | {"ANPRCTL_CERT": str(story.pki / "outsider.pem"),
                                                    "ANPRCTL_KEY": str(story.pki / "outsider.key")}
    person.environment = lambda: stranger
    try:
        assert person.try_to("status").code not in (DONE,)
    finally:
        del person.environment


def test_it_ends_in_order_and_goes_on_where_it_was(story):
    assert story.gateway.stop() == 0
    before = story.consumer().read_all_until_end()
    story.start()
    eventually(lambda: story.totals("tfl-ulez")["published"] == len(before), "the totals of before, after a restart")
    after = story.consumer().read_all_until_end()

    def in_place(records):      # partitions come in any order
        return sorted(records, key=lambda r: (r.partition, r.offset))
    assert in_place(after) == in_place(before)
