#!/usr/bin/env bash
# The attacks of test/net/zone-attack.py, by one booted container on another, in a zone made by `nixos-nspawn zone create`; the
# other places that it attacks are namespaces.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../net/lib-netd.sh"
source "$(dirname "$0")/../net/lib-zone.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
open_host
for zone in foo bar "apart --isolated" "inner --internal"; do
        # shellcheck disable=SC2086
        need "zone create $zone" nixos-nspawn zone create $zone
done
echo '{"nixosContainer":{"zone":"foo","userNamespacing":true},"system":{"stateVersion":"26.05"}}' >/run/member.json
for name in mallory victim; do
        need "create $name" nixos-nspawn create --config /run/member.json $name
        need "$name: its network" ip netns attach $name "$(nixos-nspawn status --json $name | field leader)"
done
run_attacked

inside() { nixos-nspawn run victim -- "$@"; }
prints "members reach each other" '1 received' inside ping -4 -c1 mallory
prints "  IPv6" '1 received' inside ping -6 -c1 mallory
same "mallory's network is the container's" "$(nixos-nspawn run mallory -- cat /sys/class/net/host0/address)" "$(guest mallory cat /sys/class/net/host0/address)"
# As the container's root, with its rights alone, a raw socket is to be had.
leader=$(nixos-nspawn status --json mallory | field leader)
succeeds "root in the container has raw sockets" nsenter -t "$leader" -U -n \
        python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3).bind(("host0", 3))'
knows() {
        inside ip -o addr show dev host0 scope global | awk '{ print $4 }' | sort
        inside ip route show default
        inside cat /etc/resolv.conf
        inside ip neigh show | grep -o '.* lladdr [^ ]*' | sort
}
before=$(knows)
need "flows" python3 "$attacks" converse
for bridged in 0 1; do
        sysctl -qw net.bridge.bridge-nf-call-{ip,ip6,arp}tables=$bridged
        attack guarded "booted guests, bridge-nf-call $bridged"
        same "bridge-nf-call $bridged: the victim's addresses, routes, resolver and neighbours are as before" "$before" "$(knows)"
done
for name in mallory victim; do
        need "remove" nixos-nspawn remove --delete-state $name
done
done_testing
