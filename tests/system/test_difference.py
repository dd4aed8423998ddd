# SPDX-License-Identifier: Apache-2.0
"""What a later version of an agreement would change: narrower is in force at once, by off's path; wider needs the other
body, and both are told what it would change, in the same words."""

import pytest
import yaml

from support.people import DONE, REFUSED

FEW = "ULEZ-0000?"


@pytest.fixture(scope="module")
def story(install_in_module):
    return install_in_module(("tfl-ulez",)).share()


def version(story, name, **changes):
    """The agreement as it was first agreed, with some of its keys otherwise."""
    text = yaml.safe_load(story.agreements["tfl-ulez"].read_text()) | changes
    path = story.folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(text, sort_keys=False))
    return path


def later_reads(story, enough=30):
    """Reads published from now on."""
    consumer = story.consumer()
    before = {(r.partition, r.offset) for r in consumer.read_all_until_end()}
    consumer.wait_for(lambda records: len(records) > len(before) + enough, "reads go on")
    consumer.assert_unbroken()
    return [r.read for r in consumer.records if (r.partition, r.offset) not in before]


def proposal(person, number):
    return person.must("proposals", number)


def part(change, name):
    return next(item for item in change["items"] if item["part"] == name)


def test_a_version_that_only_narrows_is_in_force_at_once(story):
    assert any(not r.read.camera_id.startswith(FEW[:-1]) and r.read.HasField("speed_kph") for r in later_reads(story))
    path = version(story, "narrower", rules=[{"name": "all", "cameras": [FEW]}], drop=["speed_kph"], keep_for="30d")
    answer = story.people["bob"].must("propose", path)
    assert answer["receipt"]["entry"] > answer["entry"], "by off's path: enforced, with a receipt"
    change = answer["change"]
    assert (change["widens"], change["narrows"]) == (False, True)
    cameras = part(change, "cameras")
    assert cameras["more"] == 0 and cameras["fewer"] == int(cameras["before"]) - int(cameras["after"]) > 0
    assert part(change, "drop")["added"] == ["speed_kph"]
    assert (part(change, "keep_for")["before"], part(change, "keep_for")["after"]) == ("365 days", "30 days")
    reads = later_reads(story)
    assert all(r.read.camera_id.startswith(FEW[:-1]) for r in reads)
    assert not any(r.read.HasField("speed_kph") for r in reads)
    assert proposal(story.people["alice"], answer["entry"])["state"] == "effective"


def test_a_wider_one_needs_the_other_body_and_both_read_the_same(story):
    alice, bob = story.people["alice"], story.people["bob"]
    path = version(story, "wider", rules=[{"name": "all", "cameras": ["ULEZ-*"]}], drop=["heading"], keep_for="30d")
    answer = alice.must("propose", path)
    assert not answer.get("receipt") and "still needs the consent of tfl" in answer["effect"]
    shown = [proposal(person, answer["entry"]) for person in (alice, bob, story.people["iris"])]
    assert shown[0]["change"] == shown[1]["change"] == shown[2]["change"] == answer["change"]
    change = shown[1]["change"]
    assert (change["widens"], change["narrows"]) == (True, True), "heading is dropped, the rest is wider"
    words = part(change, "cameras")["words"]
    assert part(change, "drop")["words"] == "heading dropped, speed no longer dropped"
    for told in (alice.try_to("proposals"), bob.try_to("proposals", answer["entry"])):
        assert told.code == DONE and " agreement TFL-MPS-1\n" in told.text and f"+ {words}" in told.text
        assert "! heading dropped, speed no longer dropped" in told.text
    ids = bob.must("proposals", answer["entry"], "--ids")
    assert len(part(ids["change"], "cameras")["added"]) == part(change, "cameras")["more"] > 0
    assert all(r.read.camera_id.startswith(FEW[:-1]) for r in later_reads(story)), "nothing is wider yet"

    approved = bob.try_to("approve", answer["entry"], "--reason", "Agreed.")
    assert approved.code == DONE and approved.text.index(words) < approved.text.index("Approved.")
    reads = later_reads(story)
    assert any(not r.read.camera_id.startswith(FEW[:-1]) for r in reads)
    assert not any(r.HasField("heading") for r in (read.read for read in reads))


def test_what_is_shown_is_against_what_is_in_force_now(story):
    alice, bob = story.people["alice"], story.people["bob"]
    number = alice.must("propose", version(story, "longer", drop=["heading"], keep_for="60d"))["entry"]
    assert proposal(bob, number)["change"]["words"] == "agreement TFL-MPS-1: kept for 60 days, before 30 days"
    # what is narrowed meanwhile overtakes it: nobody may agree to what was shown before
    bob.must("propose", version(story, "shorter", drop=["heading"], keep_for="7d"))
    assert proposal(bob, number)["state"] == "superseded"
    assert bob.try_to("approve", number, "--reason", "Too late.").code == REFUSED
    again = alice.must("propose", version(story, "longer-again", drop=["heading"], keep_for="61d"))
    assert again["change"]["words"] == "agreement TFL-MPS-1: kept for 61 days, before 7 days"
