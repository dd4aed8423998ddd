# SPDX-License-Identifier: Apache-2.0
"""Decides reads a second time, the slow and plain way, to compare with the gateway.

Written from DESIGN.md 5.5 and 5.6 and from what policy/decide.h says about the points those leave
open, not from the code: every rule is asked about every read, nothing is prepared but the texts.
Times are UTC milliseconds throughout.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import yaml

REASONS = ["no_agreement", "not_started", "expired", "partner_off", "rule_off", "camera_off", "class_off",
           "not_in_schedule", "unknown_camera", "camera_not_live", "outside_hours", "captured_while_off", "too_old",
           "in_future", "low_confidence", "wrong_kind", "duplicate"]
CLASSES = ("read", "plate_patch", "overview")
FOR_EVER = 1 << 62
REACH = 7 * 24 * 3600 * 1000
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def order(reason):
    return REASONS.index(reason)


def duration(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", str(text)).groups()
    return int(number) * _UNITS[unit]


def moment(value):
    """YAML has made a datetime of it already, or left it a text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return (value - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


def glob(pattern, name):
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), name, re.S) is not None


def inside(polygon, lat, lon):
    """Even-odd: how many edges does a line from here to the east cross?"""
    crossings = 0
    for (lat1, lon1), (lat2, lon2) in zip(polygon, polygon[1:] + polygon[:1]):
        if (lat1 <= lat < lat2) or (lat2 <= lat < lat1):
            crossings += lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
    return crossings % 2 == 1


