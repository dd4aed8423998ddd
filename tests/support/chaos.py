# SPDX-License-Identifier: Apache-2.0
"""A run in which everything dies again and again, and what must be true afterwards: the committed topic holds exactly
what an independent evaluator of the agreement permits of what the partner says it has sent, once each and in order, and
the gateway has counted every item once."""

import random
import time
from collections import Counter, defaultdict

from .evaluator import Evaluator, Register, Switch, Version, moment
from .installation import Installation
from .topic import assert_unbroken
from .wait import eventually

PARTNER = "tfl-ulez"
# Nothing that depends on when a read happens to arrive: a run with kills takes as long as it takes.
TROUBLE = "misread=0.003,repeat=0.01,malformed=0.005,no_plate=0.005,unknown_camera=0.005,oversize=0.0002"
BESIDE = ("malformed", "oversize", "garbage")       # items that are no reads at all
CLOCK_BOUND = 2                                     # seconds; as agreed in Installation.agreement


class Run:
    """One run. `say` is told what happens."""

    def __init__(self, folder, pki, broker, reads, rate, seed, say=print):
        self.reads, self.rng, self.say, self.happened = reads, random.Random(seed), say, Counter()
        self.it = Installation(folder, pki, broker, partners={PARTNER: ("tfl", "bob")})
        self.partner = self.it.partner(PARTNER, "--total", reads, "--rate", rate, "--begin", "paused", "--seed", seed,
                                       "--trouble", TROUBLE, cameras=200)
        self.it.agreement(PARTNER, ["ULEZ-000*", "ULEZ-0010?"], quality={
            "min_confidence": 0.75, "max_age": "24h", "max_future": "5s", "clock_bound": f"{CLOCK_BOUND}s"})
        self.it.prepare()
        self.it.start()
        self.it.agree(PARTNER)
        self.it.go_live(PARTNER)
        time.sleep(CLOCK_BOUND + 0.5)       # what is captured sooner after 'on' counts as captured while off

    def sent_items(self):
        return self.partner.control(stats=True)["sent_items"]

    def go(self, kills, stops, broker_kills):
        """Let the reads flow, and each event happen at a random moment of them."""
        events = [self.rng.choice(["core", "core", "source"]) for _ in range(kills)]
        events += ["broker stop"] * stops + ["broker kill"] * broker_kills
        self.rng.shuffle(events)
        moments = sorted(self.rng.uniform(0.02, 0.95) * self.reads for _ in events)
        self.partner.control(go=True)
        for event, moment in zip(events, moments):
            eventually(lambda: self.sent_items() >= moment, f"{moment:.0f} items sent", 600)
            time.sleep(self.rng.uniform(0, 0.3))        # anywhere within a transaction
            eventually(lambda: self.carry_out(event), f"something to do '{event}' to", 120)
            self.happened[event] += 1
            self.say(f"{moment / self.reads:4.0%}  {event}")

    def carry_out(self, event):
        """True where it happened; there may be no such process at the moment."""
        if event.startswith("broker"):
            getattr(self.it.broker, event.split()[1])()
            self.it.broker.start()
            return True
        return self.it.gateway.kill_child(event) is not None

    def settle(self, seconds):
        """Wait until every item sent has been counted."""
        eventually(lambda: self.partner.control(stats=True)["done"], "the partner has sent all", seconds)
        items = len(self.it.sent(PARTNER))

        def counted():
            answer = self.it.people["alice"].try_to("status", "--json")
            if answer.code:
                return None         # it may be just coming up again
            partners = answer.json["partners"]
            return partners[0]["totals"] if partners and partners[0]["totals"] and partners[0]["totals"]["received"] >= items else None
        return eventually(counted, lambda: f"{items} items counted", seconds)

    def figures(self, totals):
        """How topic and totals differ from what they should be; see ok()."""
        sent = self.it.sent(PARTNER)
        expected = permitted(self.it, sent)
        records = self.it.consumer(PARTNER).read_all_until_end(300)
        came = Counter(r.read.read.read_id for r in records)
        rejected = sum(s["fate"] in BESIDE for s in sent)
        return {"reads": self.reads, "items": len(sent), "expected": len(expected), "published": len(records),
                "missing": len(expected - set(came)), "unexpected": len(set(came) - expected),
                "twice": sum(n - 1 for n in came.values()), "sequence_broken": broken(records),
                "cameras_out_of_order": out_of_order(records, sent), "altered": altered(records, sent),
                "counted": totals["received"], "rejected": totals["rejected"], "miscounted": abs(totals["received"] - len(sent))
                + abs(totals["rejected"] - rejected) + abs(totals["permitted"] - len(expected))
                + abs(totals["received"] - totals["permitted"] - totals["denied"] - totals["rejected"]),
                **{event.replace(" ", "_") + "s": n for event, n in sorted(self.happened.items())}}


