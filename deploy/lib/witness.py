# SPDX-License-Identifier: Apache-2.0
"""The demo's witness: a consumer of the police topic that shares no code with the gateway. It never prints a plate.

  witness.py --brokers B --pki DIR ends TOPIC              where the topic ends, uncommitted messages included
  witness.py ... wait TOPIC N [--after MS]                 until N reads captured after MS are there
  witness.py ... report TOPIC AGREEMENT REGISTER [--off MS --on MS]   checks every read; exit 1 if one is not as agreed
  witness.py ... refused TOPIC NAME|nobody                 exit 0 if this certificate is refused
"""

import argparse
import csv
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support.topic import Consumer, Refused, assert_unbroken      # noqa: E402


def ends(options):
    with Consumer(options.brokers, options.pki, options.topic) as consumer:
        print(sum(consumer.ends().values()))
    return 0


def wait(options):
    with Consumer(options.brokers, options.pki, options.topic) as consumer:
        consumer.wait_for(lambda records: sum(r.read.read.captured_at_ms > options.after for r in records) >= options.n,
                          f"{options.n} reads on {options.topic}", 60)
    return 0


def refused(options):
    who = None if options.name == "nobody" else options.name
    try:
        with Consumer(options.brokers, options.pki, options.topic, who) as consumer:
            consumer.read_all_until_end(15)
    except (Refused, AssertionError) as error:
        return 0 if isinstance(error, Refused) else 1
    return 1


def within(area, latitude, longitude):
    """Whether a place lies in a polygon: a ray to the east crosses its edges an odd number of times."""
    inside = False
    for (y1, x1), (y2, x2) in zip(area, area[1:] + area[:1]):
        if (y1 > latitude) != (y2 > latitude) and longitude < x1 + (latitude - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def agreed(rule, row):
    place = float(row["latitude"]), float(row["longitude"])
    return (any(fnmatchcase(row["camera_id"], pattern) for pattern in rule.get("cameras", ["*"]))
            and ("area" not in rule or within(rule["area"], *place)))


def agreed_cameras(agreement, register):
    """Cameras that a rule names (at whatever hour) and that the register has as live."""
    rules = yaml.safe_load(Path(agreement).read_text(encoding="utf-8"))["rules"]
    with open(register, newline="", encoding="utf-8") as file:
        return {row["camera_id"] for row in csv.DictReader(file)
                if row["state"] == "live" and any(agreed(rule, row) for rule in rules)}


def report(options):
    """One line of findings; a finding that is not as it should be ends it."""
    cameras = agreed_cameras(options.agreement, options.register)
    with Consumer(options.brokers, options.pki, options.topic) as consumer:
        records = consumer.read_all_until_end()
        assert_unbroken(records)
        reads = [record.read for record in records]
        outside = sum(read.read.camera_id not in cameras for read in reads)
        during = sum(options.off <= read.read.captured_at_ms <= options.on for read in reads) if options.off else 0
        after = sum(read.read.captured_at_ms > options.on for read in reads) if options.off else 0
    said = f"{options.topic}: {len(reads)} reads of {len({r.read.camera_id for r in reads})} agreed cameras"
    said += f", {outside} of any other, sequence without a gap"
    if options.off:
        said += f"; {during} captured while off, {after} since it is on again"
    print(said)
    return 0 if reads and not outside and not during and (after or not options.off) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--pki", required=True, type=Path)
    verbs = parser.add_subparsers(required=True)
    for verb, names in ((ends, ()), (wait, ("n",)), (refused, ("name",)), (report, ("agreement", "register"))):
        one = verbs.add_parser(verb.__name__)
        one.add_argument("topic")
        for name in names:
            one.add_argument(name, type=int if name == "n" else str)
        one.add_argument("--after", type=int, default=0)
        one.add_argument("--off", type=int, default=0)
        one.add_argument("--on", type=int, default=0)
        one.set_defaults(verb=verb)
    options = parser.parse_args()
    try:
        return options.verb(options)
    except (AssertionError, Refused) as error:
        print(f"{options.topic}: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
