# SPDX-License-Identifier: Apache-2.0
"""What the journal says was decided, read from Kafka by Python's own protobuf: who turned which switch when, what was
withdrawn, and where the topic ended when each off had been made good. And from that, by DESIGN.md 5.5 and 5.6, whether
a read is shared under a policy version. No code of the gateway."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from .evaluator import FOR_EVER, Register, Switch, Version, glob, offs_of
from .messages import journal_pb2

CLASSES = {0: None, 1: ("read",), 2: ("plate_patch",), 3: ("overview",)}
REMEMBERED = 8                  # offs and fences of the past
LOOK_BACK = 15 * 60 * 1000      # ms; no read is decided so long after its capture here


@dataclass(frozen=True)
class Off:
    """A narrowing, of one partner: everything under `key` (as evaluator.Switch) from `at` on."""
    entry: int
    partner: str
    at: int
    key: tuple

    def covers(self, camera, patch, rules):
        """Whether sharing the read would be against it. A class of images covers the reads that have one."""
        _, _, rule, classes, cameras = self.key
        if classes == ("overview",) or (classes == ("plate_patch",) and not patch):
            return False
        return (cameras is None or camera in cameras) and (rule is None or rules.get(camera) == [rule])


@dataclass
class Running:
    """An off, how long it lasts, and where the topics ended when it had been made good."""
    off: Off
    until: int
    ended: int = FOR_EVER       # by this entry
    ends: dict = field(default_factory=dict)

    def against(self, place, offset, version, published):
        """Whether what is appended there, decided under that version, comes after its receipt and before its end."""
        return (self.off.entry <= version < self.ended and published < self.until
                and offset >= self.ends.get(place, FOR_EVER))


class PartnerWorld:
    """A partner's register and agreement, which do not change during a run."""

    def __init__(self, organisation, register, agreement, clock_bound):
        self.organisation, self.clock_bound = organisation, clock_bound
        self.register = Register.read(0, register)
        self.version = Version.read(0, None, agreement, self.register)
        self.agreement, self.sides = self.version.text["agreement"], (organisation, "mps")
        self.rules = defaultdict(list)      # by camera
        for rule, cameras in self.version.covered.items():
            for camera in cameras:
                if self.register.cameras[camera]["state"] == "live":
                    self.rules[camera].append(rule)


class Sharing:
    """What a partner shares when these switches were turned; see Decisions.sharing."""

    def __init__(self, world, switches, at):
        self.world, self._known = world, {}
        self.offs = [off for off in offs_of(switches) if off[1] > at - LOOK_BACK]

    def _against(self, camera, rule, data_class):
        """When the camera's reads of a class were off by a rule: [(from, until)]."""
        return [(begin, end) for begin, end, (_, _, of, classes, cameras) in self.offs
                if of in (None, rule) and (cameras is None or camera in cameras)
                and (classes is None or data_class in classes)]

    def _times(self, camera):
        if camera not in self._known:
            self._known[camera] = [(self._against(camera, rule, "read"), self._against(camera, rule, "plate_patch"))
                                   for rule in self.world.rules.get(camera, ())]
        return self._known[camera]

    def decide(self, camera, captured, now):
        """(shared, with its plate patch): some rule permits the read, and the patch as well."""
        bound, shared, patch = self.world.clock_bound, False, False
        for of_reads, of_patches in self._times(camera):
            if _free(of_reads, captured, now, bound):
                shared = True
                patch = patch or _free(of_patches, captured, now, bound)
        return shared, patch

    def off_at_capture(self, camera, captured):
        """By the camera's own time alone, nothing widened: every rule was off then."""
        times = self._times(camera)
        return bool(times) and all(any(begin <= captured < end for begin, end in reads) for reads, _ in times)

    def came_on(self, now):
        """When something was last turned on."""
        return max((end for _, end, _ in self.offs if end <= now), default=0)


def _free(offs, captured, now, bound):
    return not any(begin <= now < end or begin - bound <= captured < end + bound for begin, end in offs)


