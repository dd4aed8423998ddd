# SPDX-License-Identifier: Apache-2.0
"""Cameras and where they stand: two made-up partners, and any list of survey sites.

A place depends only on the partner's kind and the camera's number, never on the seed of the
traffic, so a register printed once fits every run, and the first 200 cameras of 300 are the 200.
Positions are inventions near the real towns and roads. How a camera speaks is in reads.py, who
drives past it in world.py.
"""

import csv
import math
import random
from dataclasses import dataclass

COLUMNS = ["camera_id", "external_ids", "name", "latitude", "longitude", "road", "heading",
           "area", "state", "zone"]


@dataclass(slots=True)
class Camera:
    camera_id: str
    external_id: str
    name: str
    latitude: float
    longitude: float
    road: str
    heading: int
    area: str
    state: str                  # offered, commissioning, live, retired
    kind: str = "vrm"           # what it sends: vrm or hashed_tag
    limit_kph: float = 48.0
    lanes: int = 2
    next_km: float = 1.0        # along the route to the camera after this one
    zone: str = "Europe/London"

    @property
    def sends(self):
        """An offered site already sends, to be looked at; a retired one has been taken down."""
        return self.state != "retired"


@dataclass(slots=True)
class Route:
    cameras: list               # in the order a vehicle passes them
    weight: float               # share of the traffic, relative


BOROUGHS = [
    ("Westminster", 51.497, -0.137), ("Lambeth", 51.458, -0.118), ("Southwark", 51.474, -0.080),
    ("Camden", 51.543, -0.150), ("Hackney", 51.549, -0.060), ("Greenwich", 51.473, 0.012),
    ("Wandsworth", 51.452, -0.191), ("Ealing", 51.513, -0.305), ("Brent", 51.560, -0.265),
    ("Haringey", 51.588, -0.108), ("Newham", 51.526, 0.030), ("Croydon", 51.372, -0.100),
    ("Barnet", 51.620, -0.195), ("Bromley", 51.402, 0.018), ("Hillingdon", 51.535, -0.455),
    ("Redbridge", 51.578, 0.075),
]
STREETS = ["Tanners Row", "Old Mill Road", "Cartwright Street", "Priory Lane", "Harbour Road",
           "Chandlers Way", "Kiln Hill", "Saddlers Gate", "Orchard Rise", "Fenwick Avenue",
           "Limeburner Lane", "Northmoor Road", "Station Parade", "Quarry Bank"]
COMPASS = ["northbound", "eastbound", "southbound", "westbound"]

# Ends of the roads, roughly; sites are strung along the line between.
MOTORWAYS = [
    ("M6", (52.40, -1.35), (54.85, -2.85)), ("M1", (51.65, -0.30), (53.70, -1.45)),
    ("M62", (53.41, -2.75), (53.74, -1.00)), ("M4", (51.49, -0.55), (51.55, -2.55)),
    ("M5", (52.50, -2.02), (50.70, -3.45)), ("M3", (51.40, -0.50), (50.96, -1.38)),
    ("M11", (51.62, 0.09), (52.21, 0.06)), ("M40", (51.58, -0.60), (52.33, -1.70)),
    ("A1(M)", (54.00, -1.33), (54.92, -1.57)), ("M20", (51.35, 0.25), (51.10, 1.10)),
]
REGIONS = [("North West", 53.7, -2.6), ("Yorkshire and North East", 54.2, -1.4),
           ("Midlands", 52.6, -1.7), ("East", 52.1, 0.2), ("South East", 51.3, -0.4),
           ("South West", 51.1, -2.9)]


def _nearest(areas, latitude, longitude):
    return min(areas, key=lambda a: (a[1] - latitude) ** 2 + (0.62 * (a[2] - longitude)) ** 2)[0]


def _step(latitude, longitude, bearing, km):
    turn = math.radians(bearing)
    return (latitude + km * math.cos(turn) / 111.2,
            longitude + km * math.sin(turn) / (111.2 * math.cos(math.radians(latitude))))


def _bound(bearing):
    return COMPASS[round(bearing / 90) % 4]


def _state(number):
    """Mostly live; of forty cameras two are offered, two being commissioned, one is gone."""
    if number % 40 == 31:
        return "retired"
    return {13: "offered", 7: "commissioning"}.get(number % 20, "live")


def _redundant_state(number):
    """Sites no longer needed for traffic are handed over one by one, so more are on their way."""
    if number % 20 == 10:
        return "retired"
    return {3: "offered", 4: "commissioning"}.get(number % 5, "live")


