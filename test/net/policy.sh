#!/usr/bin/env bash
# Who reaches whom: forwards from everywhere, masquerading, what a container reaches of the host, of other containers, of
# the outside, and what the outside reaches of a container.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/network.sh"
. "$(dirname "$0")/lib-engine.sh"
own_machine "$@"

make_peer
# A second address of the host, for forwards that are bound to one.
ip addr add 198.51.100.9/24 dev uplink
ip addr add 2001:db8:1::9/64 dev uplink nodad preferred_lft 0 # never a source
# The peer can send to whatever the host has: it is a router that means harm.
peer ip route replace default via $peer_host4
need "forwarding" "$engine" forwarding /run/sysctls.json
need "base rules" "$engine" base
need "attach web" container web 1 tcp:8181:80 udp:5301:53 tcp:8000:9000:3 tcp:8200:80:1:198.51.100.9 \
        tcp:8200:80:1:2001:db8:1::9 tcp:8300:80:1:0.0.0.0
need "attach other" container other 2 tcp:8182:80
need "a server in web" answers web web tcp:80 tcp:81 tcp:9000 tcp:9001 tcp:9002 tcp:9003 udp:53
need "a server in other" answers other other tcp:80
need "a server outside" answers peer peer tcp:80 udp:53
need "servers on the host" answers - host tcp:22 tcp:53 tcp:5355 tcp:80 udp:53 udp:123

check() { # check: the whole table, once more after each change of the bridges' sysctl
        # From outside.
        answered "outside, IPv4: the forward" "web $peer4" peer $peer_host4 8181
        answered "outside, IPv6: the forward" "web $peer6" peer $peer_host6 8181
        answered "outside, IPv4: by the second address" "web $peer4" peer 198.51.100.9 8181
        answered "outside, IPv4: the other container's forward" "other $peer4" peer $peer_host4 8182
        answered "outside, IPv4: a range's first port" "web $peer4" peer $peer_host4 8000
        answered "outside, IPv6: a range's last port" "web $peer6" peer $peer_host6 8002
        unanswered "outside: the port behind the range" peer $peer_host4 8003
        answered "outside, IPv4: a forward bound to the address" "web $peer4" peer 198.51.100.9 8200
        answered "outside, IPv6: a forward bound to the address" "web $peer6" peer 2001:db8:1::9 8200
        unanswered "outside, IPv4: not by the host's other address" peer $peer_host4 8200
        unanswered "outside, IPv6: not by the host's other address" peer $peer_host6 8200
        answered "outside: a forward bound to 0.0.0.0, IPv4" "web $peer4" peer $peer_host4 8300
        unanswered "outside: a forward bound to 0.0.0.0, not IPv6" peer $peer_host6 8300
        unanswered "outside, IPv4: the container's address itself" peer "$(guest4 1)" 80
        unanswered "outside, IPv6: the container's address itself" peer "$(guest6 1)" 80
        unanswered "outside: a port that is not forwarded" peer $peer_host4 81
        answered "outside: the host's own service" "host $peer4" peer $peer_host4 22

        # From the host.
        answered "host: the forward by its own IPv4" "web $peer_host4" - $peer_host4 8181
        answered "host: the forward by its own IPv6" "web $peer_host6" - $peer_host6 8181
        answered "host: the forward by the address on the container's link" "web $(host4 1)" - "$(host4 1)" 8181
        answered "host: a bound forward, IPv4" "web $peer_host4" - 198.51.100.9 8200
        answered "host: a bound forward, IPv6" "web 2001:db8:1::9" - 2001:db8:1::9 8200
        answered "host: any port of the container, IPv4" "web $(host4 1)" - "$(guest4 1)" 81
        answered "host: any port of the container, IPv6" "web $(host6 1)" - "$(guest6 1)" 81
        succeeds "host: ping, IPv4" ping -4 -c1 -W1 "$(guest4 1)"
        succeeds "host: ping, IPv6" ping -6 -c1 -W1 "$(guest6 1)"
        succeeds "host: ping, link-local" ping -6 -c1 -W1 "$(local_of web)%ve-web"
        unanswered "host: 127.0.0.1 is the proxy's, not the map's" - 127.0.0.1 8181
        unanswered "host: ::1 is the proxy's, not the map's" - ::1 8181

        # From a container outwards: with the host's address.
        answered "container to outside, IPv4, masqueraded" "peer $peer_host4" web $peer4 80
        answered "container to outside, IPv6, masqueraded" "peer $peer_host6" web $peer6 80
        succeeds "container to outside: ping, IPv4" inside web ping -4 -c1 -W1 $peer4
        succeeds "container to outside: ping, IPv6" inside web ping -6 -c1 -W1 $peer6

        # To itself and to others by forwards, never past them.
        answered "hairpin: its own forward, IPv4" "web $(host4 1)" web $peer_host4 8181
        answered "hairpin: its own forward, IPv6" "web $(host6 1)" web $peer_host6 8181
        answered "hairpin: its own forward by the link's address" "web $(host4 1)" web "$(host4 1)" 8181
        answered "container: the other's forward, IPv4" "other $(host4 2)" web $peer_host4 8182
        answered "container: the other's forward, IPv6" "other $(host6 2)" web $peer_host6 8182
        unanswered "container: the other's address, IPv4" web "$(guest4 2)" 80
        unanswered "container: the other's address, IPv6" web "$(guest6 2)" 80
        refused "container: no ping to the other, IPv4" inside web ping -4 -c1 -W1 "$(guest4 2)"
        refused "container: no ping to the other, IPv6" inside web ping -6 -c1 -W1 "$(guest6 2)"

        # Of the host.
        answered "container: DNS of the host, TCP, IPv4" "host $(guest4 1)" web "$(host4 1)" 53
        answered "container: DNS of the host, TCP, IPv6" "host $(guest6 1)" web "$(host6 1)" 53
        answered "container: LLMNR of the host, TCP" "host $(guest4 1)" web "$(host4 1)" 5355
        succeeds "container: ping to the host, IPv4" inside web ping -4 -c1 -W1 "$(host4 1)"
        succeeds "container: ping to the host, IPv6" inside web ping -6 -c1 -W1 "$(host6 1)"
        succeeds "container: ping to the host, link-local" inside web ping -6 -c1 -W1 "$(host_local_of web)%host0"
        local port to
        for port in 22 80; do
                for to in "$(host4 1)" "$(host6 1)" "$(host4 2)" "$(host6 2)" $peer_host4 $peer_host6; do
                        unanswered "container: port $port of the host by $to" web "$to" $port
                done
        done
        for to in $peer_host4 $peer_host6 "$(host4 2)" "$(host6 2)"; do
                unanswered "container: DNS of the host by another link's $to" web "$to" 53
        done
        settled
}
check

