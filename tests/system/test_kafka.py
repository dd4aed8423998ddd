# SPDX-License-Identifier: Apache-2.0
"""gateway/kafka against a real Kafka, by the program kafka_probe, which says what was not as promised."""

import subprocess

import pytest
from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ConfigResource
from confluent_kafka.admin import ResourcePatternType, ResourceType
from support.places import BUILD, ROOT

WELL = ["cluster", "rights", "commit", "abort", "misuse", "oversize", "fence-idle", "fence-flight", "fence-race", "end",
        "held", "trimmed", "follow", "append-time", "nobody"]


def probe(address, pki, *arguments):
    done = subprocess.run([BUILD / "tests/kafka_probe", address, pki, *map(str, arguments)], cwd=ROOT, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-3000:]


def test_with_the_gateways_own_rights(own_broker):
    probe(own_broker.address, own_broker.pki, *WELL)
    admin = AdminClient(own_broker.client("broker"))
    settings = admin.describe_configs([ConfigResource("topic", "anpr.journal")])
    journal = next(iter(settings.values())).result(20)
    assert (journal["retention.ms"].value, journal["flush.messages"].value) == ("-1", "1")
    everything = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY,
                                  AclPermissionType.ANY)
    given = {(a.restype, a.name, a.principal, a.operation) for a in admin.describe_acls(everything).result(20)}
    assert (ResourceType.TRANSACTIONAL_ID, "anpr-", "User:CN=gateway", AclOperation.WRITE) in given
    assert {principal for kind, name, principal, operation in given
            if operation in (AclOperation.WRITE, AclOperation.ALL)} == {"User:CN=gateway"}
    assert {principal for kind, name, principal, operation in given
            if name == "anpr.reads" and operation == AclOperation.READ} == {"User:CN=police,O=mps",
                                                                            "User:CN=verifier,O=ico"}


@pytest.mark.long
@pytest.mark.timeout(400)
def test_broker_killed_and_frozen(own_broker):
    probe(own_broker.address, own_broker.pki, "--broker", own_broker.folder, "cluster", "killed", "frozen-commit",
          "frozen-fence", "frozen-read")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_one_of_three_brokers_killed_and_frozen(tmp_path, pki):
    folder = tmp_path / "cluster"

    def cluster(command, *arguments):
        return subprocess.run([ROOT / "deploy/kafka/broker", "cluster", command, "--dir", folder, *map(str, arguments)],
                              check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    try:
        cluster("start", "--pki", pki, "--heap", "384m")
        address = cluster("address").strip()
        probe(address, pki, "--broker", folder / "2", *WELL, "one-frozen", "one-killed")
    finally:
        cluster("destroy")
