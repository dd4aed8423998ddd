# SPDX-License-Identifier: Apache-2.0
"""HTTP/2, by the h2 library: any number of streams a connection, each within its flow-control window."""

import asyncio

import h2.config
import h2.connection
import h2.events
import h2.exceptions


async def serve(server, reader, writer):
    await _Connection(server, reader, writer).run()


class _Connection:
    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.window = asyncio.Event()       # set when some window may have opened
        self.streams = {}                   # id -> the task answering it

    async def run(self):
        self.writer.transport.set_write_buffer_limits(high=4 * self.server.chunk)
        self.h2.initiate_connection()
        self.flush()
        try:
            while data := await self.reader.read(65536):
                try:
                    events = self.h2.receive_data(data)
                except h2.exceptions.ProtocolError:
                    self.flush()            # the library has put the farewell there
                    return
                for event in events:
                    self.handle(event)
                self.flush()
        finally:
            for task in self.streams.values():
                task.cancel()

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    def handle(self, event):
        match event:
            case h2.events.RequestReceived():
                task = asyncio.ensure_future(self.answer(event.stream_id, event.headers))
                self.streams[event.stream_id] = task
                task.add_done_callback(lambda done, stream=event.stream_id: self.answered(stream, done))
            case h2.events.DataReceived():
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamReset():
                if task := self.streams.get(event.stream_id):
                    task.cancel()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self.window.set()
                self.window = asyncio.Event()

    def answered(self, stream, task):
        self.streams.pop(stream, None)
        if not task.cancelled() and task.exception():
            self.writer.transport.abort()

    async def answer(self, stream, raw):
        fields = {_text(name): _text(value) for name, value in raw}
        answer = self.server.answer(fields.get(":method", ""), fields.get(":path", ""), fields, "h2")
        headers = [(":status", str(answer.status)), *answer.headers]
        if answer.start is None:
            headers.append(("content-length", str(len(answer.body))))
        try:
            self.h2.send_headers(stream, headers)
            self.flush()
            if answer.start is None:
                await self.send(stream, answer.body)
            else:
                async for piece in self.server.body(answer):
                    await self.send(stream, piece)
            self.h2.end_stream(stream)
            self.flush()
        except (ConnectionError, h2.exceptions.StreamClosedError):
            pass                            # the client has gone, or wants no more of this

    async def send(self, stream, data):
        view = memoryview(data)
        while view:
            room = self.h2.local_flow_control_window(stream)
            if room <= 0:
                self.flush()
                await self.window.wait()
                continue
            n = min(room, self.h2.max_outbound_frame_size, len(view))
            self.h2.send_data(stream, bytes(view[:n]))
            view = view[n:]
        self.flush()
        await self.writer.drain()


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value
