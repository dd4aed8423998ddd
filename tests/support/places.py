# SPDX-License-Identifier: Apache-2.0
"""Where things are, and how long a busy machine may take over them."""

import os
import random
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ANPR_BUILD", ROOT / "build" / "dev")).resolve()
PATIENCE = float(os.environ.get("ANPR_PATIENCE", 60))       # seconds; sanitizers are slow


def program(name):
    """The path of a program that has been built."""
    for place in (BUILD / "gateway" / name, BUILD / "gateway" / "ctl" / name, BUILD / "bin" / name, BUILD / "tests" / name):
        if place.exists():
            return place
    raise FileNotFoundError(f"{name} is not built in {BUILD}; build it, or set ANPR_BUILD")


def free_port():
    """A port nobody uses now, below the range of outgoing connections, so that a restarted server finds it free."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10000, low if low > 12000 else 65000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def make_pki(folder):
    """The keys and certificates of a trial installation, as deploy/pki/make makes them."""
    subprocess.run([ROOT / "deploy/pki/make", folder], check=True, capture_output=True)
    return folder
