#!/usr/bin/env bash
# A guest with root and raw sockets forges what it can, towards the host and towards another container. Every attack is
# followed by the same packet with the right addresses, over the same way: when that one has arrived and the forged one
# has not, it is the address that made the difference.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/network.sh"
. "$(dirname "$0")/lib-engine.sh"
own_machine "$@"

make_peer
need "forwarding" "$engine" forwarding /run/sysctls.json
need "base rules" "$engine" base
need "attach mallory" container mallory 1
need "attach victim" container victim 2 udp:5300:5300 tcp:8181:80
need "a server on the host" answers - host udp:53
need "a server in the victim" answers victim victim udp:5300
need "a server outside" answers peer peer udp:5300

own_mac=$(mac_of mallory) their_mac=$(host_mac_of mallory)
own_local=$(local_of mallory) their_local=$(host_local_of mallory)
forged_mac=02:de:ad:be:ef:01
sender mallory host0
sender peer eth0

count=0
# forged WHAT LISTENER "RIGHT WORDS" "FORGED WORDS": both are udp packets; later words win over earlier ones.
forged() {
        local what=$1 listener=$2 right=$3 wrong=$4
        count=$((count + 1))
        send mallory udp smac="$own_mac" dmac="$their_mac" $right $wrong "data=forged-$count"
        send mallory udp smac="$own_mac" dmac="$their_mac" $right "data=right-$count"
        for _ in $(seq 100); do
                heard "$listener" "right-$count" && break
                sleep 0.02
        done
        if ! heard "$listener" "right-$count"; then
                not_ok "$what: the right packet arrives" "$(cat "/run/$listener.log")"
        elif heard "$listener" "forged-$count"; then
                not_ok "$what" "it arrived at $listener"
        else
                ok "$what"
        fi
}

towards() { # towards WHOM LISTENER DESTINATION4 DESTINATION6 PORT
        local whom=$1 listener=$2 v4=$3 v6=$4 port=$5
        local right4="src=$(guest4 1) dst=$v4 sport=4000 dport=$port" right6="src=$(guest6 1) dst=$v6 sport=4000 dport=$port"
        forged "towards $whom: a forged MAC, IPv4" "$listener" "$right4" "smac=$forged_mac"
        forged "towards $whom: a forged MAC, IPv6" "$listener" "$right6" "smac=$forged_mac"
        forged "towards $whom: the victim's MAC, IPv4" "$listener" "$right4" "smac=$(mac_of victim)"
        forged "towards $whom: the victim's IPv4" "$listener" "$right4" "src=$(guest4 2)"
        forged "towards $whom: another IPv4 of the own range" "$listener" "$right4" "src=10.233.0.20"
        forged "towards $whom: the host's IPv4" "$listener" "$right4" "src=$(host4 1)"
        forged "towards $whom: the host's other IPv4" "$listener" "$right4" "src=$peer_host4"
        forged "towards $whom: an outside IPv4" "$listener" "$right4" "src=$peer4"
        forged "towards $whom: 127.0.0.1" "$listener" "$right4" "src=127.0.0.1"
        forged "towards $whom: 0.0.0.0" "$listener" "$right4" "src=0.0.0.0"
        forged "towards $whom: the victim's IPv6" "$listener" "$right6" "src=$(guest6 2)"
        forged "towards $whom: the host's IPv6" "$listener" "$right6" "src=$(host6 1)"
        forged "towards $whom: the host's other IPv6" "$listener" "$right6" "src=$peer_host6"
        forged "towards $whom: an outside IPv6" "$listener" "$right6" "src=$peer6"
        forged "towards $whom: the IPv6 router anycast address" "$listener" "$right6" "src=fd12:3456:789a:1::"
        forged "towards $whom: ::1" "$listener" "$right6" "src=::1"
        forged "towards $whom: ::" "$listener" "$right6" "src=::"
        forged "towards $whom: the victim's IPv4 in a tagged frame" "$listener" "$right4 vlan=0" "src=$(guest4 2)"
        forged "towards $whom: the victim's IPv6 in a tagged frame" "$listener" "$right6 vlan=0" "src=$(guest6 2)"
        forged "towards $whom: the victim's IPv6 behind a destination header" "$listener" "$right6 extension=destination" \
                "src=$(guest6 2)"
        forged "towards $whom: UDP from port 547 behind a destination header" "$listener" \
                "$right6 extension=destination" "sport=547"
        forged "towards $whom: UDP from port 67" "$listener" "$right4" "sport=67"
        forged "towards $whom: UDP from port 547" "$listener" "$right6" "sport=547"
}
attack_all() {
        towards "the host" host "$(host4 1)" "$(host6 1)" 53
        forged "towards the host: the host's link-local address" host \
                "src=$own_local dst=$their_local sport=4000 dport=53" "src=$their_local"
        # By the host's addresses through the victim's forward: the way that a sibling is reached at all.
        towards "the victim" victim "$peer_host4" "$peer_host6" 5300
        towards "the outside" peer "$peer4" "$peer6" 5300
}
attack_all

