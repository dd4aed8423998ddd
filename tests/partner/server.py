# SPDX-License-Identifier: Apache-2.0
"""The partner's HTTPS face: what a request asks for, and the endless body that answers it.

Mutual TLS, then HTTP/2 or HTTP/1.1 as the client's ALPN chooses; how each carries a body is in
http1.py and http2.py. Everything about what is answered is here, once for both.
"""

import asyncio
import ssl
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from .formats import Ndjson, choose
from .generator import now_ms
from .stream import Gone, Nonsense

PATH = "/v1/reads"


def tls_context(cert, key, ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@dataclass
class Faults:
    """How the partner misbehaves at the moment; set through control.py."""
    stall: bool = False         # connections stay open and silent
    refuse: bool = False        # new requests get 503
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, **what):
        for name, value in what.items():
            setattr(self, name, value)
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass
class Answer:
    """Either a short body, or a place in the log from which to go on for ever."""
    status: int
    headers: list
    body: bytes = b""
    start: int | None = None
    since_ms: int | None = None
    format: object = None


def _plain(status, text, *headers):
    return Answer(status, [("content-type", "text/plain; charset=utf-8"), *headers], text.encode() + b"\n")


class Server:
    def __init__(self, log, generator, faults, heartbeat=10.0, chunk=65536, end_when_done=False,
                 begin_with_client=False, formats=(Ndjson,)):
        self.log, self.generator, self.faults = log, generator, faults
        self.heartbeat, self.chunk, self.end_when_done = heartbeat, chunk, end_when_done
        self.begin_with_client, self.formats = begin_with_client, formats
        self.transports = set()
        self.tasks = set()
        self.requests = deque(maxlen=1000)      # what was asked and answered, newest last
        self.connections = self.sent_bytes = self.sent_upto = 0

    async def listen(self, host, port, context):
        """Opens the port and returns the one it got."""
        self.listener = await asyncio.start_server(self._connected, host, port, ssl=context)
        return self.listener.sockets[0].getsockname()[1]

    async def _connected(self, reader, writer):
        from . import http1, http2
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        self.transports.add(writer.transport)
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        speak = http2.serve if chosen == "h2" else http1.serve
        try:
            await speak(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
            pass
        finally:
            self.transports.discard(writer.transport)
            self.tasks.discard(asyncio.current_task())
            writer.close()

    def drop(self):
        """Cuts every connection, without a word."""
        for transport in list(self.transports):
            transport.abort()

    async def close(self):
        self.listener.close()
        self.drop()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # What is asked
    def answer(self, method, target, headers, protocol):
        """headers: a dict with lower-case names."""
        answer = self._answer(method, target, headers)
        self.requests.append({"protocol": protocol, "target": target, "status": answer.status,
                              "from": self.log.items_before(answer.start) + 1
                              if answer.start is not None else None,
                              "format": answer.format.name if answer.format else None,
                              "last_event_id": headers.get("last-event-id")})
        if answer.start is not None and self.begin_with_client:
            self.generator.go()
        return answer

    def _answer(self, method, target, headers):
        url = urlsplit(target)
        if url.path != PATH:
            return _plain(404, f"there is only {PATH}")
        if method != "GET":
            return _plain(405, "only GET", ("allow", "GET"))
        if self.faults.refuse:
            return _plain(503, "not now")
        chosen = choose(headers.get("accept"), self.formats)
        if chosen is None:
            return _plain(406, "there is " + ", ".join(f.media_type for f in self.formats))
        try:
            start, since_ms = self._start(parse_qsl(url.query, keep_blank_values=True))
        except Gone:
            return _plain(410, "what follows this cursor is no longer kept; start=oldest gives what is")
        except Nonsense as error:
            return _plain(400, str(error))
        return Answer(200, [("content-type", chosen.media_type), ("cache-control", "no-store")],
                      start=start, since_ms=since_ms, format=chosen)

    def _start(self, query):
        asked = [(k, v) for k, v in query if k in ("after", "start", "since")]
        if not asked:
            return self.log.end, None
        if len(asked) > 1:
            raise Nonsense("only one of after, start, since")
        (name, value), = asked
        if name == "after":
            return self.log.after(value), None
        if name == "start":
            if value != "oldest":
                raise Nonsense("start can only be oldest")
            return self.log.oldest(), None
        try:    # a plus sign that was not escaped has become a space
            since = datetime.fromisoformat(value.replace(" ", "+"))
        except ValueError:
            raise Nonsense("since is an RFC 3339 time") from None
        if since.tzinfo is None or "T" not in value.upper():
            raise Nonsense("since is an RFC 3339 time with an offset")
        ms = int(since.timestamp() * 1000)
        return self.log.since(ms), ms

    # What is answered
    async def body(self, answer):
        """Pieces of the endless body; ends if there is an end, or the client has fallen out of the log."""
        log, faults = self.log, self.faults
        offset, line_open, beat = answer.start, False, time.monotonic() + self.heartbeat
        if answer.since_ms and answer.since_ms > now_ms():      # what enters before then is not wanted
            offset = None
        while True:
            if faults.stall:
                await faults.changed.wait()
                continue
            if offset is None:
                offset = await self._begun(answer.since_ms, beat)
            elif not log.kept(offset):
                return
            else:
                piece, offset = answer.format.read(log, offset, self.chunk)
                if piece:
                    line_open = answer.format.is_open(piece)
                    yield piece
                    self.sent_bytes += len(piece)
                    self.sent_upto = max(self.sent_upto, offset)
                elif log.done and self.end_when_done:
                    return
                else:
                    await _either(log.changed, faults.changed, beat - time.monotonic())
            if time.monotonic() >= beat and not line_open and not faults.stall:
                beat = time.monotonic() + self.heartbeat
                yield answer.format.heartbeat

    async def _begun(self, since_ms, beat):
        """Waits for a `since` that lies ahead, until the next heartbeat; where it then is, or None."""
        wait = (since_ms - now_ms()) / 1000
        await asyncio.sleep(max(0.0, min(wait, beat - time.monotonic())))
        return self.log.since(since_ms) if since_ms <= now_ms() else None


async def _either(one, other, seconds):
    """Until one of two events, or a time, has come."""
    waits = [asyncio.ensure_future(e.wait()) for e in (one, other)]
    await asyncio.wait(waits, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
