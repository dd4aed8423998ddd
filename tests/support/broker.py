# SPDX-License-Identifier: Apache-2.0
"""A real Kafka of one node, by deploy/kafka/broker, and what its super user can see in it."""

import os
import subprocess

from confluent_kafka.admin import AdminClient

from .places import ROOT


class Broker:
    """A broker in a folder of its own. Stopped, killed and started at will; destroyed at the end."""

    def __init__(self, folder, pki, *settings, environment=None):
        self.folder, self.pki, self.environment = folder, pki, os.environ | (environment or {})
        self.run("start", "--pki", pki, *(part for s in settings for part in ("--set", s)))
        self.address = self.run("address").strip()

    def run(self, command, *arguments):
        done = subprocess.run([ROOT / "deploy/kafka/broker", command, "--dir", self.folder, *map(str, arguments)],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"broker {command}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("destroy")

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


def client_settings(address, pki, who):
    """Settings of a librdkafka client: mutual TLS with the certificate `who`, or none at all."""
    settings = {"bootstrap.servers": address, "security.protocol": "ssl", "ssl.ca.location": str(pki / "ca.pem"),
                "socket.connection.setup.timeout.ms": 5000}
    if who:
        settings |= {"ssl.certificate.location": str(pki / f"{who}.pem"), "ssl.key.location": str(pki / f"{who}.key")}
    return settings
