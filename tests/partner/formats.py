# SPDX-License-Identifier: Apache-2.0
"""How reads are put into the body of a response, and which way a client would have it.

A format has a name, a media type, a heartbeat, and read(), which gives bytes of the body from an
offset of the log and the offset after them; is_open() tells whether those bytes end inside an item.
The log holds NDJSON, so NDJSON is the log itself; the others are made of it, item by item. What is
wrong with an item of the log stays wrong in every format.
"""

import base64
import json
import struct
from datetime import datetime

from .reads import cursor_of


class Ndjson:
    name = "ndjson"
    media_type = "application/x-ndjson"
    heartbeat = b"\n"

    @staticmethod
    def read(log, offset, limit):
        data = log.read(offset, limit)
        return data, offset + len(data)

    @staticmethod
    def is_open(piece):
        return not piece.endswith(b"\n")


def _whole(log, offset, limit):
    """[(number, line), ...] of whole items from an offset, at least one if there is any, and the offset after them."""
    first = log.items_before(offset)
    last = min(len(log), max(first + 1, log.items_before(offset + limit)))
    items = [(n + 1, log.read(log.offsets[n], log.offsets[n + 1] - log.offsets[n]).rstrip(b"\n"))
             for n in range(first, last)]
    return items, log.offsets[last]


class ByItem:
    """A format whose items are made one by one; subclasses have item(number, line)."""

    @classmethod
    def read(cls, log, offset, limit):
        items, end = _whole(log, offset, limit)
        return b"".join(cls.item(number, line) for number, line in items), end

    @staticmethod
    def is_open(_piece):
        return False


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _tag(number, wire_type):
    return varint(number << 3 | wire_type)


def _delimited(number, data):
    return _tag(number, 2) + varint(len(data)) + data


def _text(number, value):
    return _delimited(number, value.encode("utf-8", "surrogateescape"))


def _double(number, value):
    return _tag(number, 1) + struct.pack("<d", value)


def _int(number, value):
    return _tag(number, 0) + varint(value)


def _stamp(number, value):
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return _int(number, -1)     # a time that does not exist, as near as a number comes to it
    return _int(number, round(at.timestamp() * 1000))


def _one_of(*names):
    def encode(number, value):
        return _int(number, names.index(value) if value in names else 99)
    return encode


def _image(number, value):
    return _delimited(number, base64.b64decode(value))


# By hand, so that the simulator shares nothing with what it tries: proto/anpr/v1/read.proto, message Read.
_FIELDS = {
    "read_id": (1, str, _text), "cursor": (2, str, _text), "camera_id": (3, str, _text),
    "captured_at": (4, str, _stamp), "kind": (5, str, _one_of(None, "vrm", "hashed_tag", "no_plate")),
    "vrm": (6, str, _text), "tag": (7, str, _text), "lat": (8, (int, float), _double), "lon": (9, (int, float), _double),
    "heading": (10, (int, float), _double), "lane": (11, int, _int),
    "direction": (12, str, _one_of(None, "towards", "away")), "speed_kph": (13, (int, float), _double),
    "confidence": (14, (int, float), _double), "country": (15, str, _text), "plate_patch": (16, str, _image),
    "overview": (17, str, _image)}
_UNKNOWN = 1000             # the field of members nobody agreed on


def _field(name, value):
    if name not in _FIELDS:
        return _text(_UNKNOWN, json.dumps(value))
    number, types, encode = _FIELDS[name]
    if isinstance(value, types):
        return encode(number, value)
    return _tag(number, 5) + b"\0\0\0\0"    # of a type it cannot have


def _object(line):
    """The object of a line, with bytes that are not UTF-8 kept; None if it is none."""
    try:
        read = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


class Protobuf(ByItem):
    name = "protobuf"
    media_type = "application/x-protobuf; delimited=true"
    heartbeat = b"\0"

    @staticmethod
    def item(_number, line):
        read = _object(line)
        if read is None:
            message = b"\7" + line          # wire type 7 is none
        else:
            message = b"".join(_field(name, value) for name, value in read.items())
        return varint(len(message)) + message


class EventStream(ByItem):
    name = "event-stream"
    media_type = "text/event-stream"
    heartbeat = b": still here\n\n"

    @staticmethod
    def item(number, line):
        """In each of the ways there are: the cursor as id too, only as id, not as id; data on several lines."""
        read = _object(line)
        said = cursor_of(number).encode()
        if read is None:
            return b"event: read\nid: %b\ndata: %b\n\n" % (said, line)
        if read.get("cursor") != said.decode() or number % 4 == 0:
            return b"data: %b\n\n" % line
        if number % 4 == 1:
            return b"id: %b\ndata: %b\n\n" % (said, line)
        del read["cursor"]
        text = json.dumps(read, ensure_ascii=False, indent=1 if number % 4 == 3 else None)
        data = b"".join(b"data: %b\r\n" % part.encode("utf-8", "surrogateescape") for part in text.split("\n"))
        return b"%bid: %b\r\n\r\n" % (data, said)


FORMATS = {f.name: f for f in (Ndjson, Protobuf, EventStream)}


def parse(text):
    """The formats in a list like `protobuf,ndjson`, or `all`."""
    names = list(FORMATS) if text == "all" else text.split(",")
    for name in names:
        if name not in FORMATS:
            raise ValueError(f"unknown format '{name}'; there are {', '.join(FORMATS)}")
    return [FORMATS[name] for name in names]


def _quality(parameters):
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def choose(accept, offered):
    """Of the formats offered the one an Accept header likes best, the first of equals; or None. Without a header
    anything goes."""
    best, liked = None, 0.0
    for part in (accept or "*/*").split(","):
        media, *parameters = [p.strip() for p in part.lower().split(";")]
        quality = _quality(parameters)
        for one in offered:
            name = one.media_type.split(";")[0]
            if media in (name, name.split("/")[0] + "/*", "*/*") and quality > liked:
                best, liked = one, quality
    return best
