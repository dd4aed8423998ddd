# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A trial installation in one folder ($demo): keys, broker, two simulated partners, the
# gateway; how it is made, started and ended. Source it after say.sh, net.sh and proc.sh,
# from the top of the tree. Not here: what is shown with it; see story.sh.

pki=$root/build/demo/pki
programs=$root/build/release/gateway
python=$root/build/venv/bin/python

# The partners are those of deploy/examples; their simulators fit the registers there.
examples=$root/deploy/examples
partner_tfl=tfl-ulez topic_tfl=anpr.reads
partner_nh=national-highways topic_nh=anpr.reads.nh
tfl_options=(--kind tfl --cameras 60 --rate 25 --seed 1)
nh_options=(--kind nh --cameras 60 --rate 60 --batch-seconds 5 --seed 2)

# quietly LOG COMMAND...: its words go to the log; a terminal sees dots, others a line now and then.
quietly() {
	local log=$1 job ticks=0
	shift
	"$@" > "$log" 2>&1 < /dev/null 7>&- &
	job=$!
	while kill -0 "$job" 2>/dev/null; do
		dot
		sleep 0.5
		((++ticks % 60)) || [ -t 2 ] || note "still at it: $(tail -n 1 "$log" | cut -c1-90)"
	done
	dots_end
	wait "$job" || { tail -n 30 "$log" >&2; return 1; }
}

trial_install() {
	deploy/setup build run venv
}

trial_build() {
	if [ -x "$programs/anpr-gateway" ] && cmake --build --preset release -- -n 2>/dev/null | grep -q 'no work to do'; then return; fi
	step "building the gateway into build/release (a few minutes the first time)"
	mkdir -p build
	quietly build/demo/configure.log cmake --preset release -DANPR_TESTS=OFF || die "CMake is not content"
	quietly build/demo/build.log cmake --build --preset release -j "$(nproc)" || die "the gateway does not build"
	good "built"
}

# begin NAME COMMAND...: in the background, beyond the terminal's reach, known by run/NAME.
begin() {
	local name=$1
	shift
	setsid "$@" > "$demo/$name.out" 2> "$demo/$name.log" < /dev/null 7>&- &
	proc_keep "$demo/run/$name" $!
}

# await SECONDS WHAT COMMAND...: until it succeeds.
await() {
	local until=$(($(date +%s) + $1)) what=$2
	shift 2
	until "$@"; do
		[ "$(date +%s)" -lt "$until" ] || { dots_end; die "$what: not within the time"; }
		sleep 0.2
	done
}

