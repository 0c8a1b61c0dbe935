#!/usr/bin/env bash
# The host's NAT (networking.nat, put in force by `nixos-nspawn apply`), as those inside and outside see it. "Inside" are
# links as containers have them, made by hand: foo, 10.233.1.2 behind ve-foo; bar, 10.233.2.2 behind vb-bar.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
here=$(realpath "$(dirname "$0")")

make_peer
ip -n peer route del default
ip -n peer -6 route del default
sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0

# inside NAME LINK N: a namespace with 10.233.N.2 and fd00:N::2 behind LINK
inside() {
        ip netns add "$1"
        ip link add "$2" type veth peer name eth0 netns "$1"
        ip addr add "10.233.$3.1/32" dev "$2"
        ip addr add "fd00:$3::1/64" dev "$2" nodad
        ip link set "$2" up
        ip -n "$1" addr add "10.233.$3.2/32" dev eth0
        ip -n "$1" addr add "fd00:$3::2/64" dev eth0 nodad
        ip -n "$1" link set eth0 up
        ip -n "$1" link set lo up
        ip route add "10.233.$3.2" dev "$2"
        ip -n "$1" route add "10.233.$3.1" dev eth0
        ip -n "$1" route add default via "10.233.$3.1"
        ip -n "$1" -6 route add default via "fd00:$3::1"
}
inside foo ve-foo 1
inside bar vb-bar 2
within 5 "foo has IPv6" ip netns exec foo ping -6 -c1 -W1 fd00:1::1
foo() { ip netns exec foo "$@"; }
bar() { ip netns exec bar "$@"; }

serve() { # serve NAME NAMESPACE PORT...
        local name=$1
        shift
        ip netns exec "$1" python3 "$here/answer.py" "$name" "/run/$name.log" "${@:2}" &
        within 5 "$name listens" grep -q ready "/run/$name.log"
}
serve outside peer tcp:80 udp:53
serve inside foo tcp:80 tcp:81 tcp:9000 tcp:9001 udp:80
serve other bar tcp:80

# ask ADDRESS PORT: what a TCP server says at once
cat >/run/ask <<'END'
exec 3<>"/dev/tcp/$1/$2" && timeout 2 cat <&3
END
tcp() { timeout 2 bash /run/ask "$@"; }
export -f tcp
udp() { python3 "$here/ask.py" "$@"; }

# host FIELDS: the configuration of the host as JSON, put in force
mkdir -p /etc/nixos-nspawn
host() { echo "{\"networking\": {\"nat\": {$1}}}" >/etc/nixos-nspawn/host.json; }
apply() { timeout 30 nixos-nspawn apply "$@"; }
on='"enable": true, "externalInterface": "uplink"'

refused "without NAT, foo does not reach the outside" foo bash -c "tcp $peer4 80"

golden=$here/../golden
all_of_it() { (cd "$golden/nat" && nixos-nspawn apply --dry-run --config everything.nix "$@") 2>/dev/null | sed "s|$(realpath "$golden")|.|"; }
same "a dry run of everything at once" "$(cat "$golden/cli/apply-dry-run.txt")" "$(all_of_it)"
same "  as JSON" "$(cat "$golden/cli/apply-dry-run.json")" "$(all_of_it --json | python3 -m json.tool)"

