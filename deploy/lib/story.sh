# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the demo tells, chapter by chapter, on a trial installation (trial.sh). Every claim
# is looked at before it is made: a chapter in which something is not as told ends the demo.

chapter=0
chapter() {
	chapter=$((chapter + 1))
	printf '\n%s%d. %s%s\n' "$_bold" "$chapter" "$1" "$_plain"
	shift
	[ $# -eq 0 ] || printf '   %s\n' "$@"
}
tell() { printf '   %s\n' "$@"; }
seen() { printf ' %s+%s %s\n' "$_green" "$_plain" "$*"; }

# doing PERSON ARGUMENT...: shows a command as one would type it, and its answer.
doing() {
	local person=$1 words=''
	shift
	for word; do
		case $word in *[[:space:]]*) words+=" \"$word\"" ;; "$demo"/*) words+=" ${word#"$demo"/}" ;; *) words+=" $word" ;; esac
	done
	printf '\n%s%s$ anprctl%s%s\n' "$_bold" "$person" "$words" "$_plain"
	COLUMNS=$(($(columns) - 3)) as "$person" "$@" 2>&1 | shown
}

columns() { if [ -t 1 ] || [ -t 2 ]; then tput cols 2>/dev/null || echo 80; else echo "${COLUMNS:-160}"; fi; }

# shown: indented. anprctl breaks its lines by COLUMNS; tables are no wider than the terminal.
shown() { sed -E "s/^/   /; s/^(.{$(($(columns) - 2))}).+/\\1…/"; }

now_ms() { date +%s%3N; }

foreword() {
	local missing jars
	printf '%sANPR gateway: a demonstration%s\n\n' "$_bold" "$_plain"
	tell "Number plate reads of two partners reach the police as far as agreed, and not an inch" \
		"further. Partners, people and plates are made up; Kafka and the keys are real." \
		"It stays on this machine: everything listens on 127.0.0.1." ""
	missing=$(deploy/setup --dry-run build run venv 2>&1) || { tell "What is missing will be installed now, without asking:"; printf '%s\n' "$missing"; }
	jars=${ANPR_CACHE:-build/cache}
	[ -n "$(find "$jars" -name 'kafka_2*.jar' 2>/dev/null | head -n 1)" ] || tell "Kafka's jars (some 45 MB) come from Maven Central into $jars."
	tell "Built into build/release; keys, settings, logs and Kafka's data in build/demo." ""
}

chapter_agreement() {
	chapter "An agreement is made" \
		"Nothing is shared by default. What may be shared is an agreement that both sides have" \
		"signed: Alice for the Metropolitan Police, Bob for Transport for London, Nina for" \
		"National Highways. Registers say which cameras there are."
	doing bob propose deploy/examples/tfl-register.csv --partner "$partner_tfl"
	doing nina propose deploy/examples/nh-register.csv --partner "$partner_nh"
	doing alice propose deploy/examples/tfl-mps.yaml
	doing alice propose deploy/examples/nh-mps.yaml
	doing bob approve "$(proposal_of "$partner_tfl")" --reason "Board decision of 12 October"
	doing nina approve "$(proposal_of "$partner_nh")" --reason "Redundant sites, as offered"
}

# proposal_of PARTNER: the number of the proposal that waits for the partner's consent.
proposal_of() { as alice proposals --json | "$python" -c 'import json, sys
print(next(p["number"] for p in json.load(sys.stdin) if p["partner"] == sys.argv[1] and p["state"] == "open"))' "$1"; }

chapter_reads() {
	chapter "Reads arrive" \
		"An agreement alone shares nothing yet: each side turns its own switch on."
	local before
	before=$(witness ends "$topic_tfl")
	[ "$before" = 0 ] || die "there are reads before anybody turned anything on"
	seen "before that the police topic is empty"
	for person in alice bob; do doing "$person" on "$partner_tfl" --agreement TFL-MPS-2026-01 --reason "Go live"; done
	for person in alice nina; do doing "$person" on "$partner_nh" --agreement NH-MPS-2026-01 --reason "Go live"; done
	tell "" "What the police see (plates are shown here because they are made up):"
	watch_topic "$topic_tfl" 12
	watch_topic "$topic_nh" 4
	witness wait "$topic_tfl" 20 || die "no reads of Transport for London arrive"
	witness wait "$topic_nh" 10 || die "no reads of National Highways arrive"
	seen "reads of both partners have arrived at a consumer with the police's certificate"
}

# watch_topic TOPIC N: the police's view of the next N reads.
watch_topic() {
	printf '\n%spolice$ anprctl tail --topic %s --count %s%s\n' "$_bold" "$1" "$2" "$_plain"
	as_police tail --topic "$1" --count "$2" 2>&1 | shown || true
}

as_police() {
	"$programs/ctl/anprctl" "$@" --kafka "$broker" --kafka-ca "$pki/ca.pem" --kafka-cert "$pki/police.pem" --kafka-key "$pki/police.key"
}

chapter_off() {
	chapter "Off" \
		"Bob, at Transport for London, needs nobody's leave to stop. The answer is a receipt," \
		"signed, that says after which message there is no more."
	local ends later nh_before nh_later
	doing bob off "$partner_tfl" --reason "Camera works at Vauxhall Bridge" || die "off was not done"
	off_from=$(now_ms)
	ends=$(witness ends "$topic_tfl")
	nh_before=$(witness ends "$topic_nh")
	tell "" "Silence, for five seconds. The partner's cameras go on all the while:"
	sleep 5      # silence has to last to be seen
	later=$(witness ends "$topic_tfl")
	nh_later=$(witness ends "$topic_nh")
	[ "$ends" = "$later" ] || die "$((later - ends)) messages came after the receipt"
	seen "nothing was appended to $topic_tfl, not even uncommitted: it ended and ends at $ends"
	[ "$nh_later" -gt "$nh_before" ] || die "National Highways should have gone on"
	seen "National Highways, not concerned, went on: $((nh_later - nh_before)) messages"
	await 10 "the gateway leaves the partner" partner_is_left
	seen "the gateway is not even connected to Transport for London any more"
}

partner_is_left() {
	[ "$("$python" tests/partner/simulator ctl "$demo/tfl.control" '{"stats": true}' | sed 's/.*"open": \([0-9]*\).*/\1/')" = 0 ]
}

