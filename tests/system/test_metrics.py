# SPDX-License-Identifier: Apache-2.0
"""Metrics, liveness and readiness: what a monitor on the node is told, read by Prometheus' own parser."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
import requests
import yaml

from support.places import program
from support.prometheus import MONITORING, labelled, promtool, samples_of
from support.wait import eventually

VERSION = subprocess.run([program("anpr-gateway"), "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
PERSONAL = re.compile(r"ULEZ-\d|[A-Z]{2}\d\d[A-Z]{3}|CN=|51\.\d{3}")


@pytest.fixture(scope="module")
def story(install_in_module, own_broker_in_module):
    it = install_in_module(("tfl-ulez",), own_broker_in_module)
    return it.share("--rate", 60, "--trouble", "unknown_camera=0.05,malformed=0.05")


def ask(it, path, method="GET"):
    return requests.request(method, f"http://127.0.0.1:{it.metrics_port}{path}", timeout=20)


def scrape(it):
    """{(name, labels): value} of /metrics."""
    answer = ask(it, "/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.text
    return samples_of(answer.text)


def of_partner(samples, name):
    return labelled(samples, name, partner="tfl-ulez")


def test_counts_are_those_of_status(story):
    """Status before and after: what is between the two is right."""
    def totals():
        return story.people["alice"].status()["partners"][0]["totals"]

    def between():
        before, samples, after = totals(), scrape(story), totals()
        for key in ("received", "permitted", "published"):
            assert before[key] <= of_partner(samples, f"anpr_reads_{key}_total") <= after[key]
        reasons = {**before["denied_by_reason"], **before["rejected_by_reason"]}
        for name, kind in (("anpr_reads_denied_total", "denied_by_reason"), ("anpr_reads_rejected_total", "rejected_by_reason")):
            for reason, n in before[kind].items():
                assert n <= labelled(samples, name, partner="tfl-ulez", reason=reason) <= after[kind][reason]
        return reasons
    eventually(lambda: len(between()) >= 2, "a read denied, one rejected")


def test_what_is_so_now(story):
    samples = eventually(lambda: (s := scrape(story)) and of_partner(s, "anpr_partner_newest_arrival_timestamp_seconds") and s, "reads")
    assert labelled(samples, "anpr_build_info", gateway="gw-1", version=VERSION) == 1
    assert of_partner(samples, "anpr_partner_on") == 1 and of_partner(samples, "anpr_partner_held") == 0
    assert of_partner(samples, "anpr_partner_cameras") == 60
    assert labelled(samples, "anpr_partner_source_state", partner="tfl-ulez", state="streaming") == 1
    assert sum(v for (n, _), v in samples.items() if n == "anpr_partner_source_state") == 1
    assert abs(of_partner(samples, "anpr_partner_newest_arrival_timestamp_seconds") - time.time()) < 60
    assert labelled(samples, "anpr_surroundings_well") == 1
    day, now = 86400, time.time()
    ends = labelled(samples, "anpr_agreement_end_timestamp_seconds", agreement="TFL-MPS-1", partner="tfl-ulez")
    review = labelled(samples, "anpr_agreement_review_timestamp_seconds", agreement="TFL-MPS-1", partner="tfl-ulez")
    assert now + 250 * day < ends < now + 350 * day and now + 150 * day < review < ends
    for organisation in ("mps", "tfl", "nh", "ico"):
        assert labelled(samples, "anpr_trust_root_expiry_timestamp_seconds", organisation=organisation) > now
    assert labelled(samples, "anpr_kafka_certificate_expiry_timestamp_seconds") > now
    assert labelled(samples, "anpr_proposals_open") == 0


def test_proposals_offs_and_receipts_are_counted(story):
    bob, before = story.people["bob"], scrape(story)
    story.people["alice"].must("propose", story.agreement("tfl-ulez", ["ULEZ-*"], purposes=["serious-crime", "missing-persons"]))
    bob.off("tfl-ulez", "--reason", "Works.")
    after = scrape(story)
    assert labelled(after, "anpr_proposals_open") == 1
    assert of_partner(after, "anpr_partner_on") == 0
    assert labelled(after, "anpr_off_receipt_seconds_count") > labelled(before, "anpr_off_receipt_seconds_count")
    assert labelled(after, "anpr_journal_not_yet_enforced") == 0
    bob.must("on", "tfl-ulez", "--reason", "Done.")
    eventually(lambda: of_partner(scrape(story), "anpr_partner_on") == 1, "on again")


def test_histograms_add_up(story):
    samples = scrape(story)
    for name in ("anpr_off_receipt_seconds", "anpr_publisher_transaction_seconds"):
        series = {}
        for (sample, labels), value in samples.items():
            if sample == f"{name}_bucket":
                rest = tuple(kv for kv in labels if kv[0] != "le")
                series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
        assert series
        for rest, buckets in series.items():
            values = [v for _, v in sorted(buckets)]
            assert values == sorted(values) and sorted(buckets)[-1][0] == float("inf")
            assert values[-1] == samples[f"{name}_count", rest] > 0 < samples[f"{name}_sum", rest]


def test_nothing_personal_and_nothing_else(story):
    assert not PERSONAL.search(ask(story, "/metrics").text)
    for path in ("/", "/v1/status", "/v1/history", "/metrics/x", "/metricsx"):
        assert ask(story, path).status_code == 404
    assert ask(story, "/metrics?x=1").status_code == 200
    assert ask(story, "/metrics", "POST").status_code >= 400
    assert ask(story, "/metrics", "DELETE").status_code >= 400


def test_the_admin_listener_has_none_of_it(story):
    pki = story.pki
    answer = requests.get(f"{story.admin_url}/metrics", cert=(pki / "alice.pem", pki / "alice.key"), verify=pki / "gateway-ca.pem",
                          timeout=20)
    assert answer.status_code == 404


def test_readiness_tells_the_truth(story):
    assert ask(story, "/livez").text == "alive\n"
    eventually(lambda: ask(story, "/readyz").status_code == 200, "ready")
    story.broker.kill()
    try:
        def told():
            answer = ask(story, "/readyz")
            return answer.status_code == 503 and "not ready" in answer.text
        eventually(told, "not ready without the broker")
        assert ask(story, "/livez").status_code == 200
    finally:
        story.broker.start()
    eventually(lambda: ask(story, "/readyz").status_code == 200, "ready again")


def test_liveness_tells_the_truth(story):
    core = story.gateway.children("core")[0]
    os.kill(core, signal.SIGSTOP)
    try:
        assert ask(story, "/livez").status_code == 504
    finally:
        os.kill(core, signal.SIGCONT)
    eventually(lambda: ask(story, "/livez").status_code == 200, "alive again")


# --- what is shipped for Prometheus and Grafana ---

def rules():
    return [r for g in yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"] for r in g["rules"]]


def dashboard_expressions():
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    return [t["expr"].replace("$__rate_interval", "5m").replace("$partner", ".*") for p in panels for t in p["targets"]]


def test_prometheus_own_check_finds_nothing(story):
    promtool("check", "metrics", text=ask(story, "/metrics").text)


def test_alerts_fire_when_they_should_and_each_is_tested():
    promtool("check", "rules", "alerts.yaml")
    promtool("test", "rules", "alerts.test.yaml")
    promtool("check", "config", "prometheus.yaml")
    tested = {a["alertname"] for t in yaml.safe_load((MONITORING / "alerts.test.yaml").read_text())["tests"]
              for a in t["alert_rule_test"] if a["exp_alerts"]}
    assert tested == {r["alert"] for r in rules()}


def test_the_dashboard_asks_what_can_be_asked(tmp_path):
    groups = {"groups": [{"name": "g", "rules": [{"record": f"r{i}", "expr": e} for i, e in enumerate(dashboard_expressions())]}]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(groups))
    promtool("check", "rules", tmp_path / "rules.yaml")


def test_alerts_and_dashboard_name_metrics_that_there_are(story):
    there = set(re.findall(r"^# TYPE (anpr_\w+)", ask(story, "/metrics").text, re.M))
    asked = set(re.findall(r"\banpr_[a-z_]+", " ".join(dashboard_expressions() + [r["expr"] for r in rules()])))
    assert {re.sub(r"_bucket$", "", name) for name in asked} <= there