# The whole /64 is the container's, the host's own address in it excepted.
forged "another address of the own /64 is right, the host's is not" host \
        "src=fd12:3456:789a:1:aaaa:bbbb:cccc:dddd dst=$(host6 1) sport=4000 dport=53" "src=$(host6 1)"

# A link-local address of the guest's own making, too (RFC 7217): it is alone on the link with the host.
forged "another link-local address is right, the host's is not" host \
        "src=fe80::dead:beef dst=$their_local sport=4000 dport=53" "src=$their_local"

# Duplicate address detection asks from ::, and the host defends its own.
inside mallory ip addr add "$(host6 1)/64" dev host0
within 5 "duplicate detection: the host defends its address" \
        sh -c "ip -n mallory -6 addr show dev host0 | grep -A1 '$(host6 1)/64' | grep -q dadfailed"
inside mallory ip addr del "$(host6 1)/64" dev host0

# ARP: what the host learns. arp_accept lets an announcement make an entry, which is what the forged one is after.
sysctl -qw net.ipv4.conf.ve-mallory.arp_accept=1
claim() { # claim SMAC SHA SPA
        send mallory arp smac="$1" op=2 sha="$2" spa="$3" tha="$their_mac" tpa="$(host4 1)"
        send mallory arp smac="$1" op=1 sha="$2" spa="$3" tpa="$3"
}
learnt4() { ip -4 neigh show dev ve-mallory; }
ip neigh del "$(guest4 1)" dev ve-mallory
claim "$own_mac" "$own_mac" "$(guest4 2)"
claim "$own_mac" "$forged_mac" "$(guest4 1)"
claim "$forged_mac" "$own_mac" "$(guest4 1)"
claim "$own_mac" "$own_mac" 10.233.0.20
claim "$own_mac" "$own_mac" "$(host4 1)"
same "ARP: the host learns no forged claim" "" "$(learnt4)"
claim "$own_mac" "$own_mac" "$(guest4 1)"
prints "ARP: it learns the right one" "^$(guest4 1) lladdr $own_mac" learnt4

# The permanent entry does not move, whatever is claimed, right or wrong.
ip neigh replace "$(guest4 1)" lladdr "$own_mac" dev ve-mallory nud permanent
claim "$own_mac" "$forged_mac" "$(guest4 1)"
prints "ARP: the permanent entry stays" "^$(guest4 1) lladdr $own_mac PERMANENT" learnt4

# Neighbour advertisements: entries that wait to be overridden.
learnt6() { ip -6 neigh show "$1" dev ve-mallory; }
advertise() { # advertise TARGET [WORD...]
        local target=$1
        shift
        send mallory na smac="$own_mac" dmac="$their_mac" src="$own_local" dst="$their_local" target="$target" lla="$forged_mac" "$@"
}
for target in "$(guest6 2)" "$peer6"; do
        ip -6 neigh replace "$target" lladdr 02:00:00:00:00:99 dev ve-mallory nud stale
        advertise "$target"
        prints "neighbour advertisement: the entry of $target stays" "lladdr 02:00:00:00:00:99" learnt6 "$target"
done
for target in "$(guest6 1)" "$own_local" fe80::dead:beef fd12:3456:789a:1::77; do
        ip -6 neigh replace "$target" lladdr 02:00:00:00:00:99 dev ve-mallory nud stale
        advertise "$target" src="$(guest6 2)"
        prints "neighbour advertisement of $target from a forged address: the entry stays" "lladdr 02:00:00:00:00:99" \
                learnt6 "$target"
        advertise "$target" smac="$forged_mac"
        prints "neighbour advertisement of $target from a forged MAC: the entry stays" "lladdr 02:00:00:00:00:99" \
                learnt6 "$target"
        advertise "$target"
        prints "neighbour advertisement: the container may move its own $target" "lladdr $forged_mac" learnt6 "$target"
        ip -6 neigh del "$target" dev ve-mallory
done

# Router advertisements, redirects, DHCP answers: nothing is right about them, so the control is the same packet from
# the uplink, where they are allowed.
for link in uplink ve-mallory; do
        echo 2 >/proc/sys/net/ipv6/conf/$link/accept_ra
        sysctl -qw net.ipv4.conf.$link.accept_redirects=1 net.ipv4.conf.$link.secure_redirects=0
done
peer_mac=$(inside peer cat /sys/class/net/eth0/address)
peer_local=$(inside peer ip -6 -o addr show dev eth0 scope link | sed -E 's/.*inet6 ([^/]+).*/\1/')
uplink_mac=$(cat /sys/class/net/uplink/address)
uplink_local=$(ip -6 -o addr show dev uplink scope link | sed -E 's/.*inet6 ([^/]+).*/\1/')
for _ in $(seq 200); do
        ip -6 addr show dev uplink tentative | grep -q fe80 || break
        sleep 0.02