chapter_on() {
	chapter "On again" \
		"Inside what is agreed, on is as easy as off. What was captured in between stays unshared."
	doing bob on "$partner_tfl" --reason "Works are over"
	on_at=$(now_ms)
	witness wait "$topic_tfl" 20 --after "$on_at" || die "no reads arrive after it was turned on again"
	seen "20 reads captured since then have arrived"
}

chapter_kept_out() {
	chapter "Who is kept out"
	witness refused "$topic_tfl" nobody || die "a consumer without a certificate was let in"
	seen "a consumer without a certificate is refused by the broker"
	witness refused "$topic_tfl" outsider || die "a consumer without an ACL was let in"
	seen "a consumer with a good certificate, but none the agreement names, may not read"
	if doing nina off "$partner_tfl" --reason "Not mine to decide"; then die "Nina could turn off what is not hers"; fi
	seen "National Highways cannot decide for Transport for London"
	witness report "$topic_tfl" "$examples/tfl-mps.yaml" "$examples/tfl-register.csv" --off "$off_from" --on "$on_at" > "$demo/tfl-report.out" || die "$(cat "$demo/tfl-report.out")"
	seen "$(cat "$demo/tfl-report.out")"
	witness report "$topic_nh" "$examples/nh-mps.yaml" "$examples/nh-register.csv" > "$demo/nh-report.out" || die "$(cat "$demo/nh-report.out")"
	seen "$(cat "$demo/nh-report.out")"
}

chapter_totals() {
	chapter "Totals that add up"
	doing alice status
	as alice status --json > "$demo/status.out" || die "no status"
	"$python" deploy/lib/totals.py "$demo/status.out" || die "the totals do not add up"
	doing iris history
}

epilogue() {
	printf '\n%sThat was it%s, in %d s.' "$_bold" "$_plain" "$1"
	if [ "$mode" = keep ]; then
		printf ' It goes on running. In this folder:\n\n'
		cat <<-END
		   # who you are: alice (police), bob (TfL), nina (National Highways), iris (auditor)
		   export ANPRCTL_GATEWAY=https://127.0.0.1:$admin_port ANPRCTL_CA=$pki/gateway-ca.pem
		   export ANPRCTL_CERT=$pki/bob.pem ANPRCTL_KEY=$pki/bob.key
		   PATH=$programs/ctl:\$PATH

		   anprctl status
		   anprctl off $partner_tfl --reason "Because I can"       # and on again
		   anprctl tail --topic $topic_tfl --kafka $broker --kafka-ca $pki/ca.pem --kafka-cert $pki/police.pem --kafka-key $pki/police.key

		   deploy/demo --stop       ends it
		END
	else
		printf ' Everything it had started has ended; keys and logs are in build/demo.\n'
		printf 'Keep it running and try things yourself: deploy/demo --keep\n'
	fi
}
