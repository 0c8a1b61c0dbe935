#!/usr/bin/env bash
# What root in a booted container can forge with raw sockets, towards the host, another container and the outside. Beside
# each attack goes the same packet as it is allowed, which must arrive: before and after `nft flush ruleset`.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../net/lib-engine.sh"
source "$(dirname "$0")/../net/lib-netd.sh"

make_peer
need "setup" nixos-nspawn setup
for name in mallory victim; do
        [[ $name == victim ]] && forwards='[{"hostPort":5300,"containerPort":5300,"protocol":"udp"}]' || forwards='[]'
        cat >/run/$name.json <<J
{ "system": { "stateVersion": "26.05" }, "networking": { "firewall": { "enable": false } },
  "nixosContainer": { "userNamespacing": true, "forwardPorts": $forwards } }
J
        need "create $name" nixos-nspawn create --config /run/$name.json $name
done
seen() { nixos-nspawn status --json "$1" | field "$2"; }
# With the rights of the container's root, and this script's own programs.
as_root_of() { nsenter -t "$(seen "$1" leader)" -U -n "${@:2}"; }
link_address() { nixos-nspawn run "$1" -- cat /sys/class/net/host0/address; }
link=ve-mallory
mine4=$(nixos-nspawn show-ip -4 mallory) mine6=$(nixos-nspawn show-ip -6 mallory)
other4=$(nixos-nspawn show-ip -4 victim) other6=$(nixos-nspawn show-ip -6 victim)
gate4=$(ip -4 -o addr show dev $link | awk '{ sub("/.*", "", $4); print $4 }')
gate6=$(ip -6 -o addr show dev $link scope global | awk '{ sub("/.*", "", $4); print $4 }')
gate_local=$(host_local_of mallory) gate_mac=$(host_mac_of mallory)
own_mac=$(link_address mallory) other_mac=$(link_address victim) forged_mac=02:de:ad:be:ef:01
own_local=$(nixos-nspawn run mallory -- ip -6 -o addr show dev host0 scope link | sed -E 's/.*inet6 ([^/]+).*/\1/')
prints "the container has a user namespace" '^ +0 +[1-9][0-9]+ ' as_root_of mallory cat /proc/self/uid_map

install -m 755 "$here/packet.py" "$here/answer.py" /run/
here=/run
sender mallory host0 as_root_of mallory
sender peer eth0
install -m 666 /dev/null /run/victim.log
as_root_of victim python3 /run/answer.py victim /run/victim.log udp:5300 &
need "a server outside" answers peer peer udp:5300
within 5 "a server in the victim" grep -q ready /run/victim.log
need "a DHCP client on the host" answers - client udp:68 udp:546

# The host counts what got past the rules.
cat >/run/observer.nft <<'N'
table inet observer {
        counter right { }
        counter forged { }
        chain input {
                type filter hook input priority 300;
                udp dport 53 udp sport 4000 counter name right
                udp dport 53 udp sport 4001 counter name forged
        }
}
N
counted() { nft list counter inet observer "$1" | awk '/packets/ { print $2 }'; }
count=0
to_host() { # to_host WHAT "RIGHT WORDS" "FORGED WORDS": later words win
        local right forged
        right=$(counted right) forged=$(counted forged)
        send mallory udp smac="$own_mac" dmac="$gate_mac" dport=53 sport=4001 $2 $3
        send mallory udp smac="$own_mac" dmac="$gate_mac" dport=53 sport=4000 $2
        for _ in $(seq 100); do
                [[ $(counted right) -eq $right ]] || break
                sleep 0.02
        done
        same "$flushed, to the host: $1" "1 right, 0 forged" \
                "$(($(counted right) - right)) right, $(($(counted forged) - forged)) forged"
}
to_listener() { # to_listener WHO WHAT "RIGHT WORDS" "FORGED WORDS"
        count=$((count + 1))
        send mallory udp smac="$own_mac" dmac="$gate_mac" sport=4000 dport=5300 $3 $4 "data=forged-$count"
        send mallory udp smac="$own_mac" dmac="$gate_mac" sport=4000 dport=5300 $3 "data=right-$count"
        for _ in $(seq 100); do
                heard "$1" "right-$count" && break
                sleep 0.02
        done
        same "$flushed, to the $1: $2" "right-$count" "$(grep -xE "(right|forged)-$count" "/run/$1.log")"
}
attack() { # attack ON4 ON6 WORD...: all forgeries of one destination, by to_host or to_listener
        local right4="src=$mine4 dst=$1" right6="src=$mine6 dst=$2" each address
        shift 2
        for each in "IPv4:$right4" "IPv6:$right6"; do
                "$@" "a forged MAC, ${each%%:*}" "${each#*:}" "smac=$forged_mac"
                "$@" "the victim's MAC, ${each%%:*}" "${each#*:}" "smac=$other_mac"
        done
        for address in "$other4" "$gate4" "$peer_host4" "$peer4" 127.0.0.1 0.0.0.0; do
                "$@" "from $address" "$right4" "src=$address"
        done
        for address in "$other6" "$gate6" "$peer_host6" "$peer6" ::1 ::; do
                "$@" "from $address" "$right6" "src=$address"
        done
        "$@" "from the victim's IPv4 in a tagged frame" "$right4" "vlan=0 src=$other4"
        "$@" "from the victim's IPv6 behind a destination header" "$right6" "extension=destination src=$other6"
}

