# SPDX-License-Identifier: Apache-2.0
"""What a partner's simulator says it has sent, read as it grows; what has been read is given back to the file system."""

import ctypes
import json
import os
from dataclasses import dataclass

from .evaluator import moment

KEEP, PUNCH = 0x01, 0x02            # FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE
PIECE = 16 << 20
_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


@dataclass(slots=True)
class Item:
    number: int             # from 1, which is also the cursor's
    read_id: str
    camera: str
    captured: int           # UTC milliseconds


class SentLog:
    def __init__(self, path):
        self._file = os.open(path, os.O_RDWR)
        self._rest, self._read, self._given_back, self.newest = b"", 0, 0, 0

    def close(self):
        os.close(self._file)

    def take(self, limit=1 << 20):
        """Items that are new, at most about `limit` bytes of them."""
        data = os.read(self._file, limit)
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._give_back()
        return [self._item(json.loads(line)) for line in lines]

    def _item(self, said):
        self.newest += 1
        return Item(self.newest, said["read_id"], said["camera_id"], moment(said["captured_at"]))

    def _give_back(self):
        if self._read - self._given_back > PIECE:
            # A file system that cannot keeps the whole file, which only takes room.
            _libc.fallocate(self._file, KEEP | PUNCH, self._given_back, PIECE)
            self._given_back += PIECE
