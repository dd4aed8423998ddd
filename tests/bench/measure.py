# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of processes, and how figures are summed up and shown. Knows nothing of the gateway."""

import os
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process and all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK       # utime and stime, proc(5)


def memory_kib(pid):
    """(resident now, most ever resident) in KiB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]), int(status["VmHWM"].split()[0])


class CpuUse:
    """CPU seconds of named processes, from now on."""

    def __init__(self, pids):
        self.pids = pids                # {name: process number}
        self.began, self.at = self._all(), time.monotonic()

    def _all(self):
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def so_far(self):
        """({name: CPU seconds}, seconds gone by)"""
        return {name: now - self.began[name] for name, now in self._all().items()}, time.monotonic() - self.at


def percentile(ordered, share):
    """Of a sorted list: the value that `share` of all are not above."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows):
    """Rows of texts as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
