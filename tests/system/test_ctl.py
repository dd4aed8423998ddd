# SPDX-License-Identifier: Apache-2.0
"""anprctl against a stand-in for the gateway: what it signs and sends, what it makes of each answer, what it says."""

import hashlib
import json
import os
import re
import subprocess
import time

import pytest

from support.api_node import Node, done, stored_receipt
from support.people import DONE, NOT_YET, REFUSED, UNREACHABLE, USAGE, Answer
from support.places import ROOT, free_port, program

VERBS = ["status", "off", "on", "propose", "proposals", "approve", "refuse", "withdraw", "agreements", "cameras", "history",
         "explain", "try", "tail", "cluster", "policy", "receipt", "ui", "doctor"]
AGREEMENT = (ROOT / "deploy/examples/tfl-mps.yaml").read_text()
OFF = ("off", "tfl-ulez", "--reason", "Works.")


@pytest.fixture
def node(pki):
    node = Node(pki)
    yield node
    node.close()


@pytest.fixture
def second(pki):
    node = Node(pki)
    yield node
    node.close()


@pytest.fixture
def bob(pki, tmp_path):
    """bob(node, ..., arguments) runs anprctl with these nodes; nothing of this machine's user is seen."""
    def run(nodes, *arguments, **environment):
        urls = ",".join(n if isinstance(n, str) else n.url for n in (nodes if isinstance(nodes, (list, tuple)) else [nodes]))
        env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "ANPRCTL_GATEWAY": urls,
               "ANPRCTL_CA": str(pki / "gateway-ca.pem"), "ANPRCTL_CERT": str(pki / "bob.pem"),
               "ANPRCTL_KEY": str(pki / "bob.key"), **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        env.update(environment)
        out = subprocess.run([program("anprctl"), *map(str, arguments)], env={k: v for k, v in env.items() if v is not None},
                             cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return Answer(out.returncode, out.stdout, out.stderr)
    return run


def nobody():
    return f"https://127.0.0.1:{free_port()}"


# --- what is signed and sent ---

def test_the_command_is_signed_by_the_person_over_its_very_bytes(node, bob, pki, tmp_path):
    assert bob(node, *OFF).code == DONE
    signed, command = node.posted[0], node.command
    assert [s.kind for s in signed.signatures] == [1] and not signed.documents
    (tmp_path / "command").write_bytes(signed.command)
    (tmp_path / "signature").write_bytes(signed.signatures[0].value)
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "signature", "-content",
              tmp_path / "command", "-purpose", "any", "-out", "/dev/null", "-CAfile"]
    assert subprocess.run([*verify, pki / "tfl-ca.pem"], capture_output=True).returncode == 0
    assert subprocess.run([*verify, pki / "mps-ca.pem"], capture_output=True).returncode != 0
    assert len(command.nonce) == 16 and command.organisation == "tfl" and command.reason == "Works."
    assert (command.head_sequence, command.head_hash) == (9, bytes.fromhex("ab" * 32))
    assert abs(command.made_at_ms / 1000 - time.time()) < 60
    assert command.set_switch.position == 1 and command.set_switch.partner == "tfl-ulez"
    assert not command.set_switch.HasField("cameras") and command.set_switch.for_ms == 0
    assert bob(node, *OFF).code == DONE
    assert node.posted[1].command != signed.command, "two like commands are two commands"


def test_what_a_switch_can_name(node, bob, tmp_path):
    (tmp_path / "list").write_text("# broken\n ULEZ-00007 \r\n\nULEZ-00009\n")
    assert bob(node, "on", "tfl-ulez", "--agreement", "A-1", "--rule", "r", "--cameras", "ULEZ-1*", "--cameras", "list",
               "--area", "Westminster", "--class", "overview", "--for", "90m", "--reason", "x").code == DONE
    switch = node.command.set_switch
    assert (switch.position, switch.agreement, switch.rule, switch.data_class) == (2, "A-1", "r", 3)
    assert list(switch.cameras.patterns) == ["ULEZ-1*", "ULEZ-00007", "ULEZ-00009"]
    assert switch.cameras.area == "Westminster" and switch.for_ms == 90 * 60 * 1000
    assert bob(node, "off", "--all", "--reason", "Incident.").code == DONE
    assert node.command.set_switch.partner == ""


