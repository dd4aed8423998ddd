# SPDX-License-Identifier: Apache-2.0
"""deploy/partner/stream.openapi.yaml against the code: its examples and, on both sides of each limit it names, a value
go through the gateway's own decoders, in JSON and in protobuf."""

import base64
import json
import subprocess
from datetime import datetime

import pytest
import yaml

from support.messages import read_pb2
from support.places import BUILD, ROOT

DOCUMENT = yaml.safe_load((ROOT / "deploy/partner/stream.openapi.yaml").read_text())
REQUEST = DOCUMENT["paths"]["/v1/reads"]["get"]
CONTENT = REQUEST["responses"]["200"]["content"]
READ = DOCUMENT["components"]["schemas"]["Read"]
FIELDS = READ["properties"]
NDJSON, PROTOBUF, EVENTS = "application/x-ndjson", "application/x-protobuf; delimited=true", "text/event-stream"
LIMIT = 524288
JPEG = b"\xff\xd8\xff\xe0\xff\xd9"

GOOD = {"read_id": "r-1", "cursor": "c-1", "camera_id": "CAM-1", "captured_at": "2026-11-01T12:00:00Z", "vrm": "AB12"}
TAG = GOOD | {"kind": "hashed_tag", "tag": "4711", "vrm": None}


def decode(media_type, data):
    out = subprocess.run([BUILD / "tests/decode_probe", media_type], input=data, capture_output=True, timeout=30, check=True)
    return out.stdout.decode().splitlines()


def varint(n):
    return bytes([n & 0x7F | 0x80]) + varint(n >> 7) if n > 0x7F else bytes([n])


def as_message(read):
    """The same read in protobuf. Enums by name, as the document's are."""
    message = read_pb2.Read()
    for name, value in read.items():
        if value is None:
            continue
        if name == "captured_at":
            message.captured_at_ms = round(datetime.fromisoformat(value).timestamp() * 1000)
        elif name in ("kind", "direction"):
            setattr(message, name, getattr(read_pb2, f"{name}_{value}".upper()))
        elif name in ("plate_patch", "overview"):
            setattr(message, name, base64.b64decode(value))
        else:
            setattr(message, name, value)
    data = message.SerializeToString()
    return varint(len(data)) + data


def verdicts(read):
    """What becomes of a read in each format."""
    line = json.dumps(read).encode()
    bodies = {NDJSON: line + b"\n", EVENTS: b"data: " + line + b"\n\n", PROTOBUF: as_message(read)}
    return [decode(media_type, body)[0].split(" ")[0] for media_type, body in bodies.items()]


def test_the_fields_are_those_of_the_protobuf_message():
    ours = {field.get("x-protobuf", name) for name, field in FIELDS.items()}
    assert ours == set(read_pb2.Read.DESCRIPTOR.fields_by_name)
    assert set(READ["required"]) <= set(FIELDS)
    for name, enum in (("kind", read_pb2.Kind), ("direction", read_pb2.Direction)):
        theirs = {n.removeprefix(name.upper() + "_").lower() for n in enum.keys()} - {"unspecified"}
        assert set(FIELDS[name]["enum"]) == theirs


def test_the_formats_are_those_that_are_offered():
    accept = subprocess.run([BUILD / "tests/decode_probe", "--accept"], capture_output=True, text=True, check=True).stdout.strip()
    parameter, = [p for p in REQUEST["parameters"] if p["name"] == "Accept"]
    assert parameter["example"] == accept
    assert [part.strip().split(";q=")[0] for part in accept.split(",")] == list(CONTENT)


@pytest.mark.parametrize("media_type", CONTENT)
def test_examples_are_taken(media_type):
    assert CONTENT[media_type]["examples"]
    for example in CONTENT[media_type]["examples"].values():
        data = base64.b64decode(example["value"]) if example.get("x-base64") else example["value"].encode()
        said = decode(media_type, data)
        assert sum(line.startswith("read ") for line in said) == example["x-reads"], said
        assert "heartbeat" in said and not any(line.startswith(("rejected", "broken")) for line in said), said


def test_what_is_required_is_and_the_rest_is_not():
    full = GOOD | {"kind": "vrm", "lat": 51.5, "lon": -0.1, "heading": 1, "lane": 1, "direction": "away", "speed_kph": 1,
                   "confidence": 1, "country": "GB", "plate_patch": base64.b64encode(JPEG).decode(),
                   "overview": base64.b64encode(JPEG).decode()}
    assert set(full) | {"tag"} == set(FIELDS)
    assert verdicts(full) == ["read"] * 3
    for name in FIELDS:
        less = {k: v for k, v in full.items() if k != name}
        needed = name in READ["required"] or name in ("vrm", "lat", "lon")      # which go with another
        assert verdicts(less) == ["rejected" if needed else "read"] * 3, name