echo "A NixOS host's configuration:"
cat >/etc/nixos-nspawn/host.nix <<'END'
{
  networking.nat.enable = true;
  networking.nat.internalInterfaces = [ "ve-+" ];
  networking.nat.externalInterface = "uplink";
}
END
nft add table ip theirs
nft add chain ip theirs postrouting '{ type nat hook postrouting priority 50; }'
nft add rule ip theirs postrouting oifname nowhere masquerade
theirs=$(nft list table ip theirs)
prints "a dry run says what would be done" "put in force: give IPv4 that comes in by ve-\* and leaves by uplink that interface's address" apply --dry-run
refused "  and does nothing" test -e /var/lib/nixos-nspawn/host.json
prints "apply says what is done" "put in force: give IPv4 that comes in by ve-\*" apply
prints "foo reaches the outside, with the host's address" "^outside $peer_host4$" foo bash -c "tcp $peer4 80"
prints "  over UDP, too" "^outside $peer_host4$" foo python3 "$here/ask.py" $peer4 53
refused "bar, behind vb-bar, does not" bar bash -c "tcp $peer4 80"
refused "IPv6 is not translated unless that is asked for" foo ping -6 -c1 -W1 $peer6
same "  nor forwarded" 0 "$(cat /proc/sys/net/ipv6/conf/all/forwarding)"
prints "a second apply has nothing to do" "^Nothing changes.$" apply
before=$(nft -a list table inet nixos_nspawn_nat)
apply >/dev/null
same "  and does nothing" "$before" "$(nft -a list table inet nixos_nspawn_nat)"

echo "What others do to it:"
nft flush ruleset
within 1 "after 'nft flush ruleset' foo reaches the outside again" foo bash -c "tcp $peer4 80"
nft add table ip theirs
nft add chain ip theirs postrouting '{ type nat hook postrouting priority 50; }'
nft add rule ip theirs postrouting oifname nowhere masquerade
nft flush chain inet nixos_nspawn_nat translate
within 1 "a rule that was deleted comes back" bash -c 'nft list table inet nixos_nspawn_nat | grep -q masquerade'
nft delete table inet nixos_nspawn_nat
within 1 "a table that was deleted comes back" nft list table inet nixos_nspawn_nat
kill -9 "$(pgrep -x nspawn-netd)"
prints "when nspawn-netd is killed, foo goes on reaching the outside" "^outside $peer_host4$" foo bash -c "tcp $peer4 80"
nft flush ruleset
nft add table ip theirs
nft add chain ip theirs postrouting '{ type nat hook postrouting priority 50; }'
nft add rule ip theirs postrouting oifname nowhere masquerade
succeeds "the next apply" apply
prints "  puts it in force again" "^outside $peer_host4$" foo bash -c "tcp $peer4 80"

echo "Taken away:"
mv /etc/nixos-nspawn/host.nix /run/host.nix
prints "without the file, apply says what goes" "take away: give IPv4 that comes in by ve-\*" apply
refused "foo does not reach the outside any more" foo bash -c "tcp $peer4 80"
refused "the table is gone" nft list table inet nixos_nspawn_nat
same "forwarding is off as before" 0 "$(cat /proc/sys/net/ipv4/ip_forward)"
refused "nothing is kept" test -e /var/lib/nixos-nspawn/host.json
same "the table of somebody else is as it was" "$theirs" "$(nft list table ip theirs)"

echo "What is inside, and what goes out:"
host "$on, \"internalInterfaces\": [\"ve-*\"]"
need "apply" apply
prints "'ve-*' is the wildcard, too" "^outside $peer_host4$" foo bash -c "tcp $peer4 80"
host "$on, \"internalInterfaces\": [\"vb-bar\"]"
need "apply" apply
prints "an interface by its name" "^outside $peer_host4$" bar bash -c "tcp $peer4 80"
refused "  and no other" foo bash -c "tcp $peer4 80"
host "$on, \"internalIPs\": [\"10.233.1.0/24\"]"
need "apply" apply
prints "a range" "^outside $peer_host4$" foo bash -c "tcp $peer4 80"
refused "  and no other" bar bash -c "tcp $peer4 80"
host '"enable": true, "externalInterface": "elsewhere", "internalInterfaces": ["ve-+"]'
need "apply" apply
refused "another external interface is not this one" foo bash -c "tcp $peer4 80"
host '"enable": true, "internalInterfaces": ["ve-+"]'
need "apply" apply
prints "without an external interface, any" "^outside $peer_host4$" foo bash -c "tcp $peer4 80"
ip addr add 198.51.100.7/24 dev uplink
host "$on, \"internalInterfaces\": [\"ve-+\"], \"externalIP\": \"198.51.100.7\""
need "apply" apply
prints "externalIP is the address that goes out" "^outside 198.51.100.7$" foo bash -c "tcp $peer4 80"
host "$on, \"internalInterfaces\": [\"ve-+\"], \"enableIPv6\": true"
need "apply" apply
prints "enableIPv6: IPv6 goes out, too" "^outside $peer_host6$" foo bash -c "tcp $peer6 80"
ip addr add 2001:db8:1::7/64 dev uplink nodad
host "$on, \"internalIPv6s\": [\"fd00:1::/64\"], \"enableIPv6\": true, \"externalIPv6\": \"2001:db8:1::7\""
need "apply" apply
prints "internalIPv6s and externalIPv6" "^outside 2001:db8:1::7$" foo bash -c "tcp $peer6 80"
host "$on, \"internalInterfaces\": [\"ve-+\"]"
need "apply" apply
refused "without enableIPv6 again, it does not" foo bash -c "tcp $peer6 80"
same "  and IPv6 is not forwarded" 0 "$(cat /proc/sys/net/ipv6/conf/all/forwarding)"
same "  while IPv4 is" 1 "$(cat /proc/sys/net/ipv4/ip_forward)"

