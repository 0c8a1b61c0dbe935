#!/usr/bin/env bash
# Guests that bring a network manager of their own, or none: whatever runs in there, with a user namespace and without, the
# guest ends with the addresses that it was given before its first program, with both default routes, and with names.
#
# What each of them did to its addresses on the way is printed for docs/guide/guests.md, and asserted where it is nothing.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || GUEST_TREE=$("$(dirname "$0")/../lib/guest-tree") || exit 1
export GUEST_TREE
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

read -ra kinds <<<"${KINDS-networkd networkd-dhcp networkmanager ifupdown ifupdown-static udhcpc dhcpcd static none}"
make_peer
make_peer_resolver
need "setup" nixos-nspawn setup

source "$(dirname "$0")/lib-guests.sh"

need "a container to be found" make_guest sibling none true
need "  start" nixos-nspawn start sibling
# One at a time: each systemd without a user namespace takes from what root of this machine may have (inotify).
for kind in "${kinds[@]}"; do
        for user in true false; do
                name=$kind-$([[ $user == true ]] && echo user || echo root)
                need "$name: create" make_guest "$name" "$kind" "$user"
                need "$name: start" nixos-nspawn start "$name"
                within 60 "$name: settled" settled "$name" "$kind"
                complete "$name" "$name"
                echo "# $name: $(flapped "$name" | wc -l) changes"
                flapped "$name" | sed 's/^/#     /'
                case $kind in
                networkd | networkmanager | static | none) same "$name: nothing was gone for a moment" '' "$(flapped "$name")" ;;
                esac
                case $kind in
                static | none) ;;
                *)
                        succeeds "$name: down and up again" again "$name" "$kind"
                        complete "$name" "$name, again"
                        ;;
                esac
                need "$name: remove" nixos-nspawn remove --delete-state "$name"
        done
done
done_testing
