# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What a run of tests consists of: building, ctest, pytest, the look of the code. Called
# as steps (steps.sh), from the top of the tree; reports and logs go to its $work.

# counted_build PRESET
counted_build() {
	logged "configure-$1" cmake --preset "$1" -DANPR_WERROR=ON || return 1
	logged "build-$1" cmake --build --preset "$1" -j "$(nproc)" || return 1
	add 1 0 0
}

# counted_ctest PRESET PATTERN
counted_ctest() {
	local report="$work/ctest-$1.xml" failed=0
	rm -f "$report"
	logged "ctest-$1" ctest --test-dir "build/$1" -j "$(nproc)" --timeout 300 --output-on-failure \
		--output-junit "$report" ${2:+-R "$2" --no-tests=ignore} || failed=1
	[ -f "$report" ] || return 1
	add_junit "$report" && [ "$failed" -eq 0 ]
}

# counted_pytest NAME FOLDER OPTION...: its own progress is shown as it comes.
counted_pytest() {
	local name=$1 folder=$2 report failed=0
	shift 2
	report="$work/pytest-$name.xml"
	rm -f "$report"
	rm -rf "${work:?}/$name"
	# In the background, so that a signal to this script is heard at once.
	python -m pytest -c tests/pytest.ini --rootdir tests "$folder" --basetemp "$work/$name" --durations 5 \
		--junitxml "$report" "$@" < /dev/null > >(tee "$work/pytest-$name.log") 2>&1 &
	wait $! || failed=$?
	[ -f "$report" ] || return 1
	if [ "$failed" -eq 5 ]; then add 0 0 0; return 0; fi       # nothing matched
	add_junit "$report" && [ "$failed" -eq 0 ]
}

# An archive of Kafka's classes pays from the third start of a broker on.
prepare_broker() { deploy/kafka/broker archive; }

c_files() { git ls-files '*.c' '*.h' '*.cc'; }

check_format() { c_files | xargs clang-format --dry-run -Werror; }

# Shell scripts are those that say so in their first line, and what they source. A script's parts see each other's
# variables, which shellcheck cannot know.
check_shell() {
	{ git ls-files '*.sh'; git grep -lE '^#!/bin/(ba)?sh' -- deploy tests .ci; } | sort -u |
		xargs shellcheck -x --severity=warning -e SC1091,SC2034,SC2154
}

# tidy_headers: what clang-tidy's opinion of any file depends on, beside the file.
tidy_headers() { { cat .clang-tidy; git ls-files '*.h' '*.proto' | xargs cat; clang-tidy --version; } | sha256sum; }

# check_tidy FILE...: each file that it has not passed in this very state.
check_tidy() {
	local headers stamps=$PWD/build/test/tidy
	mkdir -p "$stamps"
	headers=$(tidy_headers)
	export headers stamps
	# shellcheck disable=SC2016 # expanded by the inner shell
	printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c '
		state=$({ echo "$headers"; cat "$1"; } | sha256sum | cut -c1-64)
		[ ! -e "$stamps/$state" ] || exit 0
		echo "$1"
		clang-tidy --quiet -p build/dev "$1" 2>/dev/null && touch "$stamps/$state"' _ {}
}

tidy_files() { git ls-files 'gateway/*.c' 'policy/*.c' 'proto/*.c'; }
# What is not committed yet, or was with the last commit.
changed_files() { { git diff --name-only HEAD; git diff --name-only HEAD~ HEAD 2>/dev/null; } | sort -u; }

# counted_style QUICK: clang-tidy, which takes seconds a file, looks at what has changed.
counted_style() {
	local n=1 failed=0 files
	logged format check_format || failed=1
	if [ -z "$1" ]; then
		n=3
		logged shellcheck check_shell || failed=$((failed + 1))
		mapfile -t files < <(comm -12 <(tidy_files | sort) <(changed_files))
		[ ${#files[@]} -eq 0 ] || logged tidy check_tidy "${files[@]}" || failed=$((failed + 1))
	fi
	add $((n - failed)) "$failed" 0
	[ "$failed" -eq 0 ]
}

# counted_tidy: every file; takes minutes the first time.
counted_tidy() {
	local files
	mapfile -t files < <(tidy_files)
	logged tidy check_tidy "${files[@]}" || { add 0 1 0; return 1; }
	add 1 0 0
}

# demo_left: what a demo has running.
demo_left() {
	local file
	for file in build/demo/run/* build/demo/kafka/pid; do
		[ ! -f "$file" ] || proc_of "$file" || true
	done
}

# demo_stops: a demo that is told to end half-way leaves nothing behind.
demo_stops() {
	local pid status=0 tries
	deploy/demo --check > "$work/demo-stopped.log" 2>&1 < /dev/null &
	pid=$!
	for ((tries = 0; tries < 1200; tries++)); do
		! grep -q 'Reads arrive' "$work/demo-stopped.log" || break
		sleep 0.1
	done
	[ -n "$(demo_left)" ] || { bad "the demo did not start"; return 1; }
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 143 ] && [ -z "$(demo_left)" ] || { bad "exit status $status; left: $(demo_left)"; return 1; }
}

# counted_demo: the whole story, and one cut short.
counted_demo() {
	local failed=0
	deploy/demo --check < /dev/null || failed=1
	demo_stops || failed=$((failed + 1))
	add $((2 - failed)) "$failed" 0
	[ "$failed" -eq 0 ]
}
