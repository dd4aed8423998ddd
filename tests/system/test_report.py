# SPDX-License-Identifier: Apache-2.0
"""anprctl report: every number counted again from the topics by other code (support/recount.py), and nothing in it that
does not belong there."""

import json
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from support.evidence import Evidence
from support.messages import ledger_pb2
from support.page_text import Page
from support.people import DONE, REFUSED, UNREACHABLE, USAGE
from support.places import free_port, program
from support.recount import Recount, told
from support.wait import eventually

pytestmark = pytest.mark.timeout(600)      # the story is long, and a machine may be slow
HOSTILE = "<script>alert('x')</script> & \"<img src=//evil.example/x>\" ]]> CN=bob"
LABEL = "<b>West & \"Minster\"</b>"


def today(days=0):
    return (datetime.now(timezone.utc) + timedelta(days=days)).date().isoformat()


PERIOD = ("--from", today(-2), "--to", today(1))


def propose(person, path, *more):
    """The proposal's number, however often it has to be asked."""
    before = len(person.must("history"))

    def proposed():
        answer = person.try_to("propose", path, *more, "--json")
        made = [h["number"] for h in person.must("history")[before:] if h["action"].startswith("propose")]
        return made[-1] if answer.code == DONE or made else None
    return eventually(proposed, f"{path.name} proposed")


@pytest.fixture(scope="module")
def story(install_in_module):
    """Two partners; switches turned by three people and a file, an agreement changed, one withdrawn, lines that are no
    reads; then nothing moves any more."""
    it = install_in_module(("tfl-ulez", "national-highways"))
    it.partner("tfl-ulez", "--rate", 100)
    it.partner("national-highways", "--rate", 30, "--batch-seconds", 1)
    register = it.folder / "tfl-ulez" / "cameras.csv"
    register.write_text(register.read_text().replace(",Westminster,", ',"' + LABEL.replace('"', '""') + '",'))
    it.agreement("tfl-ulez", ["ULEZ-*"], necessity=HOSTILE)
    it.agreement("national-highways", ["NH-*"], rules=[{"name": "nights", "cameras": ["NH-*"], "hours": {
        "zone": "Europe/London", "days": ["sun"], "from": "22:00", "to": "22:01"}}])
    it.prepare()
    it.start()
    alice, bob, nina = (it.people[name] for name in ("alice", "bob", "nina"))
    for partner, controller in (("tfl-ulez", bob), ("national-highways", nina)):
        propose(controller, it.folder / partner / "cameras.csv", "--partner", partner)
        controller.insist("approve", propose(alice, it.agreements[partner]), "--reason", "As agreed.")
        for person in (alice, controller):
            person.insist("on", partner, "--agreement", it.agreements[partner].stem, "--reason", "Going live.")
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 60, "reads")
    bob.insist("off", "tfl-ulez", "--cameras", "ULEZ-0001*", "--reason", HOSTILE)
    alice.insist("off", "tfl-ulez", "--area", "Camden", "--reason", "Not needed there.")
    alice.insist("on", "tfl-ulez", "--area", "Camden", "--reason", "Needed again.")
    bob.insist("off", "tfl-ulez", "--area", "Newham", "--reason", "One camera only.")
    bob.insist("off", "tfl-ulez", "--for", "1s", "--reason", "A moment.")
    nina.insist("withdraw", "NH-MPS-1", "--reason", "Review.")
    changed = yaml.safe_load(it.agreements["tfl-ulez"].read_text())
    changed["rules"] = [{"name": "all", "cameras": ["ULEZ-0000*", "ULEZ-0002*"]}, {"name": "more", "cameras": ["ULEZ-0003*"]}]
    it.agreements["tfl-ulez"].write_text(yaml.safe_dump(changed, sort_keys=False))
    bob.insist("approve", propose(alice, it.agreements["tfl-ulez"]), "--reason", "Fewer.")
    stop = it.state / "stop" / "tfl-ulez"
    stop.touch()
    eventually(lambda: [h for h in alice.must("history") if h["action"] == "stop_file"], "the stop file in the journal")
    stop.unlink()
    eventually(lambda: [h for h in alice.must("history") if h["action"] == "stop_file_removed"], "its removal in the journal")
    eventually(lambda: all(h["enforced_by"] for h in alice.must("history") if h["fences"]), "all is enforced")
    eventually(lambda: it.totals("tfl-ulez")["rejected"] > 0, "a line that is no read")
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 60, "reads after all that")
    for simulator in it.simulators.values():
        simulator.control(finish=True)
    eventually(lambda: it.totals("tfl-ulez")["published"] == len(consumer.read_all_until_end()), "all published")
    it.gateway.stop()
    return it