echo "In:"
forward() { host "$on, \"internalInterfaces\": [\"ve-+\", \"vb-+\"], \"enableIPv6\": true, \"forwardPorts\": [$1]${2-}"; }
# The machine outside finds the way to a public address that is on no link, as one behind a router does.
ip -n peer route add 203.0.113.5 via $peer_host4
forward '{"sourcePort": 8080, "destination": "10.233.1.2:80"}, {"sourcePort": 8081, "destination": "10.233.1.2:80", "proto": "udp"}'
need "apply" apply
prints "a forwarded port leads inside" "^inside $peer4$" peer bash -c "tcp $peer_host4 8080"
prints "  over UDP, too" "^inside $peer4$" peer python3 "$here/ask.py" $peer_host4 8081
refused "  another port does not" peer bash -c "tcp $peer_host4 80"
refused "  nor from inside" bar bash -c "tcp $peer_host4 8080"
forward '{"sourcePort": "8000:8001", "destination": "10.233.1.2:9000-9001"}, {"sourcePort": "80:81", "destination": "10.233.1.2:80-81"},
        {"sourcePort": "7000:7001", "destination": "10.233.1.2:80"}, {"sourcePort": 8080, "destination": "[fd00:1::2]:80"}'
need "apply" apply
prints "a range leads to a range, the first" "^inside" peer bash -c "tcp $peer_host4 8000"
prints "  and the last" "^inside" peer bash -c "tcp $peer_host4 8001"
prints "  with the same numbers, too" "^inside" peer bash -c "tcp $peer_host4 81"
prints "a range leads to one port" "^inside" peer bash -c "tcp $peer_host4 7001"
prints "an IPv6 destination" "^inside $peer6$" peer bash -c "tcp $peer_host6 8080"
forward '{"sourcePort": 8080, "destination": "10.233.1.2:80", "loopbackIPs": ["203.0.113.5"]}'
need "apply" apply
ip addr add 203.0.113.5/32 dev lo
prints "loopbackIPs: from inside by the public address" "^inside 203.0.113.5$" bar bash -c "tcp 203.0.113.5 8080"
prints "  from the one that serves it" "^inside 203.0.113.5$" foo bash -c "tcp 203.0.113.5 8080"
prints "  from the host itself" "^inside" tcp 203.0.113.5 8080
prints "  from outside with the other side's own address" "^inside $peer4$" peer bash -c "tcp 203.0.113.5 8080"
forward '{"sourcePort": 8080, "destination": "10.233.1.2:80"}' ', "dmzHost": "10.233.2.2"'
need "apply" apply
prints "dmzHost gets what nobody claims" "^other $peer4$" peer bash -c "tcp $peer_host4 80"
prints "  and not what a forward claims" "^inside $peer4$" peer bash -c "tcp $peer_host4 8080"

