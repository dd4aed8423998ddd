# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a gateway's API, over the same mutual TLS: answers what a test wants, keeps what it was asked."""

import base64
import hashlib
import json
import queue
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import messages

command_pb2 = messages._load("command")
journal_pb2 = messages.journal_pb2


class Node:
    def __init__(self, pki):
        self.views = {"/v1/head": {"gateway": "gw-1", "sequence": 9, "hash": "ab" * 32}, "/v1/history": []}
        self.answer = done(stored_receipt())   # status and JSON, or a function of the SignedCommand giving them
        self.asked, self.posted = [], []
        self.connections = 0               # that asked something
        self.hangs_up = False              # after each answer, without having said so
        self.delay = {}                    # seconds, by path
        self.headers = {}                  # more of them, in each answer
        self.asked_with = {}               # the headers of the newest request
        self.stream = None                 # what /v1/events gives: pieces, or status and JSON
        self.stream_broken = False         # whoever listened has gone
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                node.connections += 1
                super().handle()

            def log_message(self, *_):
                pass

            def reply(self, status, body):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in node.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                self.close_connection |= node.hangs_up

            def reply_in_pieces(self):
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                try:
                    for piece in node.stream:
                        self.wfile.write(piece)
                except OSError:
                    node.stream_broken = True

            def do_GET(self):
                node.asked.append(self.path)
                node.asked_with = dict(self.headers)
                path = self.path.split("?")[0]
                if path == "/v1/events" and node.stream is not None and not isinstance(node.stream, tuple):
                    self.reply_in_pieces()
                    return
                time.sleep(node.delay.get(path, 0))
                view = node.stream if path == "/v1/events" else node.views.get(path)
                self.reply(*(view if isinstance(view, tuple) else (200, view) if view is not None
                             else (404, {"error": "no such view"})))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = command_pb2.SignedCommand.FromString(body)
                node.posted.append(signed)
                time.sleep(node.delay.get(self.path, 0))
                self.reply(*(node.answer(signed) if callable(node.answer) else node.answer))

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass                       # a client that went away

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "admin.pem", pki / "admin.key")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki / "tfl-ca.pem")
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def command(self):
        """The newest command posted, taken apart."""
        return command_pb2.Command.FromString(self.posted[-1].command)

    def stream_hold(self):
        """From now on /v1/events gives what stream_send() is given, until stream_end(); each listener gets its share of it."""
        self._pieces = queue.Queue(maxsize=1)
        self.stream = iter(self._pieces.get, None)

    def stream_send(self, piece, wait=60):
        """Whether it was taken within the time."""
        try:
            self._pieces.put(piece, timeout=wait)
            return True
        except queue.Full:
            return False

    def stream_end(self):
        def end():                         # as often as somebody may still listen
            for _ in range(20):
                self.stream_send(None, wait=1)
        threading.Thread(target=end, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def stored_receipt(entries=(10,), entry_hash=bytes.fromhex("cd" * 32), number=11):
    """A receipt as the journal keeps it (its signature is none: anprctl has no node's key)."""
    entry = journal_pb2.JournalEntry(sequence=number, previous_hash=entry_hash, time_ms=1_790_000_000_000, node="gw-1")
    entry.enforced.entries.extend(entries)
    entry.enforced.entry_hash = entry_hash
    entry.enforced.took_ms = 63
    publisher = entry.enforced.publishers.add(publisher=3, fenced_at_ms=1_790_000_000_050)
    publisher.feeds.add(partner="tfl-ulez", topic="anpr.reads", last_sequence=1204)
    publisher.ends.add(topic="anpr.reads", partition=2, high_watermark=777)
    return journal_pb2.StoredEntry(entry=entry.SerializeToString(), signature=bytes(64)).SerializeToString()


def done(receipt=None, entry=10, effect="everything of tfl-ulez is off on tfl's side", already=False):
    body = {"outcome": "done", "entry": entry, "hash": "cd" * 32, "effect": effect, "already": already, "receipt": None}
    if receipt is not None:
        inner = journal_pb2.StoredEntry.FromString(receipt).entry
        body["receipt"] = {"entry": 11, "hash": hashlib.sha256(inner).hexdigest(), "took_ms": 63, "publishers": [],
                           "stored": base64.b64encode(receipt).decode()}
    return 200, body
