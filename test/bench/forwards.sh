#!/usr/bin/env bash
# One TCP stream, requests over connections that stay, and new connections, from another machine through a forward, with 1
# and with 10,000 forwards defined, beside plain routing to the same server: a router between the same two machines that
# has no rules at all. Prints name, ours, floor, ratio, unit, separated by tabs.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../net/lib-netd.sh"
set -e

rounds=${ROUNDS:-5} milliseconds=${MILLISECONDS:-800}
traffic=$BUILD/test/bench/traffic

make_peer
ip netns add pod
ip -n pod link set lo up
ip netns add router
ip netns exec router sysctl -qw net.ipv4.ip_forward=1
plain() { # plain NAMESPACE ROUTER-ADDRESS ADDRESS NETWORK-BEHIND
        ip -n router link add "$1" type veth peer name plain netns "$1"
        ip -n router addr add "$2/24" dev "$1"
        ip -n router link set "$1" up
        ip -n "$1" addr add "$3/24" dev plain
        ip -n "$1" link set plain up
        ip -n "$1" route add "$4" via "$2"
}
plain peer 192.0.2.1 192.0.2.2 203.0.113.0/24
plain pod 203.0.113.1 203.0.113.2 192.0.2.0/24
ip netns exec pod "$traffic" serve 80 &

"$netd" ensure >&2
# Closed connections are forgotten sooner, or their number would become what is measured.
sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close=1
forward() { peer "$traffic" "$1" $peer_host4 8181 "$milliseconds"; }
routed() { peer "$traffic" "$1" 203.0.113.2 80 "$milliseconds"; }
measure() { # measure FORWARDS
        local what unit
        declare -A ours=() floor=()
        for what in stream requests connections; do routed $what >/dev/null; forward $what >/dev/null; done
        for ((i = 0; i < rounds; i++)); do
                for what in stream requests connections; do
                        ours[$what]+=" $(forward $what)"
                        floor[$what]+=" $(routed $what)"
                        # Who is first changes.
                        floor[$what]+=" $(routed $what)"
                        ours[$what]+=" $(forward $what)"
                done
        done
        for what in stream requests connections; do
                case $what in
                stream) unit="MB/s" name="one TCP stream" ;;
                requests) unit="1/s" name="requests over 16 connections" ;;
                connections) unit="1/s" name="new connections, 16 at a time" ;;
                esac
                python3 - "$name, through one of $1 forward$([[ $1 == 1 ]] || echo s)" "$unit" "${ours[$what]}" "${floor[$what]}" <<'P'
import statistics, sys
ours, floor = (statistics.median(map(float, s.split())) for s in sys.argv[3:5])
print(sys.argv[1], f"{ours:.0f}", f"{floor:.0f}", f"{ours / floor:.2f}", sys.argv[2], sep="\t")
P
        done
}
attach() { # attach FORWARD...
        local IFS=,
        call AttachNamespace "{\"name\":\"pod\",\"namespacePath\":\"/run/netns/pod\",\"link\":\"host0\",\"forwards\":[$*]}" >/dev/null
}
one='{"protocol":"tcp","hostPort":8181,"containerPort":80}'
attach "$one"
measure 1
of DetachNamespace pod >/dev/null
attach "$one" '{"protocol":"tcp","hostPort":10000,"containerPort":10000,"count":9999}'
measure 10000