CHANGE = {"widens": True, "narrows": True, "words": "agreement A: 212 cameras more, speed dropped; register: 1 camera new",
          "items": [
              {"agreement": "A", "part": "cameras", "widens": True, "narrows": False, "words": "212 cameras more",
               "cameras": 212, "more": 212, "fewer": 0, "added": ["U-1", "U-\u001b[31m2"], "removed": []},
              {"agreement": "A", "part": "drop", "widens": False, "narrows": True, "words": "speed dropped",
               "added": ["speed_kph"], "removed": []},
              {"agreement": None, "part": "register", "widens": True, "narrows": False, "words": "1 camera new",
               "cameras": 1, "more": 1, "fewer": 0, "added": ["U-3"], "removed": []}]}
PROPOSAL = {"number": 7, "kind": "agreement", "state": "open", "about": "agreement A", "partner": "tfl-ulez", "agreement": "A",
            "name": "a.yaml", "sha256": "00" * 32, "proposed": "2026-11-01T12:00:00.000Z", "proposer": "mps",
            "subject": "CN=alice", "consents": {"have": ["mps"], "need": ["tfl", "mopac"]}, "effect": "as it was then",
            "lapses": "2026-12-01T12:00:00.000Z", "change": CHANGE}


def test_the_other_commands(node, bob, tmp_path):
    node.views["/v1/proposals"] = [PROPOSAL]
    assert bob(node, "approve", 7, "--reason", "Board.").code == DONE
    assert node.command.approve.proposal == 7
    assert bob(node, "refuse", "8", "--reason", "Too wide.").code == DONE
    assert node.command.refuse.proposal == 8
    assert bob(node, "withdraw", "A-1", "--reason", "Over.").code == DONE
    assert node.command.withdraw.agreement == "A-1"


def test_an_organisation_can_be_named(node, bob):
    assert bob(node, *OFF, "--organisation", "mopac").code == DONE
    assert node.command.organisation == "mopac"
    assert bob(node, *OFF, ANPRCTL_ORGANISATION="scc").code == DONE
    assert node.command.organisation == "scc"


@pytest.mark.parametrize("name, text, kind", [("a.yaml", AGREEMENT, 1), ("c.csv", None, 2)])
def test_a_proposal_carries_its_text(node, bob, tmp_path, name, text, kind):
    text = text or (ROOT / "deploy/examples/tfl-register.csv").read_text()
    (tmp_path / name).write_text(text)
    node.answer = done(effect="would share 41 cameras")
    answer = bob(node, "propose", tmp_path / name, *(["--partner", "tfl-ulez"] if kind == 2 else []))
    assert answer.code == DONE and "would share 41 cameras" in answer.text and "entry 10" in answer.text
    document = node.command.propose.document
    assert (document.kind, document.name, document.size) == (kind, name, len(text.encode()))
    assert document.sha256 == hashlib.sha256(text.encode()).digest()
    assert list(node.posted[0].documents) == [text.encode()]
    assert node.command.propose.partner == ("tfl-ulez" if kind == 2 else "")


def test_a_bad_text_is_not_sent(node, bob, tmp_path):
    (tmp_path / "a.yaml").write_text(AGREEMENT.replace("purposes:", "purposs:"))
    answer = bob(node, "propose", "a.yaml")
    assert answer.code == REFUSED and "a.yaml:" in answer.errors and "purposs" in answer.errors
    assert not node.posted


