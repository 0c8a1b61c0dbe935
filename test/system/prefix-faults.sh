#!/usr/bin/env bash
# A failure at every step of a create, an update and a start of a container whose link has settings: the command says so, and
# nothing is left behind.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/steps.sh"

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
after_failure() { same "$1: everything is as before" "$before" "$(seen_of)"; }

before=$(seen_of)
each_step NIXOS_NSPAWN_FAIL_AT nixos-nspawn create --config $config example
prints "then it has the prefix" '2001:1234:abcd:ef01::2/64' nixos-nspawn run example -- ip -6 addr show dev host0
need "stop" nixos-nspawn stop example
before=$(seen_of)
each_step NIXOS_NSPAWN_SUPERVISOR_FAIL_AT nixos-nspawn start example
prints "then the host answers for it" '2001:1234:abcd:ef01::2 ' ip -6 neigh show proxy dev uplink
need "remove" nixos-nspawn remove --delete-state example
silent_about "nothing of it stays" '2001:1234' bash -c 'ip -6 neigh show proxy; ip -6 route; nft list ruleset'
done_testing
