# SPDX-License-Identifier: Apache-2.0
"""What is proposed besides agreements and registers: organisations, nodes' keys, revocation lists; and the keys they
need, made as deploy/pki/make makes them."""

import subprocess

from .places import ROOT


def make(pki, *arguments):
    """deploy/pki/make with more: --add LINE, --expired NAME, --revoke NAME."""
    subprocess.run([ROOT / "deploy/pki/make", *arguments, pki], check=True, capture_output=True)


def _block(key, path):
    return f"{key}: |\n" + "".join(f"  {line}\n" for line in path.read_text().splitlines())


def organisation(folder, id, people, ca=None):
    """An organisation's file: people {subject: role}, ca the path of its CA or None for 'as it is'."""
    path = folder / f"{id}.yaml"
    path.write_text(f"organisation: {id}\n" + (_block("ca", ca) if ca else "") + "people:\n"
                    + "".join(f"  - {{subject: \"{s}\", roles: [{r}]}}\n" for s, r in people.items()))
    return path


def node_key(folder, node, key=None, retire=None):
    """A node key's file; key and retire are paths of public keys."""
    path = folder / f"{node}.yaml"
    path.write_text(f"node: {node}\n" + (_block("key", key) if key else "") + (_block("retire", retire) if retire else ""))
    return path