def permitted(it, sent):
    """Ids of the reads that the agreement permits, by the independent evaluator: both sides' switches are off from the
    agreement's beginning and then on for good, and what comes a second time is a duplicate."""
    history = it.people["iris"].must("history")
    times = defaultdict(list)
    for entry in history:
        times[entry["action"]].append(moment(entry["time"]))
    agreed, on = times["approve"][0], times["on"]
    text = it.agreements[PARTNER].read_text()
    register = Register.read(times["propose_register"][0], (it.folder / PARTNER / "cameras.csv").read_text())
    version = Version.read(agreed, None, text, register)
    name = version.text["agreement"]
    switches = [Switch(agreed, "off", side, name) for side in ("mps", "tfl")]
    switches += [Switch(at, "on", side, name) for at, side in zip(on, ("mps", "tfl"))]
    evaluator = Evaluator("tfl", CLOCK_BOUND * 1000, [register], [version], switches, compiled=on[-1])
    ids = set()
    for item in sent:
        if item["fate"] not in BESIDE:
            captured = moment(item["captured_at"])
            verdict, _ = evaluator.decide(item.get("sent_as", item["camera_id"]), captured, item["kind"],
                                          item.get("confidence"), (), captured, captured)
            if verdict == "permit":
                ids.add(item["read_id"])
    return ids


WRONG = ("missing", "unexpected", "twice", "sequence_broken", "cameras_out_of_order", "altered", "miscounted")


def is_right(figures):
    return figures["published"] > 0 and not any(figures[name] for name in WRONG)


def broken(records):
    try:
        assert_unbroken(records)
        return 0
    except AssertionError:
        return 1


def out_of_order(records, sent):
    """Cameras whose reads are not in the order in which the partner sent them."""
    place, by_camera = {}, defaultdict(list)
    for number, item in enumerate(sent):
        if item["fate"] not in BESIDE:
            place.setdefault(item["read_id"], number)
    for record in records:
        by_camera[record.read.read.camera_id].append(place.get(record.read.read.read_id, -1))
    return sum(places != sorted(places) for places in by_camera.values())


def altered(records, sent):
    """Reads on the topic that do not say what the partner said."""
    told = {s["read_id"]: s for s in sent if s["fate"] not in BESIDE}
    return sum((r.read.read.vrm, r.read.read.camera_id) != (told[i]["vrm"], told[i]["camera_id"])
               for r in records if (i := r.read.read.read_id) in told)


def exactly_once(folder, pki, broker, reads, rate, seed, kills, stops, broker_kills, say=print, settle=600):
    """The whole of it; its figures."""
    run = Run(folder, pki, broker, reads, rate, seed, say)
    begun = time.monotonic()
    try:
        run.go(kills, stops, broker_kills)
        totals = run.settle(settle)
        figures = run.figures(totals)
    finally:
        run.it.__exit__()
    return figures | {"seconds": round(time.monotonic() - begun, 1), "seed": seed, "right": is_right(figures)}
