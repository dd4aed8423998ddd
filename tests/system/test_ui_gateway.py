# SPDX-License-Identifier: Apache-2.0
"""anprctl ui before a real gateway: what is decided through it is in the journal with the person's own signature."""

import base64
import hashlib
import json
import signal
import socket
import time
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest

from support.messages import command_pb2
from support.people import DONE
from support.places import PATIENCE
from support.ui import OFF, ON, Ui, draft, switch
from support.wait import eventually


@pytest.fixture(scope="module")
def story(install_in_module):
    it = install_in_module()
    it.partner("tfl-ulez", "--rate", 5, "--trouble", "none", cameras=60)
    it.agreement("tfl-ulez", ["ULEZ-*"])
    it.prepare()
    it.start()
    return it


@pytest.fixture(scope="module")
def open_ui(story):
    """open_ui(name): that person's browser, logged in; one for each."""
    made = {}

    def of(name):
        if name not in made:
            made[name] = Ui(story.people[name].environment(), folder=story.people[name].home)
            assert made[name].log_in().status == 303
        return made[name]
    yield of
    for ui in made.values():
        ui.__exit__()


def must(ui, page):
    """Posts it, the same again while the answer is 'not yet' or 'try again': a machine that stands still earns these by
    right."""
    until = time.monotonic() + PATIENCE
    while (answer := ui.post(page)).status in (202, 502, 503, 504) and time.monotonic() < until:
        pass
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def propose(path, kind, partner=""):
    text = path.read_bytes()
    ref = command_pb2.DocumentRef(kind=kind, sha256=hashlib.sha256(text).digest(), size=len(text), name=path.name)
    return draft([text], propose=command_pb2.Propose(document=ref, partner=partner))


def entry(story, number):
    return {e["number"]: e for e in story.people["iris"].must("history")}[number]


def test_a_proposal_is_made_approved_and_turned_on_by_both(story, open_ui):
    bob, alice = open_ui("bob"), open_ui("alice")
    must(bob, propose(story.folder / "tfl-ulez" / "cameras.csv", 2, "tfl-ulez"))
    number = must(alice, propose(story.agreements["tfl-ulez"], 1))["entry"]
    shown = json.loads(bob.get(f"/v1/proposals?number={number}").body)
    assert shown[0]["state"] == "open"
    approved = must(bob, draft(reason="As agreed.", approve=command_pb2.Approve(proposal=number)))["entry"]
    name = story.agreements["tfl-ulez"].stem
    turned = [must(ui, switch(position=ON, agreement=name, reason="Going live."))["entry"] for ui in (alice, bob)]
    for n, who, action in ((number, "alice", "propose"), (approved, "bob", "approve"), (turned[0], "alice", "on"),
                           (turned[1], "bob", "on")):
        e = entry(story, n)
        assert e["who"]["subject"] == f"CN={who}" and e["action"].startswith(action), e
        assert e["certificate"] is None, "signed, not attested by the node"


def test_an_off_has_a_receipt_that_verifies(story, open_ui, tmp_path):
    answer = must(open_ui("bob"), switch(position=OFF, reason="Works."))
    assert answer["outcome"] == "done"
    (tmp_path / "off.receipt").write_bytes(base64.b64decode(answer["receipt"]["stored"]))
    checked = story.people["bob"].must("receipt", tmp_path / "off.receipt")
    assert (checked["signature"], checked["journal"]) == ("good", "contains")
    e = entry(story, answer["entry"])
    assert e["who"] == {"organisation": "tfl", "subject": "CN=bob"} and e["certificate"] is None and e["reason"] == "Works."
    assert e["enforced_by"] == answer["receipt"]["entry"]
    assert any("with a receipt" in line for line in open_ui("bob").lines)