def limits():
    """(name of the member, a read, whether it is to be taken) on both sides of everything the document limits."""
    for name, field in FIELDS.items():
        base = TAG if name == "tag" else GOOD
        if "x-max-bytes" in field:
            n = field["x-max-bytes"]
            yield name, base | {name: "x" * n}, True
            yield name, base | {name: "x" * (n + 1)}, False
            yield name, base | {name: "ü" * (n // 2)}, True
            yield name, base | {name: "ü" * (n // 2) + "x"}, False
        if "maxLength" in field:
            for character in "xü車":
                yield name, base | {name: character * field["maxLength"]}, True
                yield name, base | {name: character * (field["maxLength"] + 1)}, False
        if field.get("minLength"):
            for bad in ("", "   ", "a\nb", "a\u202eb", "a\u2028", "\ufeffa", "a\x7f", "a\x85"):
                yield name, base | {name: bad}, False
        if "minimum" in field:
            other = {"lat": {"lon": 0}, "lon": {"lat": 0}}.get(name, {})
            step = 1 if field["type"] == "integer" else 1e-6
            yield name, base | other | {name: field["minimum"]}, True
            yield name, base | other | {name: field["maximum"]}, True
            yield name, base | other | {name: field["maximum"] + step}, False
            if field["type"] == "number":       # protobuf has no lane below 0
                yield name, base | other | {name: field["minimum"] - step}, False
    for country, good in (("GB", True), ("gb", False), ("GBR", False), ("G1", False)):
        yield "country", GOOD | {"country": country}, good
    yield "camera_id", GOOD | {"camera_id": "a/b"}, False
    yield "kind", TAG, True
    yield "kind", GOOD | {"kind": "no_plate", "vrm": None}, True
    yield "kind", GOOD | {"kind": "no_plate"}, False
    yield "kind", GOOD | {"tag": "4711"}, False
    yield "kind", TAG | {"vrm": "AB12"}, False
    yield "overview", GOOD | {"overview": base64.b64encode(b"GIF89a").decode()}, False
    for at, good in (("1970-01-01T00:00:00Z", True), ("1969-12-31T23:59:59.999+00:00", False), ("9999-12-31T23:59:59Z", True)):
        yield "captured_at", GOOD | {"captured_at": at}, good


def test_limits_are_the_ones_that_are_enforced():
    seen = set()
    for name, read, good in limits():
        assert verdicts(read) == ["read" if good else "rejected"] * 3, (name, {k: v for k, v in read.items() if GOOD.get(k) != v})
        seen.add(name)
    assert {name for name, field in FIELDS.items() if {"minimum", "maxLength", "x-max-bytes", "pattern"} & set(field)} <= seen


@pytest.mark.parametrize("captured_at,rejected", [("2026-11-01T12:00:00", False), ("2026-11-01", True), ("1793534400", True),
                                                  (1793534400, True)])
def test_a_time_without_an_offset_is_the_cores_to_judge_and_anything_less_is_none(captured_at, rejected):
    said = decode(NDJSON, json.dumps(GOOD | {"captured_at": captured_at}).encode() + b"\n")[0]
    assert said.startswith("rejected bad_timestamp" if rejected else "read")


@pytest.mark.parametrize("media_type", CONTENT)
def test_the_largest_item(media_type):
    assert str(LIMIT) in CONTENT[media_type]["schema"]["description"]
    for more, want in ((0, "read"), (1, "rejected too_long")):
        if media_type == PROTOBUF:
            bare = as_message(GOOD)[1:]
            image = LIMIT + more - len(bare) - 5        # tag of two bytes, length of three
            data = varint(LIMIT + more) + bare + b"\x8a\x01" + varint(image) + JPEG.ljust(image, b"\0")
        else:
            line = json.dumps(GOOD).encode().ljust(LIMIT + more)
            data = line + b"\n" if media_type == NDJSON else b"data: " + line + b"\n\n"
        assert decode(media_type, data)[0].startswith(want)


def test_a_cursor_may_be_the_id_of_its_event():
    line = json.dumps({k: v for k, v in GOOD.items() if k != "cursor"}).encode()
    assert decode(EVENTS, b"id: c-9\ndata: " + line + b"\n\n") == ["read c-9"]
    assert decode(EVENTS, b"id: c-9\ndata: " + json.dumps(GOOD).encode() + b"\n\n") == ["rejected bad_field "]
