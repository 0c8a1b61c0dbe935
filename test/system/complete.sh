#!/usr/bin/env bash
# The network is complete before PID 1: the guest's first program sends one packet over IPv4, IPv6 and DNS at once and is
# answered; and nothing flaps when the guest's networkd comes up.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
need "create" nixos-nspawn create --config examples/example.nix --no-start example
# PID 1 becomes a program that tries the network first, with its very first system calls, then goes on as systemd; and
# watches what happens to addresses and routes from then on.
root=/var/lib/machines/example
mkdir -p $root/opt
cat >$root/opt/init <<P
#!/bin/bash
{
        ping -4 -c1 -W1 $peer4 & ping -6 -c1 -W1 $peer6 & getent ahostsv4 machine.demo.test & wait
        ip -6 addr show dev host0; ip route; ip -6 route
} >/opt/seen 2>&1
# In a session of its own: systemd lets go of the console, which hangs up those that have it.
trap '' HUP # until setsid has taken effect
setsid ip -ts monitor address route >/opt/monitor 2>&1 &
trap - HUP
exec /usr/lib/systemd/systemd
P
chmod 755 $root/opt/init
file=$(readlink -f /etc/systemd/nspawn/example.nspawn)
sed -i -E 's|^(Parameters=.*) /usr/lib/systemd/systemd|\1 /opt/init|' "$file"
need "start" nixos-nspawn start example
seen() { cat $root/opt/seen; }
same "  two pings, one try each, answered" 2 "$(seen | grep -c '1 received')"
prints "  a name resolved at the first try" "^$peer4 " seen
silent_about "  no address is tentative" 'tentative' seen
prints "  a default route" '^default via 10\.' seen
within 10 "the guest's networkd is up and says so" bash -c \
        "nixos-nspawn run example -- networkctl status host0 | grep -E 'State: routable|Online state: online'"
sleep 2
silent_about "no address or route of ours was deleted meanwhile" 'Deleted.*(10\.233|fd[0-9a-f]{2}:|default)' cat $root/opt/monitor
nixos-nspawn run example -- ip addr add 192.0.2.99/32 dev lo
within 2 "  (the monitor ran)" grep 192.0.2.99 $root/opt/monitor
prints "networkd adopted the link" 'configured' nixos-nspawn run example -- networkctl list host0
done_testing