@pytest.fixture(scope="module")
def evidence(story):
    return Evidence(story)


def run(*arguments):
    done = subprocess.run([program("anprctl"), "report", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def ask(it, *arguments, who="verifier", period=PERIOD):
    code, out, err = run(*period, "--prefix", it.prefix, *it.kafka(who), *arguments, "--format", "json")
    assert code == DONE, err
    return json.loads(out)


@pytest.fixture(scope="module")
def full(story):
    return ask(story)


@pytest.fixture(scope="module")
def public(story):
    return ask(story, "--public")


def compare(report, evidence, **zone):
    want = Recount(evidence, report["period"]["from"], report["period"]["to"], made_at=report["made_at"], **zone).answer()
    got = told(report)
    for part in want:
        assert got[part] == want[part], part
    return want


def test_every_number_is_what_the_topics_say(full, evidence):
    want = compare(full, evidence)
    actions = [action for _, _, action, *_ in want["changes"]]
    assert {"off", "on", "withdraw", "approve", "propose_agreement", "stop_file", "stop_file_removed", "period_ended"} <= set(actions)
    assert len(want["offs"]) >= 6 and all(receipt["took_ms"] > 0 for *_, receipt in want["offs"])
    assert len(want["agreements"]) == 3 and {a["in_force"]["ended_by"] for a in full["agreements"]} == {"replaced", "withdrawn", None}
    assert any(d["rejected_by_reason"] for p in full["partners"] for d in p["days"])
    assert any(areas.get(LABEL) for *_, areas in want["sharing"]["TFL-MPS-1"]["days"])


def test_sums_add_up(full):
    for partner in full["partners"]:
        for row in [partner["total"], *partner["days"]]:
            assert row["received"] == row["permitted"] + row["denied"] + row["rejected"]
            assert row["denied"] == sum(row["denied_by_reason"].values())
            assert row["rejected"] == sum(row["rejected_by_reason"].values())
        assert partner["total"]["received"] == sum(d["received"] for d in partner["days"]) > 0


def test_hours_do_not_count_as_off(full):
    """The rule of National Highways holds one minute a week; what was switched on is on."""
    nh = next(s for s in full["sharing"] if s["agreement"] == "NH-MPS-1")
    assert max(step["on"] for step in nh["steps"]) > 40 and nh["steps"][-1]["on"] == 0


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_days_of_other_zones(story, evidence, zone):
    report = ask(story, "--zone", zone)
    assert report["period"]["zone"] == zone
    compare(report, evidence, zone=zone)


@pytest.mark.parametrize("first, last, hours", [("2026-03-29", "2026-03-29", 23), ("2026-10-25", "2026-10-25", 25)])
def test_days_on_which_clocks_change(story, evidence, first, last, hours):
    report = ask(story, period=("--from", first, "--to", last))
    day, = report["period"]["days"]
    assert datetime.fromisoformat(day["ends"][:-1]) - datetime.fromisoformat(day["begins"][:-1]) == timedelta(hours=hours)
    compare(report, evidence)


def test_a_period_with_nothing_in_it(story, evidence):
    report = ask(story, period=("--from", "2020-01-01", "--to", "2020-01-31"))
    compare(report, evidence)
    assert report["agreements"] == report["changes"] == report["offs"] == report["sharing"] == []
    assert all(p["total"]["received"] == 0 and len(p["days"]) == 31 for p in report["partners"]) and report["period"]["complete"]


def test_who_may_read_now_is_known_or_said_not_to_be(story, full):
    now = full["readers"]["now"]
    assert not now["known"] and now["why"] and now["readers"] == [], now
    now = ask(story, who="broker")["readers"]["now"]
    assert now["known"] and now["why"] is None
    assert {(r["topic"], r["principal"]) for r in now["readers"]} == {
        (topic, who) for topic in map(story.topic_of, story.partners) for who in ("User:CN=police,O=mps", "User:CN=verifier,O=ico")}
    for kept in ask(story, who="broker")["readers"]["retention"]:
        assert kept["agreed_ms"] == 365 * 86_400_000 >= kept["effective_ms"] == kept["retention_ms"] + kept["segment_ms"]
        assert kept["within"] is True


def test_it_says_what_was_verified(story, full):
    assert full["verification"]["clean"] and not full["verification"]["reads_checked"] and full["verification"]["reads"] == 0
    reads = ask(story, "--reads")["verification"]
    assert reads["clean"] and reads["reads_checked"]
    assert reads["reads"] == reads["reads_accounted"] == sum(p["total"]["published"] for p in full["partners"])


# What does not belong there

def words(report):
    """Every text in it, keys too."""
    return json.dumps(report, ensure_ascii=False)


def positions(story):
    for partner in story.partners:
        for line in (story.folder / partner / "cameras.csv").read_text().splitlines()[1:]:
            yield from re.findall(r"-?\d+\.\d{3,}", line)


def test_no_registration_marks_and_no_positions(story, full, public, evidence):
    marks = {r.read.read.vrm for r in story.consumer().read_all_until_end() if len(r.read.read.vrm) > 5}
    assert len(marks) > 20
    for report in (words(full), words(public)):
        assert not [m for m in marks if m in report]
        assert not [p for p in positions(story) if p in report]


def test_the_public_form_names_nobody(full, public):
    text = words(public)
    for name in ("alice", "bob", "nina", "omar", "iris", "dpo@", "Not needed there.", "Review.", "ULEZ-0001"):
        assert name in words(full) or name in ("omar", "iris")
        assert name not in text.replace(HOSTILE, "").replace(json.dumps(HOSTILE)[1:-1], "")
    assert "CN=" not in text.replace(json.dumps(HOSTILE)[1:-1], "") and public["form"] == "public"
    assert all(c["who"] is None or c["who"]["subject"] is None for c in public["changes"])
    assert {c["organisation"] for a in public["agreements"] for c in a["consented"]} == {"mps", "tfl", "nh"}


def test_the_public_form_rounds_reads(full, public):
    def same(exact, rounded):
        if exact == 0:
            assert rounded == 0
        elif exact < 10:
            assert rounded == "<10"
        else:
            assert rounded % 10 == 0 and abs(rounded - exact) <= 5
    for a, b in zip(full["partners"], public["partners"]):
        for exact, rounded in [(a["total"], b["total"]), *zip(a["days"], b["days"])]:
            for key in ("received", "permitted", "published", "denied", "rejected", "images_dropped"):
                same(exact[key], rounded[key])
            for key in ("denied_by_reason", "rejected_by_reason"):
                assert exact[key].keys() == rounded[key].keys()
                for why in exact[key]:
                    same(exact[key][why], rounded[key][why])


def test_the_public_form_joins_small_areas(full, public):
    joined = 0
    for a, b in zip(full["sharing"], public["sharing"]):
        for exact, coarse in zip(a["days"], b["days"]):
            assert sum(x["agreed"] for x in coarse["areas"].values()) == exact["agreed"] == coarse["agreed"]
            assert sum(x["on"] for x in coarse["areas"].values()) == exact["on"] == coarse["on"]
            joined += len([label for label in exact["areas"] if label not in coarse["areas"]])
            small = [x for label, x in coarse["areas"].items() if x["agreed"] < 5 and "fewer" not in label]
            assert not small or any(max(d["areas"].get(label, {"agreed": 0})["agreed"] for d in a["days"]) >= 5
                                    for label in coarse["areas"])
    assert joined > 0
    assert "Newham" in words(full) and "Newham" not in words(public), "one camera, by a switch"
    assert {c["covers"]["area"] for c in public["changes"] if c["covers"]} == {None, "Camden", "(areas with fewer than 5 cameras)"}


# Trouble

@pytest.mark.parametrize("arguments, words", [
    (["--to", "2026-11-01"], "--from"), (["--from", "2026-11-01"], "--to"),
    (["--from", "2026-11-02", "--to", "2026-11-01"], "before it begins"),
    (["--from", "2026-02-30", "--to", "2026-03-01"], "is no day"), (["--from", "today", "--to", "2026-03-01"], "is no day"),
    (["--from", "2026-11-01T00:00:00Z", "--to", "2026-12-01"], "is no day"), (["--from", "", "--to", "2026-12-01"], "is no day"),
    (["--from", "2024-11-01", "--to", "2026-11-01"], "366 days"), (["--from", "2026-11-01", "--to", "2026-11-01"], "--kafka"),
    (["--from", "2026-11-01", "--to", "2026-11-01", "--zone", "Europe/Nowhere"], "no time zone"),
    (["--from", "2026-11-01", "--to", "2026-11-01", "--zone", "../../etc/passwd"], "no time zone"),
    (["--from", "2026-11-01", "--to", "2026-11-01", "--zone", "Asia/Kolkata"], "hour of UTC"),
    (["--from", "2026-11-01", "--to", "2026-11-01", "--format", "pdf"], "--format takes"),
])
def test_wrong_usage(arguments, words):
    code, out, err = run(*arguments)
    assert (code, out) == (USAGE, "") and words in err


def test_no_broker(story, tmp_path):
    target = tmp_path / "report.json"
    keys = story.kafka("verifier")
    keys[1] = f"127.0.0.1:{free_port()}"
    code, out, err = run(*PERIOD, *keys, "-o", target)
    assert code == UNREACHABLE and out == "" and err and not target.exists()


def test_topics_that_are_not_there(story):
    code, out, err = run(*PERIOD, "--prefix", "nobody.", *story.kafka("verifier"))
    assert code == REFUSED and "nobody.anpr" in err and out == ""


def of_bundle(evidence, path, *options):
    return run(*PERIOD, "--bundle", evidence.save(path), "--format", "json", *options)


def test_a_bundle_says_the_same(full, evidence, tmp_path):
    code, out, _ = of_bundle(evidence, tmp_path / "bundle")
    report = json.loads(out)
    assert code == DONE and told(report) == told(full) and "bundle" in report["readers"]["now"]["why"]


def test_a_ledger_that_is_no_longer_whole_gives_way_to_accounts(evidence, tmp_path):
    cut = evidence.copy()
    for ledger in cut.ledgers():
        del ledger[:len(ledger) // 2]
    code, out, _ = of_bundle(cut, tmp_path / "bundle")
    report = json.loads(out)
    assert code == DONE and report["gaps"]["known_from"]
    compare(report, cut)
    assert any(d["hours_from_accounts"] for p in report["partners"] for d in p["days"])
    assert told(report)["partners"].keys() == Recount(evidence, PERIOD[1], PERIOD[3]).answer()["partners"].keys()


@pytest.mark.parametrize("cut", ["beginning", "middle", "end", "all"])
def test_a_journal_that_was_cut_gives_no_report(evidence, tmp_path, cut):
    cut_evidence = evidence.copy()
    entries = cut_evidence.journal()
    {"beginning": lambda: entries.pop(0), "middle": lambda: entries.pop(len(entries) // 2), "end": lambda: entries.pop(),
     "all": entries.clear}[cut]()
    if cut == "end":        # as far back as the last that a transaction was decided under
        newest = max(ledger_pb2.LedgerRecord.FromString(i.value).policy_version for l in cut_evidence.ledgers() for i in l)
        del entries[newest - 1:]
    target = tmp_path / "report.json"
    code, out, err = of_bundle(cut_evidence, tmp_path / "bundle", "-o", target)
    assert code == REFUSED and out.strip() in ("", err) and "journal" in err and not target.exists()


def test_what_the_verification_finds_is_told(evidence, tmp_path):
    """One read made out of nothing in the ledger."""
    forged = evidence.copy()
    ledger = next(l for l in forged.ledgers() if len(l) > 20)

    def more(value):
        record = ledger_pb2.LedgerRecord.FromString(value)
        for p in record.partners:
            p.totals.received += 1
            p.totals.permitted += 1
        return record.SerializeToString()
    at = next(i for i, item in enumerate(ledger) if ledger_pb2.LedgerRecord.FromString(item.value).partners)
    forged.rewrite(ledger, at, more)
    code, out, err = of_bundle(forged, tmp_path / "bundle")
    report = json.loads(out)
    assert code == REFUSED and "something wrong" in err
    assert not report["verification"]["clean"] and "ledger_broken" in {o["offence"] for o in report["verification"]["offences"]}


def test_a_report_is_written_whole_or_not_at_all(evidence, tmp_path):
    target = tmp_path / "report.json"
    code, out, _ = of_bundle(evidence, tmp_path / "bundle", "-o", target)
    assert (code, out) == (DONE, "") and json.loads(target.read_text())["form"] == "full"
    code, _, err = of_bundle(evidence, tmp_path / "bundle", "-o", tmp_path / "nowhere" / "report.json")
    assert code == REFUSED and "nowhere" in err


# The page

def page_of(evidence, path, *options):
    code, out, err = run(*PERIOD, "--bundle", evidence.save(path), *options)
    assert code == DONE, err
    return Page(out), out


@pytest.fixture(scope="module")
def page(evidence, tmp_path_factory):
    return page_of(evidence, tmp_path_factory.mktemp("page") / "bundle")


@pytest.fixture(scope="module")
def public_page(evidence, tmp_path_factory):
    return page_of(evidence, tmp_path_factory.mktemp("page") / "bundle", "--public")


def shown(value):
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def shown_time(value):
    return "–" if value is None else value[:-1].replace("T", " ")


@pytest.mark.parametrize("form", ["full", "public"])
def test_the_page_has_the_numbers_of_the_model(form, request):
    model, (page, _) = request.getfixturevalue(form), request.getfixturevalue("page" if form == "full" else "public_page")
    for rows, partner in zip(page.rows("Reads by day"), model["partners"], strict=True):
        assert rows == [{"Day": d["date"], "Received": shown(d["received"]), "Permitted": shown(d["permitted"]),
                         "Denied": shown(d["denied"]), "Rejected": shown(d["rejected"]), "Published": shown(d["published"]),
                         "Images left out": shown(d["images_dropped"]), "Cameras that sent": shown(d["cameras_sent"]),
                         "Cameras with reads permitted": shown(d["cameras_shared"])} for d in partner["days"]]
    for rows, partner in zip(page.rows("Reads denied and rejected over the period, by reason"), model["partners"], strict=True):
        assert [(r["What became of them"], r["Why"], r["Reads"]) for r in rows] == [
            (what, why.replace("_", " "), shown(n)) for what in ("denied", "rejected")
            for why, n in partner["total"][f"{what}_by_reason"].items()]
    for rows, sharing in zip(page.rows("Cameras by day"), model["sharing"], strict=True):
        assert rows == [{"Day": d["date"], "Agreed": shown(d["agreed"]), "On": shown(d["on"])} for d in sharing["days"]]
    offs, = page.rows("Offs, withdrawals, ends and other narrowings")
    assert [(r["Entry"], r["Commanded"], r["Enforced"], r["Took"]) for r in offs] == [
        (shown(o["number"]), shown_time(o["commanded"]), shown_time(o["receipt"]["fenced"]),
         f"{o['receipt']['took_ms'] / 1000:.3f} s") for o in model["offs"]]
    assert all(o["receipt"]["hash"] in r["Receipt"] for r, o in zip(offs, model["offs"], strict=True))
    decisions, = page.rows("Decisions")
    assert [(r["Entry"], r["What"].replace(" ", "_"), r["Time"], r["Hash"], r["Reason given"]) for r in decisions] == [
        (shown(c["number"]), c["action"], shown_time(c["time"]), c["hash"], shown(c["reason"])) for c in model["changes"]]
    assert [v for name, v in page.facts if name == "Its text, by SHA-256"] == [a["sha256"] for a in model["agreements"]]
    assert [v for name, v in page.facts if name == "Necessity"] == [a["necessity"] for a in model["agreements"]]
    duties, = page.rows("Logging duties, and where each is met")
    assert [(r["Duty"], r["Met here"]) for r in duties] == [(d["duty"], d["met"]) for d in model["duties"]]
    assert all(limit in page.text for limit in model["limits"])


@pytest.mark.parametrize("form", ["page", "public_page"])
def test_the_page_runs_nothing_and_asks_for_nothing(form, request):
    page, source = request.getfixturevalue(form)
    assert page.runs == page.asks == page.unnamed == []
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "embed", "form", "base", "video", "audio", "image",
                                 "use", "foreignobject"})
    assert "default-src 'none'" in source and "@import" not in source and "url(" not in source
    assert len(page.ids) == len(set(page.ids)) and {"agreements", "reads", "offs", "duties", "limits"} <= set(page.ids)
    assert LABEL in page.text and "<html lang=" in source


def test_other_peoples_words_stay_words(page):
    assert page[0].text.count(HOSTILE) >= 3        # a reason, told in two tables, and the necessity of two versions
    assert "<script" not in page[1] and "<img" not in page[1]


def test_the_public_page_names_nobody_and_no_place(story, public_page):
    text = public_page[0].text.replace(HOSTILE, "")
    for name in ("alice", "bob", "nina", "dpo@", "Not needed there.", "ULEZ-0001", "CN="):
        assert name not in text
    assert not [p for p in positions(story) if p in public_page[1]]


def test_the_summary_does_not_tell_few_as_none(full, public, page, public_page):
    for model, (_, source) in ((full, page), (public, public_page)):
        for key in ("received", "permitted", "denied", "rejected"):
            counts = [p["total"][key] for p in model["partners"]]
            told = sum(n for n in counts if n != "<10")
            shown = f"{told:,}" if told or "<10" not in counts else "&lt;10"
            assert f"<li><b>{shown}</b>{'reads ' if key == 'received' else ''}{key}</li>" in source


def test_a_page_of_a_period_with_nothing_in_it(evidence, tmp_path):
    code, out, _ = run("--from", "2020-01-01", "--to", "2020-01-02", "--bundle", evidence.save(tmp_path / "bundle"))
    page = Page(out)
    assert code == DONE and "No agreement was in force." in page.text and "<svg viewBox=\"0 0 760" not in out
