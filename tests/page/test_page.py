# SPDX-License-Identifier: Apache-2.0
"""The page as three people use it: looking, off with a receipt, by mouse and by keyboard; and what it must not do."""

import os
import re
import signal
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from page.conftest import MARKUP
from support.messages import command_pb2
from support.people import DONE
from support.places import PATIENCE
from support.wait import eventually

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
VIEWS = {"partners": "", "partner": "partner/tfl-ulez", "proposals": "proposals", "agreements": "agreements", "readers": "readers", "history": "history", "report": "report", "node": "nodes"}
expect.set_options(timeout=PATIENCE * 1000)


def side(page, partner, organisation):
    return page.locator(f'article[data-key="{partner}"] li.side[data-key="{organisation}"]')


def whole(page, view):
    """All that is asked for has come."""
    expect(page.locator("main")).not_to_contain_text("Asking")
    expect(page.locator("main")).to_have_text(re.compile(".{80}", re.DOTALL))
    if view.startswith("partner/"):
        page.locator(".big tbody th").first.wait_for()
    if not view or view.startswith("partner/"):
        page.locator("li.side").first.wait_for()


def status_of(it, partner):
    return next(p for p in it.people["alice"].status()["partners"] if p["id"] == partner)


def turn_on_again(it, who, partner, *selectors):
    it.people[who].must("on", partner, *selectors, "--reason", "Back on.")


# Looking

def test_what_is_shown_is_what_the_api_says_and_it_moves(it, visit, figures):
    page = visit("alice").to()
    for partner in it.partners:
        expect(page.locator(f'article[data-key="{partner}"] .headline')).to_contain_text("Sharing")
    for organisation in ("tfl", "mps"):
        expect(side(page, "tfl-ulez", organisation)).to_contain_text("On")
        expect(side(page, "tfl-ulez", organisation)).to_contain_text("Going live.")
    totals = page.locator('article[data-key="tfl-ulez"]').get_by_text("Since the first read")

    def received():
        return int(re.search(r"([\d,]+) received", totals.inner_text())[1].replace(",", ""))
    before = received()
    eventually(lambda: received() > before, "more reads on the page")
    assert received() <= it.totals("tfl-ulez")["received"]
    expect(page.locator('article[data-key="tfl-ulez"] svg .permitted')).to_have_attribute("points", re.compile(r"\d"))


def test_the_first_view_and_5000_cameras(visit, figures):
    """How long it took is written down; that few of the rows exist is what it rests on."""
    one = visit("alice")
    one.context.add_init_script("""new MutationObserver((_, o) => { if (document.querySelector("article.card")) {
        window.firstView = performance.now(); o.disconnect(); } }).observe(document, {childList: true, subtree: true})""")
    page = one.to()
    page.wait_for_selector("article.card")
    figures["first view, ms"] = round(page.evaluate("window.firstView"))
    page.get_by_role("link", name="tfl-ulez", exact=True).click()
    expect(page.get_by_text("5,000 cameras", exact=True)).to_be_visible()
    table = page.locator(".big table")
    expect(table).to_have_attribute("aria-rowcount", "5001")
    assert page.locator(".big tbody tr").count() < 80
    figures["longest frame while scrolling 5,000 rows, ms"] = round(page.evaluate("""async () => {
        const box = document.querySelector(".big"); let last = performance.now(), worst = 0;
        for (let i = 0; i < 60; i++) {
            box.scrollTop += 3500;
            await new Promise(requestAnimationFrame);
            worst = Math.max(worst, performance.now() - last); last = performance.now();
        }
        return worst; }"""))
    page.locator(".big").evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(page.locator(".big tbody th", has_text="ULEZ-05000")).to_be_visible()
    page.get_by_label("Find a camera").fill("ULEZ-04321")
    expect(page.get_by_text("1 of 5,000 cameras")).to_be_visible()
    page.get_by_role("button", name="Show ULEZ-04321 on the map").click()
    expect(page.locator(".map text", has_text="ULEZ-04321")).to_be_visible()


