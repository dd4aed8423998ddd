# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# One broker: its folder, its settings, its life. A folder holds
#   node               what it was made with, a key=value a line; read at every start
#   settings           what --set added
#   server.properties  written from these at every start
#   keystore.pem       certificate and key in one file, as Kafka wants them; mode 0600
#   data/ logs/ pid    Kafka's own
# Every command takes the folder as $1. Not here: the jars (jars.sh), several brokers (cluster.sh).

# node_get DIR KEY: what the folder remembers.
node_get() { sed -n "s/^$2=//p" "$1/node"; }

node_exists() { [ -f "$1/node" ]; }
node_address() { echo "127.0.0.1:$(node_get "$1" port)"; }

need_node() { node_exists "$1" || die "there is no broker in $1; make one with: $0 start --dir $1 --pki PKI"; }

# random_cluster: 16 bytes in Kafka's spelling of a UUID, never with a leading '-'.
random_cluster() { head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d =; }

# make_node DIR ID PORT CONTROLLER_PORT CLUSTER VOTERS COPIES: the folder of a new broker.
make_node() {
	(umask 022 && mkdir -p "$(dirname "$1")")
	mkdir -p "$1/logs" "$1/data"
	printf '%s\n' "id=$2" "port=$3" "controller_port=$4" "cluster=$5" "voters=$6" "copies=$7" > "$1/node"
	: > "$1/settings"
}

# keep DIR KEY VALUE: remember it, unless the value is empty.
keep() {
	[ -n "$3" ] || return 0
	sed -i "/^$2=/d" "$1/node"
	echo "$2=$3" >> "$1/node"
}

# keep_setting DIR KEY=VALUE: add to, or replace in, what --set has added.
keep_setting() {
	[[ $2 =~ ^[A-Za-z0-9._-]+= ]] || usage_error "--set takes key=value, not '$2'"
	awk -F= -v key="${2%%=*}" '$1 != key' "$1/settings" > "$1/settings.new"
	echo "$2" >> "$1/settings.new"
	mv "$1/settings.new" "$1/settings"
}

# write_keystore DIR PKI
write_keystore() {
	local file
	for file in broker.pem broker.key ca.pem; do
		[ -r "$2/$file" ] || die "no $file in '$2'; make one with: deploy/pki/make $2"
	done
	cat "$2/broker.pem" "$2/broker.key" > "$1/keystore.pem"
	cp "$2/ca.pem" "$1/ca.pem"
}

# write_properties DIR: --set comes last, and the last of two wins.
write_properties() {
	local dir=$1 id port cport copies isr
	id=$(node_get "$dir" id) port=$(node_get "$dir" port) cport=$(node_get "$dir" controller_port)
	copies=$(node_get "$dir" copies)
	isr=$((copies > 1 ? copies - 1 : 1))
	cat > "$dir/server.properties" <<-END
	process.roles=broker,controller
	node.id=$id
	controller.quorum.voters=$(node_get "$dir" voters)
	log.dirs=$dir/data

	# Nothing is spoken but mutual TLS, between the brokers too.
	listeners=CLIENTS://127.0.0.1:$port,CONTROLLER://127.0.0.1:$cport
	advertised.listeners=CLIENTS://127.0.0.1:$port
	listener.security.protocol.map=CLIENTS:SSL,CONTROLLER:SSL
	inter.broker.listener.name=CLIENTS
	controller.listener.names=CONTROLLER
	ssl.client.auth=required
	ssl.keystore.type=PEM
	ssl.keystore.location=$dir/keystore.pem
	ssl.truststore.type=PEM
	ssl.truststore.location=$dir/ca.pem

	# Nobody may do anything without an ACL, but the brokers' own certificate.
	authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
	allow.everyone.if.no.acl.found=false
	super.users=User:CN=broker
	auto.create.topics.enable=false

	# What the gateway's guarantees rest on: copies, clean elections, and transactions
	# that a fenced producer cannot write into.
	default.replication.factor=$copies
	min.insync.replicas=$isr
	offsets.topic.replication.factor=$copies
	transaction.state.log.replication.factor=$copies
	transaction.state.log.min.isr=$isr
	unclean.leader.election.enable=false
	transaction.partition.verification.enable=true

	# A lost broker is noticed in 4 s rather than 9: off needs a new leader to be done.
	broker.session.timeout.ms=4000
	broker.heartbeat.interval.ms=1000
	group.initial.rebalance.delay.ms=0

	# For a small machine: few internal partitions, few threads, 16 MB to compact with, not 128.
	offsets.topic.num.partitions=8
	transaction.state.log.num.partitions=8
	num.network.threads=2
	num.io.threads=4
	log.cleaner.dedupe.buffer.size=16777216
	$(cat "$dir/settings")
	END
}