# The same with the uplink in a bridge, whose frames go through the host's rules a second time when br_netfilter says so.
ip link add br0 type bridge
ip link set br0 up
ip addr flush dev uplink
ip link set uplink master br0
for address in $peer_host4/24 198.51.100.9/24; do ip addr add $address dev br0; done
ip addr add $peer_host6/64 dev br0 nodad
ip addr add 2001:db8:1::9/64 dev br0 nodad preferred_lft 0
for bridged in 0 1; do
        for name in /proc/sys/net/bridge/bridge-nf-call-{ip,ip6,arp}tables; do
                echo $bridged >"$name"
        done
        echo "# uplink in a bridge, bridge-nf-call-iptables = $bridged"
        check
done

# UDP: both ways of the same port.
ask() { inside "$1" "$here/ask.py" "$2" "$3"; }
prints "outside: a UDP forward, IPv4" "^web $peer4\$" ask peer $peer_host4 5301
prints "outside: a UDP forward, IPv6" "^web $peer6\$" ask peer $peer_host6 5301
prints "container: DNS of the host, UDP" "^host $(guest4 1)\$" ask web "$(host4 1)" 53
prints "container: DNS outside" "^peer $peer_host4\$" ask web $peer4 53
refused "container: another UDP service of the host" ask web "$(host4 1)" 123