def test_versions_are_compared_without_a_gateway(bob, tmp_path):
    register = ROOT / "deploy/examples/tfl-register.csv"
    old = (ROOT / "deploy/examples/tfl-mps.yaml").read_text()
    (tmp_path / "old.yaml").write_text(old)
    (tmp_path / "new.yaml").write_text(old.replace("share: [read]", "share: [read, overview]").replace("365d", "30d"))
    (tmp_path / "new.csv").write_text("\n".join(register.read_text().splitlines()[:-1]) + "\n")
    answer = bob("", "policy", "diff", tmp_path / "old.yaml", tmp_path / "new.yaml", register)
    assert answer.code == DONE, answer
    for words in ("agreement TFL-MPS-2026-01", "+ overview images now included", "- kept for 30 days, before 365 days"):
        assert words in answer.text
    change = bob("", "policy", "diff", tmp_path / "old.yaml", tmp_path / "new.yaml", register, "--json").json
    assert (change["widens"], change["narrows"], [i["part"] for i in change["items"]]) == (True, True, ["share", "keep_for"])
    assert "- 1 camera removed or no longer live" in bob("", "policy", "diff", register, tmp_path / "new.csv").text
    assert "nothing of what may be shared" in bob("", "policy", "diff", register, register).text
    for wrong in ((register, tmp_path / "old.yaml"), (tmp_path / "old.yaml", tmp_path / "new.yaml"), (register, register, register),
                  (tmp_path / "old.yaml", tmp_path / "new.yaml", tmp_path / "new.yaml"), (register,)):
        assert bob("", "policy", "diff", *wrong).code == USAGE


# --- what is made of answers ---

def test_a_receipt_is_shown_and_kept(node, bob, tmp_path):
    receipt = stored_receipt()
    node.answer = done(receipt)
    answer = bob(node, *OFF, "--receipt", "off.receipt")
    assert answer.code == DONE and answer.errors == ""
    for words in ("Off.", "everything of tfl-ulez is off", "Works.", "entry 10", "entry 11", "63 ms", "publisher 3",
                  "CN=bob, tfl", "tfl-ulez to anpr.reads: nothing after number 1204", "2 at 777"):
        assert words in answer.text, words
    assert (tmp_path / "off.receipt").read_bytes() == receipt
    assert "\33" not in answer.text, "no colours where no terminal is"
    assert bob(node, *OFF, "--json").json == node.answer[1]


@pytest.mark.parametrize("receipt", [
    stored_receipt(entries=(8,)),
    stored_receipt(entry_hash=bytes(32)),
    stored_receipt()[:-20],
    b"nonsense",
])
def test_a_receipt_for_something_else_is_no_receipt(node, bob, receipt, tmp_path):
    node.answer = 200, done(stored_receipt())[1]
    node.answer[1]["receipt"]["stored"] = __import__("base64").b64encode(receipt).decode()
    answer = bob(node, *OFF, "--receipt", "off.receipt")
    assert answer.code == REFUSED and "do not rely on it" in answer.errors
    assert not (tmp_path / "off.receipt").exists()


RECORDED = {"outcome": "recorded", "entry": 10, "hash": "cd" * 32, "effect": "off", "waiting_for": [2, 5]}
STOPPED = {"outcome": "stopped_here", "command": "ef" * 32, "effect": "off"}


@pytest.mark.parametrize("status, body, code, words", [
    (202, RECORDED, NOT_YET, "NOT YET ENFORCED"),
    (202, STOPPED, NOT_YET, "ON THIS NODE ONLY, and NOT RECORDED"),
    (400, {"error": "no such partner"}, REFUSED, "no such partner"),
    (403, {"error": "CN=bob may not"}, REFUSED, "CN=bob may not"),
    (409, {"error": "stale"}, REFUSED, "decide again"),
    (503, {"error": "broker away"}, UNREACHABLE, "broker away"),
    (504, {"error": "too long"}, UNREACHABLE, "too long"),
    (200, b"<html>", REFUSED, "nothing is confirmed"),
    (200, {"outcome": "well"}, REFUSED, "nothing is confirmed"),
    (200, {"outcome": "done", "entry": 10, "hash": "cd" * 32, "receipt": None}, NOT_YET, "NO RECEIPT"),
    (202, {"outcome": "done"}, REFUSED, "nothing is confirmed"),
    (418, b"", REFUSED, "418"),
])
def test_what_answers_mean(node, bob, status, body, code, words):
    node.answer = status, body
    answer = bob(node, *OFF)
    assert answer.code == code and words in answer.text + answer.errors
    as_json = bob(node, *OFF, "--json")
    assert as_json.code == code
    assert as_json.json == body if code == NOT_YET else "error" in as_json.json