# format DIR: once in a broker's life.
format() {
	[ ! -f "$1/data/meta.properties" ] || return 0
	(run_java "$(node_get "$1" version)" "$1/logs" kafka.tools.StorageTool format \
		-t "$(node_get "$1" cluster)" -c "$1/server.properties") > "$1/logs/format.out" 2>&1 < /dev/null ||
		{ cat "$1/logs/format.out" >&2; die "$1 could not be formatted"; }
}

# launch DIR: the broker's process exists afterwards, and no more; see await.
launch() {
	local dir=$1
	write_keystore "$dir" "$(node_get "$dir" pki)"
	write_properties "$dir"
	format "$dir"
	stat -c %s "$dir/logs/server.log" 2>/dev/null > "$dir/logs/.from" || echo 0 > "$dir/logs/.from"
	(run_java "$(node_get "$dir" version)" "$dir/logs" "-Xmx$(node_get "$dir" heap)" \
		kafka.Kafka "$dir/server.properties") > "$dir/logs/broker.out" 2>&1 < /dev/null 8>&- 9>&- &
	proc_keep "$dir/pid" $!
}

# says_started DIR: this start's part of the log, which may have begun a new file meanwhile,
# has the line that is written once the controllers know the broker and it takes requests.
says_started() {
	local log="$1/logs/server.log" from
	from=$(< "$1/logs/.from")
	[ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -ge "$from" ] || from=0
	# Read to its end: -q would leave tail with a broken pipe, and that is a failure too, where the log is long already.
	tail -c "+$((from + 1))" "$log" 2>/dev/null | grep 'Kafka Server started' > /dev/null
}

# handshake DIR: a client with a good certificate is let in, and the broker's holds for its address.
handshake() {
	openssl s_client -connect "$(node_address "$1")" -brief -verify_return_error -verify_ip 127.0.0.1 \
		-CAfile "$1/ca.pem" -cert "$1/keystore.pem" -key "$1/keystore.pem" > "$1/logs/handshake.out" 2>&1 < /dev/null
}

# await DIR: until it serves; where it ends or takes over five minutes, says why and fails.
await() {
	local tries=3000
	until says_started "$1"; do
		proc_of "$1/pid" >/dev/null || explain "$1" "the broker in $1 ended while starting"
		((tries-- > 0)) || { node_kill "$1"; explain "$1" "the broker in $1 did not start within five minutes"; }
		((tries % 10)) || dot
		sleep 0.1
	done
	dots_end
	handshake "$1" || { node_kill "$1"; cat "$1/logs/handshake.out" >&2; die "the broker in $1 refuses its own certificate"; }
}

# explain DIR WORDS: the last of what it said itself, then die.
explain() {
	dots_end
	{ tail -n 20 "$1/logs/broker.out"; grep -A 1 -E ' (ERROR|FATAL) ' "$1/logs/server.log" | tail -n 10; } >&2
	die "$2; more in $1/logs"
}

node_kill() { proc_signal "$1/pid" KILL && proc_gone "$1/pid" 60; }

# node_stop DIR SECONDS: as an operator would; a frozen one is thawed to be able to.
node_stop() {
	proc_signal "$1/pid" TERM CONT || return 0
	proc_gone "$1/pid" "$2" || { note "the broker in $1 did not stop within $2 s: killed"; node_kill "$1"; }
}

# node_state DIR: running, frozen or stopped.
node_state() {
	local pid
	pid=$(proc_of "$1/pid") || { echo stopped; return; }
	case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) in
	T*) echo frozen ;;
	*) echo running ;;
	esac
}
