# SPDX-License-Identifier: Apache-2.0
"""The partner's log: every item that ever entered the stream, in order, whoever listens.

Items are numbered from 1 and the cursor is the number. The log is one run of bytes, as it goes
over the wire, so that sending is copying a slice and a connection's whole state is an offset.
Beside it are two numbers per item: where it begins and when it entered. With a state file both
are on disk before anyone can see them, and a killed simulator comes back as it was.
"""

import array
import asyncio
import bisect
import json
import os
import re

from .reads import cursor_of

_CURSOR = re.compile(r"c-([0-9]{12})\Z")


class Gone(Exception):
    """The cursor is too old, or of another log: what follows it is not known here."""


class Nonsense(Exception):
    """A request that no reading of the interface allows."""


class BadState(Exception):
    pass


class MemoryStore:
    """The log's bytes in memory."""

    def __init__(self):
        self.data, self.base = bytearray(), 0

    def append(self, lines, _at, _generated, _notes):
        self.data += b"".join(lines)

    def read(self, start, end):
        return bytes(self.data[start - self.base:end - self.base])

    def forget(self, before):
        # a bytearray gives up its head without moving the rest
        del self.data[:before - self.base]
        self.base = before


class FileStore:
    """The log's bytes in FILE, what is known of each item in FILE.index; both only ever appended.

    The index's first line says whose log it is. An item's line is: entered (ms), length,
    1 if generated or 0 if put in by hand, a tab, its note.
    """

    def __init__(self, path, identity):
        self.bytes = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.index = os.open(path + ".index", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.past = []      # (entered, length, generated, note) of what an earlier run left
        self._load(json.dumps(identity, sort_keys=True).encode() + b"\n")

    def _load(self, identity):
        with open(self.index, "rb", closefd=False) as file:
            head = file.readline()
            if not head.endswith(b"\n"):     # new, or killed while it was being made
                os.ftruncate(self.index, 0)
                os.write(self.index, identity)
                os.ftruncate(self.bytes, 0)
                return
            if head != identity:
                raise BadState("the state file is of a run with other options; they have to be the same")
            good, length = len(head), 0
            for line in file:
                if not line.endswith(b"\n"):
                    break
                numbers, note = line.split(b"\t", 1)
                at, n, generated = map(int, numbers.split())
                self.past.append((at, n, generated, note))
                good += len(line)
                length += n
        # Bytes are written before their index, so a kill between leaves bytes nobody has seen.
        os.ftruncate(self.index, good)
        os.ftruncate(self.bytes, length)

    def append(self, lines, at, generated, notes):
        _write(self.bytes, b"".join(lines))
        _write(self.index, b"".join(b"%d %d %d\t%b" % (at, len(line), generated, note)
                                    for line, note in zip(lines, notes)))

    def read(self, start, end):
        return os.pread(self.bytes, end - start, start)

    def forget(self, before):
        """Nothing: what the log no longer gives is still needed to come back after a kill."""


def _write(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


class Log:
    """What entered the stream. One thread; `changed` wakes whoever waits for more."""

    def __init__(self, state=None, identity=None, keep=0, sent=None):
        self.offsets = array.array("Q", [0])        # of item n (from 0); one more than there are items
        self.entered = array.array("Q")             # ms
        self.keep, self.first = keep, 0             # the oldest item still given
        self.surplus = 0
        self.done = False                           # nothing will follow
        self.changed = asyncio.Event()
        self.past = []                              # (entered, generated) of items of an earlier run
        self.store = FileStore(state, identity) if state else MemoryStore()
        # The file of notes is made anew: after a kill it may lack what the state file has.
        self.sent = os.open(sent, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if sent else None
        if state:
            self._recall()

    def _recall(self):
        past, self.store.past = self.store.past, []
        for at, length, generated, note in past:
            self.offsets.append(self.offsets[-1] + length)
            self.entered.append(at)
            self.past.append((at, generated))
        if self.sent is not None:
            _write(self.sent, b"".join(note for _, _, _, note in past))
        self._forget()

    def __len__(self):
        return len(self.entered)

    @property
    def end(self):
        return self.offsets[-1]

    def append(self, items, at, generated=True):
        """items: [(line, note), ...], of which the first has number len(self) + 1. On disk first,
        then in the notes, then for everyone to see."""
        if self.entered:
            at = max(at, self.entered[-1])          # `since` searches this, so it never goes back
        lines, notes = zip(*items)
        self.store.append(lines, at, generated, notes)
        if self.sent is not None:
            _write(self.sent, b"".join(notes))
        end = self.end
        for line in lines:
            end += len(line)
            self.offsets.append(end)
        self.entered.extend([at] * len(lines))
        self._forget()
        self._wake()

    def finish(self):
        self.done = True
        self._wake()

    def _wake(self):
        self.changed.set()
        self.changed = asyncio.Event()

    def _forget(self):
        if self.keep and len(self) - self.first > self.keep:
            self.first = len(self) - self.keep
            self.surplus += 1
            if self.surplus > self.keep // 8:       # memory is given back now and then, not item by item
                self.surplus = 0
                self.store.forget(self.offsets[self.first])

    def read(self, offset, limit):
        return self.store.read(offset, min(self.end, offset + limit))

    def kept(self, offset):
        return offset >= self.offsets[self.first]

    # Where a connection begins (section 5.1 of the design)
    def after(self, cursor):
        match = _CURSOR.match(cursor)
        if not match:
            raise Nonsense("not a cursor of this stream")
        number = int(match[1])
        if number < 1 or number > len(self) or number < self.first:
            raise Gone
        return self.offsets[number]

    def oldest(self):
        return self.offsets[self.first]

    def since(self, ms):
        return self.offsets[max(self.first, bisect.bisect_left(self.entered, ms))]

    def items_before(self, offset):
        """How many items lie wholly before an offset."""
        return bisect.bisect_right(self.offsets, offset) - 1

    def cursor_before(self, offset):
        n = self.items_before(offset)
        return cursor_of(n) if n else None
