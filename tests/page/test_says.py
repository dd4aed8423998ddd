# SPDX-License-Identifier: Apache-2.0
"""What the page claims and what it does not, by what it is told. The gateway's answers are played here, so that what goes
wrong goes wrong at a known time; that real ones are so is asked elsewhere."""

import json
from datetime import datetime, timezone

import pytest
from playwright.sync_api import expect

from support.places import PATIENCE, ROOT

FOLDER = ROOT / "gateway" / "admin" / "page"
URL = "http://gateway.test"
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
BOUND = 2300        # milliseconds: the two seconds that are promised, and how often the page looks at its clock
expect.set_options(timeout=PATIENCE * 1000)

# When the page was first shown something live, and when it first said that it does not know.
NOTE = """new MutationObserver(() => {
  if (!window.lived && document.querySelector("article.card")) window.lived = Date.now();
  if (window.lived && !window.doubted && document.body.classList.contains("stale")) window.doubted = Date.now();
}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true})"""


def partner(name, **changes):
    totals = {"received": 30, "permitted": 20, "published": 20, "denied": 10, "rejected": 0, "denied_by_reason": {}, "rejected_by_reason": {}}
    return {"id": name, "publisher": 0, "node": "gw-1", "on": True, "held": False, "topic_missing": False,
            "source": {"state": "streaming", "detail": ""}, "cameras": 60, "cameras_on": 60, "switches": [], "totals": totals,
            "newest_arrival": None, "suppressed": None} | changes


def status(partners, detail=""):
    now = datetime.now(timezone.utc).isoformat()
    return {"gateway": "gw-1", "time": now, "policy_version": 1, "partners": partners, "stop_files": [], "problems": [],
            "journal": {"sequence": 1, "hash": "00" * 32, "time": now, "not_yet_enforced": 0},
            "surroundings": {"well": True, "looked_at": now, "why": None},
            "publishers": [{"publisher": 0, "node": "gw-1", "state": "publishing", "detail": detail, "ordinal": 1, "transactions": 1,
                            "aborted": 0, "transaction_ms": 5, "clock_offset_ms": 0}]}


@pytest.fixture
def play(chromium):
    """play(status) is a page that is told this once, after which the connection ends and nobody answers."""
    contexts = []

    def open_page(told):
        answers = {"/v1/whoami": {"subject": "CN=alice", "organisation": "mps", "roles": ["policy-admin"]}, "/v1/agreements": [],
                   "/v1/trust": {"partners": [], "node_keys": []}, "/v1/history": [], "/v1/proposals": []}
        asked = []

        def answer(route):
            path = route.request.url.removeprefix(URL).split("?")[0]
            if path == "/v1/events" and path not in asked:
                route.fulfill(content_type="text/event-stream", body=f"event: status\ndata: {json.dumps(told)}\n\n")
            elif path in answers and (path != "/v1/whoami" or path not in asked):
                route.fulfill(json=answers[path])
            elif path.startswith("/v1/"):
                route.abort()
            else:
                name = path.split("/")[-1] or "index.html"
                route.fulfill(content_type=KINDS[name.split(".")[-1]], body=(FOLDER / name).read_text())
            asked.append(path)
        contexts.append(chromium.new_context())
        page = contexts[-1].new_page()
        page.add_init_script(NOTE)
        page.route("**/*", answer)
        page.goto(URL + "/")
        page.wait_for_selector("article.card", timeout=PATIENCE * 1000)
        return page
    yield open_page
    for context in contexts:
        context.close()


def test_a_connection_that_ends_is_not_live_any_more(play):
    page = play(status([partner("a")]))
    expect(page.locator("#alarm")).to_contain_text("it is not known how it is now")
    expect(page.locator("#live")).to_contain_text("no answer since")
    took = page.evaluate("window.doubted - window.lived")
    assert took < BOUND, f"shown as live for {took} ms after the connection had ended"


@pytest.mark.parametrize("one, detail, headline, summary", [
    (partner("a"), "", "Sharing 60 of 60 cameras", "1 of 1 partner shares reads now."),
    (partner("a", cameras_on=0), "", "Nothing is shared", "0 of 1 partner share reads now."),
    (partner("a", source=None, totals=None, node="gw-2"), "", "Turned on, flow not known here",
     "0 of 1 partner share reads now; 1 turned on and published by another node."),
    (partner("a"), "Kafka has not confirmed", "Turned on, not getting out", "0 of 1 partner share reads now; 1 turned on, but not getting out."),
    (partner("a", cameras_on=0), "Kafka has not confirmed", "Nothing is shared", "0 of 1 partner share reads now."),
    (partner("a", publisher=1), "Kafka has not confirmed", "Sharing", "1 of 1 partner shares reads now."),
])
def test_what_is_not_known_to_flow_is_not_called_sharing(play, one, detail, headline, summary):
    page = play(status([one], detail))
    expect(page.locator("article.card .headline")).to_contain_text(headline)
    expect(page.locator("main > p").first).to_have_text(summary)
