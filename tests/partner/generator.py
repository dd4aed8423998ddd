# SPDX-License-Identifier: Apache-2.0
"""Puts items into the log when their time has come, whether anyone listens or not.

The only place where the stream's own time (seconds from 0) meets the wall clock. Pausing and
changing the rate only slow or hasten that time, so the n-th read stays the n-th read.
"""

import asyncio
import math
import time

AT_ONCE = 500           # passages between two looks at the connections
NAP = 0.01              # seconds; reads enter the log in steps of this


def now_ms():
    return time.time_ns() // 1_000_000


class Generator:
    """passages: as of world.py; items: makes them into items; total: reads to make, None for no end;
    unpaced: as fast as the machine gives."""

    def __init__(self, passages, items, log, unpaced=False, total=None):
        self.passages, self.items, self.log = iter(passages), items, log
        self.unpaced, self.total = unpaced, math.inf if total is None else total
        self.factor = 1.0                   # seconds of the stream in one of the wall
        self.going = asyncio.Event()
        self._set_clock(self._catch_up())
        self._next()

    def clock(self):
        passed = (time.monotonic() - self.anchor) * self.factor if self.going.is_set() else 0.0
        return self.base + passed

    def _set_clock(self, at):
        self.base, self.anchor = at, time.monotonic()

    def go(self):
        if not self.going.is_set():
            self._set_clock(self.base)
            self.going.set()

    def pause(self):
        self._set_clock(self.clock())
        self.going.clear()

    def hasten(self, factor):
        """From now on `factor` times as fast as asked for at the start; inf: as fast as it goes."""
        self._set_clock(self.clock())
        self.unpaced = math.isinf(factor)
        if not self.unpaced:
            self.factor = factor

    async def flood(self, reads):
        """So many reads at once, whatever their time; those after them follow at their usual distance."""
        while reads > 0 and self.waiting:
            reads -= self._take(min(reads, AT_ONCE), math.inf)
            await asyncio.sleep(0)          # connections and their heartbeats go on meanwhile

    def stop(self):
        """No more reads at all."""
        self.waiting = None
        self.log.finish()

    def _next(self):
        """Looks at the next passage, which is not yet due."""
        self.waiting = next(self.passages, None) if self.items.count < self.total else None

    def _catch_up(self):
        """Drive again, silently, all that an earlier run sent; the stream's time it had come to."""
        past, self.log.past = self.log.past, []
        generated = [(number, at) for number, (at, own) in enumerate(past, 1) if own]
        done, reached = 0, 0.0
        while done < len(generated):
            number, at = generated[done]
            passage = next(self.passages)
            made = self.items.make(passage, at, number)
            done, reached = done + len(made), passage[0]
            if done > len(generated):       # it was killed between a read and the bad item beside it
                self.log.append(made[1:], at)
        return reached

    def _take(self, limit, until):
        """Moves the passages due by then into the log, at most `limit`; says how many."""
        out, taken, number, entered = [], 0, len(self.log) + 1, now_ms()
        make, at = self.items.make, self.base
        while taken < limit and self.waiting and self.waiting[0] <= until:
            at = self.waiting[0]
            made = make(self.waiting, entered, number)
            out += made
            number += len(made)
            taken += 1
            self._next()
        if out:
            self.log.append(out, entered)
        if math.isinf(until):               # time was not waited for, so it has to jump
            self._set_clock(max(at, self.clock()))
        if not self.waiting:
            self.log.finish()
        return taken

    async def run(self):
        while self.waiting:
            await self.going.wait()
            taken = self._take(AT_ONCE, math.inf if self.unpaced else self.clock())
            await asyncio.sleep(0 if taken == AT_ONCE else NAP)
        self.log.finish()
