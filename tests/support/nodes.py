# SPDX-License-Identifier: Apache-2.0
"""Off and on as in torture.py, with several nodes: every command goes to any of them, and it is nodes that are killed,
frozen, thawed, cut off (network.py) and stopped. Beside what the watcher finds, how soon others take over is measured from outside: from the
fault to the first read captured after it, of the partners that the node ran."""

import random
import time

from .installation import PARTNERS
from .network import Network
from .people import DONE
from .torture import PATIENT, Torture, percentiles
from .wait import eventually

FAULTS = {"none": 16, "node killed": 16, "node frozen": 10, "node frozen long": 12, "node stopped": 12, "node cut off": 12,
          "node cut off but from Kafka": 6, "broker frozen": 6, "broker killed": 5, "broker stopped": 5}
LONG = 20               # seconds: past the session of 6 s and the transaction time-out of 15 s
BACK = (0, 6)           # seconds after a round until a node that is gone is started again


class Nodes(Torture):
    befalls = FAULTS

    def __init__(self, folder, pki, broker, rate, seed, say, nodes=2, minutes=None):
        self.rng, self.taken_over, self.networks = random.Random(seed), {}, {}
        self.brokers = [address.rsplit(":", 1)[1] for address in broker.address.split(",")]
        super().__init__(folder, pki, broker, rate, seed, say)
        self.until = time.monotonic() + 60 * minutes if minutes else None
        for number in range(2, nodes + 1):
            node = self.it.add_node(f"signing-{number}")
            self.place(node)
            node.start()
        self.all_agree()

    def place(self, node):
        """In a network of its own, which reaches brokers and partners and is reached by people."""
        partners = [simulator.port for simulator in self.it.simulators.values()]
        network = self.networks[node.id] = Network([node.admin_port, node.metrics_port], [*self.brokers, *partners])
        node.gateway.within = network.command

    def close(self):
        super().close()
        for network in self.networks.values():
            network.close()

    def over(self):
        return self.until is not None and time.monotonic() > self.until

    def all_agree(self):
        """Each node that is up knows who runs what, and all say the same."""
        def agreed():
            said = [self.owners(node) for node in self.it.nodes]
            return said[0] and all(one == said[0] for one in said) and set(said[0].values()) <= {n.id for n in self.it.nodes}
        eventually(agreed, "the nodes agree", PATIENT)

    def owners(self, node):
        answer = self.it.at(node, "alice").try_to("status", "--json")
        return {p["id"]: p["node"] for p in answer.json["partners"]} if answer.code == DONE else None

    def type(self, person, *words):
        urls = [node.admin_url for node in self.it.nodes]
        self.rng.shuffle(urls)
        self.it.admin_url = ",".join(urls)
        return super().type(person, *words)

    def round(self, round):
        self.all_agree()
        super().round(round)
        self.bring_back()

    def bring_back(self):
        """Not by the thread that brought the fault: a gateway dies with the thread that started it."""
        for node in self.it.nodes:
            if node.gateway.process.poll() is not None:
                time.sleep(self.rng.uniform(*BACK))
                node.start()

    def bring(self, what, how, round):
        if what != "node":
            super().bring(what, how, round)
            return
        # A stop file put by hand lies on the first node, which has to see it.
        node = self.rng.choice(self.it.nodes[1:] if round.kind == "stop file" else self.it.nodes)
        others = next(n for n in self.it.nodes if n is not node)
        ran = [p for p, name in (self.owners(others) or {}).items() if name == node.id]
        begun = time.time() * 1000
        if how.startswith("frozen"):
            node.gateway.freeze()
            time.sleep(LONG if how.endswith("long") else round.length)
            if how.endswith("long"):
                self.measure(node, how, ran, round, begun)
            node.gateway.thaw()
        elif how.startswith("cut off"):
            network = self.networks[node.id]
            network.cut(self.brokers if "Kafka" in how else ())
            time.sleep(LONG)
            if how == "cut off":
                self.measure(node, how, ran, round, begun)
            network.join()
        else:
            (node.gateway.kill_all if how == "killed" else node.gateway.stop)()
            self.measure(node, how, ran, round, begun)

    def measure(self, node, how, ran, round, begun):
        """Of partners that nobody turns off meanwhile."""
        for partner in set(ran) - set(round.partners):
            runs = self.watch.partners[partner].runs
            at = eventually(lambda: [at for at, name in list(runs) if at > begun and name != node.id], f"{partner} is taken over",
                            PATIENT)
            self.taken_over.setdefault(how, []).append(at[0] - begun)

    def figures(self, seed, seconds):
        figures = super().figures(seed, seconds)
        return figures | {"nodes": len(self.it.nodes), "take_over_ms": {
            how: percentiles(ms) | {"max": round(max(ms)), "n": len(ms)} for how, ms in sorted(self.taken_over.items())}}


def torture_nodes(folder, pki, broker, minutes, rate, seed, say=print, faults=None, nodes=2):
    """For so long, or (minutes None) a round for each of the faults; the figures."""
    return Nodes(folder, pki, broker, rate, seed, say, nodes, minutes).run(len(faults) if faults else None, seed, faults)
