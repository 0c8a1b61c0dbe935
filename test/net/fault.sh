#!/usr/bin/env bash
# Every plan fails at every one of its operations: links, addresses, neighbours, routes and elements are then exactly as
# before, and the error names the operation.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib-engine.sh"
own_machine "$@"

need "base rules" "$engine" base
ip netns add c
ip -n c link set lo up
need "attach another" container another 7 tcp:9999:99

# Everything that the engine may touch. Interface numbers grow with every attempt, and neighbours have ages.
everything() {
        local ns
        for ns in "" "-n c"; do
                # shellcheck disable=SC2086
                {
                        ip $ns -o -d link
                        ip $ns -o addr
                        ip $ns neigh show nud all | grep -v NOARP # the kernel's own, of multicast
                        ip $ns route show table all
                        ip $ns -6 route show table all
                } | sed -E 's/^[0-9]+: //; s/@if[0-9]+/@if/; s/ (used|probes|expires|qlen) [0-9\/]+[a-z]*//g; s/link-netns [a-z]+//; s/link-netnsid [0-9]+//' |
                        grep -vE '^(multicast|local|anycast|broadcast) (ff00|127|::1)' | sort
        done
        nft list ruleset
}

network="10.233.0.16/28 fd12:3456:789a:1::/64"
# at_every_step WHAT N WORDS...: `engine WORDS` has N operations.
at_every_step() {
        local what=$1 n=$2 before after k seen failed=0
        shift 2
        before=$(everything)
        for ((k = 1; k <= n; k++)); do
                if seen=$(NIXOS_NSPAWN_FAULT_OPERATION=$k "$engine" "$@" 2>&1); then
                        not_ok "$what, operation $k of $n: it fails" "$seen"
                        failed=1
                        break
                fi
                grep -q '^Cannot .*: Input/output error' <<<"$seen" || not_ok "$what, operation $k: the error names it" "$seen"
                after=$(everything)
                if [[ $before != "$after" ]]; then
                        not_ok "$what, operation $k of $n ($seen): all is as before" "$(diff <(echo "$before") <(echo "$after"))"
                        failed=1
                fi
        done
        [[ $failed -eq 1 ]] || ok "$what: failed at each of $n operations, all was as before"
        prints "$what: without a fault it has $n operations" "^$n operations" "$engine" "$@"
}

# shellcheck disable=SC2086
{
        at_every_step "admit" 17 admit web $network c tcp:8181:80 udp:53:53 tcp:8000:9000:3
        at_every_step "attach, when elements are there already" 37 attach web $network c tcp:8181:80 udp:53:53 tcp:8000:9000:3 \
                tcp:90:90:1:192.0.2.1
        need "detach" "$engine" detach web $network - tcp:8181:80 udp:53:53 tcp:8000:9000:3 tcp:90:90:1:192.0.2.1
        at_every_step "attach" 32 attach web $network c tcp:8181:80
        at_every_step "change" 7 change web $network c tcp:8181:80 to tcp:8181:8080 tcp:90:90:1:192.0.2.1 udp:5:5
        need "detach" "$engine" detach web $network - tcp:8181:8080 tcp:90:90:1:192.0.2.1 udp:5:5

        # What nspawn makes: the pair is there, the container's end is not ours. With an address and a neighbour that were
        # there before, of another MAC.
        ip link add ve-web type veth peer name host0 netns c
        ip link set ve-web mtu 1400
        ip addr add 10.233.0.17/28 dev ve-web
        ip neigh add 10.233.0.18 lladdr 02:00:00:00:00:55 dev ve-web nud permanent
        at_every_step "link" 8 link web $network -
}
prints "the neighbour that was there has the container's MAC now" "^10.233.0.18 lladdr 92:db:5f:ae:98:d1 PERMANENT" \
        ip neigh show dev ve-web
succeeds "nothing of it fails when it is done already" "$engine" link web 10.233.0.16/28 fd12:3456:789a:1::/64

# Errors that are no test's: each names what, where and why.
fails "a link of that name" 1 "^Cannot create link ve-another .*: File exists; a link of that name is there already" \
        "$engine" attach another 10.233.0.112/28 fd12:3456:789a:7::/64 c
fails "a port that leads elsewhere" 1 "^Cannot forward tcp 9999 to 10.233.0.50:1: File exists; that port is forwarded elsewhere already" \
        "$engine" admit third 10.233.0.48/28 fd12:3456:789a:3::/64 - tcp:9999:1
silent_about "nothing of the refused one is left" "ve-third|10.233.0.48" nft list ruleset
fails "a link that is not there" 1 "^Cannot turn automatic link-local addresses off on ve-third: No such device; the link is gone" \
        "$engine" link third 10.233.0.48/28 fd12:3456:789a:3::/64
nft delete table inet nixos_nspawn
fails "tables that were flushed" 1 "^Cannot guard ve-third: No such file or directory; somebody removed the firewall's tables" \
        "$engine" admit third 10.233.0.48/28 fd12:3456:789a:3::/64
succeeds "dismissing without tables is fine" "$engine" dismiss third 10.233.0.48/28 fd12:3456:789a:3::/64
fails "without privileges" 1 "Operation not permitted; this needs root" \
        setpriv --bounding-set -net_admin --inh-caps -net_admin --ambient-caps -net_admin \
        "$engine" attach fourth 10.233.0.48/28 fd12:3456:789a:3::/64 c

done_testing