def test_what_changes_elsewhere_is_shown_and_the_focus_stays(it, visit):
    page = visit("alice").to()
    button = side(page, "tfl-ulez", "mps").get_by_role("button", name="Turn off")
    button.focus()
    page.evaluate("window.held = document.activeElement")
    it.people["bob"].off("tfl-ulez", "--reason", "From elsewhere.")
    try:
        expect(side(page, "tfl-ulez", "tfl")).to_contain_text("From elsewhere.")
        expect(page.locator('article[data-key="tfl-ulez"] .headline')).to_contain_text("Nothing is shared")
        expect(page.locator("#said")).to_contain_text("tfl-ulez: nothing is shared")
        assert page.evaluate("window.held === document.activeElement && window.held.isConnected")
    finally:
        turn_on_again(it, "bob", "tfl-ulez")
    expect(page.locator('article[data-key="tfl-ulez"] .headline')).to_contain_text("Sharing")


def test_it_says_when_it_does_not_know(it, visit):
    page = visit("iris").to()
    expect(page.locator("#alarm")).to_be_hidden()
    core, = it.gateway.children("core")
    os.kill(core, signal.SIGSTOP)
    try:
        expect(page.locator("#alarm")).to_contain_text("No answer since")
        expect(page.locator("#live")).to_contain_text("no answer since")
    finally:
        os.kill(core, signal.SIGCONT)
    expect(page.locator("#alarm")).to_be_hidden()


def test_a_journal_that_is_another_than_before_is_told(it, visit):
    one = visit("iris")
    page = one.to("history")
    expect(page.get_by_text("sees this journal for the first time")).to_be_visible()
    page.reload()
    expect(page.get_by_text("is still there and unchanged")).to_be_visible()
    page.evaluate("localStorage.setItem('anpr-head gw-1', JSON.stringify({sequence: 2, hash: 'ab'.repeat(32)}))")
    page.reload()
    expect(page.locator("#alarm")).to_contain_text("entry 2 is missing or has been changed")


# Turning off

def test_a_controller_turns_off_by_mouse_and_keeps_the_receipt(it, visit, tmp_path):
    page = visit("bob").to()
    side(page, "tfl-ulez", "tfl").get_by_role("button", name="Turn off").wait_for()
    expect(side(page, "national-highways", "nh")).to_be_visible()
    assert side(page, "national-highways", "nh").get_by_role("button").count() == 0       # not bob's
    assert side(page, "tfl-ulez", "mps").get_by_role("button").count() == 0
    side(page, "tfl-ulez", "tfl").get_by_role("button", name="Turn off").click()
    page.get_by_role("button", name="Turn off now").click()
    assert page.locator("#reason").evaluate("e => e.matches(':invalid')")                 # a reason is asked for
    page.get_by_label("Reason").fill(MARKUP)
    page.get_by_role("button", name="Turn off now").click()
    try:
        expect(page.get_by_role("heading", name="Done, and proved")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the receipt").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        answer = it.people["bob"].try_to("receipt", file, "--json")
        assert answer.code == DONE and answer.json["journal"] == "contains", answer
        assert not status_of(it, "tfl-ulez")["on"]
        page.get_by_role("button", name="Close").click()
        expect(side(page, "tfl-ulez", "tfl")).to_contain_text("Off")
        expect(side(page, "tfl-ulez", "tfl")).to_contain_text(MARKUP)
        expect(side(page, "tfl-ulez", "tfl")).to_contain_text("open the page with anprctl ui")
        entry = it.people["alice"].must("history")[-2]
        assert (entry["action"], entry["reason"], entry["who"]["subject"]) == ("off", MARKUP, "CN=bob") and entry["certificate"]
    finally:
        turn_on_again(it, "bob", "tfl-ulez")


def test_a_policy_admin_turns_off_by_keyboard_alone(it, visit):
    page = visit("alice").to()
    side(page, "national-highways", "mps").get_by_role("button").wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Turn off national-highways":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("By keyboard.")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")                                                      # for an hour
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    try:
        expect(page.get_by_role("heading", name="Done, and proved")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(side(page, "national-highways", "mps")).to_contain_text("By keyboard.")
        expect(side(page, "national-highways", "mps")).to_contain_text("until")
        switch, = [s for s in status_of(it, "national-highways")["switches"] if s["position"] == "off"]
        assert switch["side"] == "mps" and switch["until"]
    finally:
        turn_on_again(it, "alice", "national-highways")


def test_one_camera_is_turned_off(it, visit):
    page = visit("bob").to("partner/tfl-ulez")
    page.get_by_label("Find a camera").fill("ULEZ-00002")
    row = page.locator(".big tr", has_text="ULEZ-00002")
    expect(row).to_contain_text("shared")
    row.get_by_role("button", name="Turn off").click()
    page.get_by_label("Reason").fill("Works.")
    page.get_by_role("button", name="Turn off now").click()
    try:
        expect(page.get_by_role("heading", name="Done, and proved")).to_be_visible()
        page.get_by_role("button", name="Close").click()
        expect(row).to_contain_text("the camera is turned off")
        assert status_of(it, "tfl-ulez")["on"]
    finally:
        turn_on_again(it, "bob", "tfl-ulez", "--cameras", "ULEZ-00002")


def test_a_proposal_is_refused_by_certificate(it, visit):
    number = it.people["alice"].must("propose", it.agreement("tfl-ulez", ["ULEZ-*"], purposes=["serious-crime", "terrorism"]))["entry"]
    page = visit("bob").to("proposals")
    page.get_by_role("button", name=f"Refuse proposal {number}").click()
    page.get_by_label("Reason").fill("Not that.")
    page.get_by_role("button", name="Refuse", exact=True).click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name=f"Refuse proposal {number}")).to_have_count(0)
    assert [p["state"] for p in it.people["bob"].must("proposals") if p["number"] == number] == ["refused"]


