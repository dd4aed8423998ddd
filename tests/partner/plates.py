# SPDX-License-Identifier: Apache-2.0
"""Registration marks, made up by the published patterns, and the ways cameras misread them.

Nothing here knows of cameras or streams. Marks are drawn at random from the patterns; that one of
them exists on a real vehicle is chance, and says nothing about it.
"""

import hashlib

LETTERS = "ABCDEFGHJKLMNOPRSTUVWXY"     # A-H, J-P, R-Y: no I, Q, Z
LETTERS_Z = LETTERS + "Z"               # the last three of a current mark may be Z
YEAR_LETTERS = LETTERS.replace("U", "")  # prefix and suffix marks: never I, O, Q, U, Z
YEAR_LETTERS = YEAR_LETTERS.replace("O", "")
# Age identifiers in use: 02-26 for March, 51-75 for September. 00, 01 and 50 were never issued.
AGES = [f"{n:02d}" for n in (*range(2, 27), *range(51, 76))]

# What optical recognition takes for one another, both ways.
CONFUSED = {
    "0": "ODQ", "O": "0DQ", "D": "0O", "Q": "O0", "1": "I", "I": "1", "8": "B", "B": "8",
    "5": "S", "S": "5", "6": "G", "G": "6", "2": "Z", "Z": "2", "4": "A", "A": "4",
    "V": "Y", "Y": "V", "M": "N", "N": "M", "U": "D", "H": "11",
}


def _pick(rng, alphabet, n):
    return "".join(rng.choices(alphabet, k=n))


def _number(rng, top):
    return str(rng.randint(1, top))


_PAIRS = [a + b for a in LETTERS for b in LETTERS]
_TRIPLES = [" " + a + b + c for a in LETTERS_Z for b in LETTERS_Z for c in LETTERS_Z]

CURRENT = 0.88          # share of marks in the form used since September 2001
# The others: (weight, country, maker); a maker returns the mark with the spaces a keeper would write.
KINDS = [
    (50, "GB", lambda r: f"{r.choice(YEAR_LETTERS)}{_number(r, 999)} {_pick(r, LETTERS, 3)}"),
    (5, "GB", lambda r: f"{_pick(r, LETTERS, 3)} {_number(r, 999)}{r.choice(YEAR_LETTERS)}"),
    (12, "GB", lambda r: f"{_pick(r, LETTERS, r.randint(1, 2))} {_number(r, 9999)}"),
    (5, "GB", lambda r: f"{_number(r, 999)} {_pick(r, LETTERS, 3)}"),
    (2, "GB", lambda r: f"Q{_number(r, 999)} {_pick(r, LETTERS_Z, 3)}"),
    (12, "GB", lambda r: f"{r.choice(LETTERS)}{r.choice('IZ')}{r.choice(LETTERS)} {_number(r, 9999)}"),
    (1, "GB", lambda r: f"{r.randint(100, 399)} D {r.randint(100, 399)}"),
    (1, "GB", lambda r: f"{r.randint(10000, 99999)}"),
    (8, "IE", lambda r: f"{r.randint(10, 26)}{r.randint(1, 2)} D {_number(r, 99999)}"),
    (8, "FR", lambda r: f"{_pick(r, LETTERS, 2)} {r.randint(100, 999)} {_pick(r, LETTERS, 2)}"),
    (7, "PL", lambda r: f"W{_pick(r, LETTERS, 1)} {r.randint(10000, 99999)}"),
    (6, "DE", lambda r: f"B {_pick(r, LETTERS, 2)} {_number(r, 9999)}"),
    (2, "DE", lambda r: f"TÖL {_pick(r, LETTERS, 2)} {_number(r, 999)}"),   # cameras do send these letters
    (3, "RO", lambda r: f"B {r.randint(10, 999)} {_pick(r, LETTERS, 3)}"),
]
_MAKERS = [(country, make) for _, country, make in KINDS]
_WEIGHTS = [weight for weight, _, _ in KINDS]


class Vehicle:
    """What cameras can tell of a vehicle: its mark, as one word and as written, and where it is from."""

    __slots__ = ("plate", "written", "country", "_tag", "pace")

    def __init__(self, written, country, pace=1.0):
        self.written = written
        self.plate = written.replace(" ", "")
        self.country = country
        self.pace = pace        # of the speed limit
        self._tag = None

    @property
    def tag(self):
        """The roadside hash: the same mark always gives the same tag, but tags are too few to be unique."""
        if self._tag is None:
            digest = hashlib.blake2b(self.plate.encode(), digest_size=3, key=b"roadside")
            self._tag = digest.hexdigest().upper()
        return self._tag


def make_vehicle(rng):
    random = rng.random
    if random() < CURRENT:      # from tables: this is done for every other read
        written = (_PAIRS[int(random() * len(_PAIRS))] + AGES[int(random() * len(AGES))]
                   + _TRIPLES[int(random() * len(_TRIPLES))])
        country = "GB"
    else:
        country, make = rng.choices(_MAKERS, _WEIGHTS)[0]
        written = make(rng)
    return Vehicle(written, country, 0.75 + 0.4 * random())


def misread(rng, vehicle):
    """The same vehicle as a camera would get it wrong: one confused letter, or one lost."""
    text = vehicle.written
    places = [i for i, c in enumerate(text) if c in CONFUSED]
    if places:
        i = rng.choice(places)
        wrong = CONFUSED[text[i]]
        text = text[:i] + (wrong if wrong == "11" else rng.choice(wrong)) + text[i + 1:]
    else:
        i = rng.choice([i for i, c in enumerate(text) if c != " "])
        text = text[:i] + text[i + 1:]
    return Vehicle(text, vehicle.country, vehicle.pace)
