# SPDX-License-Identifier: Apache-2.0
"""Turns passages into items of the stream: lines of NDJSON, and a note of what each one was.

Cameras of one partner differ in what they tell and how they write it; each has its own dialect,
for ever. This is the hot path, a few microseconds a read, so whatever is the same for a camera
is rendered once.
"""

import base64
import functools
import json
import random
import time
from collections import deque

from . import plates, trouble

RECENT = 500            # a repeat is of one of so many last reads


def cursor_of(number):
    return f"c-{number:012d}"


class Stamps:
    """RFC 3339 with milliseconds, in one of the ways to write UTC and in summer time's offset."""

    ZONES = (("Z", 0), ("+00:00", 0), ("+01:00", 3600))

    def __init__(self):
        self.seconds = {}

    def stamp(self, ms, zone):
        second, rest = divmod(ms, 1000)
        try:
            text = self.seconds[second, zone]
        except KeyError:
            if len(self.seconds) > 50_000:
                self.seconds.clear()
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second + self.ZONES[zone][1]))
            self.seconds[second, zone] = text
        return f"{text}.{rest:03d}{self.ZONES[zone][0]}"


@functools.lru_cache(maxsize=None)
def _details(limit, lanes, direction, tells):
    """64 ways that a passage of such a camera may look; shared by all cameras alike."""
    rng = random.Random(f"{limit}/{lanes}/{direction}/{tells}")
    out = []
    for _ in range(64):
        text = f',"lane":{rng.randint(1, lanes)}'
        if tells > 0:
            text += f',"direction":"{direction}"'
        if tells > 1:
            text += f',"speed_kph":{limit * rng.uniform(0.7, 1.15):.1f}'
        out.append(text)
    return out


class Dialect:
    """How one camera speaks."""

    __slots__ = ("camera", "said", "said_outside", "fixed", "writes", "zone", "country", "details")

    def __init__(self, camera):
        rng = random.Random(camera.camera_id)
        self.camera = camera
        self.said = json.dumps(camera.camera_id)
        self.said_outside = json.dumps(camera.external_id)
        self.zone = rng.choices((0, 1, 2), (70, 15, 15))[0]
        self.writes = rng.choices(("plain", "spaced", "lower"), (90, 5, 5))[0]
        self.country = rng.random() < 0.8
        fixed = ""
        if rng.random() < 0.8:
            fixed += f',"lat":{camera.latitude:.5f},"lon":{camera.longitude:.5f}'
        if rng.random() < 0.7:
            fixed += f',"heading":{camera.heading}'
        if rng.random() < 0.05:     # fields nobody agreed on, which a reader has to ignore
            fixed += ',"vendor":{"model":"K3","firmware":[4,2,0],"night":null}'
        self.fixed = fixed
        self.details = _details(camera.limit_kph, camera.lanes,
                                rng.choice(("towards", "away")), rng.randint(0, 2))


# Mostly sure of itself; one camera read in fifty comes without a figure.
_SURE = [f"0.{72 + 27 * max(i % 16, i // 16) // 15}" if i % 51 else None for i in range(256)]


def _jpeg(rng, n):
    """Bytes that begin and end as a JPEG does, in base64."""
    return base64.b64encode(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + rng.randbytes(n) + b"\xff\xd9").decode()


