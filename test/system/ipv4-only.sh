#!/usr/bin/env bash
# A host without IPv6: containers have IPv4 alone, and all of it works. A link that cannot be completed is an error.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
before=$(everything)
sysctl -qw net.ipv6.conf.all.disable_ipv6=1
need "create" nixos-nspawn create --config examples/example.nix example
ok "create"
welcome='Welcome to nginx'
prints "ping" '1 received' ping -c1 -W2 example
prints "HTTP by name" "$welcome" curl -s --max-time 5 http://example
prints "8181 by localhost" "$welcome" curl -s --max-time 5 http://localhost:8181
prints "8181 from another machine" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
prints "the container reaches another machine" '1 received' nixos-nspawn run example -- ping -c1 -W2 $peer4
silent_about "the host finds no IPv6 address" '^f' getent ahosts example
silent_about "list shows none" 'fd[0-9a-f]*:' nixos-nspawn list
silent_about "the container has none" 'inet6 f' nixos-nspawn run example -- ip addr show host0
succeeds "restart" nixos-nspawn restart example
prints "  HTTP" "$welcome" curl -s --max-time 5 http://example
silent_about "the daemon does not complain" 'incomplete|annot' cat /var/log/nixos-nspawn/netd.log

sysctl -qw net.ipv6.conf.all.disable_ipv6=0
succeeds "IPv6 comes back: restart" nixos-nspawn restart example
prints "  ping -6" '1 received' ping -6 -c1 -W2 example

# Somebody switches IPv6 off on the new link before anything else: its addresses are refused.
(until [[ -e /run/stop ]]; do
        { echo 1 >/proc/sys/net/ipv6/conf/ve-example/disable_ipv6; } 2>/dev/null
done) &
fails "a link that cannot be completed is an error" 10 'network of example cannot be completed: .*ve-example' \
        nixos-nspawn restart example
touch /run/stop
wait
prints "  and the container does not run" 'powered off' nixos-nspawn list
succeeds "remove" nixos-nspawn remove --delete-state example
same "nothing is left behind" "$before" "$(everything)"
done_testing
