#!/usr/bin/env bash
# A failure at step k of create, start, stop, update and remove, for every k: the command says so with the right status,
# everything is as it was (or the command can be run again), nothing is left behind.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/steps.sh"

need "setup" nixos-nspawn setup
need "warm up: a tree in the cache, tables made" nixos-nspawn create --config examples/example.nix warm
need "remove" nixos-nspawn remove --delete-state warm
before=$(everything)

after_failure() { same "$1: everything is as before" "$before" "$(everything)"; }

each_step NIXOS_NSPAWN_FAIL_AT nixos-nspawn create --config examples/example.nix example
succeeds "it runs" curl -s --retry 5 --retry-connrefused -o /dev/null http://example
created=$(nixos-nspawn show-ip example)

nixos-nspawn stop example >/dev/null 2>&1
before=$(everything)
each_step NIXOS_NSPAWN_SUPERVISOR_FAIL_AT nixos-nspawn start example

after_failure() { # stop and remove go on past errors; a second run finishes them
        nixos-nspawn start example >/dev/null 2>&1
}
each_step NIXOS_NSPAWN_FAIL_AT nixos-nspawn update --config examples/example.nix example
same "the address is kept" "$created" "$(nixos-nspawn show-ip example)"
succeeds "remove" nixos-nspawn remove --delete-state example
refused "nothing of it is left" bash -c "ls /etc/systemd/nspawn /var/lib/machines /var/lib/nixos-nspawn/profiles /run/nixos-nspawn/containers | grep example"
silent_about "no link, no element" 've-example|8181' bash -c 'ip -o link; nft list ruleset'
done_testing
