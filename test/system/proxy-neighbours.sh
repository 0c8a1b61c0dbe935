#!/usr/bin/env bash
# A provider that routes nothing: its router asks on the host's uplink who has a container's address, and with
# proxyNeighbours the host answers, for the addresses that containers have and while they have them.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
mkdir -p /etc/nixos-nspawn
p=2001:1234:abcd:ef01
# The prefix is on the peer's link, so that it asks there; nothing is routed to the host.
peer ip -6 route add $p::/64 dev eth0
need "setup" nixos-nspawn setup
need "create examples/ipv6-prefix.nix" nixos-nspawn create --config examples/ipv6-prefix.nix example
proxied() { ip -6 neigh show proxy dev uplink; }
sysctl_is() { [[ $(cat /proc/sys/net/ipv6/conf/uplink/proxy_ndp) == "$1" ]]; }
ask() { peer ip -6 neigh flush dev eth0; peer ping -6 -c1 -W3 "$1"; }

refused "without the option nobody answers" ask $p::2
echo '{ nixos.containers.proxyNeighbours = [ "uplink" ]; }' >/etc/nixos-nspawn/host.nix
prints "apply --dry-run says what it would be" 'answer on uplink for the global IPv6 addresses' nixos-nspawn apply --dry-run
refused "  and does not do it" ask $p::2
prints "apply" 'put in force: answer on uplink for the global IPv6 addresses' nixos-nspawn apply
succeeds "another machine that only asks its neighbours reaches $p::2" ask $p::2
eui=$(nixos-nspawn run example -- ip -6 -o addr show dev host0 | grep -oE "$p:[0-9a-f:]+:[0-9a-f]+" | head -n1)
succeeds "  and the EUI-64 address" ask "$eui"
refused "  but not an address that no container has" ask $p::77
same "  the host answers for these two" 2 "$(proxied | grep -c "^$p")"
silent_about "  and not for its ULA" '^fd' proxied
succeeds "the sysctl is set" sysctl_is 1

ip link set uplink down
ip link set uplink up
ip -6 addr add $peer_host6/64 dev uplink nodad
within 5 "an uplink that went down and up has them again" bash -c "ip -6 neigh show proxy dev uplink | grep -q '^$p::2 '"

need "stop" nixos-nspawn stop example
silent_about "a container that is stopped has none" "^$p" proxied
need "start" nixos-nspawn start example
prints "  one that is started does" "^$p::2 " proxied

# The daemon is killed: the host goes on answering, and the next daemon knows what is its own.
kill -9 "$(pgrep -o nspawn-netd)"
succeeds "without the daemon the host answers" ask $p::2
rm /etc/nixos-nspawn/host.nix
prints "apply without the option" 'take away: answer on uplink' nixos-nspawn apply
silent_about "  takes them away" "^$p" proxied
succeeds "  and puts the sysctl back" sysctl_is 0
refused "  nobody answers" ask $p::2

echo '{ nixos.containers.proxyNeighbours = [ "a/b" ]; }' >/etc/nixos-nspawn/host.nix
prints "a name that is none is refused with its place" 'host.nix:1:3: .*proxyNeighbours' nixos-nspawn apply
done_testing
