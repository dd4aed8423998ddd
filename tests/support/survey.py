# SPDX-License-Identifier: Apache-2.0
"""A day of a real survey's counts, replayed fast as a partner's stream, and what must come out: each camera as many
reads as the survey counted. The data is not part of the project; it is the format of counts_15min.csv and sites.csv
published for Bath's ANPR survey of 2017 (README of that data), found by a path."""

import csv
import time
from collections import Counter

from .installation import Installation
from .wait import eventually

PARTNER = "tfl-ulez"            # any partner will do; its cameras are the survey's
SETTLE = 120                    # seconds, after the last read has been sent


def counted(data, day):
    """Reads of each camera on that day, straight from the file."""
    totals = Counter()
    with open(data / "counts_15min.csv", newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["Time"].startswith(day):
                totals.update({f"SITE-{int(site):03d}": round(float(n)) for site, n in row.items() if site != "Time" and n})
    return +totals


def replay_day(folder, pki, broker, data, day, speed, say=print):
    """Figures of one day's replay."""
    want = counted(data, day)
    with Installation(folder, pki, broker, partners={PARTNER: ("tfl", "bob")}) as it:
        simulator = it.partner(PARTNER, "--replay", data / "counts_15min.csv", "--sites", data / "sites.csv", "--day", day,
                               "--speed", speed, "--begin", "paused", "--external-ids", 0, register=("--sites", data / "sites.csv"))
        it.agreement(PARTNER, ["SITE-*"])
        it.prepare()
        it.start()
        it.agree(PARTNER)
        it.go_live(PARTNER)
        time.sleep(2.5)         # the agreed clock bound: what is captured sooner counts as captured while off
        consumer, begun, total = it.consumer(PARTNER), time.monotonic(), sum(want.values())
        simulator.control(go=True)
        told = [0]

        def progress(records):
            if len(records) >= total * (told[0] + 0.1):
                told[0] = len(records) / total
                say(f"{told[0]:4.0%}  {len(records)} reads after {time.monotonic() - begun:.0f} s")
            return len(records) >= total
        consumer.wait_for(progress, f"{total} reads", 86400 / speed + SETTLE)
        took = time.monotonic() - begun
        records = consumer.read_all_until_end()
        got = Counter(r.read.read.camera_id for r in records)
        delays = sorted(r.read.published_at_ms - r.read.received_at_ms for r in records)
        totals = eventually(lambda: it.totals(PARTNER), "status")
        return {"day": day, "speed": round(86400 / took), "reads": total, "published": len(records), "cameras": len(want),
                "cameras_that_differ": sum(want[c] != got[c] for c in want | got), "seconds": round(took, 1),
                "received": totals["received"], "denied": totals["denied"], "rejected": totals["rejected"],
                "ms_to_publish_median": delays[len(delays) // 2], "ms_to_publish_99": delays[len(delays) * 99 // 100],
                "right": want == got and totals["received"] == totals["permitted"] == total}