echo "An open connection, from outside through the forward:"
foo python3 -c 'import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write(line)
socketserver.TCPServer(("0.0.0.0", 7), Echo).serve_forever()' &
within 5 "a server that sends lines back" foo bash -c "exec 3<>/dev/tcp/127.0.0.1/7"
forward '{"sourcePort": 7777, "destination": "10.233.1.2:7"}'
need "apply" apply
open_stream 7777
talk "it is there"
kill -9 "$(pgrep -x nspawn-netd)"
talk "it goes on when nspawn-netd is killed"
need "another one, which loads the table again" apply
talk "  and while another one takes over"
# What is sent in the moment without rules is for the host itself, which refuses it.
nft flush ruleset
within 1 "after 'nft flush ruleset' the table is back" bash -c "nft list table inet nixos_nspawn_nat | grep -q 'dport 7777'"
talk "  and the connection goes on"
exec 4>&-

echo "Router advertisements:"
sysctl -qw net.ipv6.conf.uplink.accept_ra=1
host "$on, \"internalInterfaces\": [\"ve-+\"]"
need "apply" apply
same "without enableIPv6 they are taken as before" 1 "$(cat /proc/sys/net/ipv6/conf/uplink/accept_ra)"
host "$on, \"internalInterfaces\": [\"ve-+\"], \"enableIPv6\": true"
need "apply" apply
same "with it the host goes on taking them although it forwards" "2 1" \
        "$(cat /proc/sys/net/ipv6/conf/uplink/accept_ra /proc/sys/net/ipv6/conf/all/forwarding | xargs)"
host "$on, \"internalInterfaces\": [\"ve-+\"]"
need "apply" apply
same "without it again, both are as before" "1 0" \
        "$(cat /proc/sys/net/ipv6/conf/uplink/accept_ra /proc/sys/net/ipv6/conf/all/forwarding | xargs)"

echo "Going wrong:"
forward '{"sourcePort": 8080, "destination": "10.233.1.2:80"}'
need "apply" apply
rules=$(nft list table inet nixos_nspawn_nat)
kept=$(cat /var/lib/nixos-nspawn/host.json)
host "$on, \"internalInterfaces\": [\"ve-+\"], \"dmzHost\": \"300.1.1.1\""
fails "what is wrong is refused with its place" 10 '/etc/nixos-nspawn/host.json:1:.*networking.nat.dmzHost: expected an IPv4 address' apply
same "  and nothing changes" "$rules" "$(nft list table inet nixos_nspawn_nat)"
host "$on, \"internalInterfaces\": [\"ve-+\"]"
for k in 1 2 3; do
        fails "failing at step $k" 1 "a test made step $k fail" env NIXOS_NSPAWN_FAIL_AT=$k nixos-nspawn apply
        same "  the rules stay" "$rules" "$(nft list table inet nixos_nspawn_nat)"
        same "  and what is kept" "$kept" "$(cat /var/lib/nixos-nspawn/host.json)"
done
for delay in 0.005 0.01 0.02 0.03 0.05 0.08; do
        host '"enable": false'
        need "apply" apply
        host "$on, \"internalInterfaces\": [\"ve-+\"]"
        nixos-nspawn apply >/dev/null 2>&1 &
        sleep $delay
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        need "apply, after one that was killed after $delay s" apply
        succeeds "killed after $delay s: the next apply puts it in force" foo bash -c "tcp $peer4 80"
