# SPDX-License-Identifier: Apache-2.0
"""The page through `anprctl ui`, in a real Chromium: what is decided on it is signed, and a report is made and saved."""

import json
from datetime import datetime, timezone

from playwright.sync_api import expect

from page.test_page import serious, side, status_of


def press(page, name):
    """Reaches the button by Tab alone, and presses Enter."""
    page.get_by_role("button", name=name, exact=True).first.wait_for()
    for _ in range(200):
        page.keyboard.press("Tab")
        element = "document.activeElement"
        if page.evaluate(f"{element}.getAttribute('aria-label') ?? {element}.textContent") == name:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} is not reached by keyboard")


def test_a_partner_is_turned_off_and_on_by_keyboard_alone(it, visit_signing):
    page = visit_signing("alice").to()
    press(page, "Turn off national-highways")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("Off by keyboard.")
    press(page, "Turn off now")
    expect(page.get_by_role("heading", name="Done, and proved")).to_be_focused()
    page.keyboard.press("Escape")
    assert not status_of(it, "national-highways")["on"]
    expect(side(page, "national-highways", "mps")).to_contain_text("Off by keyboard.")
    press(page, "Turn on national-highways: everything")
    page.keyboard.type("On by keyboard.")
    press(page, "Turn on")
    expect(page.get_by_role("heading", name="Done")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator('article[data-key="national-highways"] .headline')).to_contain_text("Sharing")
    entry = [e for e in it.people["iris"].must("history") if e["action"] == "on"][-1]
    assert entry["who"]["subject"] == "CN=alice" and not entry["certificate"] and entry["reason"] == "On by keyboard."


def test_who_can_read_is_what_the_brokers_say(it, visit):
    view = it.people["iris"].must("readers")
    page = visit("iris").to("readers")
    expect(page.locator("main")).to_contain_text("Known")
    for topic in view["topics"]:
        for reader in topic["readers"]:
            expect(page.get_by_role("region", name=f"Who may read {topic['topic']}", exact=True)).to_contain_text(
                reader["principal"].removeprefix("User:"))


def test_a_report_is_made_and_saved(it, visit_signing, tmp_path, shots):
    page = visit_signing("iris").to("report")
    today = datetime.now(timezone.utc).date().isoformat()
    page.get_by_label("First day").fill(today)
    page.get_by_label("Last day").fill(today)
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_text("The report is made.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("nothing wrong was found")
    page.screenshot(path=shots / "report-made.png", full_page=True)
    assert serious(page) == []
    for kind in ("HTML", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Save as {kind}").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.name == f"report-{today}-to-{today}-public.{kind.lower()}"
        text = file.read_text()
        assert "CN=alice" not in text and (text.startswith("<!DOCTYPE html>") if kind == "HTML" else json.loads(text)["agreements"])


def test_without_it_the_page_says_how_to_get_a_report(visit):
    page = visit("iris").to("report")
    expect(page.locator("main")).to_contain_text("anprctl ui")
    assert page.get_by_role("button", name="Make the report").count() == 0