def test_nobody_answers(bob):
    answer = bob(nobody(), *OFF)
    assert answer.code == UNREACHABLE and "nothing was done that anybody confirmed" in answer.errors
    assert bob(nobody(), "status").code == UNREACHABLE


def test_off_goes_to_the_next_node_after_a_second_with_the_same_bytes(node, second, bob):
    node.delay["/v1/commands"] = 30
    second.answer = done(stored_receipt())
    began = time.monotonic()
    assert bob([node, second], *OFF).code == DONE
    assert 0.9 < time.monotonic() - began < 25
    assert node.posted[0].command == second.posted[0].command


@pytest.mark.parametrize("first", [(202, RECORDED), (202, STOPPED), (403, {"error": "x"}), (503, {"error": "x"})])
def test_off_goes_on_after_any_answer_but_done(node, second, bob, first):
    node.answer, second.answer = first, done(stored_receipt())
    assert bob([node, second], *OFF).code == DONE
    assert len(second.posted) == 1


def test_the_best_of_several_answers_counts(node, second, bob):
    node.answer, second.answer = (202, STOPPED), (202, RECORDED)
    assert "NOT YET ENFORCED" in bob([node, second], *OFF).text
    assert "NOT YET ENFORCED" in bob([second, node], *OFF).text
    assert bob([nobody(), node], *OFF).code == NOT_YET


def test_one_connection_serves_a_whole_command(node, bob):
    assert bob(node, *OFF).code == DONE
    assert len(node.asked) >= 1 and len(node.posted) == 1
    assert node.connections == 1


@pytest.mark.parametrize("said", [True, False])
def test_a_connection_that_is_closed_is_made_again(node, bob, said):
    node.hangs_up, node.headers = True, {"Connection": "close"} if said else {}
    assert bob(node, *OFF).code == DONE
    assert node.connections == len(node.asked) + len(node.posted) > 1 and len(node.posted) == 1


def test_off_gives_up_after_5_s_and_says_so(node, bob):
    node.delay["/v1/commands"] = 30
    began = time.monotonic()
    answer = bob(node, *OFF)
    assert answer.code == UNREACHABLE and 4.5 < time.monotonic() - began < 25


def test_what_widens_is_sent_to_one_node_only(node, second, bob):
    node.answer = 403, {"error": "no"}
    assert bob([node, second], "on", "tfl-ulez", "--reason", "x").code == REFUSED
    assert not second.posted


# --- the journal's head ---

def test_off_does_not_wait_for_the_head(node, bob):
    node.views["/v1/head"] = 503, {"error": "busy"}
    assert bob(node, *OFF).code == DONE
    assert node.command.head_sequence == 0 and node.command.head_hash == b""


@pytest.mark.parametrize("now, history", [
    ({"sequence": 4, "hash": "ab" * 32}, []),
    ({"sequence": 9, "hash": "00" * 32}, []),
    ({"sequence": 12, "hash": "99" * 32}, [{"number": 9, "hash": "00" * 32}]),
])
def test_a_journal_that_lost_what_was_seen_is_refused_loudly(node, bob, now, history):
    assert bob(node, "on", "tfl-ulez", "--reason", "x").code == DONE
    node.views["/v1/head"], node.views["/v1/history"] = dict(now, gateway="gw-1"), history
    answer = bob(node, "on", "tfl-ulez", "--reason", "x")
    assert answer.code == REFUSED and "ROLLED BACK OR REPLACED" in answer.errors
    assert len(node.posted) == 1
    assert bob(node, *OFF).code == DONE, "stopping is never held up"


def test_a_journal_that_went_on_is_fine(node, bob):
    assert bob(node, "on", "tfl-ulez", "--reason", "x").code == DONE
    node.views["/v1/head"] = {"gateway": "gw-1", "sequence": 12, "hash": "99" * 32}
    node.views["/v1/history"] = [{"number": 9, "hash": "ab" * 32}]
    assert bob(node, "on", "tfl-ulez", "--reason", "x").code == DONE
    assert node.command.head_sequence == 12


# --- views ---

HISTORY = [{"number": 3, "time": "2026-11-01T12:00:00.000Z", "node": "gw-1", "who": {"organisation": "tfl", "subject": "CN=bob"},
            "action": "off", "partners": ["tfl-ulez"], "reason": "\u001b[31mred\u009b", "effect": "all off", "fences": True,
            "enforced_by": None, "hash": "00" * 32}]


