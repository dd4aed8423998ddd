# SPDX-License-Identifier: Apache-2.0
"""Off and on, again and again, by either side, over everything that has a switch, while core and broker are killed and
frozen; watched from outside (watch.py). What is turned and what befalls follows from the seed."""

import itertools
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass

import confluent_kafka

from .decisions import Off, PartnerWorld
from .evaluator import FOR_EVER
from .installation import ORGANISATION, PARTNERS, Installation
from .people import DONE, REFUSED
from .places import program
from .sent import SentLog
from .watch import KINDS, Watch
from .wait import eventually

CLOCK_BOUND = 2000      # ms
CAMERAS = 120
PATIENT = 400           # seconds; a loaded machine takes a minute to start a broker
LONG = 17               # seconds: past the transaction time-out of 15 s
RULES = {"tfl-ulez": [{"name": "inner", "cameras": [f"ULEZ-000{i}?" for i in range(7)]},
                      {"name": "outer", "cameras": ["ULEZ-0006?", "ULEZ-0007?", "ULEZ-0008?", "ULEZ-0009?", "ULEZ-001*"]}],
         "national-highways": [{"name": "inner", "cameras": [f"NH-00{i}?" for i in range(6)]},
                               {"name": "outer", "cameras": ["NH-005?", "NH-006?", "NH-007?", "NH-008?", "NH-009?", "NH-01*"]}]}
KINDS_OF_OFF = ("partner", "agreement", "rule", "list", "pattern", "area", "class read", "class patch", "all", "for", "stop file")
# What befalls a round, and how often: nothing in half of them, where latencies are taken.
FAULTS = {"none": 50, "core killed": 12, "core frozen": 10, "core frozen long": 3, "admin killed": 3, "source killed": 4,
          "broker frozen": 8, "broker killed": 5, "broker stopped": 5}
PROCESS_FAULTS, BROKER_FAULTS = ("core killed", "core frozen"), ("broker frozen", "broker killed")


@dataclass
class Round:
    number: int
    partner: str
    person: str
    kind: str
    words: list         # what anprctl is told beside the verb and the reason
    key: tuple          # as evaluator.Switch's, for the person's side
    partners: list      # that it is about
    together: bool      # the other side presses off at the same time
    fault: str
    delay: float        # seconds from the off to the fault
    length: float       # of a freeze
    hold: float         # seconds between the receipt and `on`
    rest: float


def plan(rounds, seed, worlds, faults=None, befalls=FAULTS):
    """The same for the same seed; rounds None: without end. befalls: faults and how often; faults: instead of random ones, these in turn."""
    rng = random.Random(seed)
    weights = list(befalls.values())
    for number in range(rounds) if rounds else itertools.count():
        fault = faults[number % len(faults)] if faults else rng.choices(list(befalls), weights)[0]
        yield _round(rng, number, fault, worlds)


def _round(rng, number, fault, worlds):
    partner = rng.choice(sorted(worlds))
    world = worlds[partner]
    person = rng.choice(["alice", PARTNERS[partner][1]])
    kind = KINDS_OF_OFF[number % len(KINDS_OF_OFF)]
    words, key = _selectors(rng, kind, world)
    everyone = kind == "all" and person == "alice"
    if kind == "stop file":
        person = "a hand"
    return Round(number + 1, partner, person, kind, ([] if kind == "all" else [partner]) + words, (ORGANISATION.get(person), *key),
                 sorted(worlds) if everyone else [partner], rng.random() < 0.15 and kind not in ("all", "for", "stop file"), fault,
                 rng.uniform(0, 0.5), LONG if fault.endswith("long") else rng.uniform(0.1, 4), rng.uniform(0.2, 2), rng.uniform(0, 0.7))


def _selectors(rng, kind, world):
    """(anprctl's words, (agreement, rule, classes, cameras))."""
    cameras = sorted(world.rules)
    if kind == "agreement":
        return ["--agreement", world.agreement], (world.agreement, None, None, None)
    if kind == "rule":
        rule = rng.choice(sorted(world.version.covered))
        return ["--agreement", world.agreement, "--rule", rule], (world.agreement, rule, None, None)
    if kind == "list":
        chosen = rng.sample(cameras, 10)
        return [w for c in chosen for w in ("--cameras", c)], (None, None, None, tuple(sorted(chosen)))
    if kind == "pattern":
        stem = rng.choice(cameras)[:-1]
        return ["--cameras", stem + "?"], (None, None, None, tuple(c for c in cameras if c[:-1] == stem))
    if kind == "area":
        area = rng.choice(sorted({world.register.cameras[c]["area"] for c in cameras}))
        return ["--area", area], (None, None, None, tuple(c for c in cameras if world.register.cameras[c]["area"] == area))
    if kind.startswith("class"):
        name = {"class read": "read", "class patch": "plate_patch"}[kind]
        return ["--class", name], (None, None, (name,), None)
    return {"all": ["--all"], "for": ["--for", "3s"]}.get(kind, []), (None, None, None, None)


