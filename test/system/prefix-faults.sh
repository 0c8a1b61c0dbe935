#!/usr/bin/env bash
# A failure at every step of a create, an update and a start of a container whose link has settings: the command says so, and
# nothing is left behind.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

config=examples/ipv6-prefix.nix
need "setup" nixos-nspawn setup
mkdir -p /etc/nixos-nspawn
make_peer
echo '{ nixos.containers.proxyNeighbours = [ "uplink" ]; }' >/etc/nixos-nspawn/host.nix
need "apply" nixos-nspawn apply
need "warm up: a tree in the cache, tables made" nixos-nspawn create --config $config warm
need "remove" nixos-nspawn remove --delete-state warm

seen_of() {
        everything
        ip -6 neigh show proxy
}
each_step() { # each_step VARIABLE COMMAND...: fails at 1, 2, ... until the command gets through
        local variable=$1 k seen status before
        shift
        before=$(seen_of)
        for k in $(seq 1 60); do
                seen=$(env "$variable=$k" "$@" 2>&1 </dev/null)
                status=$?
                if [[ $status -eq 0 ]]; then
                        if [[ $k -gt 1 ]]; then ok "$* ($variable): $((k - 1)) steps"; else not_ok "$* ($variable): no step can fail" "$seen"; fi
                        return
                fi
                if ! grep -q 'nixos-nspawn: ' <<<"$seen"; then not_ok "$2 with step $k failing says so" "$seen"; fi
                same "$2 with step $k failing: everything is as before" "$before" "$(seen_of)"
        done
        not_ok "$* ($variable): ends" "$seen"
}
each_step NIXOS_NSPAWN_FAIL_AT nixos-nspawn create --config $config example
prints "then it has the prefix" '2001:1234:abcd:ef01::2/64' nixos-nspawn run example -- ip -6 addr show dev host0
need "stop" nixos-nspawn stop example
each_step NIXOS_NSPAWN_SUPERVISOR_FAIL_AT nixos-nspawn start example
prints "then the host answers for it" '2001:1234:abcd:ef01::2 ' ip -6 neigh show proxy dev uplink
need "remove" nixos-nspawn remove --delete-state example
silent_about "nothing of it stays" '2001:1234' bash -c 'ip -6 neigh show proxy; ip -6 route; nft list ruleset'
done_testing
