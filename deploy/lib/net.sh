# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Ports for tools and tests that bind to the loopback address only. Source it.

# free_port [AVOID...]: prints a TCP port nobody uses now, other than those named.
# It is below the range the kernel hands to outgoing connections, so that a server which
# is stopped and started again finds its port still free. Picking is not reserving:
# the port can be lost before it is bound, so a caller that fails to bind picks again.
free_port() {
	local low port used hex
	read -r low _ < /proc/sys/net/ipv4/ip_local_port_range
	[ "$low" -gt 12000 ] || low=65000
	used=" $* "
	while read -r hex; do
		used+="$((16#$hex)) "
	done < <(awk 'FNR > 1 { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	while :; do
		port=$((10000 + SRANDOM % (low - 10000)))
		[[ $used == *" $port "* ]] || break
	done
	echo "$port"
}

# port_open PORT: something accepts connections on 127.0.0.1:PORT.
port_open() { (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
