# SPDX-License-Identifier: Apache-2.0
"""gateway/kafka against a real Kafka, by the program kafka_probe, which says what was not as promised."""

import signal
import subprocess
import time

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ConfigResource
from confluent_kafka.admin import ResourcePatternType, ResourceType
from support.broker import Broker
from support.installation import PARTNERS, Installation
from support.places import BUILD, PATIENCE, ROOT
from support.topic import Follower
from support.wait import eventually

WELL = ["cluster", "rights", "commit", "abort", "misuse", "oversize", "fence-idle", "fence-flight", "fence-race", "end",
        "long", "held", "trimmed", "follow", "append-time", "nobody", "nodes"]


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
          "frozen-fence", "frozen-read", "nodes-frozen")


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


# --- a fence that the broker has forgotten ---

class Zombie:
    """A publisher of gateway/kafka in a process of its own, publishing."""

    def __init__(self, broker):
        self.process = subprocess.Popen([BUILD / "tests/kafka_probe", broker.address, broker.pki, "zombie"], cwd=ROOT, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.id = f"anpr-zombie-{self.process.pid}"

    def wait_until_publishing(self):
        said = ""
        while "publishing as" not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line

    def end(self):
        """What it said, having been thawed."""
        self.process.send_signal(signal.SIGCONT)
        return self.process.communicate(timeout=PATIENCE)[0]

    def close(self):
        self.process.kill()
        self.process.communicate()


def fence(broker, id):
    """By a client that shares no code with the gateway's."""
    producer = Producer(broker.client("kafka") | {"transactional.id": id})
    producer.init_transactions(PATIENCE)


def may_publish(broker):
    try:
        fence(broker, "anpr-first")
        return True
    except KafkaException:
        return False


def forgotten(broker, ids):
    """Which of the ids the broker has forgotten: their newest record in its own log is a tombstone."""
    state, newest = "__transaction_state", {}
    consumer = Consumer(broker.client("broker") | {"group.id": "not-used", "enable.partition.eof": True,
                                                   "isolation.level": "read_uncommitted"})
    partitions = consumer.list_topics(state, timeout=PATIENCE).topics[state].partitions
    consumer.assign([TopicPartition(state, p, OFFSET_BEGINNING) for p in partitions])
    ended = set()
    while len(ended) < len(partitions):
        for message in consumer.consume(500, 1):
            if message.error():
                ended.add(message.partition())
            else:
                newest.update({id: message.value() for id in ids if message.key() and id.encode() in message.key()})
    consumer.close()
    return {id for id, value in newest.items() if value is None}


def appended(broker):
    """Where every partition of reads and ledger ends, what is not committed included, markers too."""
    found = {}
    for topic in ("anpr.reads", "anpr.ledger"):
        follower = Follower(broker, topic, committed=False)
        found |= follower.ends()
        follower.close()
    return found


@pytest.mark.timeout(300)
def test_a_publisher_thawed_after_its_fence_was_forgotten_appends_nothing(tmp_path, pki):
    """transactional.id.expiration.ms is a week as a rule; here it is four seconds. The gateway itself would not publish to
    such a broker, so it is its producer that is tried; frozen at four moments."""
    with Broker(tmp_path / "broker", pki, "transactional.id.expiration.ms=4000",
                "transaction.remove.expired.transaction.cleanup.interval.ms=500") as broker:
        it = Installation(tmp_path / "gateway", pki, broker, partners={"tfl-ulez": PARTNERS["tfl-ulez"]})
        (it.folder / "tfl-ulez").mkdir()
        it.agreement("tfl-ulez", ["ULEZ-*"])
        it.prepare()
        eventually(lambda: may_publish(broker), "the rights have spread within the broker")
        zombies = [Zombie(broker) for _ in range(4)]
        try:
            for moment, zombie in enumerate(zombies):
                zombie.wait_until_publishing()
                time.sleep(0.007 * moment)      # anywhere in a transaction
                zombie.process.send_signal(signal.SIGSTOP)
            for zombie in zombies:
                fence(broker, zombie.id)
            before, ids = appended(broker), {zombie.id for zombie in zombies}
            eventually(lambda: forgotten(broker, ids) == ids, "the broker forgets the fences")
            for zombie in zombies:
                said = zombie.end()
                print(said)         # what stopped it depends on when it was frozen
                assert zombie.process.returncode == 0, said
            assert appended(broker) == before
        finally:
            for zombie in zombies:
                zombie.close()
