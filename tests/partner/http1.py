# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1: one request a connection, the endless body in chunks."""

import asyncio
from http import HTTPStatus

HEAD_BYTES = 16384
HEAD_SECONDS = 30


def _head(status, headers):
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name.title()}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _parse(head):
    """(method, target, headers) or None."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1":
        return None
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip().lower()
            headers[name] = headers[name] + ", " + value.strip() if name in headers else value.strip()
    return words[0], words[1], headers


async def serve(server, reader, writer):
    writer.transport.set_write_buffer_limits(high=4 * server.chunk)
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
    except asyncio.LimitOverrunError:
        return
    request = _parse(head[:-4]) if len(head) <= HEAD_BYTES else None
    if request is None:
        writer.write(_head(400, [("content-length", "0"), ("connection", "close")]))
        return
    answer = server.answer(*request, "http/1.1")
    if answer.start is None:
        length = ("content-length", str(len(answer.body)))
        writer.write(_head(answer.status, answer.headers + [length, ("connection", "close")]) + answer.body)
        await writer.drain()
        return
    writer.write(_head(200, answer.headers + [("transfer-encoding", "chunked")]))
    # Reading notices a client that hangs up while there is nothing to send.
    hung_up = asyncio.ensure_future(_until_closed(reader))
    sending = asyncio.ensure_future(_send(server, writer, answer))
    both = {hung_up, sending}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    for task in both:
        task.cancel()
    for error in await asyncio.gather(*both, return_exceptions=True):
        if isinstance(error, Exception):    # a cancellation is none
            raise error


async def _until_closed(reader):
    while await reader.read(4096):
        pass


async def _send(server, writer, answer):
    async for piece in server.body(answer):
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()
