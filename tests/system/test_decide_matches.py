# SPDX-License-Identifier: Apache-2.0
"""The gateway's decisions against those of an evaluator of its own, over random worlds.

A world is a partner with registers, agreements and switches that change over a few days around the
night the clocks go back; reads are aimed at the moments where something changes. A difference prints
the seed, so that one world can be looked at again: DECIDE_SEED=n pytest ... runs it alone.
"""

import csv
import io
import os
import random
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from support.evaluator import CLASSES, DAYS, Evaluator, Register, Switch, Version

HOUR = 3_600_000
DAY = 24 * HOUR
BASE = 1_792_886_400_000        # 2026-10-25T00:00:00Z: an hour later the clocks go back in London
KINDS = {"vrm": 1, "hashed_tag": 2, "no_plate": 3}
BITS = {"read": 1, "plate_patch": 2, "overview": 4}
CAMERA_ZONES = ["Europe/London"] * 6 + ["", "Europe/Dublin", "America/New_York", "UTC"]
STATES = ["live"] * 20 + ["offered", "commissioning", "retired"]


def program():
    path = Path(os.environ.get("ANPR_BUILD", "build/dev")) / "tests" / "decide_cli"
    return Path(__file__).resolve().parents[2] / path


class World:
    """Everything drawn from one seed; written as the commands of decide_cli and as an Evaluator."""

    def __init__(self, seed, folder):
        self.random, self.seed, self.folder = random.Random(seed), seed, folder
        self.moments = {BASE, BASE + HOUR, BASE - DAY}
        self.commands, self.files = [], 0
        self.bound = self.random.choice([0, 500, 2000, 60_000])
        self.ids = [f"C-{i:02d}" for i in range(self.random.randint(1, 14))]
        self.commands.append(f"reset\npartner\tp\ttfl\t{self.bound}")
        self.registers = self.make_registers()
        self.versions = self.make_versions()
        self.switches = self.make_switches()
        self.compiled = BASE + self.random.choice([2, 2, 2, 3, 9]) * DAY
        self.commands.append(f"compile\t{self.compiled}")
        self.evaluator = Evaluator("tfl", self.bound, self.registers, self.versions, self.switches, self.compiled)

    def moment(self):
        """Mostly new; now and then one where something else happens, too."""
        if self.random.random() < 0.2:
            return self.random.choice(sorted(self.moments))
        at = BASE + self.random.randint(-2 * DAY, 2 * DAY) // 60_000 * 60_000
        self.moments.add(at)
        return at

    def keep(self, text, suffix):
        self.files += 1
        path = self.folder / f"{self.files}.{suffix}"
        path.write_text(text, encoding="utf-8")
        return path

    def make_registers(self):
        registers = []
        starts = sorted(self.moment() for _ in range(self.random.randint(0, 2))) if self.random.random() < 0.6 else []
        for start in ([BASE - 40 * DAY] if self.random.random() < 0.99 else []) + starts:
            file = io.StringIO()
            out = csv.writer(file)
            out.writerow(["camera_id", "external_ids", "latitude", "longitude", "state", "zone"])
            present = [i for i in self.ids if self.random.random() < 0.9] or self.ids[:1]
            externals = self.random.sample(range(20), len(present))
            for camera, external in zip(present, externals):
                out.writerow([camera, f"serial:{external}", round(self.random.uniform(51, 52), 3),
                              round(self.random.uniform(-1, 1), 3), self.random.choice(STATES),
                              self.random.choice(CAMERA_ZONES)])
            self.commands.append(f"register\t{start}\t{self.keep(file.getvalue(), 'csv')}")
            registers.append(Register.read(start, file.getvalue()))
        return registers

    def make_rule(self, name):
        rule = {"name": name}
        if self.random.random() < 0.8:
            globs = ["*", "*", "C-*", "C-*", "C-0*", "C-?1", "C-1*", "X*"] + self.ids[:4]
            rule["cameras"] = sorted(set(self.random.sample(globs, self.random.randint(1, 2))))
        if "cameras" not in rule or self.random.random() < 0.2:
            rule["area"] = [[round(self.random.uniform(50.8, 52.2), 4), round(self.random.uniform(-1.2, 1.2), 4)]
                            for _ in range(self.random.randint(3, 6))]
        if self.random.random() < 0.25:
            begin, end = self.random.sample(range(0, 24 * 60, 30), 2)
            rule["hours"] = {"zone": self.random.choice(["Europe/London", "America/New_York", "Asia/Kolkata",
                                                         "Australia/Lord_Howe"]),
                             "days": self.random.sample(DAYS, self.random.randint(1, 7)),
                             "from": f"{begin // 60:02d}:{begin % 60:02d}", "to": f"{end // 60:02d}:{end % 60:02d}"}
        return rule

    def make_agreement(self, name):
        def at(ms):
            return f"{datetime.fromtimestamp(ms // 1000, timezone.utc):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
        begin, end = sorted([self.moment(), self.moment() + 1])
        wide = self.random.random() < 0.8
        text = {
            "agreement": name, "partner": "p", "consents": ["mps", "gmp", "tfl"], "instrument": "I", "necessity": "N",
            "recipient": {"organisation": "gmp" if name == "C" else "mps", "topic": f"t.{name}",
                          "principals": ["User:CN=police"]},
            "controller": {"name": "C", "contact": "c@example"}, "purposes": ["serious-crime"], "keep_for": "365d",
            "documents": [{"title": "D", "sha256": "00" * 32}],
            "valid": {"from": at(BASE - 30 * DAY if wide else begin), "until": at(BASE + 30 * DAY if wide else end)},
            "kinds": self.random.choice([["vrm"]] * 6 + [["vrm", "hashed_tag"], ["no_plate"]]),
            "share": ["read"] + [c for c in CLASSES[1:] if self.random.random() < 0.5],
            "rules": [self.make_rule(f"rule-{i}") for i in self.random.sample(range(4), self.random.choice([1, 1, 2, 3, 4]))],
            "quality": {"max_age": self.random.choice(["1h", "24h", "10d"]),
                        "max_future": self.random.choice(["0s", "5s"]), "clock_bound": self.random.choice(["0s", "2s"])}}
        if self.random.random() < 0.5:
            text["quality"]["min_confidence"] = 0.7
        if not wide:
            self.moments |= {begin, end}
        return yaml.safe_dump(text, sort_keys=False)

    def make_versions(self):
        made = []
        if not self.registers:
            return []
        for name in self.random.choice(["A", "A", "A", "A", "C", "AB", "AB", "ABC", "ABC"] + [""] * (self.seed % 20 == 0)):
            starts = sorted({self.moment() for _ in range(self.random.choice([0, 0, 0, 1, 2]))})
            starts = starts if starts and self.random.random() < 0.2 else [BASE - 35 * DAY] + starts
            for start, following in zip(starts, starts[1:] + [0]):
                ended = following
                if self.random.random() < 0.15:
                    ended = self.moment()
                    ended = ended if ended > start and (not following or ended <= following) else following
                made.append((start, ended, self.make_agreement(name)))
        versions = []
        for start, ended, text in sorted(made, key=lambda m: m[0]):
            which = max((i for i, r in enumerate(self.registers) if r.start <= start), default=0)
            self.commands.append(f"agreement\t{start}\t{ended or ''}\t{which}\t{self.keep(text, 'yaml')}")
            versions.append(Version.read(start, ended, text, self.registers[which]))
        return versions

    def make_key(self):
        pick = self.random.random
        return {"side": self.random.choice(["tfl", "tfl", "mps", "gmp", None]),
                "agreement": self.random.choice("ABCD") if pick() < 0.5 else None,
                "rule": f"rule-{self.random.randrange(4)}" if pick() < 0.4 else None,
                "classes": self.random.choice([("read",), ("overview",), ("plate_patch",)]) if pick() < 0.3 else None,
                "cameras": tuple(sorted(self.random.sample(self.ids, self.random.randint(0, min(4, len(self.ids))))))
                if pick() < 0.4 else None}

    def make_switches(self):
        keys = [self.make_key() for _ in range(self.random.randint(1, 8))]
        switches = []
        for at in sorted(self.moment() for _ in range(self.random.choice([0, 0, 3, 6, 12, 40]))):
            position = self.random.choice(["on"] * 6 + ["off"] * 4 + ["unspecified", "sideways"])
            if position == "on" or not switches:
                accepted = at
            else:       # kept as a stop file for a while
                accepted = at - self.random.choice([0, 0, 0, 700, HOUR])
            until = accepted + self.random.choice([1, 60_000, 3 * HOUR, DAY]) if self.random.random() < 0.3 else 0
            if until:
                self.moments.add(until)
            switches.append(Switch(at=accepted, position=position, until=until, **self.random.choice(keys)))
        for s in switches:
            classes = sum(BITS[c] for c in s.classes or ())
            cameras = "*" if s.cameras is None else ",".join(s.cameras)
            self.commands.append(f"switch\t{s.at}\t{s.until or ''}\t{s.position}\t{s.side or ''}\t{s.agreement or ''}\t"
                                 f"{s.rule or ''}\t{classes}\t{cameras}")
        return switches

    def near(self):
        """A moment at, just before or just after one where something changes."""
        at = self.random.choice(self.sorted_moments)
        return at + self.random.choice([0, 0, -1, 1, self.bound, -self.bound, self.bound - 1, -self.bound - 1, 2000, -2000,
                                        2001, 1999, self.random.randint(-HOUR, HOUR)])

    def reads(self, n):
        self.sorted_moments = sorted(self.moments)
        names = self.ids + [f"serial:{i}" for i in range(20)] + ["nobody"]
        for _ in range(n):
            captured = self.near() if self.random.random() < 0.98 else BASE - self.random.randint(0, 40) * DAY
            now = captured + self.random.choice([0, 100, 5000])
            now = now if self.random.random() < 0.5 else max(now, self.near()) if self.random.random() < 0.8 else self.near()
            now = max(now, self.evaluator.horizon)      # what is decided now was compiled not long ago
            local = self.random.random() < 0.2
            stamp = captured + self.random.choice([HOUR, HOUR, 0, -4 * HOUR]) if local else captured
            received = captured + self.random.choice([0] * 12 + [50, 1000, -5000, -5001, HOUR, HOUR + 1, DAY, DAY + 1])
            yield (self.random.choice(self.ids if self.random.random() < 0.8 else names), stamp,
                   self.random.choice(["vrm"] * 20 + list(KINDS)), self.random.choice([None, 0.9, 0.9, 0.9, 0.7, 0.69]),
                   {c for c in CLASSES[1:] if self.random.random() < 0.5}, received, now, local)