def test_views_are_tables_and_json(node, bob):
    node.views["/v1/history"] = HISTORY
    answer = bob(node, "history", "--partner", "a b&c", "--since", "2026-11-01T00:00:00+01:00")
    assert answer.code == DONE
    assert node.asked[-1] == "/v1/history?partner=a%20b%26c&since=2026-11-01T00%3A00%3A00%2B01%3A00"
    for words in ("CN=bob, tfl", "2026-11-01 12:00:00", "tfl-ulez", "NOT YET", "all off"):
        assert words in answer.text
    assert "\33" not in answer.text and "\u009b" not in answer.text, "what others wrote does not steer the terminal"
    assert bob(node, "history", "--json").json == HISTORY


@pytest.mark.parametrize("verb, path, empty", [
    (["proposals"], "/v1/proposals", "Nothing has been proposed."),
    (["agreements"], "/v1/agreements", "Nothing is agreed, so nothing is shared."),
    (["cameras", "p"], "/v1/cameras", "No camera is registered"),
    (["history"], "/v1/history", "Nothing there."),
])
def test_nothing_is_said_where_nothing_is(node, bob, verb, path, empty):
    node.views[path] = []
    assert empty in bob(node, *verb).text


def test_what_a_proposal_would_change(node, bob):
    closed = PROPOSAL | {"number": 6, "state": "refused", "change": None}
    node.views["/v1/proposals"] = [closed, PROPOSAL]
    text = bob(node, "proposals").text
    for words in (" agreement A\n", "+ 212 cameras more", "- speed dropped", " register\n", "+ 1 camera new", "tfl, mopac"):
        assert words in text
    assert "as it was then" not in text and "\33" not in text
    node.views["/v1/proposals"] = [PROPOSAL]
    answer = bob(node, "proposals", 7, "--ids")
    assert node.asked[-1] == "/v1/proposals?number=7&cameras=1"
    for words in ("    + U-1\n", "    + U-3\n", "CN=alice, mps", "2026-12-01 12:00:00"):
        assert words in answer.text
    assert "+ speed_kph" not in answer.text and "\33" not in answer.text
    assert bob(node, "proposals", 7, "--json").json == PROPOSAL
    node.views["/v1/proposals"] = [closed]
    assert "as it was then" in bob(node, "proposals", 6).text
    node.views["/v1/proposals"] = []
    assert bob(node, "proposals", 7).code == REFUSED
    assert bob(node, "proposals", "x").code == USAGE


def test_what_is_approved_is_seen_first(node, bob):
    node.views["/v1/proposals"] = [PROPOSAL]
    answer = bob(node, "approve", 7, "--reason", "Board.")
    assert answer.code == DONE and answer.text.index("212 cameras more") < answer.text.index("Approved.")
    node.answer = done(effect="tfl consents to proposal 7: " + CHANGE["words"] + "; still needs the consent of mopac")
    node.answer[1]["change"] = CHANGE
    answer = bob(node, "approve", 7, "--reason", "Board.")
    assert "tfl consents to proposal 7: still needs the consent of mopac" in answer.text
    assert answer.text.count("212 cameras more") == 2 and CHANGE["words"] not in answer.text
    assert bob(node, "approve", 7, "--reason", "Board.", "--json").json["change"] == CHANGE
    posted = len(node.posted)
    node.views["/v1/proposals"] = []
    answer = bob(node, "approve", 7, "--reason", "Board.")
    assert answer.code == REFUSED and "no proposal 7" in answer.errors and len(node.posted) == posted


def test_long_lines_are_broken_between_words(node, bob):
    node.views["/v1/proposals"] = [PROPOSAL | {"change": CHANGE | {"items": [CHANGE["items"][0] | {"words": "many words " * 20}]}}]
    lines = bob(node, "proposals", 7, COLUMNS="60").text.splitlines()
    told = [line for line in lines if "many words" in line]
    assert len(told) > 3 and all(len(line) <= 60 for line in told)
    assert told[1].startswith(" " * 15 + "many") or told[1].startswith(" " * 15 + "words")


