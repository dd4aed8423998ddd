# SPDX-License-Identifier: Apache-2.0
"""What a transparency report must say, counted again from the topics alone: Python's own protobuf, YAML, zones and
certificates, the naive evaluator; no code of the gateway. `recount` gives a report's JSON as far as it is numbers, times,
names and hashes; `told` cuts a report down to the same."""

import hashlib
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from .evaluator import Evaluator, Register, Switch, Version, glob, moment, order
from .messages import command_pb2, journal_pb2, ledger_pb2

HOUR = 3_600_000
CLASSES = {0: None, 1: ("read",), 2: ("plate_patch",), 3: ("overview",)}
PROPOSED = {1: "propose_agreement", 2: "propose_register", 3: "propose_organisation", 4: "revoke", 5: "propose_partner",
            6: "propose_node_key"}
LAPSED = {1: "period_ended", 2: "agreement_ended", 3: "proposal_lapsed", 4: "stop_file", 5: "stop_file_removed"}
CAUSES = {1: "cursor_gone", 2: "off", 3: "ledger_trimmed"}


def text(ms):
    """As the report writes times."""
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z" if ms else None


def days_of(first, last, zone):
    """[(date, begins, ends)] of local days, UTC ms."""
    def begins(day):
        return moment(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc))
    first, last = date.fromisoformat(first), date.fromisoformat(last)
    dates = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return [(day.isoformat(), begins(day), begins(day + timedelta(days=1))) for day in dates]


class World:
    """A partner as the journal has it so far; everything with the time from which it counts."""

    def __init__(self, organisation, clock_bound):
        self.organisation, self.clock_bound = organisation, clock_bound
        self.registers, self.versions, self.switches = [], [], []       # versions: (entry, proposal, Version)