# Forwards are for the host's addresses on the wire: whoever sends frames to 127.0.0.1 or ::1 there gets nothing.
sender peer eth0
sender other host0
over_the_wire() { # over_the_wire WHO SOURCE MAC DESTINATION TOKEN
        send "$1" udp src="$2" dst="$4" dmac="$3" sport=4000 dport=5301 data="$5"
}
br_mac=$(cat /sys/class/net/br0/address) other_mac=$(cat /sys/class/net/ve-other/address)
over_the_wire peer $peer4 "$br_mac" 127.0.0.1 loop
over_the_wire peer $peer6 "$br_mac" ::1 loop
over_the_wire peer $peer4 "$br_mac" $peer_host4 wire4
over_the_wire peer $peer6 "$br_mac" $peer_host6 wire6
over_the_wire other "$(guest4 2)" "$other_mac" 127.0.0.1 loop
over_the_wire other "$(guest6 2)" "$other_mac" ::1 loop
over_the_wire other "$(guest4 2)" "$other_mac" $peer_host4 sibling4
over_the_wire other "$(guest6 2)" "$other_mac" $peer_host6 sibling6
for token in wire4 wire6 sibling4 sibling6; do
        within 2 "a forward by the host's address: $token" grep -qx $token /run/web.log
done
silent_about "a forward by a loopback address over the wire" "^loop" cat /run/web.log

# The way out is narrower than the container's link: TCP is told, and big answers come through without path MTU discovery.
ip link set uplink mtu 1280
ip link set br0 mtu 1280
peer ip link set eth0 mtu 1280
cat >/run/observer.nft <<'N'
table inet observer {
        counter narrow { }
        chain out {
                type filter hook postrouting priority 300;
                oifname "br0" tcp flags & (syn | ack) == syn tcp option maxseg size <= 1240 counter name narrow
        }
}
N
need "observer" nft -f /run/observer.nft
answered "a narrow uplink, IPv4" "peer $peer_host4" web $peer4 80
answered "a narrow uplink, IPv6" "peer $peer_host6" web $peer6 80
prints "both announced a segment size that fits" "packets 2 " nft list counter inet observer narrow
ip link set uplink mtu 1500
ip link set br0 mtu 1500
peer ip link set eth0 mtu 1500
ip link set ve-other mtu 1280
inside other ip link set host0 mtu 1280
nft reset counter inet observer narrow >/dev/null
nft add rule inet observer out oifname ve-other tcp flags '& (syn | ack) ==' syn tcp option maxseg size '<=' 1240 counter name narrow
answered "a narrow container's link, IPv4" "other $peer4" peer $peer_host4 8182
answered "a narrow container's link, IPv6" "other $peer6" peer $peer_host6 8182
prints "they were told of a segment size that fits" "packets 2 " nft list counter inet observer narrow

# Nothing is left when they go, and nothing works any more.
need "detach web" "$engine" detach web 10.233.0.16/28 fd12:3456:789a:1::/64 - tcp:8181:80 udp:5301:53 tcp:8000:9000:3 \
        tcp:8200:80:1:198.51.100.9 tcp:8200:80:1:2001:db8:1::9 tcp:8300:80:1:0.0.0.0
unanswered "after detach: the forward is gone" peer $peer_host4 8181
settled
answered "after detach: the other's forward is there" "other $peer4" peer $peer_host4 8182
need "detach other" "$engine" detach other 10.233.0.32/28 fd12:3456:789a:2::/64 - tcp:8182:80
silent_about "after detach: no element is left" "elements = " sh -c \
        'nft list table ip io.systemd.nat; nft list table ip6 io.systemd.nat; nft list sets table inet nixos_nspawn;
         nft list maps table inet nixos_nspawn; nft list table arp nixos_nspawn'
need "base rules away" "$engine" unbase
same "no table of ours is left" "table inet observer" "$(nft list tables)"
need "forwarding back" "$engine" unforwarding /run/sysctls.json
same "IPv4 forwarding is as it was" 0 "$(cat /proc/sys/net/ipv4/ip_forward)"
same "IPv6 forwarding is as it was" 0 "$(cat /proc/sys/net/ipv6/conf/all/forwarding)"

done_testing
