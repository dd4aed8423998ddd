# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A run of tests as steps: each is timed, counted and reported, and whatever a run has
# started is ended with it. Source it after deploy/lib/say.sh. Not here: what the steps
# do; see checks.sh.

_passed=0 _failed=0 _skipped=0 _summary=() _step=''

# steps_begin WORK: logs and reports go there. From here on, every process that this run
# starts carries the run's mark in its environment, by which it is found at the end.
steps_begin() {
	work=$1
	ANPR_TEST_RUN="$$.$(date +%s%N)"
	export ANPR_TEST_RUN
	trap 'steps_stop' EXIT
	trap 'bad "stopped"; exit 130' INT
	trap 'exit 143' TERM HUP
}

# marked: the processes of this run, but not this one.
marked() {
	local environment pid
	for environment in /proc/[0-9]*/environ; do
		pid=${environment//[!0-9]/}
		[ "$pid" != "$$" ] || continue
		if grep -qzxF "ANPR_TEST_RUN=$ANPR_TEST_RUN" "$environment" 2>/dev/null; then echo "$pid"; fi
	done
}

# steps_stop: first asked, then made to end. A broker is not asked: it would take its time.
steps_stop() {
	local pid tries
	for pid in $(marked); do kill -TERM "$pid" 2>/dev/null || true; done
	for ((tries = 0; tries < 40; tries++)); do
		[ -n "$(marked)" ] || return 0
		sleep 0.1
	done
	for pid in $(marked); do kill -KILL "$pid" 2>/dev/null || true; done
}

# add PASSED FAILED SKIPPED
add() {
	_passed=$((_passed + $1)) _failed=$((_failed + $2)) _skipped=$((_skipped + $3))
	_counts="$1 passed, $2 failed${3:+$([ "$3" -eq 0 ] || echo ", $3 skipped")}"
}

# run_step NAME COMMAND...: a step that calls add for what it has counted. A step that fails
# without having counted a failure is one.
run_step() {
	local begun took state=ok before=$_failed
	_step=$1 _counts='nothing counted'
	shift
	step "$_step"
	begun=$(date +%s)
	if ! "$@"; then state=FAILED; fi
	if [ "$state" != ok ] && [ "$_failed" -eq "$before" ]; then add 0 1 0; fi
	took=$(($(date +%s) - begun))
	_summary+=("$(printf '%-9s %-6s %5d s   %s' "$_step" "$state" "$took" "$_counts")")
	if [ "$state" = ok ]; then good "$_step: $_counts ($took s)"; else bad "$_step: $_counts ($took s)"; fi
}

# counted COMMAND...: one test that passes when the command succeeds.
counted() {
	if "$@"; then add 1 0 0; else add 0 1 0; return 1; fi
}

# logged NAME COMMAND...: its words go to a log, of which the end is shown if it fails.
# A terminal sees dots, anything else a line each half minute.
logged() {
	local log="$work/$1.log" job ticks=0
	shift
	"$@" > "$log" 2>&1 < /dev/null &
	job=$!
	while kill -0 "$job" 2>/dev/null; do
		dot
		sleep 0.5
		((++ticks % 60)) || [ -t 2 ] || note "$_step goes on: $(tail -n 1 "$log" | cut -c1-100)"
	done
	dots_end
	wait "$job" || { tail -n 40 "$log" >&2; note "all of it is in ${log#"$PWD"/}"; return 1; }
}

# junit FILE ATTRIBUTE: summed over the test suites of a report.
junit() {
	tr '\n\t' '  ' < "$1" | grep -o '<testsuite [^>]*' | grep -o " $2=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'
}

# add_junit FILE: counts a report; errors are failures too.
add_junit() {
	local tests failed skipped
	tests=$(junit "$1" tests)
	failed=$(($(junit "$1" failures) + $(junit "$1" errors)))
	skipped=$(($(junit "$1" skipped) + $(junit "$1" disabled)))
	add $((tests - failed - skipped)) "$failed" "$skipped"
	[ "$failed" -eq 0 ]
}

steps_end() {
	echo
	printf '  %s\n' "${_summary[@]}"
	[ "$_skipped" -eq 0 ] || echo "  $_skipped skipped: the logs in ${work#"$PWD"/} say why"
	echo "$_passed passed, $_failed failed"
	[ "$_failed" -eq 0 ]
}