def within_hours(hours, at):
    """A night belongs to the day it begins on."""
    local = datetime.fromtimestamp(at // 1000, ZoneInfo(hours["zone"]))
    minute, today = 60 * local.hour + local.minute, DAYS[local.weekday()]
    yesterday = DAYS[local.weekday() - 1]
    begin, end = (60 * int(t[:2]) + int(t[3:]) for t in (hours["from"], hours["to"]))
    if begin < end:
        return today in hours["days"] and begin <= minute < end
    return (today in hours["days"] and minute >= begin) or (yesterday in hours["days"] and minute < end)


def moments_of(local, zone):
    """When clocks in the zone show that local time (milliseconds as if it were UTC): never, once or twice."""
    shown = datetime(1970, 1, 1) + timedelta(milliseconds=local)
    meant = {shown.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(timezone.utc) for fold in (0, 1)}
    return [moment(at) for at in sorted(meant) if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == shown]


@dataclass
class Register:
    start: int
    cameras: dict       # by id
    by_any_id: dict

    @classmethod
    def read(cls, start, text):
        cameras, by_any_id = {}, {}
        for row in csv.DictReader(io.StringIO(text)):
            cameras[row["camera_id"]] = row
            by_any_id[row["camera_id"]] = row["camera_id"]
            for external in filter(None, (e.strip() for e in re.split("[,;]", row.get("external_ids") or ""))):
                by_any_id[external] = row["camera_id"]
        return cls(start, cameras, by_any_id)


@dataclass
class Version:
    """An agreement as agreed once; `covered` is which cameras its rules meant then."""
    agreed: int
    ended: int
    text: dict
    covered: dict = field(default_factory=dict)

    @classmethod
    def read(cls, agreed, ended, text, register):
        version = cls(agreed, ended or FOR_EVER, yaml.safe_load(text))
        for rule in version.text["rules"]:
            version.covered[rule["name"]] = {c for c, row in register.cameras.items() if cls._covers(rule, c, row)}
        valid = version.text["valid"]
        version.valid_from, version.valid_until = moment(valid["from"]), moment(valid["until"])
        quality = version.text.get("quality", {})
        version.min_confidence = quality.get("min_confidence", 0)
        version.max_age = duration(quality.get("max_age", "24h"))
        version.max_future = duration(quality.get("max_future", "5s"))
        version.clock_bound = duration(quality.get("clock_bound", "2s"))
        version.share = set(version.text.get("share", ["read"]))
        version.kinds = set(version.text.get("kinds", ["vrm"]))
        version.rules = {rule["name"]: rule for rule in version.text["rules"]}
        return version

    @staticmethod
    def _covers(rule, camera, row):
        if "cameras" in rule and not any(glob(pattern, camera) for pattern in rule["cameras"]):
            return False
        if "area" in rule and not inside(rule["area"], float(row["latitude"]), float(row["longitude"])):
            return False
        return "cameras" in rule or "area" in rule


@dataclass(frozen=True)
class Switch:
    """One turn of a switch; None = all, `cameras` a tuple of ids."""
    at: int
    position: str
    side: str = None
    agreement: str = None
    rule: str = None
    classes: tuple = None
    cameras: tuple = None
    until: int = 0

    @property
    def key(self):
        return self.side, self.agreement, self.rule, self.classes, self.cameras


def offs_of(switches):
    """(from, until, key) of everything that was ever off; switches in the order of the journal."""
    found = []
    for key in dict.fromkeys(s.key for s in switches):
        offs = []       # from, until, whether it only begins if nothing happens before
        for switch in (s for s in switches if s.key == key):
            if switch.position != "on":
                offs.append((switch.at, max(switch.at, switch.until or FOR_EVER), False))
                continue
            offs = [(a, b if b <= switch.at else max(a, switch.at), pending) for a, b, pending in offs
                    if not (pending and a >= switch.at)]
            if switch.until:
                offs.append((switch.until, FOR_EVER, True))
        found += [(a, b, key) for a, b, _ in offs]
    return found


class Evaluator:
    """One partner's world. `compiled` is when the gateway's policy was compiled: it looks back only so far."""

    def __init__(self, organisation, clock_bound, registers, versions, switches, compiled):
        self.organisation, self.clock_bound, self.registers = organisation, clock_bound, registers
        self.agreements = {}
        for version in versions:
            self.agreements.setdefault(version.text["agreement"], []).append(version)
        self.offs = offs_of(switches)
        bound = max([clock_bound] + [v.clock_bound for v in versions])
        self.horizon = compiled - REACH - max([v.max_age for v in versions], default=0) - 2 * bound

    def decide_local(self, camera_id, local, kind, confidence, images, received, now):
        """The same for a stamp without an offset; None where it is no time. One that may mean two moments, neither still
        to come when the read arrives, is shared as far as both would be."""
        register = self.registers[-1] if self.registers else None
        row = register.cameras.get(register.by_any_id.get(camera_id)) if register else None
        meant = moments_of(local, row["zone"]) if row and row.get("zone") else []
        if len(meant) == 2 and meant[1] > received + 5000:
            del meant[1]
        if not meant:
            return None
        answers = [self.decide(camera_id, at, kind, confidence, images, received, now) for at in meant]
        refused = [what for verdict, what in answers if verdict == "deny"]
        if refused:
            return "deny", refused[-1]
        both = {agreement: classes & answers[0][1].get(agreement, set()) for agreement, classes in answers[-1][1].items()}
        both = {agreement: classes for agreement, classes in both.items() if "read" in classes}
        return ("permit", both) if both else ("deny", "captured_while_off")

    def decide(self, camera_id, captured, kind, confidence, images, received, now):
        """('permit', {agreement: classes}) or ('deny', reason). `images`: the classes it carries beside the read."""
        del images
        camera = self.registers[-1].by_any_id.get(camera_id) if self.registers else None
        permits, furthest = {}, "no_agreement"
        for name, versions in self.agreements.items():
            for rule in versions[-1].rules:
                reasons = self._reasons(versions, rule, camera_id, camera, captured, kind, confidence, received, now)
                if not reasons:
                    permits.setdefault(name, set()).update(self._classes(versions, name, rule, camera, captured, now))
                else:
                    furthest = max(furthest, min(reasons, key=order), key=order)
        return ("permit", permits) if permits else ("deny", furthest)

    def _reasons(self, versions, name, camera_id, camera, captured, kind, confidence, received, now):
        """Everything that stands against the read under one rule."""
        remembered = captured >= self.horizon
        reasons = set() if remembered else {"too_old"}
        reasons |= self._against_now(versions, name, camera, now)
        if remembered:
            reasons |= self._against_capture(versions, name, camera, captured)
            if camera and camera_id != camera and self._meant(camera_id, captured) != camera:
                reasons.add("unknown_camera")
        then = self._version(versions, captured)[0] if remembered else None
        current = self._version(versions, now)[0]
        for version in filter(None, (then, current)):
            rule = version.rules.get(name, {})
            if "hours" in rule and not within_hours(rule["hours"], captured):
                reasons.add("outside_hours")
            if kind not in version.kinds:
                reasons.add("wrong_kind")
        if current:
            if received - captured > current.max_age:
                reasons.add("too_old")
            if captured - received > current.max_future:
                reasons.add("in_future")
            if confidence is not None and confidence < current.min_confidence:
                reasons.add("low_confidence")
        return reasons

    def _against_now(self, versions, name, camera, now):
        reasons = self._against_either(versions, name, camera, now)
        agreement = versions[-1].text["agreement"]
        for begin, end, key in self._offs(versions):
            if begin <= now < end and self._covers(key, agreement, name, camera, "read"):
                reasons.add(self._grade(key))
        return reasons

    def _offs(self, versions):
        """Those of the agreement's two sides; one without a side is on both."""
        sides = {None, self.organisation} | {v.text["recipient"]["organisation"] for v in versions}
        return [off for off in self.offs if off[2][0] in sides]

    def _against_capture(self, versions, name, camera, captured):
        reasons = self._against_either(versions, name, camera, captured)
        if self._off_at_capture(versions, name, camera, captured, "read"):
            reasons.add("captured_while_off")
        return reasons

    def _against_either(self, versions, name, camera, at):
        version, why = self._version(versions, at)
        if not version:
            return {why}
        reasons = set()
        if "read" not in version.share:
            reasons.add("class_off")
        if not camera:
            return reasons | {"unknown_camera"}
        if camera not in version.covered.get(name, ()):
            reasons.add("not_in_schedule")
        register = self._register(at)
        row = register.cameras.get(camera) if register else None
        if not row:
            reasons.add("unknown_camera")
        elif row["state"] != "live":
            reasons.add("camera_not_live")
        return reasons

    def _version(self, versions, at):
        """The one in force at that time, or None and why."""
        begun = [v for v in versions if v.agreed <= at]
        running = [v for v in begun if at < v.ended]
        if not running:
            return None, "expired" if begun else "not_started"
        version = running[-1]
        if at < version.valid_from:
            return None, "not_started"
        return (version, None) if at < version.valid_until else (None, "expired")

    def _register(self, at):
        begun = [r for r in self.registers if r.start <= at]
        return begun[-1] if begun else None

    def _meant(self, camera_id, at):
        register = self._register(at)
        return register.by_any_id.get(camera_id) if register else None

    @staticmethod
    def _grade(key):
        _, _, rule, classes, cameras = key
        if classes is not None:
            return "class_off"
        if cameras is not None:
            return "camera_off"
        return "rule_off" if rule is not None else "partner_off"

    @staticmethod
    def _covers(key, agreement, name, camera, data_class):
        _, which, rule, classes, cameras = key
        return (which in (None, agreement) and rule in (None, name) and (classes is None or data_class in classes)
                and (cameras is None or camera in cameras))

    def _off_at_capture(self, versions, name, camera, captured, data_class):
        agreement = versions[-1].text["agreement"]
        bound = max([self.clock_bound] + [v.clock_bound for v in versions])
        return any(begin - bound <= captured < end + bound and self._covers(key, agreement, name, camera, data_class)
                   for begin, end, key in self._offs(versions))

    def _classes(self, versions, agreement, name, camera, captured, now):
        """What may go along: agreed and on at both times."""
        shared = self._version(versions, captured)[0].share & self._version(versions, now)[0].share
        return {c for c in shared
                if not any(begin <= now < end and self._covers(key, agreement, name, camera, c)
                           for begin, end, key in self._offs(versions))
                and not self._off_at_capture(versions, name, camera, captured, c)}
