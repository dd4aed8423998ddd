# SPDX-License-Identifier: Apache-2.0
"""A gateway as one installs it: keys, configuration, topics and ACLs, the process, its people, its partners.

Two partners as in the demo: Transport for London (tfl-ulez, whose controller is bob) and National Highways
(national-highways, nina); the police are alice and omar, iris audits. Each installation has topics of its own, so that
several can follow each other on one broker; two at a time would fence each other and need a broker each."""

import json
import os
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import yaml

from partner.client import Partner as Simulator
from partner.client import run as simulator

from . import charters
from .people import Person
from .places import PATIENCE, free_port, program
from .topic import Consumer
from .wait import eventually

PARTNERS = {"tfl-ulez": ("tfl", "bob"), "national-highways": ("nh", "nina")}
ORGANISATION = {"alice": "mps", "omar": "mps", "bob": "tfl", "nina": "nh", "iris": "ico"}


def stamp(days):
    """RFC 3339, so many days from now."""
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Gateway:
    """The process and its children. What it writes goes to `log`."""

    def __init__(self, config, log):
        self.config, self.log = config, log
        self.program, self.process = "anpr-gateway", None
        self.within = []        # a command that runs it elsewhere, such as in a network of its own

    def start(self, *options):
        # setpriv: a test run that is killed leaves no gateway behind.
        with open(self.log, "ab") as log:
            self.mark = log.tell()
            self.process = subprocess.Popen([*self.within, "setpriv", "--pdeathsig", "KILL", program(self.program), *options,
                                             self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_up(self):
        def up():
            assert self.process.poll() is None, f"the gateway ended: {self.words()[-3000:]}"
            return "gateway is up" in self.words() and "publishing may begin" in self.words()
        eventually(up, lambda: f"gateway up: {self.words()[-3000:]}")

    def words(self):
        """What it has logged since it was started."""
        with open(self.log, "rb") as log:
            log.seek(self.mark)
            return log.read().decode(errors="replace")

    def children(self, role=None):
        """Process numbers of its children of a role (core, source, admin), or of all."""
        numbers = []
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            numbers += map(int, task.read_text().split())
        return [n for n in numbers if role is None or _name(n) == f"anpr-{role}"]

    def kill_child(self, role):
        """SIGKILL to one child; its number, or None where there was none just then."""
        for number in self.children(role)[:1]:
            try:
                os.kill(number, signal.SIGKILL)
                return number
            except ProcessLookupError:
                pass
        return None

    def signal_all(self, signum):
        """To the supervisor and all its children."""
        for number in [self.process.pid, *self.children()]:
            os.kill(number, signum)

    def kill_all(self):
        """As a machine that loses its power: killed alone, the supervisor leaves its children a moment to end in order."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)

    def freeze(self):
        """As a hung or suspended machine: nothing of it runs until thaw()."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def stop(self, signum=signal.SIGTERM):
        """Ends it; its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            return self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def _name(number):
    try:
        return Path(f"/proc/{number}/comm").read_text().strip()
    except OSError:
        return ""


class Node:
    """One of an installation's gateways: its own name, signing key, folder and port; what it shares is the cluster."""

    def __init__(self, folder, id, signing_key):
        self.folder, self.id, self.signing_key = folder, id, signing_key
        self.admin_port, self.metrics_port = free_port(), free_port()
        self.admin_url = f"https://127.0.0.1:{self.admin_port}"
        self.config, self.state = folder / "gateway.yaml", folder / "state"
        self.state.mkdir(parents=True, mode=0o700)
        self.gateway = Gateway(self.config, folder / "gateway.log")

    def start(self, *options):
        self.gateway.start(*options)
        self.gateway.wait_until_up()


class Installation:
    """Everything in `folder`. Simulators are started by `partner()`, topics made by `prepare()`. One node; more by
    `add_node()`."""

    def __init__(self, folder, pki, broker, prefix="", partners=PARTNERS):
        self.folder, self.pki, self.broker, self.prefix, self.partners = folder, pki, broker, prefix, partners
        self.topic = f"{prefix}anpr.reads"
        node = Node(folder, "gw-1", "signing.key")
        self.nodes, self.changes = [node], {}
        self.gateway, self.config, self.state = node.gateway, node.config, node.state
        self.admin_port, self.admin_url, self.metrics_port = node.admin_port, node.admin_url, node.metrics_port
        self.simulators, self.agreements, self.consumers = {}, {}, []
        self.people = {name: Person(self, name, organisation) for name, organisation in ORGANISATION.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for consumer in self.consumers:
            consumer.close()
        for node in self.nodes:
            node.gateway.stop()
        for partner in self.simulators.values():
            partner.stop()

    # Before it runs

    def topic_of(self, partner):
        return self.topic if partner == "tfl-ulez" else f"{self.topic}.{partner}"

    def partner(self, partner, *options, cameras=60, register=None):
        """Start the partner's simulator and write its register (by the options `register`, or that of its kind)."""
        organisation, _ = self.partners[partner]
        folder, world = self.folder / partner, ("--kind", organisation, "--cameras", cameras)
        folder.mkdir(exist_ok=True)
        (folder / "cameras.csv").write_text(simulator("register", *(register or world)))
        self.simulators[partner] = Simulator(self.pki, folder, *world, "--sent", folder / "sent.jsonl", *options,
                                             who=organisation)
        return self.simulators[partner]

    def agreement(self, partner, cameras, **changes):
        """Write an agreement on cameras (patterns) of a partner; its path. `changes` are keys of the agreement."""
        organisation, _ = self.partners[partner]
        text = {
            "agreement": f"{organisation.upper()}-MPS-1", "partner": partner,
            "recipient": {"organisation": "mps", "topic": self.topic_of(partner), "principals": ["User:CN=police,O=mps"]},
            "verifiers": ["User:CN=verifier,O=ico"], "consents": ["mps", organisation],
            "controller": {"name": "Test partner", "contact": "dpo@partner.example"}, "instrument": "Test instrument",
            "documents": [{"title": "DPIA", "sha256": "00" * 32}], "necessity": "To test.", "purposes": ["serious-crime"],
            "valid": {"from": stamp(-2), "until": stamp(300), "review_by": stamp(200)[:10]}, "keep_for": "365d",
            "kinds": ["vrm"], "share": ["read"], "rules": [{"name": "all", "cameras": cameras}],
            "quality": {"min_confidence": 0.0, "max_age": "24h", "max_future": "5s", "clock_bound": "2s"}} | changes
        path = self.folder / partner / f"{text['agreement']}.yaml"
        path.write_text(yaml.safe_dump(text, sort_keys=False))
        self.agreements[partner] = path
        return path

    def write_config(self, **changes):
        """The nodes' configurations; of partners without a simulator, the address leads nowhere."""
        self.changes = changes
        for node in self.nodes:
            self._write_config(node)

    def _write_config(self, node):
        pki = self.pki
        people = {"mps": [("alice", "policy-admin"), ("omar", "operator")], "tfl": [("bob", "controller")],
                  "nh": [("nina", "controller")], "ico": [("iris", "auditor")]}
        text = {
            "gateway": {"id": node.id, "state_dir": str(node.state), "signing_key": str(pki / node.signing_key)},
            "kafka": {"brokers": self.broker.address, "ca": str(pki / "ca.pem"), "cert": str(pki / "kafka.pem"),
                      "key": str(pki / "kafka.key"), "super_users": ["User:CN=broker"],
                      "topics": {name: f"{self.prefix}anpr.{name}"
                                 for name in ("ledger", "heads", "accounts", "journal", "documents")}},
            "organisations": [{"id": o, "ca": str(pki / f"{o}-ca.pem"),
                               "people": [{"subject": f"CN={n}", "roles": [r]} for n, r in members]}
                              for o, members in people.items()],
            "partners": [{"id": id, "organisation": o, "source": {
                "kind": "stream", "url": self.simulators[id].url if id in self.simulators else "https://127.0.0.1:1/v1/reads",
                "ca": str(pki / f"{o}-ca.pem"), "cert": str(pki / f"to-{o}.pem"), "key": str(pki / f"to-{o}.key")}}
                for id, (o, _) in self.partners.items()],
            "admin": {"listen": f"127.0.0.1:{node.admin_port}", "cert": str(pki / "admin.pem"), "key": str(pki / "admin.key")},
            "metrics": {"listen": f"127.0.0.1:{node.metrics_port}"}}
        for section, values in self.changes.items():
            text[section] = text.get(section, {}) | values
        node.config.write_text(yaml.safe_dump(text, sort_keys=False))

    def prepare(self, **changes):
        """Configuration, topics and ACLs."""
        self.write_config(**changes)
        agreed = [part for path in self.agreements.values() for part in ("--agreement", path)]
        self.people["alice"].must("cluster", "apply", "--config", self.config, *agreed, *self.kafka("broker"))

    def kafka(self, who):
        """anprctl's options to go straight to Kafka as `who`."""
        return ["--kafka", self.broker.address, "--kafka-ca", self.pki / "ca.pem",
                "--kafka-cert", self.pki / f"{who}.pem", "--kafka-key", self.pki / f"{who}.key"]

    # While it runs

    def start(self, *options):
        self.gateway.start(*options)
        self.gateway.wait_until_up()

    def add_node(self, signing_key="signing-2"):
        """One more node, not started yet. Its key is consented to by all who share agreements by then."""
        node = Node(self.folder / f"node-{len(self.nodes) + 1}", f"gw-{len(self.nodes) + 1}", f"{signing_key}.key")
        file = charters.node_key(self.folder, node.id, self.pki / f"{signing_key}.pub")
        number = self.people["alice"].must("propose", file)["entry"]
        for controller in dict.fromkeys(controller for _, controller in self.partners.values()):
            self.people[controller].must("approve", number, "--reason", "One more node.")
        self.nodes.append(node)
        self._write_config(node)
        return node

    def at(self, node, name):
        """Somebody who asks this node and no other."""
        return Person(self, name, ORGANISATION[name], node.admin_url)

    def agree(self, partner):
        """Register and agreement by propose and approve, as people do it; all switches are still off."""
        _, controller = self.partners[partner]
        alice, controller = self.people["alice"], self.people[controller]
        controller.must("propose", self.folder / partner / "cameras.csv", "--partner", partner)
        number = alice.must("propose", self.agreements[partner])["entry"]
        controller.must("approve", number, "--reason", "As agreed.")

    def go_live(self, partner):
        """Both sides turn on what is agreed, the police first."""
        _, controller = self.partners[partner]
        for person in ("alice", controller):
            self.turn_on(person, partner)

    def begin(self):
        """Configuration, topics and ACLs, the process; then every agreement agreed and turned on."""
        self.prepare()
        self.start()
        for partner in self.agreements:
            self.agree(partner)
            self.go_live(partner)

    def share(self, *options, cameras=60, reads=10, **changes):
        """How most tests begin: Transport for London's simulator with `options`, an agreement on all its cameras with
        `changes`, everything turned on, and so many reads on the topic."""
        self.partner("tfl-ulez", *(options or ("--rate", 60, "--trouble", "none")), cameras=cameras)
        self.agreement("tfl-ulez", ["ULEZ-*"], **changes)
        self.begin()
        if reads:
            self.consumer().wait_for(lambda records: len(records) >= reads, "reads")
        return self

    def turn_on(self, person, partner):
        """One side's switch over the whole agreement."""
        return self.people[person].must("on", partner, "--agreement", self.agreements[partner].stem, "--reason", "Going live.")

    def consumer(self, partner="tfl-ulez", who="police", committed=True):
        """An independent reader of the partner's topic; closed when the installation ends."""
        self.consumers.append(Consumer(self.broker.address, self.pki, self.topic_of(partner), who, committed))
        return self.consumers[-1]

    def sent(self, partner="tfl-ulez"):
        """What the partner's simulator says it has sent: (one dict for each item)."""
        return simulator_notes(self.folder / partner / "sent.jsonl")

    def totals(self, partner):
        """The partner's totals as status shows them, once it does."""
        def shown():
            return [p["totals"] for p in self.people["alice"].status()["partners"] if p["id"] == partner and p["totals"]]
        return eventually(shown, f"{partner} in status")[0]


def simulator_notes(path):
    lines = path.read_bytes().split(b"\n")[:-1]       # the last may be half written
    return [json.loads(line) for line in lines]
