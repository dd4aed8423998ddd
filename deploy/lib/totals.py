# SPDX-License-Identifier: Apache-2.0
"""Adds up what `anprctl status --json` says of each partner: received = permitted + denied + rejected."""

import json
import sys

wrong = 0
for partner in json.load(open(sys.argv[1], encoding="utf-8"))["partners"]:
    totals = partner["totals"]
    denied, rejected = sum(totals["denied_by_reason"].values()), sum(totals["rejected_by_reason"].values())
    adds_up = 0 < totals["received"] == totals["permitted"] + denied + rejected
    wrong += not adds_up
    print(f" {'+' if adds_up else '!'} {partner['id']}: {totals['received']} received = {totals['permitted']} permitted"
          f" + {denied} denied + {rejected} rejected")
    print("     denied: " + ", ".join(f"{reason} {n}" for reason, n in totals["denied_by_reason"].items()))
sys.exit(1 if wrong else 0)
