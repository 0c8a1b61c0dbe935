#!/usr/bin/env bash
# A member of a zone with root and raw sockets forges what it can towards a sibling. Every attack is followed by the same
# packet with the right addresses over the same way: when that one has arrived and the forged one has not, it is the address
# that made the difference. With bridge-nf-call-iptables 0 and 1, and after an nftables flush was repaired.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"
source "$(dirname "$0")/lib-zone.sh"

echo "nameserver 192.0.2.1" >/etc/resolv.conf
need "the daemon starts" "$netd" ensure
need "define a zone" "$netd" zone foo
run_member mallory foo
run_member victim foo
run_member other foo

packet=$(dirname "$0")/packet.py
read -r _ own_mac < <("$netd" macs mallory)
read -r _ victim_mac < <("$netd" macs victim)
read -r _ other_mac < <("$netd" macs other)
own4=$(guest4 mallory) own6=$(guest6 mallory) victim4=$(guest4 victim) victim6=$(guest6 victim) other4=$(guest4 other) other6=$(guest6 other)
host4=$(host4 mallory) host6=$(host6 mallory) host_mac=$(cat /sys/class/net/vz-foo/address)
own_local=$(ip -n mallory -6 -o addr show dev host0 scope link | awk '{ sub("/.*", "", $4); print $4 }')
victim_local=$(ip -n victim -6 -o addr show dev host0 scope link | awk '{ sub("/.*", "", $4); print $4 }')
host_local=$(ip -6 -o addr show dev vz-foo scope link | awk '{ sub("/.*", "", $4); print $4 }')

# Everything that comes in at the victim's end of the link, one frame a line in hexadecimal.
guest victim python3 -c 'import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("host0", 0)); open("/run/ready", "w")
f = open("/run/frames", "w")
while True:
    d, a = s.recvfrom(9999)
    if a[2] != 4: f.write(d.hex() + "\n"); f.flush()' &
within 5 "the victim listens" test -e /run/ready
send() { guest mallory python3 "$packet" host0 "$@"; }
hex() { printf %s "$1" | xxd -p -c 99; }
count=0
# forged WHAT KIND "RIGHT WORDS" "FORGED WORDS": both are marked by their data; later words win.
forged() {
        local what=$1
        count=$((count + 1))
        send udp smac="$own_mac" $2 $3 "data=wrong-$count."
        send udp smac="$own_mac" $2 "data=right-$count."
        within 3 "$what: the right one arrives" grep -q "$(hex "right-$count.")" /run/frames
        refused "$what" grep -q "$(hex "wrong-$count.")" /run/frames
}
# claimed WHAT PATTERN "RIGHT" "FORGED": packets without data, told apart by a pattern in their bytes.
claimed() { # claimed WHAT RIGHT-PATTERN WRONG-PATTERN RIGHT-WORDS WRONG-WORDS
        : >/run/frames
        send $5
        send $4
        within 3 "$1: the right one arrives" grep -qE "$2" /run/frames
        refused "$1" grep -qE "$3" /run/frames
}
plain() { tr -d : <<<"$1"; }
address6() { python3 -c 'import ipaddress, sys; print(ipaddress.ip_address(sys.argv[1]).packed.hex())' "$1"; }
address4() { address6 "$1"; }

