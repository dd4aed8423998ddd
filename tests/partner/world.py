# SPDX-License-Identifier: Apache-2.0
"""Vehicles that drive: who passes which camera, when.

Yields passages (at, camera, vehicle, age): `at` in seconds of the stream's own time from 0, when
the read enters the stream; `age` in seconds, how long before that the vehicle was seen. No wall
clock, no text: pacing is in generator.py, words in reads.py.
"""

import bisect
import heapq
from collections import deque

from .plates import make_vehicle

# Share of a weekday's reads by hour, per cent. Measured at 66 camera-directions in Bath in 2017;
# contains data published by B&NES Council under the Open Government Licence v3.0.
HOURS = [0.26, 0.25, 0.20, 0.17, 0.33, 0.89, 3.06, 7.11, 8.11, 6.60, 6.01, 5.93,
         6.07, 6.12, 6.50, 7.16, 8.04, 7.95, 6.63, 4.40, 2.92, 2.34, 1.95, 1.01]
_MEAN = sum(HOURS) / 24

GO_ON = 0.76            # chance that a vehicle stays on the route as far as the next camera
COME_BACK = 0.5         # chance of a trip to be made by one that drove here before, if there is one
REST = 1800.0           # seconds from the end of a vehicle's trip to its next: nobody is in two places
PARKED = 20_000         # vehicles remembered for that
WARM_UP = 900.0         # seconds of driving before the first read, so that the roads are not empty
DENSEST = 0.5           # reads/s a camera: a full road
BUSIEST = 150.0         # reads/s in all: bounds the vehicles held in memory and the warm-up


def diurnal(speed, start_hour):
    """Traffic at a moment relative to the day's mean, joined up linearly between the hours' middles."""
    def level(at):
        hour = (start_hour + at * speed / 3600 - 0.5) % 24
        low = int(hour)
        part = hour - low
        return ((1 - part) * HOURS[low] + part * HOURS[(low + 1) % 24]) / _MEAN
    return level


def flat(_speed, _start_hour):
    return lambda at: 1.0


SHAPES = {"diurnal": diurnal, "flat": flat}


def natural_rate(routes):
    """Reads/s that these cameras could see on full roads."""
    cameras = sum(c.sends for r in routes for c in r.cameras)
    return max(1.0, min(DENSEST * cameras, BUSIEST))


def _reads_per_trip(routes):
    total = sum(r.weight for r in routes)
    mean = 0.0
    for route in routes:
        seen = 0.0
        here = 0.0      # chance that a trip begun at any of the places so far passes this one
        for camera in route.cameras:
            here = here * GO_ON + 1 / len(route.cameras)
            seen += here * camera.sends
        mean += route.weight / total * seen
    return mean


class _Trip:
    __slots__ = ("vehicle", "route", "place")

    def __init__(self, vehicle, route, place):
        self.vehicle, self.route, self.place = vehicle, route, place


def traffic(routes, rate, level, speed, rng):
    """Passages for ever, in order of `at`, `rate` a second on the mean of the day.

    Roads hold only so many vehicles. Where the rate asked for is beyond that, everyone drives
    faster in the stream's time, instead of the roads being packed with millions.
    """
    faster = max(speed, rate / natural_rate(routes))
    legs = [[c.next_km / c.limit_kph * 3600 / faster for c in r.cameras] for r in routes]
    chosen, total = [], 0.0
    for route in routes:
        total += route.weight
        chosen.append(total)
    trips_per_s = rate / _reads_per_trip(routes)
    random, exponential = rng.random, rng.expovariate
    push, pop, replace = heapq.heappush, heapq.heappop, heapq.heapreplace
    parked = [deque(maxlen=1 + PARKED // len(routes)) for _ in routes]     # (rested at, vehicle)
    rest, roads, serial = REST / faster, [], 0
    depart = -WARM_UP / faster

    while True:
        if not roads or depart <= roads[0][0]:
            which = bisect.bisect(chosen, random() * total)
            rested = parked[which]
            if rested and rested[0][0] <= depart and random() < COME_BACK:
                vehicle = rested.popleft()[1]
            else:
                vehicle = make_vehicle(rng)
            trip = _Trip(vehicle, which, int(random() * len(legs[which])))
            serial += 1
            push(roads, (depart, serial, trip))
            depart += exponential(trips_per_s * level(max(depart, 0.0)))
            continue

        at, order, trip = roads[0]
        route, place = trip.route, trip.place
        camera = routes[route].cameras[place]
        if place + 1 < len(legs[route]) and random() < GO_ON:
            trip.place = place + 1
            # the speed of this driver, and now and then a red light or a queue
            leg = legs[route][place] / trip.vehicle.pace
            if random() < 0.25:
                leg *= 1 + random()
            replace(roads, (at + leg, order, trip))
        else:
            pop(roads)
            parked[route].append((at + rest, trip.vehicle))
        if at >= 0 and camera.sends:
            yield at, camera, trip.vehicle, 2.0 * random()


def batched(passages, seconds):
    """Tag sites keep what they see and hand it over every so many seconds; plates go straight on."""
    boundary, kept = seconds, []
    for passage in passages:
        at, camera, vehicle, age = passage
        while at >= boundary:
            for seen, tag_camera, tag_vehicle in kept:
                yield boundary, tag_camera, tag_vehicle, boundary - seen
            kept.clear()
            boundary += seconds
        if camera.kind == "hashed_tag":
            kept.append((at, camera, vehicle))
        else:
            yield passage
