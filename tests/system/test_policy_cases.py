# SPDX-License-Identifier: Apache-2.0
"""anprctl policy test: what cases can say, what is said of those that are wrong, and that the examples' cover them."""

import json
import subprocess

import pytest

from support.evaluator import REASONS
from support.places import ROOT, program

EXAMPLES = ROOT / "deploy/examples"
AGREEMENT = """\
agreement: A-1
partner: p
recipient: {organisation: mps, topic: anpr.reads, principals: ["User:CN=police,O=mps"]}
consents: [mps, tfl]
controller: {name: C, contact: c@example}
instrument: I
documents: [{title: D, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]
necessity: N
purposes: [serious-crime]
valid: {from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z}
keep_for: 30d
share: [read, overview]
drop: [lane, position, country]
rules:
  - {name: day, cameras: ["A-*"], hours: {zone: Europe/London, days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00"}}
  - {name: nights, cameras: ["A-*"], hours: {zone: Europe/London, days: [sat], from: "22:00", to: "06:00"}}
  - {name: other, cameras: ["B-*"]}
"""
REGISTER = """\
camera_id,external_ids,name,latitude,longitude,area,state
A-1,,One,51.5,-0.1,City,live
A-2,,Two,51.5,-0.1,City,live
B-1,,Three,51.5,-0.1,City,live
"""
HEAD = "agreements: a.yaml\nregisters: r.csv\norganisation: tfl\ndefaults: {camera: A-1, confidence: 0.9}\n"


def run(folder, *arguments):
    return subprocess.run([program("anprctl"), "policy", "test", *map(str, arguments)], cwd=folder, capture_output=True,
                          text=True, timeout=60, env={"HOME": str(folder), "PATH": "/usr/bin"})


@pytest.fixture
def cases(tmp_path):
    """cases(text) runs the text beside an agreement and a register."""
    (tmp_path / "a.yaml").write_text(AGREEMENT)
    (tmp_path / "r.csv").write_text(REGISTER)

    def test(text, *more, head=HEAD):
        (tmp_path / "c.yaml").write_text(head + text)
        return run(tmp_path, "c.yaml", *more)
    return test


def one(read, expect, more=""):
    return f"cases:\n  - name: it\n    read: {{{read}}}\n    {expect}\n{more}"


def passes(answer, n=1):
    return answer.returncode == 0 and f"{n} of {n} cases as expected." in answer.stdout


def test_the_examples_are_covered():
    """Every rule is seen to share; every reason that these agreements can give is seen."""
    answer = run(ROOT, *sorted(EXAMPLES.glob("*.cases.yaml")), "--json")
    said = json.loads(answer.stdout)
    assert answer.returncode == 0 and said["failed"] == 0, [r for r in said["results"] if not r["passed"]]
    assert {p.name.replace(".cases", "") for p in EXAMPLES.glob("*.cases.yaml")} == {p.name for p in EXAMPLES.glob("*-mps.yaml")}
    rules = {(r["agreement"], r["rule"]) for case in said["results"] for r in case["rules"]}
    shown = {(r["agreement"], r["rule"]) for case in said["results"] for r in case["rules"] if r["permits"]}
    assert rules == shown and len(rules) == 4
    assert {case["reason"] for case in said["results"]} - {None} == set(REASONS) - {"duplicate"}
    assert "note" not in run(ROOT, *sorted(EXAMPLES.glob("*.cases.yaml"))).stdout


# --- what cases can say ---

# In 2026 clocks go forward on 29 March at 01:00 UTC, and back on 25 October at 01:00 UTC.
@pytest.mark.parametrize("captured, expect", [
    ("2026-03-28T21:59:59Z", "deny: outside_hours"),
    ("2026-03-28T22:00:00Z", "permit: nights"),
    ("2026-03-29T00:59:59Z", "permit: nights"),
    ("2026-03-29T01:00:00Z", "permit: nights"),          # 02:00 BST
    ("2026-03-29T04:59:59.999Z", "permit: nights"),      # 05:59 BST
    ("2026-03-29T05:00:00Z", "deny: outside_hours"),     # 06:00 BST, an hour early by UTC
    ("2026-10-24T20:59:59Z", "deny: outside_hours"),
    ("2026-10-24T21:00:00Z", "permit: nights"),          # 22:00 BST
    ("2026-10-25T00:30:00Z", "permit: nights"),          # 01:30 BST
    ("2026-10-25T01:30:00Z", "permit: nights"),          # 01:30 GMT, the second one
    ("2026-10-25T05:59:59Z", "permit: nights"),
    ("2026-10-25T06:00:00Z", "deny: outside_hours"),
    ("2026-03-30T07:00:00Z", "permit: day"),             # 08:00 BST
    ("2026-03-30T06:59:59Z", "deny: outside_hours"),
    ("2026-10-26T08:00:00Z", "permit: day"),
    ("2026-10-26T07:59:59Z", "deny: outside_hours"),
])
def test_nights_through_both_changes_of_the_clock(cases, captured, expect):
    answer = cases(one(f"captured: {captured}", expect))
    assert passes(answer), answer.stdout