class Decisions:
    """Takes the journal's entries in, oldest first. worlds: PartnerWorld by partner."""

    def __init__(self, worlds):
        self.worlds, self.newest, self.time = worlds, 0, 0
        self.switches = {p: [] for p in worlds}         # (entry, Switch)
        self.pending = {}                               # Offs by entry, not yet enforced
        self.recorded_by = {}                           # node by entry that narrows
        self.fenced_at = {}                             # by such an entry: the last of its fences, once enforced
        self.fenced = []                                # (newest entry, Offs, {(topic, partition): high watermark})
        self.running = {p: [] for p in worlds}          # Running, those that are over for long left out
        self._proposals, self._sharing = {}, {p: {} for p in worlds}

    def take(self, value):
        stored = journal_pb2.StoredEntry.FromString(value)
        entry = journal_pb2.JournalEntry.FromString(stored.entry)
        assert entry.sequence == self.newest + 1, "the journal's numbers have a gap"
        self.newest, self.time = entry.sequence, entry.time_ms
        body = entry.WhichOneof("body")
        if body == "decree":
            self._decree(entry)
        elif body == "lapse":
            self._lapse(entry)
        elif body == "enforced":
            self._enforced(entry.enforced)

    def _decree(self, entry):
        command = journal_pb2.anpr_dot_v1_dot_command__pb2.Command.FromString(entry.decree.signed.command)
        ask = command.WhichOneof("ask")
        accepted = min(entry.decree.accepted_at_ms, entry.time_ms)
        if ask == "propose":
            self._proposals[entry.sequence] = command.propose.document.name.removesuffix(".yaml")
        elif ask == "approve":
            self._agreed(entry, self._proposals.get(command.approve.proposal))
        elif ask == "set_switch":
            self._switched(entry, command.organisation, command.set_switch, accepted)
        elif ask == "withdraw":
            self._withdrawn(entry, command.withdraw.agreement, accepted)

    def _agreed(self, entry, name):
        for partner, world in self.worlds.items():
            if world.agreement == name:
                for side in world.sides:
                    self._turn(entry, partner, Switch(entry.time_ms, "off", side, name))

    def _withdrawn(self, entry, name, at):
        for partner, world in self.worlds.items():
            if world.agreement == name:
                self._narrow(entry, partner, Switch(at, "off", None, name))

    def _switched(self, entry, side, ask, accepted):
        off = ask.position == 1
        at = accepted if off else entry.time_ms
        for partner, world in self.worlds.items():
            if side not in world.sides or ask.partner not in ("", partner):
                continue
            switch = Switch(at, "off" if off else "on", side, ask.agreement or None, ask.rule or None,
                            CLASSES[ask.data_class], _cameras(world, ask), at + ask.for_ms if ask.for_ms else 0)
            (self._narrow if off else self._widen)(entry, partner, switch)

    def _lapse(self, entry):
        lapse = entry.lapse
        if lapse.cause not in (lapse.CAUSE_STOP_FILE, lapse.CAUSE_STOP_FILE_REMOVED):
            return          # the timelines end by themselves
        for partner in self.worlds:
            if lapse.partner in ("", partner):
                stop = lapse.cause == lapse.CAUSE_STOP_FILE
                at = min(lapse.accepted_at_ms or entry.time_ms, entry.time_ms)
                (self._narrow if stop else self._widen)(entry, partner, Switch(at, "off" if stop else "on"))

    def _turn(self, entry, partner, switch):
        self.switches[partner].append((entry.sequence, switch))

    def _narrow(self, entry, partner, switch):
        self._turn(entry, partner, switch)
        off = Off(entry.sequence, partner, switch.at, switch.key)
        self.recorded_by[entry.sequence] = entry.node
        self.pending.setdefault(entry.sequence, []).append(off)
        self.running[partner] = self.running[partner][-REMEMBERED:] + [Running(off, switch.until or FOR_EVER)]

    def _widen(self, entry, partner, switch):
        self._turn(entry, partner, switch)
        for running in self.running[partner]:
            if running.off.key == switch.key:
                running.ended = min(running.ended, entry.sequence)

    def _enforced(self, enforced):
        for entry in enforced.entries:
            self.fenced_at[entry] = max((p.fenced_at_ms for p in enforced.publishers), default=0)
        offs = [off for entry in enforced.entries for off in self.pending.pop(entry, ())]
        ends = {(end.topic, end.partition): end.high_watermark for p in enforced.publishers for end in p.ends}
        for running in (r for off in offs for r in self.running[off.partner]):
            if running.off in offs:
                running.ends = ends
        if offs:
            self.fenced = self.fenced[-REMEMBERED:]
            self.fenced.append((max(enforced.entries), offs, ends))

    def in_flight(self, partner, record, captured):
        """Whether an off that covers the capture was taken by another node than the one that published, and had not fenced
        it yet: a node knows of another's off by journal and fence alone. Only within the clock bound, nearer than which no
        camera's time is known."""
        bound = self.worlds[partner].clock_bound
        return any(running.off.at <= captured < running.off.at + bound and record.policy_version < running.off.entry
                   and record.node != self.recorded_by.get(running.off.entry, record.node)
                   and record.written_at_ms <= self.fenced_at.get(running.off.entry, FOR_EVER)
                   for running in self.running[partner])

    def sharing(self, partner, version, at):
        """What the partner shares under a policy version, as far as that is known by now."""
        n = bisect_right(self.switches[partner], version, key=lambda turned: turned[0])
        known = self._sharing[partner]
        if n not in known:
            if len(known) > 4:
                del known[min(known)]
            known[n] = Sharing(self.worlds[partner], [switch for _, switch in self.switches[partner][:n]], at)
        return known[n]


def _cameras(world, ask):
    """The cameras that a command's selector meant."""
    if not ask.HasField("cameras"):
        return None
    chosen = []
    for camera, row in world.register.cameras.items():
        named = not ask.cameras.patterns or any(glob(pattern, camera) for pattern in ask.cameras.patterns)
        if named and ask.cameras.area in ("", row["area"]):
            chosen.append(camera)
    return tuple(chosen)
