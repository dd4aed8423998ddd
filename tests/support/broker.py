# SPDX-License-Identifier: Apache-2.0
"""A real Kafka of one node or of three, by deploy/kafka/broker, and what its super user can see in it."""

import os
import random
import subprocess

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from .places import ROOT
from .wait import eventually


class Broker:
    """A broker in a folder of its own. Stopped, killed and started at will; destroyed at the end."""

    kept = False        # what it holds outlives it

    def __init__(self, folder, pki, *settings, environment=None):
        self.folder, self.pki, self.environment = folder, pki, os.environ | (environment or {})
        self.run("start", "--pki", pki, *(part for s in settings for part in ("--set", s)))
        self.address = self.run("address").strip()

    def run(self, *command, folder=None):
        done = subprocess.run([ROOT / "deploy/kafka/broker", *map(str, command), "--dir", folder or self.folder],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"broker {command[0]}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("stop" if self.kept else "destroy")

    def start(self):
        self.run("start")

    def stop(self):
        self.run("stop")

    def kill(self):
        self.run("kill")

    def freeze(self):
        self.run("freeze")

    def thaw(self):
        self.run("thaw")

    def client(self, who):
        """How librdkafka's clients are told to connect with the certificate `who`."""
        return client_settings(self.address, self.pki, who)

    def topics(self):
        """Names of all topics there are, but Kafka's own."""
        names = AdminClient(self.client("broker")).list_topics(timeout=20).topics
        return {name for name in names if not name.startswith("__")}


class Cluster(Broker):
    """Three brokers. What befalls befalls one of them, chosen anew each time once all copies of all partitions are there
    again, so that never more than one is lost."""

    def __init__(self, folder, pki, *settings, seed=0):
        self.folder, self.pki, self.environment, self.rng, self.one = folder, pki, os.environ, random.Random(seed), None
        self.run("cluster", "start", "--pki", pki, *(part for s in settings for part in ("--set", s)))
        self.address = self.run("cluster", "address").strip()

    def __exit__(self, *_):
        self.run("cluster", "stop" if self.kept else "destroy")

    def befall(self, command):
        if self.one is None:
            self.one = self.rng.randint(1, 3)
        super().run(command, folder=self.folder / str(self.one))

    def start(self):
        self.run("cluster", "start")
        self.wait_until_whole()

    def stop(self):
        self.befall("stop")

    def kill(self):
        self.befall("kill")

    def freeze(self):
        self.befall("freeze")

    def thaw(self):
        self.befall("thaw")
        self.wait_until_whole()

    def wait_until_whole(self):
        eventually(lambda: not self.lacking(), lambda: f"all copies in sync: {self.lacking()}", 300)
        self.one = None

    def lacking(self):
        """Partitions of which a copy is not in sync."""
        try:
            topics = AdminClient(self.client("broker")).list_topics(timeout=5).topics
        except KafkaException:
            return ["nobody says"]
        return [f"{name}/{p.id}" for name, topic in topics.items() for p in topic.partitions.values()
                if len(p.isrs) < len(p.replicas)]


def client_settings(address, pki, who):
    """Settings of a librdkafka client: mutual TLS with the certificate `who`, or none at all."""
    settings = {"bootstrap.servers": address, "security.protocol": "ssl", "ssl.ca.location": str(pki / "ca.pem"),
                "socket.connection.setup.timeout.ms": 5000}
    if who:
        settings |= {"ssl.certificate.location": str(pki / f"{who}.pem"), "ssl.key.location": str(pki / f"{who}.key")}
    return settings
