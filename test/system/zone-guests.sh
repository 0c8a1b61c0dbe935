#!/usr/bin/env bash
# Members of a zone that look after their network themselves: each ends with the addresses that it was given, by DHCP,
# and others reach it.
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
        # As the guide says: a zone knows the link-local address that follows from the hardware address, and no other.
        [[ $kind != dhcpcd ]] ||
                need "$kind: configure" sed -i 's/^slaac private/slaac hwaddr/' /var/lib/machines/$name/etc/dhcpcd.conf
        need "$kind: start" nixos-nspawn start $name
        within 60 "$kind: settled" settled $name $kind
        complete $name "$kind" 24
        within 10 "$kind: a sibling reaches it" inside sibling ping -4 -c1 -W1 "$(nixos-nspawn show-ip -4 $name)"
        within 10 "$kind: by IPv6" inside sibling ping -6 -c1 -W1 "$(nixos-nspawn show-ip -6 $name)"
        inside $name ip -6 -o addr show dev host0 scope link | sed "s/^/# $kind: /"
        succeeds "$kind: down and up again" again $name $kind
        complete $name "$kind, again" 24
        # Not removed: the next one would have its number, and the sibling would ask for its old hardware address for a while.
        need "$kind: stop" nixos-nspawn stop $name
done
prints "each had an address of its own" "^$(nixos-nspawn list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')\$" \
        bash -c 'for f in /run/member-*.json /run/sibling.json; do n=${f##*/}; nixos-nspawn show-ip -4 "${n%.json}"; done | sort -u | wc -l'
done_testing