done
host "\"enable\": false"
need "apply" apply
refused "enable = false: no table" nft list table inet nixos_nspawn_nat
mkdir /run/nixos-nspawn/sysctls.json
host "$on, \"internalInterfaces\": [\"ve-+\"]"
kept=$(cat /var/lib/nixos-nspawn/host.json)
fails "when nspawn-netd cannot do it, apply says why" 1 "sysctls.json" apply
same "  and what is kept is what was" "$kept" "$(cat /var/lib/nixos-nspawn/host.json)"
refused "  no table" nft list table inet nixos_nspawn_nat
rmdir /run/nixos-nspawn/sysctls.json
mkfifo /run/owner
nft -i </run/owner >/dev/null 2>&1 &
exec 6>/run/owner
echo 'add table inet nixos_nspawn_nat { flags owner; }' >&6
within 5 "when nftables refuses, because another program owns a table of that name" nft list table inet nixos_nspawn_nat
fails "  apply says what nftables said" 1 "nftables says: .*Operation not permitted" apply
same "  what is kept is what was" "$kept" "$(cat /var/lib/nixos-nspawn/host.json)"
same "  forwarding stays off" 0 "$(cat /proc/sys/net/ipv4/ip_forward)"
exec 6>&-
within 5 "when that program has ended" bash -c "! nft list table inet nixos_nspawn_nat"
succeeds "  apply succeeds" apply
cp /run/host.nix /etc/nixos-nspawn/host.nix
fails "a file that is named and is not there is a mistake, not a wish to take all away" 1 "reading the config '/etc/nixos-nspawn/hots.nix'" \
        apply --config /etc/nixos-nspawn/hots.nix
prints "  in JSON, too" '^\{"error": \{"message": "reading the config' apply --json --config /etc/nixos-nspawn/hots.nix
fails "two files are one too many" 1 "there are both /etc/nixos-nspawn/host.nix and /etc/nixos-nspawn/host.json" apply
succeeds "  --config chooses" apply --config /run/host.nix
prints "  that one" "^outside" foo bash -c "tcp $peer4 80"

echo "How long it lasts:"
pid=$(pgrep -x nspawn-netd)
kill "$pid"
tail --pid="$pid" -f /dev/null
/usr/local/libexec/nixos-nspawn/nspawn-netd --idle 1 &
within 5 "a daemon that would end after a second of idleness" test -e /run/nixos-nspawn/io.nixos.Nspawn
sleep 2.5
prints "  stays as long as there is NAT" "nspawn-netd" pgrep -lx nspawn-netd
rm /etc/nixos-nspawn/host.nix /etc/nixos-nspawn/host.json
need "apply" apply
within 10 "  and ends without it" bash -c "! pgrep -x nspawn-netd"
host "$on, \"internalInterfaces\": [\"ve-+\"]"
need "apply" apply
kill -9 "$(pgrep -x nspawn-netd)"
rm -rf /run/nixos-nspawn
nft flush ruleset
sysctl -qw net.ipv4.ip_forward=0
refused "after a boot there is none" foo bash -c "tcp $peer4 80"
succeeds "autostart, which a host without systemd runs then" nixos-nspawn autostart
within 2 "  puts it in force" foo bash -c "tcp $peer4 80"
prints "setup --undo says that it is taken back" "^take back what apply put in force, and remove /var/lib/nixos-nspawn/host.json$" nixos-nspawn setup --undo
refused "  the table is gone" nft list table inet nixos_nspawn_nat
same "  forwarding is off" 0 "$(cat /proc/sys/net/ipv4/ip_forward)"
refused "  nothing is kept" test -e /var/lib/nixos-nspawn/host.json

echo "NetworkManager:"
echo '{"networking": {"networkmanager": {"unmanaged": ["interface-name:ve-*", "mac:02:00:00:00:00:01"]}}}' >/etc/nixos-nspawn/host.json
file=/etc/NetworkManager/conf.d/91-nixos-nspawn-host.conf
rm -rf /etc/NetworkManager
prints "where it is not installed, apply says so" "there is no NetworkManager" apply
refused "  and writes no file" test -e $file
mkdir -p /etc/NetworkManager
succeeds "where it is" apply
prints "  it is told in a file of its own" '^unmanaged-devices\+=interface-name:ve-\*;mac:02:00:00:00:00:01$' cat $file
rm /etc/nixos-nspawn/host.json
succeeds "without the option" apply
refused "  the file goes" test -e $file
done_testing
