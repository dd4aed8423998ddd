# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The broker's program: jars from Maven Central, kept in a cache that all trees and runs
# on this machine can share (ANPR_CACHE), and how Java is called with them.
# Uses $here and $root of the script that sources it. Not here: any one broker's settings or life; see node.sh.

cache=${ANPR_CACHE:-$root/build/cache}
default_version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")

# jars VERSION: the folder they are, or will be, in.
jars() { echo "$cache/kafka-$1/libs"; }

# fetch VERSION: the jars are there afterwards. They come into a folder of another name
# that is renamed at the end, so an interruption leaves nothing that looks complete.
fetch() {
	local version=$1 new="$cache/kafka-$1/.new"
	[ ! -d "$(jars "$version")" ] || return 0
	need mvn maven
	umask 022      # nothing secret here, and other users may share it
	mkdir -p "$cache/kafka-$version"
	exec 8> "$cache/kafka-$version/.lock"
	flock 8        # somebody else may be fetching the same just now
	if [ ! -d "$(jars "$version")" ]; then
		step "Kafka $version: fetching its jars (some 45 MB) from Maven Central into $cache"
		rm -rf "$new"
		copy_jars "$version" "$new" || { dots_end; cat "$new.log" >&2; die "Maven could not bring Kafka $version"; }
		check_jars "$version" "$new"
		mv "$new" "$(jars "$version")"
		rm -f "$new.log"
	fi
	exec 8>&-
	umask 077
}

copy_jars() {
	local maven
	mvn -q -B --strict-checksums -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
		-Dkafka.version="$1" -DoutputDirectory="$2" > "$2.log" 2>&1 < /dev/null 8>&- &
	maven=$!
	while kill -0 "$maven" 2>/dev/null; do dot; sleep 1; done
	dots_end
	wait "$maven"
}

# check_jars VERSION FOLDER: against the sums kept here, for the versions that have them.
check_jars() {
	local sums="$here/kafka-$1.sha256"
	[ -f "$sums" ] || { note "no checksums are kept for $1: taken on the repository's word"; return 0; }
	(cd "$2" && sha256sum --quiet --strict -c "$sums" && [ "$(find . -name '*.jar' | wc -l)" -eq "$(wc -l < "$sums")" ]) ||
		die "the jars of Kafka $1 are not those that $sums names"
}

# Small and quick to start rather than fast for ever: the client compiler alone takes a
# quarter off the start, the serial collector another tenth; long benchmarks set ANPR_KAFKA_JVM.
jvm="${ANPR_KAFKA_JVM:--XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto}"

# archive_file VERSION: Kafka's classes as this very Java keeps them in memory.
archive_file() {
	echo "$cache/kafka-$1/classes-$(readlink -f "$(command -v java)" | sha256sum | head -c 12).jsa"
}

# make_archive VERSION: lets a broker start and stop once while Java takes note, which costs
# two or three starts and then saves each start a third of its work. Where the archive does
# not fit (another Java, other jars) Java passes it over.
make_archive() {
	local file work
	file=$(archive_file "$1")
	[ ! -s "$file" ] || return 0
	fetch "$1"
	work=$(mktemp -d)
	step "Kafka $1: starting a broker once to make later starts quicker"
	"$here/../pki/make" "$work/pki"
	ANPR_KAFKA_JVM="$jvm -XX:ArchiveClassesAtExit=$work/classes.jsa" \
		"$0" start --dir "$work/broker" --pki "$work/pki" --version "$1" || { rm -rf "$work"; die "no archive made"; }
	node_stop "$work/broker" 120
	[ ! -s "$work/classes.jsa" ] || mv "$work/classes.jsa" "$file"
	rm -rf "$work"
}

# run_java VERSION LOGS [OPTION...] CLASS ARGUMENT...: becomes Java (call it in a subshell).
# setsid: a broker is nobody's foreground job, so Ctrl-C in a terminal does not reach it.
run_java() {
	local version=$1 logs=$2 archive=()
	shift 2
	[ -n "${ANPR_KAFKA_JVM:-}" ] || [ ! -s "$(archive_file "$version")" ] ||
		archive=("-XX:SharedArchiveFile=$(archive_file "$version")")
	# shellcheck disable=SC2086 # several options in one variable
	exec setsid env -u CLASSPATH MALLOC_ARENA_MAX=2 java $jvm "${archive[@]}" -XX:+ExitOnOutOfMemoryError \
		-Dlogs="$logs" -Dlog4j2.configurationFile="$here/log4j2.properties" \
		-cp "$(jars "$version")/*" "$@"
}