neighbour() { ip neigh show "$1" dev "$2"; }
claim() { # claim WHO MAC ADDRESS TO: an ARP reply and an announcement
        send "$1" arp op=2 sha="$2" spa="$3" tha="$5" tpa="$4"
        send "$1" arp op=1 sha="$2" spa="$3" tpa="$3"
}
neighbours() {
        sysctl -qw net.ipv4.conf.$link.arp_accept=1 net.ipv4.conf.uplink.arp_accept=1
        claim mallory "$forged_mac" "$mine4" "$gate4" "$gate_mac"
        claim mallory "$own_mac" "$other4" "$gate4" "$gate_mac"
        claim mallory "$own_mac" "$peer4" "$gate4" "$gate_mac"
        claim peer "$forged_mac" 198.51.100.77 "$peer_host4" "$uplink_mac"
        within 1 "$flushed, ARP: the host learns from the uplink" bash -c "ip neigh show 198.51.100.77 | grep -q $forged_mac"
        prints "$flushed, ARP: the container's entry stays" "lladdr $own_mac PERMANENT" neighbour "$mine4" $link
        same "$flushed, ARP: it learns nothing about others" "" "$(neighbour "$other4" $link)$(neighbour "$peer4" $link)"
        ip neigh flush dev uplink

        ip neigh replace "$other6" lladdr 02:00:00:00:00:99 dev $link nud stale
        ip neigh replace 2001:db8:1::77 lladdr 02:00:00:00:00:99 dev uplink nud stale
        send mallory na dmac="$gate_mac" src="$own_local" dst="$gate_local" target="$other6" lla="$forged_mac"
        send mallory na dmac="$gate_mac" src="$own_local" dst="$gate_local" target="$mine6" lla="$forged_mac"
        send peer na dmac="$uplink_mac" src="$peer_local" dst="$uplink_local" target=2001:db8:1::77 lla="$forged_mac"
        within 1 "$flushed, neighbour advertisement: the uplink's counts" \
                bash -c "ip neigh show 2001:db8:1::77 | grep -q $forged_mac"
        prints "$flushed, neighbour advertisement: the container's about another does not" 02:00:00:00:00:99 neighbour "$other6" $link
        prints "$flushed, neighbour advertisement: its own entry stays" "lladdr $own_mac PERMANENT" neighbour "$mine6" $link
        ip neigh del "$other6" dev $link
        ip neigh del 2001:db8:1::77 dev uplink
}
servers() { # rogue ones; each run has another prefix
        count=$((count + 1))
        for each in uplink $link; do echo 2 >/proc/sys/net/ipv6/conf/$each/accept_ra; done
        send mallory ra src="$own_local" prefix=2001:db8:bad:: lla="$own_mac"
        send peer ra src="$peer_local" prefix="2001:db8:$count::" lla="$peer_mac"
        within 2 "$flushed, router advertisement: the uplink's makes an address" \
                bash -c "ip -6 addr show dev uplink | grep -q 2001:db8:$count:"
        silent_about "$flushed, router advertisement: the container's makes none" 2001:db8:bad: ip -6 addr
        silent_about "$flushed, router advertisement: nor a route" "via $own_local" ip -6 route

        send mallory udp dmac="$gate_mac" src="$mine4" dst="$gate4" sport=67 dport=68 data="bad-$count"
        send mallory udp dmac="$gate_mac" src="$own_local" dst="$gate_local" sport=547 dport=546 data="bad-$count"
        send mallory udp dmac=ff:ff:ff:ff:ff:ff src="$mine4" dst=255.255.255.255 sport=67 dport=68 data="bad-$count"
        send peer udp dmac="$uplink_mac" src="$peer4" dst="$peer_host4" sport=67 dport=68 data="right4-$count"
        send peer udp dmac="$uplink_mac" src="$peer_local" dst="$uplink_local" sport=547 dport=546 data="right6-$count"
        within 2 "$flushed, DHCP: the uplink's answers arrive" \
                bash -c "grep -qx right4-$count /run/client.log && grep -qx right6-$count /run/client.log"
        silent_about "$flushed, DHCP: the container's do not" '^bad-' cat /run/client.log
}
peer_mac=$(peer cat /sys/class/net/eth0/address) uplink_mac=$(cat /sys/class/net/uplink/address)
peer_local=$(peer ip -6 -o addr show dev eth0 scope link | sed -E 's/.*inet6 ([^/]+).*/\1/')
uplink_local=$(ip -6 -o addr show dev uplink scope link | sed -E 's/.*inet6 ([^/]+).*/\1/')
within 5 "the uplink's address is no longer tentative" bash -c '[[ -z $(ip -6 addr show dev uplink tentative) ]]'

everything_forged() {
        flushed=$1
        need "observer" nft -f /run/observer.nft
        attack "$gate4" "$gate6" to_host
        attack "$peer_host4" "$peer_host6" to_listener victim # by the host's address: its forward
        attack "$peer4" "$peer6" to_listener peer
        neighbours
        servers
        nft delete table inet observer
}
everything_forged "untouched"
before=$(rules)
nft flush ruleset
within 1 "nft flush ruleset: the rules are there again within a second" bash -c '[[ "$(rules)" == "$1" ]]' - "$before"
everything_forged "after a flush"
succeeds "remove" nixos-nspawn remove --delete-state mallory
succeeds "remove" nixos-nspawn remove --delete-state victim
done_testing
