# SPDX-License-Identifier: Apache-2.0
"""Real counts, replayed camera by camera: as many reads in each bin as the survey counted.

The counts are a CSV with a column Time (start of the bin, RFC 3339) and one column per site id.
The plates are made up. Cells are taken as they are unless --repair is asked for.
"""

import csv
from datetime import datetime

from .plates import make_vehicle


class BadCounts(Exception):
    pass


def load(path, cameras, day=None):
    """[(start, [(camera, count), ...]), ...] of one day (YYYY-MM-DD, by the file's own stamps) or all."""
    bins = []
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        sites = next(rows)[1:]
        unknown = [s for s in sites if s not in cameras]
        if unknown:
            raise BadCounts(f"{path}: no such sites in the list of sites: {', '.join(unknown)}")
        columns = [cameras[s] for s in sites]
        for row in rows:
            start = datetime.fromisoformat(row[0])
            if day in (None, row[0][:10]):
                bins.append((start, [(c, int(n)) for c, n in zip(columns, row[1:], strict=True)]))
    if not bins:
        raise BadCounts(f"{path}: nothing counted on {day}")
    return bins


def repaired(bins):
    """Midnight's bin replaced by the mean of its neighbours: the survey lost most of that quarter."""
    out = list(bins)
    for i, (start, cells) in enumerate(bins):
        if (start.hour, start.minute) == (0, 0):
            near = [bins[j][1] for j in (i - 1, i + 1) if 0 <= j < len(bins)]
            if near:
                out[i] = start, [(camera, round(sum(n[k][1] for n in near) / len(near)))
                                 for k, (camera, _) in enumerate(cells)]
    return out


def passages(bins, speed, rng):
    """(at, camera, vehicle, age) in order of `at`; age is 0, as captured_at is the moment of sending."""
    first = bins[0][0]
    width = min(((b[0] - a[0]).total_seconds() for a, b in zip(bins, bins[1:])), default=900.0)
    for start, cells in bins:
        begin = (start - first).total_seconds()
        # one read somewhere in each n-th of the bin: evenly spread, without a beat
        moments = [(begin + (i + rng.random()) / n * width, camera)
                   for camera, n in cells for i in range(n)]
        moments.sort(key=lambda m: m[0])
        for at, camera in moments:
            yield at / speed, camera, make_vehicle(rng), 0.0