@pytest.mark.parametrize("read, expect", [
    ("captured: 2026-06-03T12:00:00Z", "permit: day"),
    ("captured: 2026-06-03T12:00:00Z, images: [overview, plate_patch]", "permit: {rule: day, share: [read, overview]}"),
    ("captured: 2026-06-03T12:00:00Z", "permit: {drop: [country, position, lane], agreement: A-1}"),
    ("captured: 2026-06-03T12:00:00Z, camera: B-1", "permit: other"),
    ("captured: 2026-06-03T12:00:00Z, kind: no_plate", "deny: wrong_kind"),
    ("captured: 2026-06-03T12:00:00Z, arrived: 2026-06-03T11:59:00Z", "deny: in_future"),
    ("captured: 2026-06-03T12:00:00Z, arrived: 25h", "deny: too_old"),
    ("captured: 2026-06-03T12:00:00Z, published: 2027-01-01T00:00:00Z", "deny: expired"),
    ("captured: 2026-06-03T12:00:00Z, camera: C-1", "deny: unknown_camera"),
])
def test_reads(cases, read, expect):
    answer = cases(one(read, expect))
    assert passes(answer), answer.stdout


def test_versions_and_registers_in_time(cases, tmp_path):
    (tmp_path / "later.yaml").write_text(AGREEMENT.replace('["B-*"]', '["B-*", "C-*"]'))
    (tmp_path / "later.csv").write_text(REGISTER + "C-1,,Four,51.5,-0.1,City,live\n")
    head = ("agreements: [a.yaml, {file: later.yaml, agreed: 2026-05-02T00:00:00Z, withdrawn: 2026-06-01T00:00:00Z}]\n"
            "registers: [r.csv, {file: later.csv, from: 2026-05-01T00:00:00Z}]\n")
    rows = [("2026-04-30T12:00:00Z", "deny: unknown_camera"), ("2026-05-01T12:00:00Z", "deny: not_in_schedule"),
            ("2026-05-03T12:00:00Z", "permit: other"), ("2026-06-01T12:00:00Z", "deny: expired")]
    text = "cases:\n" + "".join(f"  - name: {at}\n    read: {{camera: C-1, captured: \"{at}\"}}\n    {want}\n" for at, want in rows)
    answer = cases(text, head=head)
    assert passes(answer, 4), answer.stdout


def test_what_comes_later_is_not_known_yet(cases):
    """An off after publication does not reach back, whatever its clock bound."""
    off = "switches: [{at: 2026-06-03T12:00:02Z, turn: off, side: mps}]\n"
    read = "captured: 2026-06-03T12:00:00Z, "
    assert passes(cases(one(read + "published: 999ms", "permit: day"), head=HEAD + off))
    assert passes(cases(one(read + "published: 1s", "deny: partner_off"), head=HEAD + off))


def test_a_rule_that_nothing_shows(cases):
    answer = cases(one("captured: 2026-06-03T12:00:00Z", "permit: day"))
    assert passes(answer)
    assert "c.yaml: note: no case shows that rule nights of A-1 shares anything" in answer.stdout
    assert "rule day" not in answer.stdout


# --- what is said of those that did not come out as expected ---

FAILURES = [
    (one("captured: 2026-06-07T12:00:00Z", "permit: nights"), """\
c.yaml:6: not as expected: it
  expected   permit by rule nights
  got        deny outside_hours
  rule       day of A-1: outside_hours (shares mon tue wed thu fri 08:00 to 18:00, Europe/London; captured sun 13:00 there)
  rule       nights of A-1: outside_hours (shares sat 22:00 to 06:00, Europe/London; captured sun 13:00 there)
  others     1 rule does not cover the camera
"""),
    (one("captured: 2026-06-03T12:00:00Z", "deny: camera_off"), """\
c.yaml:6: not as expected: it
  expected   deny camera_off
  got        permit under A-1 by rule day, sharing read overview, without lane country position
  rule       day of A-1: permits
  rule       nights of A-1: outside_hours (shares sat 22:00 to 06:00, Europe/London; captured wed 13:00 there)
  others     1 rule does not cover the camera
"""),
    (one("captured: 2026-06-03T12:00:00Z, camera: B-1", "permit: {rule: other, share: [read], drop: []}"), """\
c.yaml:6: not as expected: it
  expected   permit by rule other, sharing read, with every field
  got        permit under A-1 by rule other, sharing read overview, without lane country position
  rule       other of A-1: permits
  others     2 rules do not cover the camera
"""),
    (one("captured: 2026-06-03T12:00:00Z, camera: C-1", "permit: day"), """\
c.yaml:6: not as expected: it
  expected   permit by rule day
  got        deny unknown_camera
  rules      3 rules do not cover the camera
"""),
]


