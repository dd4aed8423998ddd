# SPDX-License-Identifier: Apache-2.0
"""The topic is no private language: kcat reads its envelope, Python's protobuf its values, and both agree with what the
interface promises (DESIGN.md 5.3)."""

import json
import subprocess
from datetime import datetime

import pytest

from support.wait import eventually


@pytest.fixture(scope="module")
def shared(install_in_module):
    it = install_in_module()
    it.share("--rate", 200, "--trouble", "none", reads=200, drop=["speed_kph", "heading"])
    it.simulators["tfl-ulez"].control(finish=True)
    consumer = it.consumer()
    eventually(lambda: it.totals("tfl-ulez")["published"] == len(consumer.read_all_until_end()), "all published")
    return it


def kcat(it, *arguments, who="police"):
    return subprocess.run(
        ["kcat", "-b", it.broker.address, "-X", "security.protocol=ssl", "-X", f"ssl.ca.location={it.pki}/ca.pem",
         "-X", f"ssl.certificate.location={it.pki}/{who}.pem", "-X", f"ssl.key.location={it.pki}/{who}.key",
         "-X", "isolation.level=read_committed", *arguments], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)


def test_kcat_sees_what_python_sees(shared):
    said = kcat(shared, "-C", "-t", shared.topic, "-o", "beginning", "-e", "-J")
    assert said.returncode == 0, said.stderr
    # values are protobuf, which is no JSON text: what matters here is the envelope
    envelopes = [json.loads(line.decode(errors="replace"), strict=False) for line in said.stdout.split(b"\n") if line]
    records = shared.consumer().read_all_until_end()
    assert sorted((e["partition"], e["offset"], e["key"], e["ts"]) for e in envelopes) == sorted(
        (r.partition, r.offset, r.key.decode(), r.timestamp) for r in records)


def test_headers_are_cloudevents(shared):
    ids = set()
    for record in shared.consumer().read_all_until_end():
        headers, read = {k: v.decode() for k, v in record.headers.items()}, record.read
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_type"] == "anpr.read.v1"
        assert headers["ce_id"] and headers["ce_source"]
        assert headers["anpr-partner"] == read.partner_id == "tfl-ulez"
        assert headers["anpr-agreement"] == read.agreement_id
        assert int(headers["anpr-policy-version"]) == read.policy_version
        if "ce_time" in headers:
            datetime.fromisoformat(headers["ce_time"].replace("Z", "+00:00"))
        ids.add((headers["ce_source"], headers["ce_id"]))
    assert len(ids) == len(shared.consumer().read_all_until_end()), "source and id are unique, as CloudEvents has it"


def murmur2(data):
    """Kafka's partitioner, as in org.apache.kafka.common.utils.Utils, written from its description."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    for i in range(0, len(data) & ~3, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if tail := data[len(data) & ~3:]:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def test_key_and_partition_are_those_javas_producer_would_choose(shared):
    consumer = shared.consumer()
    records = consumer.read_all_until_end()
    partitions = len(consumer.ends())
    assert len({r.partition for r in records}) > 1
    for record in records:
        assert record.key.decode() == f"tfl-ulez/{record.read.read.camera_id}"
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % partitions


def test_what_the_agreement_drops_is_gone_and_the_rest_is_there(shared):
    registered = {row.split(",")[0]: row for row in (shared.folder / "tfl-ulez/cameras.csv").read_text().splitlines()[1:]}
    for record in shared.consumer().read_all_until_end():
        read = record.read
        assert not read.read.HasField("speed_kph") and not read.read.HasField("heading")
        assert not read.read.plate_patch and not read.read.overview
        assert record.timestamp == read.published_at_ms >= read.received_at_ms
        row = registered[read.read.camera_id].split(",")
        assert (read.camera_name, read.camera_area) == (row[2], row[7])
        assert (f"{read.read.lat:.5f}", f"{read.read.lon:.5f}") == (row[3], row[4])
        assert read.vrm_normalised == read.read.vrm.upper().replace(" ", "")


def test_kcat_without_a_right_gets_nothing(shared):
    said = kcat(shared, "-C", "-t", shared.topic, "-o", "beginning", "-e", who="outsider")
    assert said.stdout == b""
    assert b"uthori" in said.stderr