class Recount:
    def __init__(self, evidence, first, last, zone="Europe/London", made_at=None):
        self.days = days_of(first, last, zone)
        self.begins, self.ends = self.days[0][1], self.days[-1][2]
        self.made_at = moment(made_at) if made_at else 1 << 60
        self.worlds, self.proposals, self.rows = {}, {}, []
        self.agreements, self.receipts, self.sharing = [], {}, {}
        self.looked = self.begins - 1
        self.documents = _documents(evidence.records[evidence.name("documents"), 0])
        for item in evidence.journal():
            self._entry(item.value)
        self._look_until(min(self.ends - 1, self.made_at))
        self.partners, self.gaps = self._counts(evidence)

    def day(self, at):
        return next((i for i, (_, begins, ends) in enumerate(self.days) if begins <= at < ends), None)

    # The journal

    def _entry(self, value):
        stored = journal_pb2.StoredEntry.FromString(value)
        entry = journal_pb2.JournalEntry.FromString(stored.entry)
        self._look_until(min(entry.time_ms, self.ends - 1))
        body = entry.WhichOneof("body")
        row = {"number": entry.sequence, "time": text(entry.time_ms), "at": entry.time_ms, "who": None, "reason": None,
               "hash": hashlib.sha256(stored.entry).hexdigest(), "action": body, "covers": None, "proposal": None,
               "commanded": entry.time_ms}
        self.rows.append(row)
        getattr(self, f"_{body}")(entry, getattr(entry, body), row)
        if body != "enforced" and self.begins <= entry.time_ms < self.ends:
            self._look(entry.time_ms)

    def _genesis(self, entry, genesis, row):
        for partner in genesis.partners:
            self.worlds[partner.id] = World(partner.organisation, partner.clock_bound_ms)

    def _decree(self, entry, decree, row):
        command = command_pb2.Command.FromString(decree.signed.command)
        ask = command.WhichOneof("ask")
        row |= {"who": (command.organisation, _subject(decree.signed.signatures[0])), "reason": command.reason or None,
                "commanded": min(decree.accepted_at_ms, entry.time_ms)}
        getattr(self, f"_{ask}")(entry, command, getattr(command, ask), row)

    def _propose(self, entry, command, ask, row):
        row["action"] = PROPOSED[ask.document.kind]
        written = self.documents[ask.document.sha256.hex()]
        terms = yaml.safe_load(written) if ask.document.kind == 1 else {}
        partner = terms.get("partner", ask.partner)
        self.proposals[entry.sequence] = {"number": entry.sequence, "partner": partner, "text": written, "terms": terms,
                                          "kind": ask.document.kind, "consented": [row], "sha256": ask.document.sha256.hex()}
        self._consented(entry, self.proposals[entry.sequence])

    def _approve(self, entry, command, ask, row):
        row |= {"action": "approve", "proposal": ask.proposal}
        self.proposals[ask.proposal]["consented"].append(row)
        self._consented(entry, self.proposals[ask.proposal])

    def _refuse(self, entry, command, ask, row):
        row["action"] = "refuse"

    def _acknowledge_gap(self, entry, command, ask, row):
        row["action"] = "acknowledge_gap"

    def _consented(self, entry, proposal):
        have = {row["who"][0] for row in proposal["consented"]}
        world = self.worlds.get(proposal["partner"])
        if proposal["kind"] == 2 and have >= self._asked_for_register(world, entry.time_ms):
            world.registers.append(Register.read(entry.time_ms, proposal["text"]))
        if proposal["kind"] == 1 and have >= set(proposal["terms"]["consents"]):
            self._agreed(entry, proposal, world)

    def _asked_for_register(self, world, at):
        alive = [v.text["consents"] for _, _, v in world.versions if v.agreed <= at < min(v.ended, v.valid_until)]
        return set().union(*alive) if alive else {world.organisation}

    def _agreed(self, entry, proposal, world):
        version = Version.read(entry.time_ms, 0, proposal["text"], world.registers[-1])
        name, version.areas = version.text["agreement"], {c: r["area"] for c, r in world.registers[-1].cameras.items()}
        version.rest = {"version": entry.sequence, "proposal": proposal["number"], "sha256": proposal["sha256"],
                        "consented": [(*row["who"], row["number"], row["time"]) for row in proposal["consented"]]}
        before = [v for _, _, v in world.versions if v.text["agreement"] == name]
        if before and before[-1].ended > entry.time_ms:
            before[-1].ended = entry.time_ms
        else:
            for side in (world.organisation, version.text["recipient"]["organisation"]):
                world.switches.append(Switch(entry.time_ms, "off", side, name))
        world.versions.append((entry.sequence, proposal["number"], version))

    def _withdraw(self, entry, command, ask, row):
        row["action"] = "withdraw"
        for world in self.worlds.values():
            for _, _, version in world.versions:
                if version.text["agreement"] == ask.agreement and version.ended > row["commanded"]:
                    version.ended, version.withdrawn = row["commanded"], True

    def _set_switch(self, entry, command, ask, row):
        off = ask.position == 1
        at = row["commanded"] if off else entry.time_ms
        row |= {"action": "off" if off else "on", "covers": {
            "partner": ask.partner or None, "agreement": ask.agreement or None, "rule": ask.rule or None,
            "class": (CLASSES[ask.data_class] or [None])[0], "area": ask.cameras.area or None,
            "cameras": list(ask.cameras.patterns), "for_ms": ask.for_ms or None}}
        for partner, world in self.worlds.items():
            sides = {world.organisation} | {v.text["recipient"]["organisation"] for _, _, v in world.versions}
            if command.organisation in sides and ask.partner in ("", partner):
                world.switches.append(Switch(
                    at, "off" if off else "on", command.organisation, ask.agreement or None, ask.rule or None,
                    CLASSES[ask.data_class], _selected(world, ask), row["commanded"] + ask.for_ms if ask.for_ms else 0))

    def _lapse(self, entry, lapse, row):
        row["action"] = LAPSED[lapse.cause]
        if lapse.cause not in (lapse.CAUSE_STOP_FILE, lapse.CAUSE_STOP_FILE_REMOVED):
            return          # what it is about ends by itself
        stop = lapse.cause == lapse.CAUSE_STOP_FILE
        row["commanded"] = min(lapse.accepted_at_ms or entry.time_ms, entry.time_ms) if stop else entry.time_ms
        for partner, world in self.worlds.items():
            if lapse.partner in ("", partner):
                world.switches.append(Switch(row["commanded"], "off" if stop else "on"))

    def _enforced(self, entry, enforced, row):
        for number in enforced.entries:
            self.receipts[number] = {"entry": entry.sequence, "recorded": row["time"], "took_ms": enforced.took_ms,
                                     "fenced": text(max((p.fenced_at_ms for p in enforced.publishers), default=0)),
                                     "hash": row["hash"]}

    # Cameras

    def _look_until(self, until):
        instants = {begins for _, begins, _ in self.days}
        instants |= {v.valid_from for w in self.worlds.values() for _, _, v in w.versions}
        for at in sorted(i for i in instants if self.looked < i <= until):
            self._look(at)
        self.looked = max(self.looked, until)

    def _look(self, at):
        day = self.day(at)
        if day is None:
            return
        seen = Counter()
        for partner, world in self.worlds.items():
            versions = [v for _, _, v in world.versions]
            for version in versions:
                if not version.agreed <= at < version.ended or not version.valid_from <= at < version.valid_until:
                    continue
                name = version.text["agreement"]
                told = self.sharing.setdefault(name, {"agreed": defaultdict(dict), "on": defaultdict(dict), "steps": [],
                                                      "partner": partner})
                seen[name] += 0
                for camera in set().union(*version.covered.values()):
                    told["agreed"][day].setdefault(camera, version.areas[camera])
                    if _on(world, versions, name, camera, at):
                        told["on"][day].setdefault(camera, version.areas[camera])
                        seen[name] += 1
        for name, told in self.sharing.items():
            if not told["steps"] or told["steps"][-1][1] != seen[name]:
                told["steps"].append((at, seen[name]))

    # Reads

    def _counts(self, evidence):
        hours = defaultdict(lambda: {"ledger": Counter(), "account": None, "whole": False})
        sent, shared, gaps = defaultdict(set), defaultdict(set), []

        def cameras(partner, hour, totals):
            for c in totals.cameras:
                if c.camera and c.received:
                    sent[partner, self.day(hour)].add(c.camera)
                if c.camera and c.permitted:
                    shared[partner, self.day(hour)].add(c.camera)

        for ledger in evidence.ledgers():
            first = ledger_pb2.LedgerRecord.FromString(ledger[0].value)
            for record in (ledger_pb2.LedgerRecord.FromString(item.value) for item in ledger):
                hour = record.written_at_ms // HOUR * HOUR
                for p in record.partners:
                    gaps += [(p.partner, CAUSES[g.cause], text(g.from_ms), text(g.to_ms), text(record.written_at_ms))
                             for g in p.gaps if g.from_ms < self.ends and (g.to_ms or record.written_at_ms) >= self.begins]
                    if p.HasField("totals") and self.day(hour) is not None:
                        hours[p.partner, hour]["ledger"] += _tally(p.totals)
                        hours[p.partner, hour]["whole"] = first.ordinal == 1 or first.written_at_ms < hour
                        cameras(p.partner, hour, p.totals)
        for item in evidence.records[evidence.name("accounts"), 0]:
            account = ledger_pb2.Account.FromString(ledger_pb2.StoredRecord.FromString(item.value).record)
            if self.day(account.hour_ms) is not None:
                cameras(account.partner, account.hour_ms, account.totals)
                if account.part == 0:
                    hours[account.partner, account.hour_ms]["account"] = _tally(account.totals)
        days = {(p, i): Counter() for p in self.worlds for i in range(len(self.days))}
        for (partner, hour), told in hours.items():
            source = "ledger" if told["whole"] else "account" if told["account"] is not None else "part"
            days[partner, self.day(hour)] += told["account"] if source == "account" else told["ledger"]
            days[partner, self.day(hour)]["from", source] += 1
        for key in days:
            days[key]["cameras_sent"], days[key]["cameras_shared"] = len(sent[key]), len(shared[key])
        return days, gaps

    # All of it

    def answer(self):
        inside = [row for row in self.rows if self.begins <= row["at"] < self.ends]
        agreements = [self._agreement(v) for w in self.worlds.values() for _, _, v in w.versions]
        return {
            "days": [(d, text(b), text(e)) for d, b, e in self.days],
            "journal": (len(self.rows), self.rows[-1]["hash"]),
            "agreements": [a for a in agreements if a],
            "sharing": {name: {"partner": told["partner"], "steps": [(text(at), n) for at, n in told["steps"]],
                               "days": [_areas(told, i) for i in range(len(self.days))]} for name, told in self.sharing.items()},
            "partners": {(p, self.days[i][0]): {k: n for k, n in counts.items() if n} for (p, i), counts in self.partners.items()},
            "changes": [(row["number"], row["time"], row["action"], row["who"], row["reason"], row["hash"], row["covers"],
                         row["proposal"]) for row in inside if row["action"] != "enforced"],
            "proposals": {p["number"]: (p["sha256"], [(*r["who"], r["number"], r["time"]) for r in p["consented"]])
                          for p in self.proposals.values() if any(self.begins <= r["at"] < self.ends for r in p["consented"])},
            "offs": [(row["number"], row["action"], row["who"], text(row["commanded"]), row["time"],
                      self.receipts[row["number"]]) for row in inside if row["number"] in self.receipts],
            "gaps": sorted(self.gaps),
        }

    def _agreement(self, version):
        terms, begin = version.text, max(version.agreed, version.valid_from)
        end = min(version.ended, version.valid_until)
        if begin >= end or begin >= self.ends or end <= self.begins:
            return None
        return {"agreement": terms["agreement"], "partner": terms["partner"], "in_force": (text(begin), text(end)),
                "cameras": len(set().union(*version.covered.values())), "purposes": terms["purposes"],
                "necessity": terms["necessity"], "instrument": terms["instrument"], "principals": terms["recipient"]["principals"],
                "verifiers": terms["verifiers"], "documents": [(d["title"], d["sha256"]) for d in terms["documents"]],
                "rules": [r["name"] for r in terms["rules"]], **version.rest}


