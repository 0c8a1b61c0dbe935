#!/usr/bin/env bash
# The first process by itself: what it makes of host0, how long it waits, and that it runs the init whatever goes wrong.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

first=/usr/local/libexec/nixos-nspawn/nspawn-first
file=/run/host/nixos-nspawn/network
mkdir -p /run/host/nixos-nspawn
network() { # network DEADLINE
        cat <<N
link host0
mtu 1400
deadline $1
address 10.9.9.2/28
address fd99::2/64
address fe80::f45f:83ff:feae:3d21/64
gateway 10.9.9.1
gateway fd99::1
neighbour 10.9.9.1 22:bc:8e:7d:3d:70
neighbour fd99::1 22:bc:8e:7d:3d:70
neighbour fe80::20bc:8eff:fe7d:3d70 22:bc:8e:7d:3d:70
N
}
# A fresh namespace with host0 in it; its other end, `other`, stays here and is down.
fresh() {
        ip link del other 2>/dev/null
        ip netns del guest 2>/dev/null
        ip netns add guest
        ip link add other address 22:bc:8e:7d:3d:70 type veth peer name host0 address f6:5f:83:ae:3d:21 netns guest
}
guest() { ip netns exec guest "$@"; }

fresh
network 0 >$file
look='ip addr; ip route; ip -6 route; ip neigh; for key in accept_ra_defrtr keep_addr_on_down; do echo "$key $(cat /proc/sys/net/ipv6/conf/host0/$key)"; done; exit 7'
seen=$(guest $first /bin/sh -c "$look" 2>&1)
same "the init runs and its status counts" 7 $?
has() { if grep -qE -- "$2" <<<"$seen"; then ok "$1"; else not_ok "$1" "expected: $2
$seen"; fi; }
lacks() { if grep -qE -- "$2" <<<"$seen"; then not_ok "$1" "$seen"; else ok "$1"; fi; }
has "the loopback link is up" '^1: lo: .*UP'
has "MTU and up" '^[0-9]+: host0.*UP.*mtu 1400'
has "IPv4 address with broadcast" 'inet 10\.9\.9\.2/28 brd 10\.9\.9\.15 scope global host0'
has "IPv6 address without duplicate detection" 'inet6 fd99::2/64 scope global .*nodad'
has "link-local address, the one given" 'inet6 fe80::f45f:83ff:feae:3d21/64 scope link .*nodad'
lacks "nothing tentative" tentative
same "  and no other address" 3 "$(grep -c 'inet' <<<"$(grep -A20 host0 <<<"$seen" | grep -E '^ +inet')")"
has "IPv4 default route" '^default via 10\.9\.9\.1 dev host0 proto static'
has "IPv6 default route" '^default via fd99::1 dev host0 proto static metric 1024'
has "permanent neighbours" '^fd99::1 dev host0 lladdr 22:bc:8e:7d:3d:70 PERMANENT'
has "router advertisements may bring the default route back" '^accept_ra_defrtr 1$'
has "addresses stay when the link goes down" '^keep_addr_on_down 1$'
lacks "and not a word" nspawn-first

# A networkd brings the default route back itself, and would take the kernel's away.
fresh
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /usr/lib/systemd/system/systemd-networkd.service /etc/systemd/system/multi-user.target.wants/
seen=$(guest $first /bin/sh -c "$look" 2>&1)
has "where networkd runs, default routes of router advertisements are refused" '^accept_ra_defrtr 0$'
rm /etc/systemd/system/multi-user.target.wants/systemd-networkd.service

fresh
network 30000 >$file
ip addr add 10.9.9.1/28 dev other
ip addr add fd99::1/64 dev other nodad
ip neigh add 10.9.9.2 lladdr f6:5f:83:ae:3d:21 dev other nud permanent
ip neigh add fd99::2 lladdr f6:5f:83:ae:3d:21 dev other nud permanent
guest $first /bin/sh -c 'ping -c1 -W1 10.9.9.1; ping -6 -c1 -W1 fd99::1' >/run/seen 2>&1 &
waiting=$!
within 5 "it configures" sh -c "ip -n guest addr show dev host0 | grep -q 10.9.9.2"
succeeds "and waits for the host's side" kill -0 $waiting
refused "  before the init runs" test -s /run/seen
ip link set other up
wait $waiting
same "then the init's first packets are answered, IPv4 and IPv6" 2 "$(grep -c '1 received' /run/seen)"

# A router that never stops: none of its advertisements comes between the link and its address.
cat >/run/advertise.py <<'S'
import socket, struct
option = struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 7200, 3600, 0) + socket.inet_pton(socket.AF_INET6, "fd99::")
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.bind(("fe80::1", 0, 0, socket.if_nametoindex("other")))
while True:
    try:
        s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + option, ("ff02::1", 0, 0, socket.if_nametoindex("other")))
    except OSError:
        pass # its queue is full