attacks() {
        local right4="dmac=$victim_mac src=$own4 dst=$victim4 sport=4000 dport=5300"
        local right6="dmac=$victim_mac src=$own6 dst=$victim6 sport=4000 dport=5300"
        forged "a forged MAC" "$right4" smac=02:de:ad:be:ef:01
        forged "a forged MAC, IPv6" "$right6" smac=02:de:ad:be:ef:01
        forged "a sibling's MAC" "$right4" "smac=$other_mac"
        forged "the router's MAC" "$right4" "smac=$host_mac"
        forged "a sibling's IPv4" "$right4" "src=$other4"
        forged "the victim's IPv4" "$right4" "src=$victim4"
        forged "the router's IPv4" "$right4" "src=$host4"
        forged "an outside IPv4" "$right4" "src=198.51.100.9"
        forged "0.0.0.0" "$right4" "src=0.0.0.0"
        forged "a sibling's IPv6" "$right6" "src=$other6"
        forged "the router's IPv6" "$right6" "src=$host6"
        forged "another IPv6 of the range" "$right6" "src=${own6%::*}::dead"
        forged "an outside IPv6" "$right6" "src=2001:db8:9::9"
        forged "the router's link-local address" "dmac=$victim_mac src=$own_local dst=$victim_local sport=4000 dport=5300" "src=$host_local"
        forged "::" "$right6" "src=::"
        forged "a tagged frame" "$right4" "vlan=5"
        forged "a frame with an empty tag" "$right6" "vlan=0 src=$other6"
        forged "behind a destination header" "$right6 extension=destination" "src=$other6"
        forged "UDP from port 67" "$right4" "sport=67 dport=68"
        forged "UDP from port 547" "$right6" "sport=547 dport=546"
        forged "UDP to port 67 of a sibling" "$right4" "dport=67"

        local arp="arp op=2 tha=$victim_mac tpa=$victim4"
        claimed "ARP: the router's IPv4" "0806.*$(plain "$own_mac")$(address4 "$own4")" "0806.*$(plain "$own_mac")$(address4 "$host4")" \
                "$arp sha=$own_mac spa=$own4" "$arp sha=$own_mac spa=$host4"
        claimed "ARP: a sibling's IPv4" "0806.*$(plain "$own_mac")$(address4 "$own4")" "0806.*$(plain "$own_mac")$(address4 "$other4")" \
                "$arp sha=$own_mac spa=$own4" "$arp sha=$own_mac spa=$other4"
        claimed "ARP: another hardware address" "0806.*$(plain "$own_mac")$(address4 "$own4")" "0806.*02deadbeef01$(address4 "$own4")" \
                "$arp sha=$own_mac spa=$own4" "$arp sha=02:de:ad:be:ef:01 spa=$own4"
        local na="na src=$own_local dst=$victim_local lla=$own_mac dmac=$victim_mac"
        claimed "NA: the router's link-local address" "8800.*$(address6 "$own_local")0201" "8800.*$(address6 "$host_local")0201" \
                "$na target=$own_local" "$na target=$host_local"
        claimed "NA: a sibling's IPv6" "8800.*$(address6 "$own6")0201" "8800.*$(address6 "$other6")0201" \
                "$na target=$own6" "$na target=$other6"
        claimed "a router advertisement" "8800.*$(address6 "$own_local")0201" "86dd.*ff02000000000000000000000000000186" \
                "$na target=$own_local" "ra src=$own_local prefix=2001:db8:bad:: lla=$own_mac"
        claimed "a redirect" "8800.*$(address6 "$own_local")0201" "$(address6 "$victim_local")89" \
                "$na target=$own_local" "redirect src=$own_local dst=$victim_local target=$own_local destination=2001:db8::5 dmac=$victim_mac"
}
for call_iptables in 0 1; do
        need "bridge-nf-call" sysctl -qw net.bridge.bridge-nf-call-iptables=$call_iptables net.bridge.bridge-nf-call-ip6tables=$call_iptables
        attacks
done
need "flush" nft flush ruleset
within 3 "the guards are back" nft list set bridge nixos_nspawn ports
attacks

# Isolated members: neither by the bridge nor by the router.
need "update" "$netd" zone foo '{"isolated":true}'
need "update" of UpdateZone foo
for call_iptables in 0 1; do
        need "bridge-nf-call" sysctl -qw net.bridge.bridge-nf-call-iptables=$call_iptables net.bridge.bridge-nf-call-ip6tables=$call_iptables
        for way in "$victim_mac" "$host_mac"; do
                count=$((count + 1))
                send udp smac="$own_mac" dmac="$way" src="$own4" dst="$victim4" sport=4000 dport=5300 "data=wrong-$count."
                send udp smac="$own_mac" dmac="$way" src="$own6" dst="$victim6" sport=4000 dport=5300 "data=wrong-$count."
        done
        reaches "isolated: the host is reached" mallory "$host4"
        refused "  siblings are not, by the bridge or by the router" grep -qE "$(hex "wrong-$count.")|$(hex "wrong-$((count - 1)).")" /run/frames
done
done_testing