done
send mallory ra src="$own_local" prefix=2001:db8:bad:: lla="$own_mac"
send peer ra src="$peer_local" prefix=2001:db8:900d:: lla="$peer_mac"
within 2 "router advertisement: the uplink's makes an address" \
        sh -c 'ip -6 addr show dev uplink | grep -q 2001:db8:900d:'
silent_about "router advertisement: the container's makes none" "2001:db8:bad:" ip -6 addr show
silent_about "router advertisement: the container's makes no route" "via $own_local" ip -6 route show
for extension in hop destination fragment; do
        send mallory ra src="$own_local" prefix=2001:db8:bad:: lla="$own_mac" extension=$extension
done
send peer ra src="$peer_local" prefix=2001:db8:900e:: lla="$peer_mac" extension=destination
within 2 "router advertisement behind a destination header: the uplink's makes an address" \
        sh -c 'ip -6 addr show dev uplink | grep -q 2001:db8:900e:'
silent_about "router advertisement behind other headers: the container's makes none" "2001:db8:bad:" ip -6 addr show
send mallory ra smac="$their_mac" src="$their_local" prefix=2001:db8:bad:: lla="$own_mac"
silent_about "router advertisement in the host's own name makes no address" "2001:db8:bad:" ip -6 addr show

cat >/run/observer.nft <<'N'
table inet observer {
        counter redirect_bad { }
        counter redirect_right { }
        chain input {
                type filter hook input priority 300;
                iifname "ve-mallory" icmp type redirect counter name redirect_bad
                iifname "ve-mallory" icmpv6 type nd-redirect counter name redirect_bad
                iifname "uplink" icmp type redirect counter name redirect_right
                iifname "uplink" icmpv6 type nd-redirect counter name redirect_right
        }
}
N
need "observer" nft -f /run/observer.nft
redirects() { nft -j list counter inet observer "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["nftables"][1]["counter"]["packets"])'; }
send mallory redirect dmac="$their_mac" src="$own_local" dst="$their_local" target="$own_local" destination=2001:db8:77::1
send mallory redirect dmac="$their_mac" src="$(guest4 1)" dst="$(host4 1)" target="$(guest4 1)" destination=203.0.113.9
send peer redirect dmac="$uplink_mac" src="$peer_local" dst="$uplink_local" target="$peer_local" destination=2001:db8:77::1
send peer redirect dmac="$uplink_mac" src="$peer4" dst="$peer_host4" target="$peer4" destination=203.0.113.9
# About a datagram that the host did send: connection tracking calls these related.
converse() { # converse ADDRESS
        python3 -c 'import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", int(sys.argv[2]))); s.sendto(b"x", (sys.argv[1], 9))' "$1" 4242
}
converse "$(guest4 1)"
send mallory redirect dmac="$their_mac" src="$(guest4 1)" dst="$(host4 1)" target="$(guest4 1)" \
        destination="$(guest4 1)" inner=4242,9
converse $peer4
send peer redirect dmac="$uplink_mac" src="$peer4" dst="$peer_host4" target="$peer4" destination=$peer4 inner=4242,9
same "redirects: the uplink's arrive" 3 "$(redirects redirect_right)"
same "redirects: the container's do not" 0 "$(redirects redirect_bad)"

need "a DHCP client on the host" answers - client udp:68 udp:546
answer_dhcp() { # answer_dhcp WHO TOKEN MAC SRC4 DST4 SRC6 DST6
        send "$1" udp dmac="$3" src="$4" dst="$5" sport=67 dport=68 data="$2-4"
        send "$1" udp dmac="$3" src="$6" dst="$7" sport=547 dport=546 data="$2-6"
}
answer_dhcp mallory bad "$their_mac" "$(guest4 1)" "$(host4 1)" "$own_local" "$their_local"
answer_dhcp peer right "$uplink_mac" "$peer4" "$peer_host4" "$peer_local" "$uplink_local"
within 2 "DHCP: the uplink's answers arrive" sh -c 'grep -qx right-4 /run/client.log && grep -qx right-6 /run/client.log'
silent_about "DHCP: the container's do not" "^bad-" cat /run/client.log

# A client without an address reaches the host's DHCP server, and only that.
need "a DHCP server on the host" answers - server udp:67 udp:547
send mallory udp smac="$forged_mac" dmac=ff:ff:ff:ff:ff:ff src=0.0.0.0 dst=255.255.255.255 sport=68 dport=67 data=wrong-mac
send mallory udp dmac=ff:ff:ff:ff:ff:ff src=0.0.0.0 dst=255.255.255.255 sport=68 dport=53 data=discover-53
send mallory udp dmac=ff:ff:ff:ff:ff:ff src=0.0.0.0 dst=255.255.255.255 sport=68 dport=67 data=discover
send mallory udp src="$own_local" dst=ff02::1:2 sport=546 dport=547 data=solicit
within 2 "DHCP: a client without an address reaches the server" grep -qx discover /run/server.log
silent_about "DHCP: not with a forged MAC" wrong-mac cat /run/server.log
silent_about "DHCP: no other port without an address" discover-53 cat /run/host.log

done_testing
