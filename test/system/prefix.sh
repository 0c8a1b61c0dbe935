#!/usr/bin/env bash
# The seed's example of IPv6: a delegated prefix, advertised, with the host's and the container's addresses in it, reached
# from another machine that routes it here; then Token=, a ULA, what closes it, static addresses.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
need "create examples/ipv6-prefix.nix" nixos-nspawn create --config examples/ipv6-prefix.nix example
p=2001:1234:abcd:ef01
guest() { nixos-nspawn run example -- "$@"; }
field() { nixos-nspawn status --json example | python3 -c 'import json, sys; o = json.load(sys.stdin); print("\n".join((o[0] if isinstance(o, list) else o)[sys.argv[1]]))' "$1"; }
eui64() { # eui64 LINK-LOCAL-OUTPUT: the interface identifier of a link's fe80 address
        grep -oE 'fe80::[0-9a-f:]+' | head -n1 | sed 's/^fe80:://'
}
host_id=$(ip -6 -o addr show dev ve-example scope link | eui64)
guest_id=$(guest ip -6 -o addr show dev host0 scope link | eui64)

prints "the host has the EUI-64 address of the prefix" "inet6 $p:$host_id/64 .*" ip -6 addr show dev ve-example
prints "the container has its own" "inet6 $p:$guest_id/64" guest ip -6 addr show dev host0
prints "  and the static one" "inet6 $p::2/64" guest ip -6 addr show dev host0
prints "status tells all of them" "$p::2/64" field addresses
prints "  of the host, too" "$p:$host_id/64" field hostAddresses
prints "the name resolves to them on the host" "^$p::2 " getent -s nspawn ahostsv6 example
prints "  and inside" "^$p::2 " guest getent ahostsv6 example.internal
prints "the address has the name" 'example' getent -s nspawn hosts $p::2
for a in $p::2 "$p:$guest_id"; do
        succeeds "ping of $a from the host" ping -6 -c1 -W2 "$a"
done
succeeds "the web server answers the host at $p::2" curl -gsfo /dev/null --max-time 3 "http://[$p::2]/"

# The peer is a machine that has a route to the prefix: by its default route.
for a in $p::2 "$p:$guest_id"; do
        succeeds "ping of $a from another machine that routes it here" peer ping -6 -c1 -W2 "$a"
done
succeeds "the web server answers another machine at $p::2" peer curl -gsfo /dev/null --max-time 3 "http://[$p::2]/"
peer tcpdump -i eth0 -nl -c1 "icmp6[0] == 128" >/run/seen 2>/dev/null &
watch=$!
sleep 0.5
succeeds "ping from the container to another machine" guest ping -6 -c1 -W2 $peer6
wait $watch
prints "  its address is not translated" "$p:.* > $peer6" cat /run/seen
silent_about "  nor is the prefix masqueraded" "$p" nft list set ip6 io.systemd.nat masq_saddr
refused "the other addresses are not reached from outside: the ULA" peer ping -6 -c1 -W1 "$(nixos-nspawn show-ip --ipv6 example)"

# What the guest hears: an advertisement with the prefix, flags L and A.
need "tcpdump in the guest's namespace" true
leader=$(nixos-nspawn status --json example | python3 -c 'import json, sys; o = json.load(sys.stdin); print((o[0] if isinstance(o, list) else o)["leader"])')
nsenter -t "$leader" -n tcpdump -i host0 -nvl -c1 'icmp6[0] == 134' >/run/ra 2>/dev/null &
watch=$!
sleep 0.5
python3 - "$leader" <<'P'
import ctypes, os, socket, sys
fd = os.open(f"/proc/{sys.argv[1]}/ns/net", os.O_RDONLY)
ctypes.CDLL(None).setns(fd, 0)
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(bytes([133, 0, 0, 0, 0, 0, 0, 0]), ("ff02::2", 0, 0, socket.if_nametoindex("host0")))
P
wait $watch
prints "the advertisement has the prefix with flags L and A" "prefix info option.*: $p::/64, Flags \[onlink, auto\], valid time 3600s, pref. time 1800s" cat /run/ra
prints "  and says that the host is the router" 'router lifetime 65535s|router lifetime 9000s' cat /run/ra

# A restart of the guest's networkd takes nothing away.
guest systemctl restart systemd-networkd
within 10 "the guest's networkd adopts all of it" bash -c "nixos-nspawn run example -- networkctl list host0 | grep configured"
prints "  and leaves the addresses" "inet6 $p:$guest_id/64" guest ip -6 addr show dev host0

# One option closes it.
sed 's|^{|{\n  nixosContainer.outsideAccess = "none";|' examples/ipv6-prefix.nix >/run/closed.nix
succeeds "update with outsideAccess = none" nixos-nspawn update --config /run/closed.nix example
refused "then nobody outside reaches $p::2" peer ping -6 -c1 -W1 $p::2
succeeds "  the host does" ping -6 -c1 -W2 $p::2
succeeds "  and the container reaches them" nixos-nspawn run example -- ping -6 -c1 -W2 $peer6
need "remove" nixos-nspawn remove --delete-state example
silent_about "nothing of it stays" "$p" nft list ruleset

# Another one, as the guide has it.
need "create examples/ipv6-global.nix" nixos-nspawn create --config examples/ipv6-global.nix global
succeeds "another machine reaches its web server" peer curl -sf -o /dev/null --max-time 5 'http://[2001:db8:1234:1::80]'
prints "  which sends from its own address" '2001:db8:1234:1:' nixos-nspawn run global -- ip -6 route get $peer6
silent_about "  and is not translated" '2001:db8' nft list set ip6 io.systemd.nat masq_saddr
done_testing
