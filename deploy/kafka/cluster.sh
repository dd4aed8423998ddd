# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Several brokers as one cluster, each a controller as well: folders 1, 2, 3 ... in one
# folder. Each of them is a broker like any other, to be killed, frozen or started alone.

cluster_nodes() {
	local node
	for node in "$1"/*/node; do [ -f "$node" ] && dirname "$node"; done
}

need_cluster() { [ -n "$(cluster_nodes "$1")" ] || die "there is no cluster in $1; make one with: $0 cluster start --dir $1 --pki PKI"; }

# make_cluster DIR NODES: ports for all first, as each must know every controller's.
make_cluster() {
	local dir=$1 nodes=$2 i voters='' ports=() cluster copies
	cluster=$(random_cluster)
	copies=$((nodes < 3 ? nodes : 3))
	for ((i = 0; i < 2 * nodes; i++)); do ports+=("$(free_port "${ports[@]}")"); done
	for ((i = 1; i <= nodes; i++)); do voters+="${voters:+,}$i@127.0.0.1:${ports[nodes + i - 1]}"; done
	for ((i = 1; i <= nodes; i++)); do
		make_node "$dir/$i" "$i" "${ports[i - 1]}" "${ports[nodes + i - 1]}" "$cluster" "$voters" "$copies"
	done
}

# cluster_start DIR: those that do not run; all are launched before any is waited for,
# as the first can serve only once a majority is there.
cluster_start() {
	local node
	for node in $(cluster_nodes "$1"); do
		[ "$(node_state "$node")" != stopped ] || launch "$node"
	done
	for node in $(cluster_nodes "$1"); do
		await "$node"
	done
}

cluster_address() {
	local node list=''
	for node in $(cluster_nodes "$1"); do list+="${list:+,}$(node_address "$node")"; done
	echo "$list"
}

# cluster_stop DIR: all at once. The last to go find no majority to take leave of, and
# would wait half a minute for it; nothing is lost when they are not let.
cluster_stop() {
	local node
	for node in $(cluster_nodes "$1"); do proc_signal "$node/pid" TERM CONT; done
	for node in $(cluster_nodes "$1"); do node_stop "$node" 10; done
}
