# SPDX-License-Identifier: Apache-2.0
"""The short form of tests/chaos/nodes: two nodes in networks of their own, one broker."""

import subprocess
from collections import Counter

import pytest
from support.network import Network
from support.nodes import torture_nodes
from support.places import PATIENCE
from support.watch import KINDS

FAULTS = ["none", "node killed", "node cut off", "node cut off but from Kafka", "broker killed"]


def networks_can_be_made():
    """As root, and with the rights a container is not always given."""
    try:
        Network([1], [2]).close()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network of a node's own can be made here: {error}")


@pytest.mark.timeout(15 * PATIENCE)
def test_off_means_off_through_any_node_whatever_becomes_of_another(tmp_path, pki, own_broker):
    networks_can_be_made()
    figures = torture_nodes(tmp_path / "gateway", pki, own_broker, None, 100, 12, faults=FAULTS, nodes=2)
    assert figures["right"], figures
    assert not any(figures[kind] for kind in KINDS)
    assert figures["faults_by_kind"] == dict(sorted(Counter(f for f in FAULTS if f != "none").items()))
    assert figures["rounds"] == len(FAULTS) and figures["reads"] > 0
