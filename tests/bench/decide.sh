#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/bench/decide.sh - the cost of a decision, counted in instructions
#
# usage: tests/bench/decide.sh [BUILD]      (build/release)
#
# Runs bench_decide under callgrind, which counts what policy_decide and all it calls execute, whatever else the
# machine does. Fails unless a decision costs the same within a tenth for 100 and 100,000 cameras and for 1 and 1,000
# rules, and half as much again for a thousand switch changes. Takes a few minutes.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${1:-$root/build/release}/tests/bench/bench_decide
reads=2000

# instructions CAMERAS RULES OFFS: a read's.
instructions() {
	local out
	out=$(mktemp)
	valgrind --tool=callgrind --callgrind-out-file="$out" --toggle-collect=policy_decide \
		"$program" "$1" "$2" "$3" "$reads" > /dev/null 2>&1
	awk -v n="$reads" '/^(totals|summary):/ { print int($2 / n); exit }' "$out"
	rm -f "$out"
}

few=$(instructions 100 1 0)
status=0
for case in "100000 1 0" "1000 1000 0" "100 1 1000"; do
	# shellcheck disable=SC2086
	many=$(instructions $case)
	echo "cameras, rules, offs: $case: $many instructions a read; 100 1 0: $few"
	# switch changes may cost their logarithm
	limit=110
	[ "$case" != "100 1 1000" ] || limit=150
	[ $((100 * many)) -le $((limit * few)) ] || { echo "more than $limit per cent of it"; status=1; }
done
exit $status