def test_the_page_its_events_and_who_signs(open_ui):
    ui = open_ui("bob")
    page = ui.get("/")
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    me = json.loads(ui.get("/v1/whoami").body)
    assert (me["organisation"], me["subject"], me["signs"]) == ("tfl", "CN=bob", True)
    with socket.create_connection(("127.0.0.1", ui.port), timeout=PATIENCE) as s:
        s.sendall(f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{ui.port}\r\nCookie: {ui.cookie}\r\n\r\n".encode())
        came = b""
        while came.count(b"event: status") < 2:
            assert (piece := s.recv(65536)), came[:300]
            came += piece
        assert b" 200 " in came[:20] and b"text/event-stream" in came


def test_a_repeat_of_the_off_is_the_same_entry(story, open_ui):
    page = switch(position=OFF, reason="Again.")
    first = must(open_ui("bob"), page)
    again = must(open_ui("bob"), page)
    assert (again["entry"], again["already"]) == (first["entry"], True)


def test_a_role_that_may_not_is_refused_by_the_gateway_itself(story, open_ui):
    answer = open_ui("iris").post(switch(position=OFF, reason="I audit."))
    assert answer.status == 403 and json.loads(answer.body)["error"]


def test_a_decision_after_a_newer_one_is_stale(story, open_ui):
    must(open_ui("alice"), switch(position=OFF, reason="Older."))
    head = json.loads(open_ui("alice").get("/v1/head").body)
    must(open_ui("bob"), switch(position=OFF, reason="Newer."))
    page = draft(reason="Older.", set_switch=command_pb2.SetSwitch(position=ON, partner="tfl-ulez"),
                 head_sequence=head["sequence"], head_hash=bytes.fromhex(head["hash"]))
    answer = open_ui("alice").post(page)
    assert "stale" in json.loads(answer.body)["error"] and answer.status == 403, answer.body


def test_a_gateway_that_was_killed_is_told_and_found_again(story, open_ui):
    ui = open_ui("bob")
    assert ui.get("/v1/status").status == 200
    story.gateway.stop(signal.SIGKILL)
    assert ui.get("/").status == 502
    answer = ui.post(switch(position=OFF, reason="While it is dead."))
    assert answer.status == 502 and "confirmed" in json.loads(answer.body)["error"]
    story.start()
    eventually(lambda: ui.get("/v1/status").status == 200, "it answers again")
    assert must(ui, switch(position=OFF, reason="It lives."))["outcome"] == "done"


def test_it_ends_in_order(open_ui):
    assert open_ui("bob").stop() == DONE


# --- reports ---

@pytest.fixture(scope="module")
def reporter(story):
    """An auditor's browser, through a program that may read Kafka as the verifier."""
    with Ui(story.people["iris"].environment(), *story.kafka("verifier"), "--prefix", story.prefix, folder=story.people["iris"].home) as ui:
        assert ui.log_in().status == 303
        yield ui


def report(ui, **query):
    answer = ui.get("/v1/report?" + urlencode(query), timeout=4 * PATIENCE)
    return answer, json.loads(answer.body)


def test_a_report_is_made_as_the_verb_makes_it(story, reporter):
    day = datetime.now(timezone.utc).date().isoformat()
    answer, full = report(reporter, **{"from": day, "to": day, "form": "full"})
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json" and full["clean"] is True
    said = json.loads(full["json"])
    verb = story.people["iris"].must("report", "--from", day, "--to", day, "--prefix", story.prefix, *story.kafka("verifier"))
    assert said.keys() == verb.keys() and said["agreements"] == verb["agreements"]
    assert full["html"].startswith("<!DOCTYPE html>") and "CN=alice" in full["json"]
    for form in ({"form": "public"}, {"form": "everything"}, {}):
        _, public = report(reporter, **{"from": day, "to": day}, **form)
        assert "CN=alice" not in public["html"] + public["json"], form


@pytest.mark.parametrize("query,status,words", [
    ({}, 400, "first day"), ({"from": "2026-11-01"}, 400, "first day"), ({"from": "", "to": ""}, 422, ""),
    ({"from": "2026-11-31", "to": "2026-12-01"}, 422, ""), ({"from": "2026-11-02", "to": "2026-11-01"}, 422, ""),
    ({"from": "x", "to": "y"}, 422, "")])
def test_a_report_of_no_period_is_refused_in_words(reporter, query, status, words):
    answer, body = report(reporter, **query)
    assert answer.status == status and body["error"] and words in body["error"], body


def test_a_report_needs_kafka_and_the_session(open_ui, reporter):
    """Of alice: bob's program has been told to end above."""
    answer, body = report(open_ui("alice"), **{"from": "2026-11-01", "to": "2026-11-01"})
    assert answer.status == 422 and "--kafka" in body["error"]
    assert reporter.get("/v1/report?from=2026-11-01&to=2026-11-01", cookie=False).status == 401
    assert reporter.get("/v1/report?from=2026-11-01&to=2026-11-01", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
