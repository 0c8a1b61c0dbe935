#!/usr/bin/env bash
# A zone's settings in systemd.network's words take effect, in the first daemon and in the one that follows it: prefixes,
# advertisements, DHCP, routes, neighbours; members' own addresses.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"
source "$(dirname "$0")/lib-zone.sh"

make_peer
echo "nameserver 192.0.2.1" >/etc/resolv.conf
need "the daemon starts" "$netd" ensure
before=$(left)
settings() { # settings MORE
        echo '{"address":["","10.100.200.1/24","fd25::1/64"],
"ipv6Prefixes":[{"Prefix":"fd26::/64","Assign":true,"Token":"static:::5"},{"Prefix":"2001:db8:25::/64"}],
"routes":[{"Destination":"10.77.0.0/16","Gateway":"10.100.200.9"}],"extraConfig":"[Neighbor]\nAddress=10.100.200.200\nLinkLayerAddress=02:00:00:00:00:77\n"'"${1:+,$1}}"
}
need "define a zone" "$netd" zone foo "$(settings)"
own='{"containerNetworkConfig":{"address":["10.100.200.10/24","10.99.0.7/24"]}}'
run_member web foo '[]' "$own"
run_member db foo

prints "the host has the assigned address" 'inet6 fd26::5/64' ip addr show vz-foo
prints "  beside the first one" 'inet6 fd25::1/64' ip addr show vz-foo
prints "a prefix without an address of the host has a route" '2001:db8:25::/64' ip -6 route show dev vz-foo
prints "the route is there" '10.77.0.0/16 via 10.100.200.9' ip route show dev vz-foo
prints "the neighbour is there" '10.100.200.200 lladdr 02:00:00:00:00:77 PERMANENT' ip neigh show dev vz-foo
for path in fd26 2001:db8:25; do
        prints "a member has its address in $path" "$path:" of Describe web
        address=$(of Describe web | python3 -c 'import json,sys
print(*[a.split("/")[0] for a in json.load(sys.stdin)["network"]["containerAddresses"] if a.startswith("'$path':")])')
        for name in web db; do
                own_address=$(of Describe $name | python3 -c 'import json,sys
print(*[a for a in json.load(sys.stdin)["network"]["containerAddresses"] if a.startswith("'$path':")])')
                need "$name: set it" ip -n $name addr replace "$own_address" dev host0 nodad
        done
        succeeds "  the host reaches it" ping -6 -c1 -W1 "$address"
        reaches "  a sibling does" db "$address"
        need "another address of the prefix" ip -n web addr add "$path::bad/64" dev host0 nodad
        does_not_reach "  which is not its own, is dropped" web "fd26::5 -I $path::bad"
done
for address in 10.100.200.10/24 10.99.0.7/24; do
        need "its own address" ip -n web addr replace $address dev host0
        succeeds "the host reaches ${address%/*}" ping -c1 -W1 "${address%/*}"
done
same "a global address is not masqueraded" "" "$(nft list set ip6 io.systemd.nat masq_saddr | grep 2001:db8:25 || true)"
prints "  a ULA is" 'fd26::/64' nft list set ip6 io.systemd.nat masq_saddr
prints "  and an IPv4 address out of the range" '10.99.0.7' nft list set ip io.systemd.nat masq_saddr
fails "an address that another member has" 10 "is that of container 'web' in the same zone" bash -c "'$netd' member twin foo '[]' '$own' && '$netd' call Attach '{\"name\":\"twin\"}'"

# Who listens makes itself the address that was set before it was there.
listen() { guest "$1" sysctl -qw net.ipv6.conf.host0.autoconf=1 net.ipv6.conf.host0.accept_ra=2; }
need "who listens" ip -n db -6 addr flush dev host0 scope global
need "who listens" listen db
expected=$(of Describe db | python3 -c 'import json,sys
print(*[a for a in json.load(sys.stdin)["network"]["containerAddresses"] if a.startswith("fd26:")])')
need "a settled link" ip -n db link set host0 down
need "a settled link" ip -n db link set host0 up
within 5 "advertisements make the address that was set" bash -c "ip -n db -6 addr show dev host0 | grep -q '$expected .*dynamic'"

# The next daemon has it from the record.
need "the daemon is killed" kill -9 "$(daemon_pid)"
need "removed while nobody looks" ip route del 10.77.0.0/16
need "removed while nobody looks" ip neigh del 10.100.200.200 dev vz-foo
need "the next one starts" "$netd" ensure
within 3 "a route that was removed comes back" bash -c "ip route show dev vz-foo | grep -q 10.77.0.0/16"
prints "  the neighbour, too" '10.100.200.200 lladdr 02:00:00:00:00:77 PERMANENT' ip neigh show dev vz-foo
need "removed" ip route del 10.77.0.0/16
within 3 "a route that is removed comes back" bash -c "ip route show dev vz-foo | grep -q 10.77.0.0/16"

# Nobody answers what the settings do not want answered.
has_socket() { ss -Hlnu | grep -q "vz-foo:$1 "; }
export -f has_socket
succeeds "DHCPv4 is answered" has_socket 67
succeeds "DHCPv6, too" has_socket 547
need "update" "$netd" zone foo "$(settings '"networkConfig":{"DHCPServer":false,"IPv6SendRA":false}')"
need "update" of UpdateZone foo
within 2 "DHCPServer=no: DHCPv4 is not answered" bash -c '! has_socket 67'
within 2 "IPv6SendRA=no: nor is DHCPv6" bash -c '! has_socket 547'
guest db timeout 3 tcpdump -nlc1 -i host0 'icmp6[0] == 134' >/run/advertised 2>/dev/null &
guest db python3 -c 'import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
s.setsockopt(41, 18, 255); s.sendto(b"\x85\0\0\0\0\0\0\0", ("ff02::2", 0, 0, socket.if_nametoindex("host0")))'
wait $!
same "  nor is a router solicited for" "" "$(cat /run/advertised)"

# A prefix that the host has elsewhere.
need "another zone" "$netd" zone bar
need "a member: define" "$netd" member other bar
need "  attach" of Attach other
need "update" "$netd" zone bar '{"ipv6Prefixes":[{"Prefix":"fd26::/64"}]}'
fails "a change to a prefix of another zone is refused" 10 "fd26::/64 of zone 'bar' is the network that the host has on its link vz-foo" of UpdateZone bar
silent_about "  and changes nothing" 'fd26::' ip -6 route show dev vz-bar
need "  detach" of Detach other
need "update: without settings" "$netd" zone foo '{"address":["","10.100.200.1/24","fd25::1/64"]}'
need "update" of UpdateZone foo
silent_about "  routes, neighbours and addresses are gone" 'fd26|10\.77|2001:db8:25' bash -c 'ip addr show vz-foo; ip route; ip -6 route; ip neigh'
succeeds "  DHCPv4 is answered again" has_socket 67
end_member db
end_member web
within 1 "the bridge is gone" bash -c '! ip link show vz-foo'
within 3 "  and the ports, which the kernel lets go by and by" bash -c "! ip -br link | grep -q ^vb-"
same "nothing is left" "$before" "$(left)"
done_testing