# new_folder: all but the keys is made anew at each run.
new_folder() {
	rm -rf "${demo:?}/run" "$demo/state" "${demo:?}/home" "$demo/kafka" "$demo"/*.{yaml,csv,jsonl,out,control}
	mkdir -p "$demo/run" "$demo/state" "$demo/home"
}

trial_start() {
	step "keys, broker, partners and gateway start, on 127.0.0.1 only, all of it in build/demo"
	new_folder
	deploy/pki/make "$pki"
	deploy/kafka/broker start --dir "$demo/kafka" --pki "$pki" 7>&-
	broker=$(deploy/kafka/broker address --dir "$demo/kafka")
	start_partner tfl "${tfl_options[@]}"
	start_partner nh "${nh_options[@]}"
	write_config
	as alice cluster apply --config "$demo/gateway.yaml" --agreement "$examples/tfl-mps.yaml" --agreement "$examples/nh-mps.yaml" \
		--kafka "$broker" --kafka-ca "$pki/ca.pem" --kafka-cert "$pki/broker.pem" --kafka-key "$pki/broker.key" \
		> "$demo/cluster.out" || die "the cluster could not be prepared; more in build/demo/cluster.out"
	note "topics and ACLs made with 'anprctl cluster apply'"
	begin gateway "$programs/anpr-gateway" "$demo/gateway.yaml"
	await 60 "the gateway comes up" gateway_is_up
	good "the gateway is up: a supervisor and $(pgrep -c -P "$(proc_of "$demo/run/gateway")") processes, each with what it needs and no more"
}

gateway_is_up() {
	proc_of "$demo/run/gateway" > /dev/null || die "the gateway has ended"
	grep -q 'publishing may begin' "$demo/gateway.log"
}

# start_partner NAME OPTION...
start_partner() {
	local name=$1
	shift
	begin "$name" "$python" tests/partner/simulator "$@" --control "$demo/$name.control" --sent "$demo/$name-sent.jsonl" \
		--cert "$pki/$name-server.pem" --key "$pki/$name-server.key" --ca "$pki/$name-ca.pem"
	await 30 "the partner '$name' comes up" test -s "$demo/$name.out"
}

# url_of NAME: where the partner's stream is.
url_of() { sed -n 's/.*"url": "\([^"]*\)".*/\1/p' "$demo/$1.out"; }

write_config() {
	admin_port=$(free_port)
	cat > "$demo/gateway.yaml" <<-END
	# Written by deploy/demo
	gateway: {id: gw-1, state_dir: state, signing_key: pki/signing.key}
	kafka:
	  brokers: $broker
	  ca: pki/ca.pem
	  cert: pki/kafka.pem
	  key: pki/kafka.key
	  super_users: ["User:CN=broker"]
	organisations:
	  - {id: mps, ca: pki/mps-ca.pem, people: [{subject: "CN=alice", roles: [policy-admin]}, {subject: "CN=omar", roles: [operator]}]}
	  - {id: tfl, ca: pki/tfl-ca.pem, people: [{subject: "CN=bob", roles: [controller]}]}
	  - {id: nh, ca: pki/nh-ca.pem, people: [{subject: "CN=nina", roles: [controller]}]}
	  - {id: ico, ca: pki/ico-ca.pem, people: [{subject: "CN=iris", roles: [auditor]}]}
	partners:
	  - id: $partner_tfl
	    organisation: tfl
	    source: {kind: stream, url: "$(url_of tfl)", ca: pki/tfl-ca.pem, cert: pki/to-tfl.pem, key: pki/to-tfl.key}
	  - id: $partner_nh
	    organisation: nh
	    source: {kind: stream, url: "$(url_of nh)", ca: pki/nh-ca.pem, cert: pki/to-nh.pem, key: pki/to-nh.key}
	admin: {listen: "127.0.0.1:$admin_port", cert: pki/admin.pem, key: pki/admin.key}
	END
}

# as PERSON ARGUMENT...: anprctl with that person's certificate and memory.
as() {
	local person=$1
	shift
	mkdir -p "$demo/home/$person"
	HOME=$demo/home/$person "$programs/ctl/anprctl" "$@" --gateway "https://127.0.0.1:$admin_port" --ca "$pki/gateway-ca.pem" \
		--cert "$pki/$person.pem" --key "$pki/$person.key"
}

# witness ARGUMENT...: the independent consumer.
witness() { "$python" deploy/lib/witness.py --brokers "$broker" --pki "$pki" "$@"; }

trial_runs() {
	local file
	for file in "$demo"/run/*; do
		[ -f "$file" ] && proc_of "$file" > /dev/null && return 0
	done
	[ -f "$demo/kafka/node" ] && [ "$(deploy/kafka/broker status --dir "$demo/kafka" || true)" != stopped ]
}

# trial_stop: the gateway first and in order, then the partners and the broker.
trial_stop() {
	local name
	for name in tail gateway tfl nh; do proc_signal "$demo/run/$name" TERM || true; done
	for name in tail gateway tfl nh; do
		proc_gone "$demo/run/$name" 15 || proc_signal "$demo/run/$name" KILL || true
	done
	if [ -f "$demo/kafka/node" ]; then deploy/kafka/broker stop --dir "$demo/kafka" || true; fi
}

# trial_explain: what the gateway had to say, after a failure.
trial_explain() {
	[ ! -s "$demo/gateway.log" ] || { note "the end of build/demo/gateway.log:"; tail -n 8 "$demo/gateway.log" >&2; }
}