@pytest.mark.parametrize("odd", [{}, [], [1], [None], [{}], {"partners": [{}], "problems": [3]}, "x", 7])
def test_odd_answers_do_no_harm(node, bob, odd):
    for path in ("status", "proposals", "agreements", "cameras", "history"):
        node.views[f"/v1/{path}"] = odd
        assert bob(node, path, *(["p"] if path == "cameras" else [])).code in (DONE, REFUSED)
    assert bob(node, "proposals", 7).code in (DONE, REFUSED)
    node.views["/v1/proposals"] = [PROPOSAL | {"change": odd}, PROPOSAL | {"change": {"items": odd, "words": odd}}]
    assert bob(node, "proposals").code == DONE


def test_problems_are_told(node, bob):
    node.views["/v1/status"] = {"gateway": "gw-1", "partners": [{"id": "tfl-ulez", "on": True}], "problems": ["the broker is away"]}
    text = bob(node, "status").text
    assert "problem: the broker is away" in text and "tfl-ulez" in text


# --- usage ---

@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_teaches(bob, verb):
    for arguments in ((verb, "--help"), ("help", verb), (verb, "x", "--help")):
        answer = bob("", *arguments)
        assert answer.code == DONE and f"usage: anprctl {verb}" in answer.text and f"\n  anprctl {verb}" in answer.text
        assert "Exit status: 0 done" in answer.text


@pytest.mark.parametrize("arguments, words", [
    ([], "usage"),
    (["frobnicate"], "there is no 'frobnicate'"),
    (["status", "--frob"], "--frob is unknown"),
    (["status", "x"], "too many"),
    (["off", "--reason", "x"], "which partner?"),
    (["off", "a", "b", "--reason", "x"], "too many"),
    (["off", "a", "--all", "--reason", "x"], "either a partner or --all"),
    (["off", "a"], "say why"),
    (["off", "a", "--reason", ""], "say why"),
    (["off", "a", "--reason", "x", "--rule", "r"], "--rule needs --agreement"),
    (["off", "a", "--reason", "x", "--class", "all"], "--class is"),
    (["off", "a", "--reason", "x", "--for", "12"], "--for takes"),
    (["off", "a", "--reason", "x", "--for", "-1h"], "--for takes"),
    (["off", "a", "--reason", "x", "--cameras", "/dev/null"], "names no camera"),
    (["approve", "seven", "--reason", "x"], "not a proposal's number"),
    (["approve", "--reason", "x"], "something is missing"),
    (["propose", "x.txt"], "is called *.yaml"),
    (["propose", "no-such.csv"], "No such file"),
    (["policy", "burn", "x"], "anprctl policy test FILE"),
    (["cluster", "burn"], "there is no 'cluster burn'"),
    (["cluster", "check"], "--config"),
    (["tail"], "which Kafka?"),
    (["tail", "--kafka", "x:1"], "--kafka-ca"),
    (["tail", "--kafka", "x:1", "--count", "0"], "--count"),
    (["tail", "--kafka", "x:1", "--from", "now"], "--kafka-ca"),
])
def test_wrong_usage_is_told(bob, arguments, words):
    answer = bob(nobody(), *arguments)
    assert answer.code == USAGE and words in answer.text + answer.errors


def test_what_the_form_forbids_is_refused_before_it_is_sent(node, bob):
    answer = bob(node, "off", "no such/partner", "--reason", "x")
    assert answer.code == REFUSED and "partner" in answer.errors and not node.posted
    assert bob(node, "off", "a", "--reason", "x" * 1001).code == REFUSED and not node.posted


def test_keys_are_found_or_asked_for(node, bob, pki, tmp_path):
    assert "ANPRCTL_KEY" in bob(node, "status", ANPRCTL_KEY=None).errors
    assert "which gateway?" in bob(node, "status", ANPRCTL_GATEWAY=None).errors
    open_key = tmp_path / "open.key"
    open_key.write_bytes((pki / "bob.key").read_bytes())
    open_key.chmod(0o644)
    answer = bob(node, "status", "--key", open_key)
    assert answer.code == USAGE and "chmod 600" in answer.errors