@pytest.mark.parametrize("answer,words", [
    ((202, {"outcome": "recorded", "entry": 7, "effect": "", "waiting_for": [{"publisher": 3, "node": "gw-1", "state": "waiting", "detail": "x"}]}),
     ("Recorded, not yet enforced", "publisher 3 on gw-1")),
    ((202, {"outcome": "stopped_here", "command": "00", "effect": ""}), ("Stopped here, not recorded", "Nothing of this leaves this node")),
    ((503, {"error": "busy"}), ("No answer yet", "cannot be done twice")),
    (None, ("No answer yet", "cannot be done twice")),
])
def test_no_more_is_claimed_than_is_so_and_the_same_command_is_sent_again(it, visit, answer, words):
    """The gateway's answers are played here, but for the last."""
    sent = []

    def play(route):
        sent.append(route.request.post_data_buffer)
        if len(sent) > 2:
            route.fulfill(status=403, json={"error": "Played."})
        elif answer:
            route.fulfill(status=answer[0], json=answer[1])
        else:
            route.abort()
    page = visit("bob").to()
    page.route("**/v1/commands", play)
    side(page, "tfl-ulez", "tfl").get_by_role("button", name="Turn off").click()
    page.get_by_label("Reason").fill("To see.")
    page.get_by_role("button", name="Turn off now").click()
    expect(page.get_by_role("heading", name=words[0])).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text(words[1])
    expect(page.get_by_role("heading", name="Refused")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("Nothing has changed.")
    assert len(sent) == 3 and len(set(sent)) == 1


# What is not offered, and refused all the same

POST = """async (command) => {
    const { encodeUnsigned } = await import(new URL("command.js", document.querySelector("script[type=module]").src));
    const nonce = crypto.getRandomValues(new Uint8Array(16));
    const answer = await fetch("/v1/commands", {method: "POST", body: encodeUnsigned({nonce, made_at_ms: Date.now(), reason: "Tried.", ...command})});
    return [answer.status, (await answer.json()).error]; }"""


def test_an_auditor_is_offered_nothing_and_refused_all_the_same(it, visit):
    one = visit("iris")
    for view in VIEWS.values():
        page = one.to(view)
        whole(page, view)
        assert page.get_by_role("button", name=re.compile("Turn|Approve|Refuse")).count() == 0
    before = len(it.people["alice"].must("history"))
    for organisation in ("ico", "mps", "tfl"):
        status, error = page.evaluate(POST, {"organisation": organisation, "set_switch": {"position": "off", "partner": "tfl-ulez"}})
        assert status == 403 and error
    assert len(it.people["alice"].must("history")) == before


@pytest.mark.parametrize("verb,ask", [("on", {"set_switch": {"position": "on", "partner": "tfl-ulez"}}), ("approve", {"approve": {}})])
def test_what_needs_a_signature_is_said_and_refused(it, visit, verb, ask):
    if verb == "approve":
        ask = {"approve": {"proposal": it.people["alice"].must("propose", it.agreement("tfl-ulez", ["ULEZ-*"], purposes=["serious-crime", "fraud"]))["entry"]}}
    page = visit("bob").to("proposals")
    if verb == "approve":
        expect(page.get_by_text("open the page with anprctl ui").first).to_be_visible()
    assert page.get_by_role("button", name=re.compile("Approve|Turn on")).count() == 0
    before = len(it.people["alice"].must("history"))
    status, error = page.evaluate(POST, {"organisation": "tfl", **ask})
    assert status == 403 and error
    assert len(it.people["alice"].must("history")) == before


def test_the_commands_are_what_protobuf_makes_of_them(visit):
    page = visit("iris").to()
    ask = """async (c) => { const { encodeCommand } = await import(new URL("command.js", document.querySelector("script[type=module]").src));
        return [...encodeCommand({...c, nonce: new Uint8Array(c.nonce)})]; }"""
    base = {"nonce": list(range(16)), "organisation": "tfl", "made_at_ms": 1795374120123, "reason": "Wörks; 車 " + "x" * 300}
    switches = [
        {"position": "off"}, {"position": "off", "partner": "p", "agreement": "A", "rule": "r", "data_class": "overview", "for_ms": 2 ** 40},
        {"position": "on", "partner": "p", "cameras": {"patterns": ["a*", "é?"], "area": "Camden"}}, {"position": "off", "cameras": {"patterns": []}}]
    for fields in [*({"set_switch": s} for s in switches), {"approve": {"proposal": 300}}, {"refuse": {"proposal": 2 ** 33}}]:
        want = command_pb2.Command(**base | {"nonce": bytes(range(16))})
        for name, value in fields.items():
            value = dict(value)
            if "position" in value:
                value["position"] = {"off": 1, "on": 2}[value["position"]]
            if "data_class" in value:
                value["data_class"] = {"read": 1, "plate_patch": 2, "overview": 3}[value["data_class"]]
            getattr(want, name).CopyFrom(type(getattr(want, name))(**value))
        assert bytes(page.evaluate(ask, base | fields)) == want.SerializeToString(deterministic=True), fields


# What it must not do

def test_markup_stays_text(it, visit):
    one = visit("bob")
    it.people["bob"].off("tfl-ulez", "--cameras", "ULEZ-00003", "--reason", MARKUP)
    turn_on_again(it, "bob", "tfl-ulez", "--cameras", "ULEZ-00003")
    for view in VIEWS.values():
        page = one.to(view)
        whole(page, view)
        assert page.evaluate("window.broken") is None and page.locator("main img, main script").count() == 0
    page = one.to("history")
    expect(page.locator("main")).to_contain_text(MARKUP)
    page = one.to("partner/tfl-ulez")
    page.get_by_label("Find a camera").fill("ULEZ-00001")
    expect(page.locator(".big")).to_contain_text(MARKUP)
    page = one.to("partner/" + "%3Cimg%20src=x%20onerror=alert(1)%3E")
    expect(page.locator("h1")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img").count() == 0


def serious(page):
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{v['id']}: {v['help']}: {n['html'][:160]}" for v in found if v["impact"] in ("serious", "critical") for n in v["nodes"]]


@pytest.mark.parametrize("name", VIEWS)
def test_each_view_for_everybody_on_every_screen(visit, shots, name):
    """axe finds nothing serious, nothing is wider than a phone, and there is a picture of it to look at."""
    for scheme, width, height in ("light", 1280, 900), ("dark", 1280, 900), ("light", 320, 700):
        page = visit("alice", color_scheme=scheme, viewport={"width": width, "height": height}).to(VIEWS[name])
        whole(page, VIEWS[name])
        page.wait_for_timeout(3000)                                                       # for charts with something in them
        page.screenshot(path=shots / f"{name}-{'phone' if width == 320 else scheme}.png", full_page=name != "history")
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_the_dialog_for_everybody(visit, shots):
    page = visit("alice", viewport={"width": 320, "height": 700}).to()
    side(page, "tfl-ulez", "mps").get_by_role("button", name="Turn off").click()
    page.screenshot(path=shots / "off-phone.png")
    assert serious(page) == []
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Turn off tfl-ulez"