def told(report):
    """A report's JSON in the shape of Recount.answer()."""
    def who(row):
        return row["who"] and (row["who"]["organisation"], row["who"]["subject"])

    def consented(rows):
        return [(c["organisation"], c["subject"], c["entry"], c["time"]) for c in rows]
    return {
        "days": [(d["date"], d["begins"], d["ends"]) for d in report["period"]["days"]],
        "journal": (report["journal"]["entries"], report["journal"]["hash"]),
        "agreements": [{key: a[key] for key in ("agreement", "partner", "cameras", "purposes", "necessity", "instrument",
                                                "principals", "verifiers", "version", "proposal", "sha256")}
                       | {"in_force": (a["in_force"]["from"], a["in_force"]["to"]), "rules": [r["name"] for r in a["rules"]],
                          "documents": [(d["title"], d["sha256"]) for d in a["documents"]],
                          "consented": consented(a["consented"])} for a in report["agreements"]],
        "sharing": {s["agreement"]: {"partner": s["partner"], "steps": [(x["at"], x["on"]) for x in s["steps"]],
                                     "days": [(d["agreed"], d["on"], {label: (a["agreed"], a["on"])
                                                                      for label, a in d["areas"].items()}) for d in s["days"]]}
                    for s in report["sharing"]},
        "partners": {(p["partner"], d["date"]): _flat(d) for p in report["partners"] for d in p["days"]},
        "changes": [(c["number"], c["time"], c["action"], who(c), c["reason"], c["hash"], c["covers"], c["proposal"])
                    for c in report["changes"]],
        "proposals": {p["number"]: (p["sha256"], consented(p["consented"])) for p in report["proposals"]},
        "offs": [(o["number"], o["action"], who(o), o["commanded"], o["recorded"], o["receipt"]) for o in report["offs"]],
        "gaps": sorted((g["partner"], g["cause"], g["from"], g["to"], g["told"]) for g in report["gaps"]["list"]),
    }


