# SPDX-License-Identifier: Apache-2.0
"""One installation with 5,000 cameras, and people's browsers on it."""

import csv
import io
import json

import pytest
from playwright.sync_api import sync_playwright

from support.broker import Broker
from support.installation import Installation
from support.places import PATIENCE, ROOT, make_pki
from support.ui import Ui

CHROMIUM = "/usr/bin/chromium"
MARKUP = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'


def rename_first(path):
    """A camera whose name is markup."""
    rows = list(csv.DictReader(path.open()))
    rows[0]["name"] = MARKUP
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue())


@pytest.fixture(scope="session")
def it(tmp_path_factory):
    """Two partners that share, tfl-ulez with 5,000 cameras, and a proposal that is open."""
    pki = make_pki(tmp_path_factory.mktemp("pki"))
    with Broker(tmp_path_factory.mktemp("kafka") / "broker", pki) as broker, \
            Installation(tmp_path_factory.mktemp("gateway"), pki, broker) as it:
        it.partner("tfl-ulez", "--rate", 40, cameras=5000)
        rename_first(it.folder / "tfl-ulez" / "cameras.csv")
        it.agreement("tfl-ulez", ["ULEZ-*"])
        it.partner("national-highways", "--rate", 20, "--batch-seconds", 2, cameras=60)
        it.agreement("national-highways", ["*"])
        it.begin()
        it.people["alice"].must("propose", it.agreement("tfl-ulez", ["ULEZ-0*"], purposes=["serious-crime", "missing-persons"]))
        yield it


@pytest.fixture(scope="session")
def shots():
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def figures(shots):
    """What was measured: for reading, not for passing."""
    found = {}
    yield found
    (shots / "figures.json").write_text(json.dumps(found, indent=1) + "\n")


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """One person's browser. Whatever it asked of whom, and what went wrong in it, is kept."""

    def __init__(self, chromium, it, who, ui=None, **options):
        pki = it.pki
        certificate = [{"origin": it.admin_url, "certPath": pki / f"{who}.pem", "keyPath": pki / f"{who}.key"}]
        self.context = chromium.new_context(
            client_certificates=[] if ui else certificate,
            ignore_https_errors=not ui, **{"viewport": {"width": 1280, "height": 900}} | options)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.page, self.url = self.context.new_page(), it.admin_url
        if ui:
            self.url = f"http://127.0.0.1:{ui.port}"
            self.page.goto(ui.url)
        self.asked, self.wrong = [], []
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" and "Failed to load resource" not in m.text else None)

    def to(self, view=""):
        self.page.goto(f"{self.url}/#/{view}")
        self.page.wait_for_selector("h1")
        return self.page

    def end(self):
        self.context.close()
        assert not self.wrong, self.wrong
        strange = [u for u in self.asked if not u.startswith((self.url + "/", "blob:", "data:"))]
        assert not strange, strange


@pytest.fixture
def visit_signing(chromium, it):
    """visit_signing("bob") opens the page through bob's `anprctl ui`, which may read Kafka as the verifier."""
    made = []

    def visit(who, **options):
        person = it.people[who]
        ui = Ui(person.environment(), *it.kafka("verifier"), "--prefix", it.prefix, folder=person.home)
        made.append((Visit(chromium, it, who, ui, **options), ui))
        return made[-1][0]
    yield visit
    for one, ui in made:
        try:
            one.end()
        finally:
            ui.__exit__()


@pytest.fixture
def visit(chromium, it):
    """visit("alice") opens the page as alice."""
    made = []

    def visit(who, **options):
        made.append(Visit(chromium, it, who, **options))
        return made[-1]
    yield visit
    for one in made:
        one.end()