class Torture:
    befalls = FAULTS

    def __init__(self, folder, pki, broker, rate, seed, say):
        self.say, self.happened, self.rounds = say, Counter(), 0
        self.receipt_ms, self.last_read_ms = [], []
        self.it = it = Installation(folder, pki, broker, "", PARTNERS)
        for partner, (organisation, _) in PARTNERS.items():
            it.partner(partner, "--rate", rate, "--begin", "paused", "--seed", seed, "--trouble", "none", "--keep", 400_000,
                       "--images", 0.02, "--overview-bytes", 700, "--batch-seconds", 3, cameras=CAMERAS)
            it.agreement(partner, [], rules=RULES[partner], kinds=["vrm", "hashed_tag"], share=["read", "plate_patch"])
        it.prepare()
        self.place(it.nodes[0])
        it.start()
        for partner in PARTNERS:
            it.agree(partner)
            it.go_live(partner)
        self.worlds = {p: PartnerWorld(o, (it.folder / p / "cameras.csv").read_text(), it.agreements[p].read_text(), CLOCK_BOUND)
                       for p, (o, _) in PARTNERS.items()}
        self.logs = {p: SentLog(it.folder / p / "sent.jsonl") for p in PARTNERS}
        self.watch = Watch(it, self.worlds, self.logs, say)

    def place(self, node):
        """Before a node is started for the first time."""

    def close(self):
        if self.watch.is_alive():
            self.watch.close()
        for log in self.logs.values():
            log.close()
        self.it.__exit__()

    def run(self, rounds, seed, faults):
        """All of it; its figures, which are told where it does not come to its end, too."""
        begun = time.monotonic()
        try:
            self.go(rounds, seed, faults)
        except BaseException:
            self.say(f"not finished: {json.dumps(self.figures(seed, time.monotonic() - begun))}")
            raise
        finally:
            self.close()
        return self.figures(seed, time.monotonic() - begun)

    def go(self, rounds, seed, faults=None, withdraw=True):
        self.watch.start()
        for simulator in self.it.simulators.values():
            simulator.control(go=True)
        self.flowing(list(PARTNERS))
        for round in plan(rounds, seed, self.worlds, faults, self.befalls):
            if self.over():
                break
            self.round(round)
            self.rounds += 1
            self.tell(round, rounds)
        if withdraw:
            self.withdraw(random.Random(seed))
        self.settle()

    def over(self):
        """Whether to end before all rounds are done."""
        return False

    # --- one round ---

    def round(self, round):
        fault = self.befall(round)
        if round.kind == "stop file":
            self.stop_file(round, fault)
            return
        offs = [Off(0, p, 0, round.key) for p in round.partners]
        others = [self.off_until_done(_other(round), ["off", *round.words], None)] if round.together else []
        thread = self.off_until_done(round.person, ["off", *round.words], None if round.fault != "none" or round.together else offs)
        for one in [thread, *others]:
            one.join()
        fault.join()
        assert not self.failure, self.failure
        time.sleep(round.hold)
        if round.kind != "for":
            for person in [round.person] + ([_other(round)] if round.together else []):
                self.on(person, round.words)
        self.flowing(round.partners, round)
        time.sleep(round.rest)

    def stop_file(self, round, fault):
        """By hand; the journal says when it has been made good."""
        path = self.it.state / "stop" / round.partner
        path.touch()
        eventually(lambda: [r for r in self.watch.decisions.running[round.partner]
                            if r.off.key == round.key and r.ended == FOR_EVER and r.ends], "the stop file is made good", PATIENT)
        fault.join()
        assert not self.failure, self.failure
        time.sleep(round.hold)
        path.unlink()
        self.flowing(round.partners)
        time.sleep(round.rest)

    failure = None

    def off_until_done(self, person, words, timed):
        """Type it until there is a receipt; on a thread. timed: the Offs whose latencies are to be taken."""
        def type_it():
            try:
                until, pause = time.monotonic() + PATIENT, 0.2
                if timed and self.type_timed(person, words, timed):
                    return
                while self.type(person, *words, "--reason", "Off.")[0] != DONE:
                    assert time.monotonic() < until, f"{person}: {' '.join(words)} is never done"
                    time.sleep(pause)       # as people do who look at what it said
                    pause = min(2 * pause, 5)
            except Exception as error:      # noqa: BLE001  told by round()
                self.failure = error
        thread = threading.Thread(target=type_it, daemon=True)
        thread.start()
        return thread

    def type_timed(self, person, words, offs):
        """Once, by the clock; True if that did it."""
        mark, begun = self.watch.mark(offs), time.time() * 1000
        done = self.type(person, *words, "--reason", "Off.")[0] == DONE
        took = time.time() * 1000 - begun
        time.sleep(0.3)             # what was appended before has been seen by then
        self.watch.unmark(mark)
        if done:
            self.receipt_ms.append(took)
            self.last_read_ms.append(max(0, mark.newest - begun))
        return done

    def type(self, person, *words):
        """anprctl; (exit code, what it says is wrong)."""
        who = self.it.people[person]
        try:
            done = subprocess.run([program("anprctl"), *words], env=who.environment(), cwd=who.home, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return None, "no answer within a minute"
        return done.returncode, done.stderr

    def on(self, person, words, seconds=PATIENT):
        until = time.monotonic() + seconds
        while True:
            code, why = self.type(person, "on", *words, "--reason", "On.")
            if code == DONE or (code == REFUSED and ("selectors is off" in why or "no such switch is off" in why)):
                return
            assert time.monotonic() < until, f"on is never done: {why}"
            time.sleep(0.2)

    def flowing(self, partners, round=None):
        """Reads captured from now on arrive. An off that was kept while the broker was away may be recorded after the
        `on`; then it is turned on again, as a person would."""
        since, again, until = time.time() * 1000, time.monotonic() + 12, time.monotonic() + PATIENT
        while any(self.watch.partners[p].newest_captured < since for p in partners):
            if self.watch.faults:
                raise self.watch.faults
            assert time.monotonic() < until, f"no reads of {partners} come any more: {self.it.people['alice'].try_to('status').text}"
            if round and round.kind != "for" and time.monotonic() > again:
                again = time.monotonic() + 12
                for person in [round.person] + ([_other(round)] if round.together else []):
                    self.on(person, round.words)
            time.sleep(0.05)

    # --- what befalls ---

    def befall(self, round):
        def run():
            try:
                time.sleep(round.delay)
                what, _, how = round.fault.partition(" ")
                self.bring(what, how, round)
            except Exception as error:      # noqa: BLE001  told by round()
                self.failure = error
        if round.fault != "none":
            self.happened[round.fault] += 1
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def bring(self, what, how, round):
        if what == "broker":
            self.broker(how, round.length)
        elif how == "killed":
            eventually(lambda: self.it.gateway.kill_child(what) is not None, f"a {what} to kill", 60)
        elif what == "core":
            self.freeze_core(round.length)

    def broker(self, how, length):
        if how == "frozen":
            self.it.broker.freeze()
            time.sleep(length)
            self.it.broker.thaw()
            return
        (self.it.broker.kill if how == "killed" else self.it.broker.stop)()
        self.it.broker.start()

    def freeze_core(self, length):
        number = eventually(lambda: next(iter(self.it.gateway.children("core")), None), "a core to freeze", 60)
        os.kill(number, signal.SIGSTOP)
        time.sleep(length)
        try:
            os.kill(number, signal.SIGCONT)
        except ProcessLookupError:
            pass

    # --- the end ---

    def withdraw(self, rng):
        """Once, as it cannot be turned on again."""
        partner = rng.choice(sorted(self.worlds))
        person = rng.choice(["alice", PARTNERS[partner][1]])
        self.off_until_done(person, ["withdraw", self.worlds[partner].agreement], None).join()
        assert not self.failure, self.failure
        self.say(f"withdrawn by {person}: {partner}")
        time.sleep(2)

    def settle(self):
        """Everything sent so far has been passed, compared, and found on the topic."""
        for simulator in self.it.simulators.values():
            simulator.control(finish=True)
        withdrawn = {off.partner for running in self.watch.decisions.running.values() for r in running
                     for off in [r.off] if off.key[0] is None and off.key[1]}

        def done():
            if self.watch.faults:
                raise self.watch.faults
            rest = [u for u in self.watch.unsettled() if u[0] not in withdrawn or u[1] or u[2]]
            return not rest
        eventually(done, lambda: f"all compared: {self.watch.unsettled()}; unread: {self.watch.unread()}", 300)

    def tell(self, round, rounds):
        counts = self.watch.counts
        wrong = ", ".join(f"{n} {k}" for k, n in counts.items()) or "nothing wrong"
        self.say(f"{round.number}{f'/{rounds}' if rounds else ''}  {round.partner}  {round.kind} by {round.person}{' and the other side' if round.together else ''}"
                 f"  {round.fault}  {self.watch.appended.reads} reads  {wrong}")

    def figures(self, seed, seconds):
        found = {kind: self.watch.counts[kind] for kind in KINDS}
        return {"rounds": self.rounds, "faults": sum(self.happened.values()), "faults_by_kind": dict(sorted(self.happened.items())),
                "reads": sum(p.matched for p in self.watch.partners.values()), "appended": self.watch.appended.reads, **found,
                "receipt_ms": percentiles(self.receipt_ms), "last_read_ms": percentiles(self.last_read_ms),
                "timed": len(self.receipt_ms), "watched_with": f"librdkafka {confluent_kafka.libversion()[0]}",
                "consumers_reopened": sum(f.reopened for f in self.watch.followers),
                "reads_consumers_skipped": sum(p.skipped for p in self.watch.partners.values()), "seconds": round(seconds, 1), "seed": seed,
                "right": not any(found.values()) and self.watch.appended.reads > 0}


def _other(round):
    """Who presses off on the other side."""
    controller = PARTNERS[round.partner][1]
    return controller if round.person == "alice" else "alice"


def percentiles(values):
    ordered = sorted(values)
    return {f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)]) if ordered else None for p in (50, 99)}


def torture(folder, pki, broker, rounds, rate, seed, say=print, faults=None):
    """The whole of it; its figures."""
    return Torture(folder, pki, broker, rate, seed, say).run(rounds, seed, faults)
