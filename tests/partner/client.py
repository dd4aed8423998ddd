# SPDX-License-Identifier: Apache-2.0
"""A simulator in a process of its own, and two clients of it that share no code with its server."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events

from .control import socket_name

HERE = Path(__file__).resolve().parent
SIMULATOR = HERE / "simulator"
PATIENCE = 20       # seconds; the machine may be busy


def run(*arguments):
    """What a simulator command that ends prints."""
    return subprocess.run([sys.executable, SIMULATOR, *map(str, arguments)], check=True,
                          capture_output=True, text=True, timeout=PATIENCE).stdout


class Partner:
    """A running simulator, with the keys of one organisation of deploy/pki/make."""

    def __init__(self, pki, folder, *options, who="tfl"):
        self.pki, self.who = pki, who
        self.socket = str(folder / "control")
        self.process = subprocess.Popen(
            [sys.executable, SIMULATOR, "--cert", pki / f"{who}-server.pem", "--key", pki / f"{who}-server.key",
             "--ca", pki / f"{who}-ca.pem", "--control", self.socket, *map(str, options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        self.url = json.loads(line)["url"]
        self.port = urlsplit(self.url).port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, signum=signal.SIGTERM):
        """Ends it; what it said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.communicate(timeout=PATIENCE)[1]

    def control(self, **command):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            with socket_name(self.socket) as name:
                s.connect(name)
            s.sendall(json.dumps(command).encode() + b"\n")
            answer = json.loads(s.makefile().readline())
        assert answer.pop("ok"), answer
        return answer

    def tls(self, client=None, alpn=None):
        context = ssl.create_default_context(cafile=self.pki / f"{self.who}-ca.pem")
        name = client or f"to-{self.who}"
        context.load_cert_chain(self.pki / f"{name}.pem", self.pki / f"{name}.key")
        if alpn:
            context.set_alpn_protocols([alpn])
        return context

    def get(self, query="", method="GET", path="/v1/reads", timeout=PATIENCE, **headers):
        """A response over HTTP/1.1, still being received."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls())
        connection.request(method, path + query, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse()

    def lines(self, query, n, **options):
        """The first n lines that are not heartbeats, over HTTP/1.1."""
        response = self.get(query, **options)
        assert response.status == 200
        out = []
        while len(out) < n:
            line = response.readline()
            assert line, f"ended after {len(out)} lines"
            if line != b"\n":
                out.append(line)
        response.close()
        return out

    def h2_body(self, query):
        """(status, whole body) over HTTP/2; for responses that end."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        with self.tls(alpn="h2").wrap_socket(raw, server_hostname="localhost") as s:
            assert s.selected_alpn_protocol() == "h2"
            connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
            connection.initiate_connection()
            connection.send_headers(1, [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"),
                                        (":path", "/v1/reads" + query)], end_stream=True)
            status, body = None, bytearray()
            while True:
                s.sendall(connection.data_to_send())
                data = s.recv(65536)
                assert data, "ended early"
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        status = int(dict(event.headers)[b":status"])
                    elif isinstance(event, h2.events.DataReceived):
                        body += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, 1)
                    elif isinstance(event, h2.events.StreamEnded):
                        return status, bytes(body)


class Background:
    """Reads lines of a response in a thread; heartbeats are kept apart."""

    def __init__(self, response):
        self.response, self.lines, self.heartbeats, self.ended = response, [], 0, threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while line := self.response.readline():
                if line == b"\n":
                    self.heartbeats += 1
                else:
                    self.lines.append(line)
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended.set()
