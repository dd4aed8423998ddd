# SPDX-License-Identifier: Apache-2.0
"""The whole way in three browsers that never saw the page before, each through its person's `anprctl ui`: an agreement
consented, a partner turned off and on, a camera turned off, the history looked at, a report saved. By mouse.
Nobody reloads: what one decides, the others see."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from page.test_page import serious, side, status_of

PARTNER = "national-highways"


def named(name):
    """A view's link also says how many are open."""
    return re.compile(rf"^{re.escape(name)}( \(\d+ open\))?$")


class Mouse:
    def __init__(self, visit):
        self.page = visit.page

    def press(self, name, role="button"):
        self.page.get_by_role(role, name=named(name)).click()

    def write(self, label, text):
        self.page.get_by_label(label, exact=True).fill(text)

    def leave(self):
        self.press("Close")


def to(hands, view):
    hands.press(view, "link")
    expect(hands.page.get_by_role("heading", level=1)).to_have_text(view)


def carry_out(hands, button, confirm, reason, answer):
    hands.press(button)
    expect(hands.page.get_by_role("dialog")).to_be_visible()
    hands.write("Reason, for the journal", reason)
    hands.press(confirm)
    expect(hands.page.get_by_role("heading", name=answer, exact=True)).to_be_focused()
    hands.leave()
    expect(hands.page.get_by_role("dialog")).to_be_hidden()


def headline(hands):
    return hands.page.locator(f'article[data-key="{PARTNER}"] .headline')


def consent(it, hands, proposer, decider, purpose, shots):
    """One proposes a further purpose; the other sees what that changes, and approves it."""
    number = it.people[proposer].must("propose", it.agreement(PARTNER, ["*"], purposes=["serious-crime", purpose]))["entry"]
    for person in hands.values():
        to(person, "Proposals")
        proposal = person.page.locator(f'article[data-key="{number}"]')
        expect(proposal).to_contain_text("Open")
        expect(proposal.get_by_role("region", name="What it would change")).to_contain_text(purpose)
        assert person.page.get_by_role("button", name=f"Approve proposal {number}").count() == (person is hands[decider])
    page = hands[decider].page
    for width, height, name in (320, 700, "phone"), (1280, 900, "desktop"):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=shots / f"walk-proposal-{name}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []
    to(hands[proposer], "Agreements")
    agreement = hands[proposer].page.locator("article", has_text=f"serious-crime and {purpose}").filter(has_text="In force")
    expect(agreement).to_have_count(0)
    carry_out(hands[decider], f"Approve proposal {number}", "Approve", "Consented on the page.", "Done, and proved")
    expect(agreement).to_have_count(1)
    for person in hands.values():
        if person is not hands[proposer]:
            expect(person.page.locator(f'article[data-key="{number}"] > p').first).to_contain_text("In effect")
    entry = next(e for e in it.people["iris"].must("history") if e["reason"] == "Consented on the page." and str(number) in e["effect"])
    assert entry["who"]["subject"] == f"CN={decider}" and not entry["certificate"]
    return number


def off_and_on(it, hands):
    """The policy admin turns the partner off; its controller and the auditor see it, and on again."""
    for person in hands.values():
        to(person, "Partners")
        expect(headline(person)).to_contain_text("Sharing")
    carry_out(hands["alice"], f"Turn off {PARTNER}", "Turn off now", "Off on the walk.", "Done, and proved")
    assert not status_of(it, PARTNER)["on"]
    for person in hands.values():
        expect(headline(person)).to_contain_text("Nothing is shared")
        expect(side(person.page, PARTNER, "mps")).to_contain_text("Off on the walk.")
    carry_out(hands["alice"], f"Turn on {PARTNER}: everything", "Turn on", "On on the walk.", "Done")
    for person in hands.values():
        expect(headline(person)).to_contain_text("Sharing")


def camera_off_and_on(it, hands):
    """The controller turns off one camera of theirs, and on again."""
    nina = hands["nina"]
    camera = next(r["camera_id"] for r in csv.DictReader((it.folder / PARTNER / "cameras.csv").open()) if r["state"] == "live")
    nina.press(PARTNER, "link")
    nina.write("Find a camera", camera)
    row = nina.page.locator(".big tr", has_text=camera)
    expect(row.locator(".dot.on")).to_be_visible(timeout=120_000)       # what was captured while it was off is not
    carry_out(nina, f"Turn off camera {camera} of {PARTNER}", "Turn off now", "Works at the roadside.", "Done, and proved")
    expect(row).to_contain_text("the camera is turned off")
    expect(side(hands["alice"].page, PARTNER, "nh")).to_contain_text("Works at the roadside.")
    assert status_of(it, PARTNER)["on"]
    to(nina, "Partners")
    carry_out(nina, f"Turn on {PARTNER}: 1 camera ({camera})", "Turn on", "Works over.", "Done")


def audit(it, iris, number, folder):
    """The auditor sees who decided what, that it verifies, and saves a report of it."""
    to(iris, "History")
    main = iris.page.locator("main")
    verification = iris.page.get_by_role("region", name="Verification")
    expect(verification).to_contain_text("sees this journal for the first time")
    expect(verification).to_contain_text("Every decision that narrows has its receipt.")
    for reason, who in ("Off on the walk.", "CN=alice"), ("On on the walk.", "CN=alice"), ("Works at the roadside.", "CN=nina"):
        expect(main.get_by_role("row").filter(has_text=reason).filter(has_text=who).first).to_be_visible()
    expect(main.get_by_role("row").filter(has=iris.page.locator(f'a[href="#/history/{number}"]')).first).to_be_visible()
    to(iris, "Report")
    iris.press("Make the report")
    expect(iris.page.get_by_text("The report is made.")).to_be_visible()
    expect(main).to_contain_text("nothing wrong was found")
    with iris.page.expect_download() as download:
        iris.press("Save as JSON", "link")
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    assert PARTNER in json.dumps(json.loads(file.read_text())["agreements"])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind,proposer,decider,purpose", [(Mouse, "alice", "nina", "fraud")])
def test_from_first_sight_to_a_saved_report(it, visit_signing, shots, tmp_path, kind, proposer, decider, purpose):
    hands = {who: kind(visit_signing(who)) for who in ("alice", "nina", "iris")}
    number = consent(it, hands, proposer, decider, purpose, shots)
    off_and_on(it, hands)
    camera_off_and_on(it, hands)
    audit(it, hands["iris"], number, tmp_path)