@pytest.mark.parametrize("text, want", FAILURES)
def test_failures_say_why(cases, text, want):
    answer = cases(text)
    assert answer.returncode == 1 and answer.stderr == ""
    assert answer.stdout.startswith(want), answer.stdout
    assert answer.stdout.endswith("0 of 1 cases as expected.\n")
    said = json.loads(cases(text, "--json").stdout)
    assert (said["cases"], said["failed"]) == (1, 1) and not said["results"][0]["passed"]


# --- what is wrong with a file, all at once ---

ERRORS = [
    ("cases: []\n", ["c.yaml:5:8: 'cases' needs 1 to 5000 items"]),
    ("casess: []\n", ["c.yaml:5:1: unknown key 'casess'", "c.yaml:1:1: 'cases' is missing"]),
    (one("captured: yesterday, confidence: 2, kind: plate", "deny: outside"),
     ["c.yaml:7:22: 'captured' is not a time with an offset, such as 2026-11-01T00:00:00Z",
      "c.yaml:7:45: 'confidence' is not a number from 0 to 1",
      "c.yaml:7:54: 'kind' is vrm, hashed_tag or no_plate",
      "c.yaml:8:11: 'deny' is none of the reasons; 'anprctl policy --help' lists them",
      "c.yaml:6:5: neither the read nor 'defaults' has a 'captured'"]),
    (one("captured: 2026-06-03T12:00:00Z, arrived: soon", "deny: duplicate"),
     ["c.yaml:7:53: 'arrived' is neither a time with an offset nor a duration, such as 90s or 36h",
      "c.yaml:8:11: a case is one read by itself: that it is a duplicate cannot be seen"]),
    ("cases:\n  - name: it\n    read: {captured: 2026-06-03T12:00:00Z}\n",
     ["c.yaml:6:5: a case expects either 'permit' or 'deny'"]),
    (one("captured: 2026-06-03T12:00:00Z", "permit: day\n    deny: too_old"),
     ["c.yaml:6:5: a case expects either 'permit' or 'deny'"]),
    (one("captured: 2026-06-03T12:00:00Z", "permit: day", one("captured: 2026-06-03T12:00:00Z", "permit: day")[7:]),
     ["c.yaml:9:5: another case has this name, line 6"]),
    (one("captured: 2026-06-03T12:00:00Z", "permit: [{rule: day}, {rule: other}]"),
     ["c.yaml:8:14: where several agreements permit, each is named",
      "c.yaml:8:27: where several agreements permit, each is named"]),
    (one("captured: 2026-06-03T12:00:00Z", "permit: {rule: dya, agreement: A-2}") +
     "switches:\n  - {at: 2026-06-01T00:00:00Z, turn: off, side: nh, rule: dya}\n",
     ["c.yaml:10: no agreement here has a rule 'dya'",
      "c.yaml:10: 'nh' is neither a recipient nor the partner's organisation, which 'organisation' names",
      "c.yaml:8: no file here is the agreement 'A-2'"]),
    ("switches: [{at: 2026-06-02T00:00:00Z, turn: maybe, side: tfl}, {at: 2026-06-01T00:00:00Z, turn: on, side: tfl}]\n" +
     one("captured: 2026-06-03T12:00:00Z", "permit: day"),
     ["c.yaml:5:45: 'turn' is on or off", "c.yaml:5:64: 'switches' are not in the order of their times"]),
]


@pytest.mark.parametrize("text, wanted", ERRORS)
def test_errors_are_told_with_their_places(cases, text, wanted):
    answer = cases(text)
    assert answer.returncode == 1 and answer.stdout == ""
    assert answer.stderr.removeprefix("anprctl: ").splitlines() == wanted


@pytest.mark.parametrize("head, wanted", [
    ("agreements: none.yaml\nregisters: r.csv\n", "c.yaml:1: "),
    ("agreements: a.yaml\nregisters: {file: r.csv, from: 2026-06-01T00:00:00Z}\n", "there is no register yet when a.yaml is agreed"),
    ("agreements: r.csv\nregisters: r.csv\n", "r.csv:1:"),
    ("agreements: [a.yaml, {file: a.yaml, agreed: 2026-06-01T00:00:00Z, withdrawn: 2026-06-01T00:00:00Z}]\nregisters: r.csv\n",
     "'withdrawn' is not after 'agreed'"),
])
def test_files_that_are_not_as_they_should_be(cases, head, wanted):
    answer = cases(one("camera: A-1, captured: 2026-06-03T12:00:00Z", "permit: day"), head=head)
    assert answer.returncode == 1 and wanted in answer.stderr, answer.stderr


def test_usage(tmp_path):
    assert run(tmp_path).returncode == 2
    answer = run(tmp_path, "nothing.yaml")
    assert answer.returncode == 1 and "nothing.yaml" in answer.stderr
