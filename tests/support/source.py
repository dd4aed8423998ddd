# SPDX-License-Identifier: Apache-2.0
"""One source process by itself, with this test in the places of its supervisor and its core."""

import fcntl
import os
import socket
import struct
import subprocess
import time

from .messages import _load
from .places import PATIENCE, program

frame_pb2 = _load("frame")

SETUP, START, STOP, REPORT, BATCH, READY = 1, 2, 3, 4, 5, 11     # gateway/wire/frame.h
IDLE, CONNECTING, STREAMING, WAITING = 1, 2, 3, 4


def _frame(kind, message=None):
    body = message.SerializeToString() if message else b""
    return struct.pack("<II", len(body), kind) + body


class Source:
    """Reads come out of `batches()`; reports are kept as they pass."""

    def __init__(self, pki, url, who="tfl", client=None, log=None):
        control, theirs_control = socket.socketpair()
        core, theirs_core = socket.socketpair()
        self.control, self.core = control, core
        self.reports, self.epoch, self.held = [], 0, b""
        fds = (theirs_control.fileno(), theirs_core.fileno())

        def place():    # the numbers of gateway/supervise/role.h
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in fds]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen([program("anpr-gateway"), "--role", "source", "--name", "test"],
                                        preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=log)
        theirs_control.close()
        theirs_core.close()
        core.settimeout(PATIENCE)
        control.settimeout(PATIENCE)
        client = client or f"to-{who}"
        setup = frame_pb2.SourceSetup(partner="test", url=url, ca_pem=(pki / f"{who}-ca.pem").read_text(),
                                      cert_pem=(pki / f"{client}.pem").read_text(),
                                      key_pem=(pki / f"{client}.key").read_text())
        control.sendall(_frame(SETUP, setup))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()
        self.core.close()
        self.process.kill()
        self.process.wait()

    def wait_until_ready(self):
        assert struct.unpack("<II", self.control.recv(8, socket.MSG_WAITALL)) == (0, READY)

    def start(self, after="", since_ms=0):
        self.epoch += 1
        self.core.sendall(_frame(START, frame_pb2.SourceStart(epoch=self.epoch, after=after, since_ms=since_ms)))

    def stop(self):
        self.core.sendall(_frame(STOP))

    def _take(self, until):
        """The next frame as (kind, body), or None when it is too late."""
        while True:
            if len(self.held) >= 8:
                n, kind = struct.unpack_from("<II", self.held)
                if len(self.held) >= 8 + n:
                    body, self.held = self.held[8:8 + n], self.held[8 + n:]
                    return kind, body
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.core.settimeout(left)
            try:
                more = self.core.recv(1 << 20)
            except TimeoutError:
                return None
            assert more, "the source hung up"
            self.held += more

    def batches(self, seconds):
        """Batches of the newest epoch as they come, for so long."""
        until = time.monotonic() + seconds
        while frame := self._take(until):
            kind, body = frame
            if kind == REPORT:
                self.reports.append(frame_pb2.SourceReport.FromString(body))
                continue
            assert kind == BATCH
            batch = frame_pb2.ReadBatch.FromString(body)
            if batch.epoch == self.epoch:
                yield batch

    def collect(self, enough, seconds=None):
        """(reads, rejections) until enough(reads, rejections) is true."""
        reads, rejected = [], {}
        for batch in self.batches(PATIENCE if seconds is None else seconds):
            reads += batch.reads
            for count in batch.rejected:
                rejected[count.rejection] = rejected.get(count.rejection, 0) + count.n
            if enough(reads, rejected):
                return reads, rejected
        raise AssertionError(f"only {len(reads)} reads, {rejected}; last report: {self.reports[-1:]}")

    def wait_for(self, wanted, seconds=None):
        """The first report of which wanted(report) is true, from those yet to be looked at on."""
        until = time.monotonic() + (PATIENCE if seconds is None else seconds)
        while True:
            while self.reports:
                report = self.reports.pop(0)
                if wanted(report):
                    return report
            left = until - time.monotonic()
            assert left > 0, "no such report"
            frame = self._take(until)
            assert frame, "no such report"
            if frame[0] == REPORT:
                self.reports.append(frame_pb2.SourceReport.FromString(frame[1]))
