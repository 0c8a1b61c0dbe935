#!/usr/bin/env bash
# Members of a zone that look after their network themselves: each ends with the addresses that it was given, by DHCP,
# and others reach it; LLMNR between two of them.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || GUEST_TREE=$("$(dirname "$0")/../lib/guest-tree") || exit 1
export GUEST_TREE
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-guests.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
need "zone create" nixos-nspawn zone create foo
need "a container to be found" make_guest sibling networkd true foo
need "  start" nixos-nspawn start sibling
for kind in ${KINDS-networkd-dhcp networkmanager ifupdown udhcpc dhcpcd}; do
        name=member-$kind
        need "$kind: create" make_guest $name $kind true foo
        need "$kind: start" nixos-nspawn start $name
        within 60 "$kind: settled" settled $name $kind
        complete $name "$kind" 24
        within 10 "$kind: a sibling reaches it" inside sibling ping -4 -c1 -W1 "$(nixos-nspawn show-ip -4 $name)"
        within 10 "$kind: by IPv6" inside sibling ping -6 -c1 -W1 "$(nixos-nspawn show-ip -6 $name)"
        inside $name ip -6 -o addr show dev host0 scope link | sed "s/^/# $kind: /"
        succeeds "$kind: down and up again" again $name $kind
        complete $name "$kind, again" 24
        need "$kind: remove" nixos-nspawn remove --delete-state $name
done
done_testing
