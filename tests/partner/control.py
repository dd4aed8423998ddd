# SPDX-License-Identifier: Apache-2.0
"""The hand on the partner: JSON commands, one a line, one answer a line, over a loopback port or a
Unix socket. For tests that need a partner to misbehave at a moment of their choosing."""

import asyncio
import json
import math
import os
import socket
from collections import Counter
from contextlib import contextmanager

from .generator import now_ms
from .reads import note

HELP = """\
commands, one JSON object a line; several members are carried out in order:
  {"stats": true}       what was generated and sent, which requests came and how they were answered
  {"stall": true|false} open connections stay open and silent, heartbeats included
  {"drop": true}        cuts every connection
  {"refuse": true|false} new requests are answered 503
  {"inject": "LINE"}    puts a raw line into the stream, as an item with its own cursor
  {"garbage": N}        puts N lines of random bytes into the stream
  {"flood": N}          puts the next N reads into the stream at once
  {"pause": true}       no more reads until go (those in the log still flow)
  {"rate": N}           from now on N reads/s on the mean of the day, or "max"; the reads stay the same ones
  {"finish": true}      no more reads at all
  {"reload": true}      takes up certificate, key and CA files as they are now, for new connections
  {"go": true}          all well again: no stall, no refusing, reads go on
"""


@contextmanager
def socket_name(path):
    """A name of a Unix socket's path that fits into an address (107 bytes), however deep the path lies."""
    folder, name = os.path.split(os.path.abspath(path))
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{name}"
    finally:
        os.close(handle)


class Control:
    def __init__(self, server, rate, reload, rng):
        self.server, self.log = server, server.log
        self.generator, self.faults = server.generator, server.faults
        self.rate, self.reload_tls, self.rng = rate, reload, rng

    async def listen(self, where):
        """where: HOST:PORT or the path of a Unix socket. Returns the address as a client has to name it."""
        if "/" in where:
            if os.path.exists(where):
                os.unlink(where)
            listener = socket.socket(socket.AF_UNIX)
            with socket_name(where) as name:
                listener.bind(name)
            os.chmod(where, 0o600)
            await asyncio.start_unix_server(self._connected, sock=listener, limit=1 << 21)
            return where
        host, _, port = where.rpartition(":")
        listener = await asyncio.start_server(self._connected, host, int(port), limit=1 << 21)
        return f"{host}:{listener.sockets[0].getsockname()[1]}"

    async def _connected(self, reader, writer):
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self.obey(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def obey(self, line):
        """The answer to one line: {"ok": true, ...} or {"ok": false, "error": ...}."""
        try:
            command = json.loads(line)
            answer = {"ok": True}
            for name, value in command.items():
                done = getattr(self, "do_" + name)(value)
                answer.update((await done if asyncio.iscoroutine(done) else done) or {})
            return answer
        except AttributeError:
            return {"ok": False, "error": "no such command; there are "
                    + ", ".join(n[3:] for n in dir(self) if n.startswith("do_"))}
        except (ValueError, TypeError, OSError) as error:
            return {"ok": False, "error": str(error)}

    def do_stall(self, on):
        self.faults.set(stall=bool(on))

    def do_refuse(self, on):
        self.faults.set(refuse=bool(on))

    def do_drop(self, _):
        self.server.drop()

    def do_go(self, _):
        self.faults.set(stall=False, refuse=False)
        self.generator.go()

    def do_pause(self, on):
        (self.generator.pause if on else self.generator.go)()

    def do_rate(self, rate):
        if self.rate is None and rate != "max":
            raise ValueError("a replay's rate is its counts'; start it with another --speed")
        self.generator.hasten(math.inf if rate == "max" else float(rate) / self.rate)

    def do_finish(self, _):
        self.generator.stop()

    def do_reload(self, _):
        self.reload_tls()

    async def do_flood(self, n):
        await self.generator.flood(int(n))

    def do_inject(self, text):
        line = text.encode("utf-8", "surrogateescape")
        return self._put(line, "injected")

    def do_garbage(self, n):
        for _ in range(int(n)):
            line = self.rng.randbytes(self.rng.randint(1, 2000)).replace(b"\n", b"?")
            # its first byte is one no JSON or UTF-8 text begins with, so it is garbage for certain
            self._put(b"\xff" + line, "garbage")

    def _put(self, line, fate):
        if b"\n" in line:
            raise ValueError("one line")
        number = len(self.log) + 1
        self.log.append([(line + b"\n", note(number, fate=fate))], now_ms(), generated=False)
        return {"number": number}

    def do_stats(self, _):
        log, server = self.log, self.server
        return {"items": len(log), "reads": self.generator.items.count, "bytes": log.end,
                "oldest": log.first + 1, "done": log.done, "going": self.generator.going.is_set(),
                "connections": server.connections, "open": len(server.transports),
                "sent_bytes": server.sent_bytes,
                "sent_items": log.items_before(server.sent_upto),
                "sent_cursor": log.cursor_before(server.sent_upto),
                "answers": Counter(str(r["status"]) for r in server.requests),
                "requests": list(server.requests)}