def _flat(day):
    """A day's counts as a Counter has them: reasons beside sums, nothing that is 0."""
    counts = {key: day[key] for key in ("received", "permitted", "published", "denied", "rejected", "images_dropped",
                                        "cameras_sent", "cameras_shared")}
    counts |= {("denied", why): n for why, n in day["denied_by_reason"].items()}
    counts |= {("rejected", why): n for why, n in day["rejected_by_reason"].items()}
    counts |= {("from", "ledger"): day["hours_from_ledger"], ("from", "account"): day["hours_from_accounts"],
               ("from", "part"): day["hours_in_part"]}
    return {key: n for key, n in counts.items() if n}


def _tally(totals):
    counts = Counter(received=totals.received, permitted=totals.permitted, published=totals.published,
                     images_dropped=totals.classes_dropped)
    for kind, enum, field, rows in (("denied", ledger_pb2.Reason, "reason", totals.denied),
                                    ("rejected", ledger_pb2.Rejection, "rejection", totals.rejected)):
        for row in rows:
            name = enum.Name(getattr(row, field)).split("_", 1)[1].lower()
            counts[kind] += row.n
            counts[kind, name] += row.n
    return counts


def _areas(told, day):
    agreed, on = told["agreed"].get(day, {}), told["on"].get(day, {})
    areas = {label: (sum(a == label for a in agreed.values()), sum(a == label for a in on.values()))
             for label in agreed.values()}
    return len(agreed), len(on), areas


def _on(world, versions, name, camera, at):
    """Live, in force, and nothing off over it on either side under some rule; whatever its hours are."""
    known = [v for v in versions if v.agreed <= at]
    evaluator = Evaluator(world.organisation, world.clock_bound, [r for r in world.registers if r.start <= at], known,
                          world.switches, compiled=at)
    same = evaluator.agreements[name]
    return any(all(order(reason) >= order("outside_hours") for reason in evaluator._against_now(same, rule, camera, at))
               for rule in same[-1].rules)


def _selected(world, ask):
    """The cameras that a command's selector meant."""
    if not ask.HasField("cameras"):
        return None
    return tuple(camera for camera, row in world.registers[-1].cameras.items()
                 if (not ask.cameras.patterns or any(glob(p, camera) for p in ask.cameras.patterns))
                 and ask.cameras.area in ("", row["area"]))


def _subject(signature):
    """Of whoever signed, or whose certificate was seen on the connection."""
    if signature.kind == command_pb2.SIGNATURE_KIND_TLS_ATTESTED:
        return x509.load_der_x509_certificate(signature.value).subject.rfc4514_string()
    certificates = pkcs7.load_der_pkcs7_certificates(signature.value)
    issuers = {c.issuer for c in certificates}
    return next(c for c in certificates if c.subject not in issuers or len(certificates) == 1).subject.rfc4514_string()


def _documents(items):
    chunks = defaultdict(dict)
    for item in items:
        name, number = item.key.decode().split("/")
        chunks[name][int(number)] = item.value
    return {name: b"".join(parts[i] for i in sorted(parts)).decode() for name, parts in chunks.items()}
