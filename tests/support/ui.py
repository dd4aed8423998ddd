# SPDX-License-Identifier: Apache-2.0
"""`anprctl ui` and a browser of sorts: http.client with the cookie, and with the headers that a browser adds."""

import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import threading
from urllib.parse import urlsplit

from .messages import command_pb2
from .places import PATIENCE, program

PROTOBUF = "application/x-protobuf"
OFF, ON = 1, 2


class Ui:
    """The program. `lines` is what it has printed; `errors` what it said on standard error."""

    def __init__(self, environment, *options, json_lines=True, folder=None):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program("anprctl"), "ui", *map(str, options), *(["--json"] if json_lines else [])],
            env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self._new, self.errors = [], queue.Queue(), []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        self.url = self.line("url")
        self.port = urlsplit(self.url).port
        self.cookie = None

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            self._new.put(line)
        self._new.put("")

    def line(self, key):
        """The next line that has this, and what it says."""
        while line := self._new.get(timeout=PATIENCE):
            if key in (said := json.loads(line)):
                return said[key]
        raise AssertionError(f"it ended: {self.lines} {self.errors}")

    def ask(self, method, path, body=None, headers=None, cookie=True, timeout=PATIENCE):
        """One request on a connection of its own; the response, read (`.body`)."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        client.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": f"127.0.0.1:{self.port}"}
        if cookie and self.cookie:
            sent["Cookie"] = self.cookie
        if method == "POST":
            sent |= {"Origin": f"http://127.0.0.1:{self.port}", "Sec-Fetch-Site": "same-origin", "Content-Type": PROTOBUF}
        if body is not None:
            sent["Content-Length"] = str(len(body))
        for name, value in (sent | (headers or {})).items():
            if value is not None:
                client.putheader(name, value)
        client.endheaders(body)
        answer = client.getresponse()
        answer.body = answer.read()
        client.close()
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, draft, **more):
        body = draft if isinstance(draft, bytes) else draft.SerializeToString()
        return self.ask("POST", "/v1/commands", body, **more)

    def log_in(self):
        """Opens the address that was printed, as the browser does; its answer."""
        answer = self.get(self.url[self.url.index("/?"):], cookie=False)
        if answer.status == 303:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer

    def raw(self, data):
        """Bytes as they are; what comes back until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            out = b""
            try:
                while piece := s.recv(65536):
                    out += piece
            except ConnectionResetError:
                pass
        return out

    def stop(self, signum=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def draft(documents=(), nonce=None, **ask):
    """What the page posts: a command it encoded itself, without a signature."""
    command = command_pb2.Command(nonce=os.urandom(16) if nonce is None else nonce, **ask)
    return command_pb2.SignedCommand(command=command.SerializeToString(), documents=documents)


def switch(partner="tfl-ulez", position=OFF, reason="Works.", nonce=None, organisation="", **more):
    return draft(nonce=nonce, reason=reason, organisation=organisation,
                 set_switch=command_pb2.SetSwitch(position=position, partner=partner, **more))