def _weight(rng):
    # Spread so that the busiest camera has about three times the mean, as measured in Bath in 2017.
    return min(rng.lognormvariate(0.0, 0.55), 3.0)


def tfl_routes(count):
    """City streets of six cameras, a kilometre or so apart."""
    routes, number = [], 0
    while number < count:
        rng = random.Random(f"tfl/{len(routes)}")
        _, latitude, longitude = BOROUGHS[len(routes) % len(BOROUGHS)]
        latitude, longitude = _step(latitude, longitude, rng.uniform(0, 360), rng.uniform(0, 2.5))
        bearing, road = rng.uniform(0, 360), f"A{rng.randint(200, 412)}"
        street, limit = rng.choice(STREETS), rng.choice([32.0, 32.0, 48.0])
        cameras = []
        for place in range(min(6, count - number)):
            number += 1
            km = rng.uniform(0.4, 1.4)
            bearing += rng.uniform(-12, 12)
            cameras.append(Camera(
                f"ULEZ-{number:05d}", f"serial:ACCC8E{number:06X}",
                f"{street} {_bound(bearing)} {place + 1}", round(latitude, 5), round(longitude, 5),
                road, round(bearing) % 360, _nearest(BOROUGHS, latitude, longitude),
                _state(number), limit_kph=limit, lanes=rng.randint(1, 3), next_km=km))
            latitude, longitude = _step(latitude, longitude, bearing, km)
        routes.append(Route(cameras, _weight(rng)))
    return routes


def nh_routes(count):
    """Motorways of eight sites; every fifth site is redundant and sends plates, the others tags."""
    routes, number = [], 0
    while number < count:
        rng = random.Random(f"nh/{len(routes)}")
        road, here, there = MOTORWAYS[len(routes) % len(MOTORWAYS)]
        if len(routes) // len(MOTORWAYS) % 2:
            here, there = there, here
        bearing = math.degrees(math.atan2(
            (there[1] - here[1]) * math.cos(math.radians(here[0])), there[0] - here[0])) % 360
        along = rng.uniform(0, 0.7)
        latitude = here[0] + along * (there[0] - here[0])
        longitude = here[1] + along * (there[1] - here[1])
        post = rng.randint(10, 300)
        cameras = []
        for _ in range(min(8, count - number)):
            number += 1
            km = rng.uniform(1.5, 4.0)
            redundant = number % 5 == 0
            cameras.append(Camera(
                f"NH-{number:04d}", f"site:{4000 + number}",
                f"{road} {_bound(bearing)} at {post}/{rng.randint(0, 9)}"
                + (" (redundant site)" if redundant else ""),
                round(latitude, 5), round(longitude, 5), road, round(bearing) % 360,
                _nearest(REGIONS, latitude, longitude),
                _redundant_state(number // 5) if redundant else "live",
                kind="vrm" if redundant else "hashed_tag",
                limit_kph=112.0, lanes=rng.randint(3, 4), next_km=km))
            post += round(km)
            latitude, longitude = _step(latitude, longitude, bearing, km)
        routes.append(Route(cameras, _weight(rng)))
    return routes


ROUTES = {"tfl": tfl_routes, "nh": nh_routes}
RINGS = {"1": "outer ring", "2": "inner ring", "3": "car parks"}
HEADINGS = {"N": 0, "NE": 45, "E": 90, "SE": 135, "S": 180, "SW": 225, "W": 270, "NW": 315}


def site_cameras(path):
    """Cameras of a survey's list of sites, by the site's id: id, name, description, direction,
    radial_group, longitude, latitude (other columns are ignored)."""
    cameras = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            site = row["id"].strip()
            direction = (row.get("direction") or "").strip().upper()
            words = [row["name"], row.get("description"), direction]
            cameras[site] = Camera(
                f"SITE-{int(site):03d}", f"site:{site}",
                " ".join(w.strip() for w in words if w and w.strip()),
                round(float(row["latitude"]), 5), round(float(row["longitude"]), 5),
                "", HEADINGS.get(direction, 0),
                RINGS.get((row.get("radial_group") or "").strip(), "other"), "live")
    return cameras


def write_register(cameras, file):
    out = csv.writer(file, lineterminator="\n")
    out.writerow(COLUMNS)
    for c in cameras:
        out.writerow([c.camera_id, c.external_id, c.name, f"{c.latitude:.5f}", f"{c.longitude:.5f}",
                      c.road, c.heading, c.area, c.state, c.zone])