class Items:
    """Makes the items of one partner's stream. Same seed, same passages: same items."""

    def __init__(self, prefix, seed, shares, images=0.0, overview_bytes=6000, outside_ids=0.01, noting=True):
        self.rng = random.Random(f"items/{seed}")
        self.random, self.bits = self.rng.random, self.rng.getrandbits
        self.trouble = trouble.Trouble(shares)
        self.noting = noting        # else notes are empty
        self.prefix = f"{prefix}-{seed}"
        self.stamp = Stamps().stamp
        self.dialects = {}
        self.count = 0
        self.recent = deque(maxlen=RECENT)
        self.outside = int(outside_ids * 1024)
        self.images = images
        pictures = random.Random(seed)
        self.pictures = [f',"plate_patch":"{_jpeg(pictures, 1000)}"'
                         f',"overview":"{_jpeg(pictures, overview_bytes)}"'
                         for _ in range(8 if images else 0)]
        self.huge = None

    def make(self, passage, entry_ms, number):
        """The items of one passage, the first at `number` in the stream: [(line, note), ...].
        The first is the read; trouble may put one more beside it."""
        _, camera, vehicle, age = passage
        r = self.random()
        fate = self.trouble.at(r) if r < self.trouble.total else None
        self.count += 1
        read_id = f"{self.prefix}-{self.count:09d}"
        rest, told = self._read(camera, vehicle, entry_ms - int(age * 1000), fate)
        self.recent.append((read_id, rest, told))
        if fate not in trouble.BESIDE:
            return [self._item(number, read_id, rest, told, fate or "ok")]
        return [self._item(number, read_id, rest, told, "ok"),
                getattr(self, "_" + fate)(number + 1, read_id, rest, told)]

    def _read(self, camera, vehicle, captured_ms, fate):
        """What is said of a passage, and the note of it, both from the camera on."""
        d = self.dialects.get(camera.camera_id)
        if d is None:
            d = self.dialects[camera.camera_id] = Dialect(camera)
        bits = self.bits(32)
        confidence = _SURE[bits & 255]
        said = d.said_outside if bits >> 22 < self.outside else d.said
        kind = camera.kind
        if fate:
            if fate == "misread":
                vehicle = plates.misread(self.rng, vehicle)
                confidence = f"0.{self.rng.randint(31, 84)}"
            elif fate == "late":
                captured_ms -= self.rng.randint(120, 6 * 3600) * 1000
            elif fate == "clock":
                off = random.Random(camera.camera_id + "clock").choice(trouble.CLOCKS_OFF)
                captured_ms += off * 1000
            elif fate == "unknown_camera":
                said = json.dumps(camera.camera_id + "-NEW")
            elif fate == "no_plate" and kind == "vrm":
                kind = "no_plate"
        captured = self.stamp(captured_ms, d.zone)
        head = f'"camera_id":{said},"captured_at":"{captured}"'
        told = f'"camera_id":{d.said},"captured_at":"{captured}","kind":"{kind}"'
        if said is not d.said:
            told += f',"sent_as":{said}'
        if kind == "hashed_tag":        # time, tag, country and site is all that leaves the roadside
            return (f'{head},"kind":"hashed_tag","tag":"{vehicle.tag}","country":"{vehicle.country}"',
                    f'{told},"tag":"{vehicle.tag}"')
        if kind == "no_plate":
            return f'{head},"kind":"no_plate"{d.fixed}{d.details[bits >> 8 & 63]}', told
        mark = vehicle.plate
        if d.writes != "plain":
            mark = vehicle.written if d.writes == "spaced" else mark.lower()
        rest = f'{head},"vrm":"{mark}"{d.fixed}{d.details[bits >> 8 & 63]}'
        told += f',"vrm":"{mark}"'
        if confidence:
            rest += f',"confidence":{confidence}'
            told += f',"confidence":{confidence}'
        if d.country:
            rest += f',"country":"{vehicle.country}"'
        if self.images and self.random() < self.images:
            rest += self.pictures[bits >> 14 & 7]
            told += ',"images":true'
        return rest, told

    def _item(self, number, read_id, rest, told, fate):
        cursor = f"c-{number:012d}"
        line = f'{{"read_id":"{read_id}","cursor":"{cursor}",{rest}}}\n'.encode()
        if not self.noting:
            return line, b""
        return line, f'{{"cursor":"{cursor}","read_id":"{read_id}",{told},"fate":"{fate}"}}\n'.encode()

    def _repeat(self, number, _read_id, _rest, _told):
        """An earlier read once more, word for word, under a new cursor."""
        return self._item(number, *self.rng.choice(self.recent), "repeat")

    def _malformed(self, number, read_id, rest, _told):
        read_id, cursor = read_id + "-bad", cursor_of(number)
        read = json.loads(f'{{"read_id":"{read_id}","cursor":"{cursor}",{rest}}}')
        line, why = trouble.malformed(self.rng, read)
        return line + b"\n", note(number, read_id=read_id, fate="malformed", why=why)

    def _oversize(self, number, read_id, rest, told):
        if self.huge is None:
            self.huge = _jpeg(self.rng, trouble.OVERSIZE_BYTES)     # too large also without base64
        return self._item(number, read_id + "-big", f'{rest},"overview":"{self.huge}"', told, "oversize")


def note(number, **told):
    """The note of an item that is not a well-formed read."""
    return json.dumps({"cursor": cursor_of(number), **told}).encode() + b"\n"
