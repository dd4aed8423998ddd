# SPDX-License-Identifier: Apache-2.0
"""What goes wrong at a partner, how often, and what it looks like on the wire.

Two sorts: trouble that befalls a read (it is still one well-formed read), and bad items that come
into the stream beside the reads. So the number of well-formed, distinct reads never depends on
the trouble asked for.
"""

import bisect
import json

BEFALLS = ("misread", "late", "clock", "no_plate", "unknown_camera")
BESIDE = ("repeat", "malformed", "oversize")
DEFAULT = {"misread": 0.003, "repeat": 0.002, "late": 0.002, "clock": 0.001, "malformed": 0.001,
           "no_plate": 0.002, "unknown_camera": 0.0005, "oversize": 0.0001}

# A camera with a wrong clock is wrong by the same each time. Seconds.
CLOCKS_OFF = (45, 600, 3600, 8 * 3600, -3600, -5 * 3600, -26 * 3600)
OVERSIZE_BYTES = 600 * 1024     # the limit is 512 KiB


class BadTrouble(ValueError):
    pass


def parse(text):
    """Shares of the reads, from `default`, `none` or `misread=0.01,repeat=0.002`."""
    if text in ("default", "none"):
        return DEFAULT if text == "default" else {}
    shares = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in BEFALLS + BESIDE:
            raise BadTrouble(f"unknown trouble '{name}'; there are {', '.join(BEFALLS + BESIDE)}")
        try:
            shares[name] = float(value)
        except ValueError:
            raise BadTrouble(f"trouble '{name}': a share from 0 to 1, not '{value}'") from None
        if not 0 <= shares[name] <= 1:
            raise BadTrouble(f"trouble '{name}': a share from 0 to 1, not '{value}'")
    if sum(shares.values()) > 1:
        raise BadTrouble("the shares add up to more than 1")
    return shares


class Trouble:
    """Which trouble a number from 0 to 1 stands for."""

    def __init__(self, shares):
        self.names, self.upto, total = [], [], 0.0
        for name in BEFALLS + BESIDE:       # a fixed order: the same seed gives the same fates
            if shares.get(name):
                total += shares[name]
                self.names.append(name)
                self.upto.append(total)
        self.total = total

    def at(self, r):
        """The name of a trouble; only for r below the total."""
        return self.names[bisect.bisect(self.upto, r)]


def _without(name):
    def spoil(_rng, read):
        del read[name]
    return spoil


def _with(**impossible):
    def spoil(_rng, read):
        read.update(impossible)
    return spoil


def _without_its_mark(_rng, read):
    read.pop("vrm", None) or read.pop("tag", None)
    read["kind"] = "vrm"


# Each spoils a well-formed read (a dict) so that no reader may take it.
SPOILERS = [
    ("missing_field", _without("read_id")),
    ("missing_field", _without("cursor")),
    ("missing_field", _without("camera_id")),
    ("missing_field", _without("captured_at")),
    ("missing_field", _without_its_mark),
    ("impossible_field", _with(read_id="x" * 65)),
    ("impossible_field", _with(captured_at="2026-13-40T25:61:00Z")),
    ("impossible_field", _with(captured_at=20261101120000)),
    ("impossible_field", _with(kind="vrm", vrm="")),
    ("impossible_field", _with(kind="vrm", vrm="ABCDEFGHJKLMNPRST")),
    ("impossible_field", _with(kind="plate")),
    ("impossible_field", _with(lat=91.5, lon=-0.1)),
    ("impossible_field", _with(lat=51.5, lon="west")),
    ("impossible_field", _with(confidence=1.7)),
    ("impossible_field", _with(camera_id="c" * 65)),
]


def _broken(rng, line):
    """Not JSON, in one of the ways a failing sender produces it."""
    cut = line[:rng.randint(1, len(line) - 2)]
    return rng.choice([cut, line + "}", line.replace(":", "=", 1), "Internal Server Error",
                       "[" + line[1:-1] + "]", line.replace('"', "'")]).encode()


def malformed(rng, read):
    """(bytes of a line without its newline, why it is bad), from a well-formed read as a dict."""
    turn = rng.randrange(len(SPOILERS) + 4)
    if turn < len(SPOILERS):
        why, spoil = SPOILERS[turn]
        spoil(rng, read)
        return json.dumps(read, ensure_ascii=False).encode(), why
    if turn < len(SPOILERS) + 2:
        return _broken(rng, json.dumps(read)), "not_json"
    read["kind"], read["vrm"] = "vrm", "BADBYTES"
    return json.dumps(read).encode().replace(b"BADBYTES", b"AB\xff\xfe12\xc0"), "bad_utf8"
