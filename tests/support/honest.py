# SPDX-License-Identifier: Apache-2.0
"""An installation that did nothing wrong, for those who look for what is."""

from .wait import eventually

PARTNERS = ("tfl-ulez", "national-highways")


def live(it):
    """Two partners, reads, an off and an on, a kill, a stop; then nothing moves any more."""
    it.partner("tfl-ulez", "--rate", 300)
    it.partner("national-highways", "--rate", 100, "--batch-seconds", 1)
    it.agreement("tfl-ulez", ["ULEZ-*"], drop=["speed_kph", "heading"])
    it.agreement("national-highways", ["NH-*"])
    it.begin()
    consumer = it.consumer()
    consumer.wait_for(lambda records: len(records) > 300, "reads")
    # A slow machine may answer 'recorded' or 'stopped here' first; either becomes an enforced entry.
    it.people["bob"].try_to("off", "tfl-ulez", "--cameras", "ULEZ-000*", "--reason", "Works.")
    eventually(lambda: it.people["bob"].try_to("on", "tfl-ulez", "--cameras", "ULEZ-000*", "--reason", "Done.").code == 0, "on again")
    eventually(lambda: it.people["alice"].status()["journal"]["not_yet_enforced"] == 0, "all enforced: what follows is read after it")
    it.gateway.kill_child("core")
    seen = len(consumer.read_all_until_end())
    consumer.wait_for(lambda records: len(records) > seen + 500, "reads after it came back")
    for simulator in it.simulators.values():
        simulator.control(finish=True)
    consumer = it.consumer()
    eventually(lambda: it.totals("tfl-ulez")["published"] == len(consumer.read_all_until_end()), "all published")
    it.gateway.stop()
    return it