def test_the_profile(node, bob, pki, tmp_path):
    node.views["/v1/status"] = {"gateway": "gw-1"}
    (tmp_path / ".config").mkdir()
    for name in ("bob.pem", "bob.key", "gateway-ca.pem"):
        target = tmp_path / ".config" / name
        target.write_bytes((pki / name).read_bytes())
        target.chmod(0o600)
    profile = tmp_path / ".config/anprctl.yaml"
    profile.write_text(f"gateway: {node.url}\ncert: bob.pem\nkey: bob.key\nca: gateway-ca.pem\n")
    unset = dict(ANPRCTL_GATEWAY=None, ANPRCTL_CERT=None, ANPRCTL_KEY=None, ANPRCTL_CA=None)
    assert bob(node, "status", **unset).code == DONE
    assert bob(node, "status", **dict(unset, ANPRCTL_GATEWAY=nobody())).code == UNREACHABLE, "the environment comes first"
    assert bob(node, "status", "--gateway", node.url, **dict(unset, ANPRCTL_GATEWAY=nobody())).code == DONE
    profile.write_text("gateway: x\npasword: y\n")
    answer = bob(node, "status", **unset)
    assert answer.code == USAGE and "anprctl.yaml:2:1: there is no option 'pasword'" in answer.errors
    profile.write_text("- a\n")
    assert bob(node, "status", **unset).code == USAGE


def test_an_impostor_gateway_is_not_spoken_to(node, bob, pki):
    answer = bob(node, *OFF, ANPRCTL_CA=str(pki / "mps-ca.pem"))
    assert answer.code == UNREACHABLE and not node.posted and not node.asked


@pytest.mark.parametrize("name, code", [("tfl-mps.yaml", DONE), ("nh-register.csv", DONE)])
def test_policy_check(bob, name, code):
    answer = bob("", "policy", "check", ROOT / "deploy/examples" / name)
    assert answer.code == code and "good" in answer.text
    assert len(bob("", "policy", "check", ROOT / "deploy/examples" / name, "--json").json["sha256"]) == 64


def test_a_full_disk_is_not_success(node, bob, pki):
    node.views["/v1/status"] = {"gateway": "gw-1"}
    with open("/dev/full", "w", encoding="utf-8") as full:
        env = {"HOME": "/nonexistent", "ANPRCTL_GATEWAY": node.url, "ANPRCTL_CA": str(pki / "gateway-ca.pem"),
               "ANPRCTL_CERT": str(pki / "bob.pem"), "ANPRCTL_KEY": str(pki / "bob.key")}
        assert subprocess.run([program("anprctl"), "status", "--json"], env=env, stdout=full, timeout=30).returncode == REFUSED
    assert json.dumps(node.asked) == '["/v1/status"]'


# --- completion ---

def completed(folder, *words):
    """What bash offers for the last of these words."""
    typed = " ".join(f"'{w}'" for w in ("anprctl", *words))
    script = f'. <("{program("anprctl")}" completion); COMP_WORDS=({typed}) COMP_CWORD={len(words)}; _anprctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-euc", script], cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return sorted(done.stdout.split())


def test_completion_offers_what_there_is(tmp_path):
    for name in ("a.yaml", "b.csv"):
        (tmp_path / name).touch()
    assert set(VERBS) <= set(completed(tmp_path, ""))
    assert completed(tmp_path, "pro") == ["proposals", "propose"]
    assert completed(tmp_path, "off", "tfl-ulez", "--rea") == ["--reason"]
    assert completed(tmp_path, "off", "tfl-ulez", "--reason", "") == [], "nobody's words are guessed"
    assert completed(tmp_path, "propose", "") == ["a.yaml", "b.csv"] == completed(tmp_path, "cluster", "apply", "--config", "")
    assert completed(tmp_path, "policy", "") == ["check", "diff", "test"]
    assert completed(tmp_path, "nonsense", "") == []


def test_every_verb_of_the_help_is_completed(bob, tmp_path):
    listed = re.findall(r"^  ([a-z]+)  +\S", bob(nobody(), "--help").text, re.M)
    assert set(listed) <= set(completed(tmp_path, "")) and len(listed) > 15