def command_of(read):
    camera, captured, kind, confidence, images, received, now, local = read
    return (f"read\t{camera}\t{captured}\t{KINDS[kind]}\t{'' if confidence is None else confidence}\t"
            f"{int('plate_patch' in images)}\t{int('overview' in images)}\t{received}\t{now}\t{int(local)}")


def expected(evaluator, read):
    *read, local = read
    answer = evaluator.decide_local(*read) if local else evaluator.decide(*read)
    if answer is None:
        return "bad_timestamp"
    verdict, what = answer
    if verdict == "deny":
        return f"deny {what}"
    dropped = read[4] - set().union(*what.values())
    return "permit " + " ".join(f"{a}:{sum(BITS[c] for c in classes)}" for a, classes in what.items()) + \
        (" dropped" if dropped else "")


def compare(seed, n, folder):
    """One world; what was decided, counted. A difference fails with all that is needed to see it again."""
    world = World(seed, folder)
    reads = list(world.reads(n))
    run = subprocess.run([program()], input="\n".join(world.commands + [command_of(r) for r in reads]) + "\n",
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"seed {seed}: {run.stderr}"
    counts = {}
    for read, got in zip(reads, run.stdout.splitlines(), strict=True):
        want = expected(world.evaluator, read)
        assert got == want, f"seed {seed}: {command_of(read)!r} is {got!r}, expected {want!r}; files in {folder}"
        what = "permit" if got.startswith("permit") else got
        counts[what] = counts.get(what, 0) + 1
    return counts


def worlds(n, reads, tmp_path, first):
    if "DECIDE_SEED" in os.environ:
        first, n = int(os.environ["DECIDE_SEED"]), 1
    print(f"seeds {first} to {first + n - 1}")
    seen = set()
    for seed in range(first, first + n):
        folder = tmp_path / str(seed)
        folder.mkdir()
        seen |= set(compare(seed, reads, folder))
    return seen


def test_decisions_are_those_of_a_plain_evaluator(tmp_path):
    seen = worlds(150, 200, tmp_path, first=1)
    missing = {"no_agreement", "not_started", "expired", "partner_off", "rule_off", "camera_off", "class_off",
               "not_in_schedule", "unknown_camera", "camera_not_live", "outside_hours", "captured_while_off", "too_old",
               "in_future", "low_confidence", "wrong_kind", "bad_timestamp"} - {s.removeprefix("deny ") for s in seen}
    assert "permit" in seen and ("DECIDE_SEED" in os.environ or not missing), f"never seen: {missing}"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_million_decisions_are_those_of_a_plain_evaluator(tmp_path):
    assert "permit" in worlds(500, 2000, tmp_path, first=random.SystemRandom().randrange(1 << 40))