S
{ network 0; seq -f 'address fd99::%g:2/64' 20; echo "address fd99::f45f:83ff:feae:3d21/64"; } >$file
tentative=''
for _ in $(seq 10); do
        fresh
        ip addr add fe80::1/64 dev other nodad
        ip link set other up
        python3 /run/advertise.py &
        advertiser=$!
        sleep 0.1
        seen=$(guest $first /bin/sh -c 'ip -6 addr show dev host0; cat /proc/sys/net/ipv6/conf/host0/autoconf' 2>&1)
        kill $advertiser
        wait $advertiser 2>/dev/null
        tentative+=$(grep tentative <<<"$seen")
done
same "no address waits because a router has advertised it" "" "$tentative"
has "  it is there" 'inet6 fd99::f45f:83ff:feae:3d21/64 scope global .*nodad'
has "  and advertisements count again" '^1$'

fresh
network 50 >$file
prints "the host's side stays down: says so" 'did not raise its side of host0 within 50 ms' guest $first /bin/true
succeeds "  and runs the init" guest $first /bin/true

fresh
network 0 | sed 's/fd99::2/fd99::zz/' >$file
prints "a damaged file: says where" 'network, line 5: not an address with a prefix length; the network stays unconfigured' \
        guest $first /bin/true
prints "  and runs the init" '^here$' guest $first /bin/echo here
silent_about "  without half a network" 'inet.*host0' guest $first /sbin/ip addr
head -c 100000 /dev/urandom >$file
prints "noise: says so" 'nspawn-first: .*/network.*stays unconfigured' guest $first /bin/true
prints "  and runs the init" '^here$' guest $first /bin/echo here
rm $file
prints "no file: says so" 'Cannot open /run/host/nixos-nspawn/network: No such file' guest $first /bin/true
prints "  and runs the init, with a loopback link" '^1: lo: .*UP' guest $first /sbin/ip addr
network 0 | sed 's/host0/host7/' >$file
prints "no such link: says so" 'There is no link host7 here' guest $first /bin/true
network 0 | sed 's/^gateway 10.9.9.1/gateway 10.77.0.1/' >$file
prints "what the kernel refuses is named" 'Cannot add a default route: Network is unreachable' guest $first /bin/true
fails "no such init" 127 'Cannot run the init /nowhere/init: No such file' guest $first /nowhere/init
fails "no init at all" 2 'Usage: ' guest $first

echo x >/run/host/nixos-nspawn/20-host0.network
network 0 >$file
succeeds "the guest's networkd finds its file" guest $first /bin/sh -c 'test "$(cat /run/systemd/network/20-host0.network)" = x'
succeeds "  twice is harmless" guest $first /bin/sh -c 'test "$(cat /run/systemd/network/20-host0.network)" = x'

# A bridge that lets nothing through for a moment after the carrier is there.
closed_at_first() { # closed_at_first WHAT FILTER PATTERN: what is announced then
        local capture waiting
        fresh
        ip link del bridge 2>/dev/null
        ip link add bridge type bridge
        ip addr add 10.9.9.1/28 dev bridge
        ip addr add fd99::1/64 dev bridge nodad
        ip link set other master bridge
        ip link set bridge up
        nft 'table bridge closed { chain in { type filter hook prerouting priority -400; policy accept; iifname other drop; }; }'
        tcpdump -nli bridge "$2" >/run/heard 2>/run/heard.log &
        capture=$!
        within 5 "$1: (the capture runs)" grep -q listening /run/heard.log
        guest $first /bin/true &
        waiting=$!
        ip link set other up
        sleep 0.2
        nft delete table bridge closed
        wait $waiting
        within 3 "  what is announced comes behind that" grep -q "$3" /run/heard
        kill $capture
}
{ network 5000 && echo 'segment shared'; } >$file
closed_at_first "a bridge" arp 'who-has 10.9.9.2 tell 10.9.9.2'
{ network 5000 | grep -v '10\.9\.9' && echo 'segment shared'; } >$file
closed_at_first "without IPv4" icmp6 'neighbor advertisement, tgt is fd99::2'
done_testing
