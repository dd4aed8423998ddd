# SPDX-License-Identifier: Apache-2.0
"""An installation that lives on six dates of a month, and the report of that month; see chaos/month.

Every process has its wall clock moved by the same file (moved_clock.c): preloaded into broker, simulators and anprctl; in
the gateway, whose processes begin with an environment of their own, linked in, with the file beside the program."""

import json
import os
import shutil
import struct
import subprocess
from datetime import datetime, timedelta, timezone

import yaml

from . import installation
from .broker import Broker
from .evidence import Evidence
from .installation import PARTNERS, Installation
from .people import DONE
from .places import BUILD, program
from .recount import Recount, told
from .wait import eventually

DATES = (0, 4, 9, 15, 22, 29)       # days from now
DAY_MS = 86_400_000


class Month:
    def __init__(self, folder, pki, rate, say):
        self.folder, self.pki, self.rate, self.say = folder, pki, rate, say
        gateway = folder / "anpr-gateway"
        shutil.copy(BUILD / "tests/anpr-gateway-moved", gateway)
        self.clock = folder / "anpr-gateway.clock"
        self._set(0)
        self.environment = {"LD_PRELOAD": str(BUILD / "tests/moved_clock.so"), "MOVED_CLOCK": str(self.clock)}
        os.environ |= self.environment          # what is started from here on
        self._program = installation.program
        installation.program = lambda name: gateway if name == "anpr-gateway" else self._program(name)
        self.broker = Broker(folder / "broker", pki)
        self.it = Installation(folder / "gateway", pki, self.broker, "", PARTNERS)
        self.alice, self.bob, self.nina = (self.it.people[name] for name in ("alice", "bob", "nina"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.it.__exit__()
        self.broker.run("destroy")
        installation.program = self._program
        for name in self.environment:
            os.environ.pop(name)

    def _set(self, days):
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("=q", days * DAY_MS))

    # A date

    def run(self):
        for number, days in enumerate(DATES):
            self._begin(number, days)
            done = getattr(self, f"_date_{number}")()
            published = self._flow()
            self._end(last=days == DATES[-1])
            self.say(f"day {days}: {done}; {published} reads on the topics")
        return self._figures()

    def _begin(self, number, days):
        self._set(days)
        if number:
            self.broker.start()
        for partner in PARTNERS:
            self.it.partner(partner, "--rate", self.rate, "--batch-seconds", 1, "--seed", 7 + number)
        if not number:
            self.it.agreement("tfl-ulez", ["ULEZ-*"])
            self.it.agreement("national-highways", ["NH-*"])
            self.it.prepare()
        self.it.write_config()
        self.it.start()

    def _end(self, last):
        self.it.gateway.stop()
        for simulator in self.it.simulators.values():
            simulator.stop()
        if not last:
            self.broker.stop()

    def _flow(self):
        """More of whatever is on than there was."""
        ledger = sum(p["totals"]["received"] for p in self.alice.status()["partners"])
        eventually(lambda: sum(p["totals"]["received"] for p in self.alice.status()["partners"]) > ledger + 200, "reads")
        return sum(p["totals"]["published"] for p in self.alice.status()["partners"])

    def _date_0(self):
        for partner, controller in (("tfl-ulez", self.bob), ("national-highways", self.nina)):
            self.it.agree(partner)
            for person in (self.alice, controller):
                person.insist("on", partner, "--agreement", self.it.agreements[partner].stem, "--reason", "Going live.")
        return "two agreements, all on"

    def _date_1(self):
        self.bob.insist("off", "tfl-ulez", "--cameras", "ULEZ-0001*", "--reason", "Works.")
        return "cameras off"

    def _date_2(self):
        self.bob.insist("on", "tfl-ulez", "--cameras", "ULEZ-0001*", "--reason", "Done.")
        self.alice.insist("off", "tfl-ulez", "--area", "Camden", "--reason", "Not needed.")
        return "cameras on, an area off"

    def _date_3(self):
        self.nina.insist("withdraw", "NH-MPS-1", "--reason", "Review.")
        return "an agreement withdrawn"

    def _date_4(self):
        path = self.it.agreements["tfl-ulez"]
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {
            "rules": [{"name": "all", "cameras": ["ULEZ-0000*", "ULEZ-0002*"]}, {"name": "more", "cameras": ["ULEZ-0003*"]}]}))
        number = self.alice.must("propose", path)["entry"]
        self.bob.insist("approve", number, "--reason", "Fewer.")
        self.alice.insist("off", "tfl-ulez", "--cameras", "ULEZ-0003*", "--for", "48h", "--reason", "Two days.")
        return "an agreement changed, cameras off for two days"

    def _date_5(self):
        eventually(lambda: [h for h in self.alice.must("history") if h["action"] == "period_ended"], "the end of the two days")
        self.alice.insist("on", "tfl-ulez", "--area", "Camden", "--reason", "Needed.")
        return "the two days ended by themselves, the area on"

    # The report

    def _report(self, bundle, *options):
        first = datetime.now(timezone.utc)
        period = ("--from", first.date().isoformat(), "--to", (first + timedelta(days=DATES[-1] + 1)).date().isoformat())
        done = subprocess.run([program("anprctl"), "report", *period, "--bundle", bundle, *options],
                              capture_output=True, text=True)
        assert done.returncode == DONE, done.stderr
        return done.stdout

    def _figures(self):
        evidence = Evidence(self.it)
        bundle = evidence.save(self.folder / "month.bundle")
        report = json.loads(self._report(bundle, "--format", "json"))
        for name, options in (("month.html", ()), ("month-public.html", ("--public",))):
            (self.folder / name).write_text(self._report(bundle, *options))
        want = Recount(evidence, report["period"]["from"], report["period"]["to"], made_at=report["made_at"]).answer()
        got = told(report)
        wrong = [part for part in want if got[part] != want[part]]
        shared = [d for p in report["partners"] for d in p["days"] if d["received"]]
        numbers = sum(1 for part in want.values() for _ in leaves(part))
        return {"right": not wrong and len(shared) >= len(DATES), "wrong": wrong, "compared": numbers,
                "days": len(report["period"]["days"]), "days_with_reads": len({d["date"] for d in shared}),
                "received": sum(p["total"]["received"] for p in report["partners"]),
                "permitted": sum(p["total"]["permitted"] for p in report["partners"]),
                "changes": len(report["changes"]), "offs": len(report["offs"]), "gaps": len(report["gaps"]["list"]),
                "clean": report["verification"]["clean"]}


def leaves(value):
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)
    else:
        yield value
