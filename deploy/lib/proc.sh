# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Processes that outlive the command which started them. Source it. A process is kept in
# a file as its number and its start time, so that a number the kernel has given to
# another process since is never signalled.

# proc_birth PID: its start time in clock ticks since boot; fails if there is no such process.
proc_birth() {
	local stat
	{ stat=$(< "/proc/$1/stat"); } 2>/dev/null || return 1
	read -ra stat <<< "${stat##*) }"        # the name before it may hold spaces and brackets
	[ "${stat[0]}" != Z ] && echo "${stat[19]}"
}

# proc_keep FILE PID: remember the process.
proc_keep() { echo "$2 $(proc_birth "$2")" > "$1"; }

# proc_of FILE: prints the remembered process's number if it still runs; else fails.
proc_of() {
	local pid birth
	{ read -r pid birth < "$1"; } 2>/dev/null || return 1
	[ -n "$birth" ] && [ "$(proc_birth "$pid")" = "$birth" ] && echo "$pid"
}

# proc_signal FILE SIGNAL...: sends them in turn; fails if the process does not run.
proc_signal() {
	local pid signal
	pid=$(proc_of "$1") || return 1
	for signal in "${@:2}"; do kill "-$signal" "$pid" 2>/dev/null; done
}

# proc_gone FILE SECONDS: waits for its end; fails if it still runs then.
proc_gone() {
	local tries=$(($2 * 20))
	while proc_of "$1" >/dev/null; do
		((tries-- > 0)) || return 1
		sleep 0.05
		((tries % 20)) || dot
	done
	dots_end
}
