# SPDX-License-Identifier: Apache-2.0
"""A network of its own for a node (a namespace), which can be cut: packets vanish, and nobody is told.

What listens on this machine's loopback address is reached from inside at the same address, and the other way round:
packets for it are forwarded over a pair of virtual devices. So certificates and advertised addresses stay as they are."""

import itertools
import os
import subprocess

_number = itertools.count(1)

INSIDE = """
table ip anpr {{
  chain out {{ type nat hook output priority -100; ip daddr 127.0.0.0/8 tcp dport {{ {outside} }} dnat to {gate} ; }}
  chain in {{ type nat hook prerouting priority -100; iifname "inner" tcp dport {{ {inside} }} dnat to 127.0.0.1 ; }}
  chain from {{ type nat hook postrouting priority 100; oifname "inner" masquerade ; }}
  chain cut_out {{ type filter hook output priority 0; }}
  chain cut_in {{ type filter hook input priority 0; }}
}}
"""
OUTSIDE = """
table ip {name} {{
  chain out {{ type nat hook output priority -100; ip daddr 127.0.0.0/8 tcp dport {{ {inside} }} dnat to {node} ; }}
  chain in {{ type nat hook prerouting priority -100; iifname "{device}" ip daddr {gate} tcp dport {{ {outside} }} dnat to 127.0.0.1 ; }}
  chain from {{ type nat hook postrouting priority 100; oifname "{device}" masquerade ; }}
}}
"""


def _run(*command, text=None):
    subprocess.run(command, check=True, input=text, text=True, capture_output=True)


class Network:
    """inside: the ports the node listens on; outside: the ports it may reach; all at 127.0.0.1. Needs root."""

    def __init__(self, inside, outside):
        number = next(_number)
        self.name, self.device = f"anpr-{os.getpid()}-{number}", f"an{os.getpid() % 0xffff:x}-{number}"
        at = f"10.{128 + os.getpid() % 127}.{number}"
        names = {"name": self.name.replace("-", "_"), "device": self.device, "gate": f"{at}.1", "node": f"{at}.2",
                 "inside": ", ".join(map(str, inside)), "outside": ", ".join(map(str, outside))}
        self.table = names["name"]
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self.device, "type", "veth", "peer", "name", "inner", "netns", self.name)
        _run("ip", "addr", "add", f"{at}.1/30", "dev", self.device)
        _run("ip", "link", "set", self.device, "up")
        for arguments in (["link", "set", "lo", "up"], ["addr", "add", f"{at}.2/30", "dev", "inner"], ["link", "set", "inner", "up"]):
            _run("ip", "-n", self.name, *arguments)
        _run("sysctl", "-qw", f"net.ipv4.conf.{self.device}.route_localnet=1")
        _run(*self.command, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
        _run(*self.command, "nft", "-f", "-", text=INSIDE.format(**names))
        _run("nft", "-f", "-", text=OUTSIDE.format(**names))

    @property
    def command(self):
        """What runs a program inside stands before it."""
        return ["ip", "netns", "exec", self.name]

    def cut(self, but=()):
        """From everything, or from everything but these ports outside."""
        for chain, port in (("cut_out", "dport"), ("cut_in", "sport")):
            if but:
                self._rule(chain, "tcp", port, f"{{ {', '.join(map(str, but))} }}", "accept")
            self._rule(chain, "meta", {"cut_out": "oifname", "cut_in": "iifname"}[chain], "inner", "drop")

    def _rule(self, chain, *rule):
        _run(*self.command, "nft", "add", "rule", "ip", "anpr", chain, *rule)

    def join(self):
        for chain in ("cut_out", "cut_in"):
            _run(*self.command, "nft", "flush", "chain", "ip", "anpr", chain)

    def close(self):
        _run("nft", "delete", "table", "ip", self.table)
        _run("ip", "netns", "del", self.name)
