#!/usr/bin/env bash
# The other networks of a nixos-container: a member of a bridge with and without addresses, links beside the main one,
# macvlans, a loopback alone, somebody else's namespace; a root that is thrown away; two containers with one name refused.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

need "setup" nixos-nspawn setup
need "a tree" nixos-nspawn create --config examples/example.nix --no-start example
tree=$(dirname "$(python3 -c 'import json; print(json.load(open("/var/lib/nixos-nspawn/profiles/example/system/nixos-nspawn/tree.json"))["usr"])')")
mkdir -p /etc/nixos-containers
conf() { printf 'SYSTEM_PATH=%s\nPRIVATE_NETWORK=1\n%s\n' "$tree" "$2" >"/etc/nixos-containers/$1.conf"; }
inside() { nixos-nspawn run "$1" -- "${@:2}"; }
for bridge in br0 br1; do
        ip link add $bridge type bridge
        ip link set $bridge up
done
ip addr add 192.168.0.1/24 dev br0
ip -6 addr add fc00::1/7 dev br0 nodad
ip addr add 192.168.1.1/24 dev br1

conf bridged 'HOST_BRIDGE=br0
LOCAL_ADDRESS=192.168.0.100/24
LOCAL_ADDRESS6=fc00::2/7
LOCAL_MAC_ADDRESS=02:00:00:00:00:42
EXTRA_VETHS="veth1,hostBridge=br1,localAddress=192.168.1.100/24 veth2,hostAddress=192.168.2.1,localAddress=192.168.2.100"'
need "start a member of a bridge" nixos-nspawn start bridged
prints "vb-bridged is a port of br0" 'master br0' ip link show vb-bridged
prints "eth0 inside has its address and hardware address" '02:00:00:00:00:42' inside bridged ip link show eth0
within 5 "it answers over IPv4" ping -c1 -W1 192.168.0.100
within 5 "  and IPv6" ping -6 -c1 -W1 fc00::2
prints "veth1 is up inside" 'state UP' inside bridged ip link show veth1
prints "  and outside, a port of br1" 'master br1 state (UP|forwarding)' ip link show veth1
within 5 "  and its address answers" ping -c1 -W1 192.168.1.100
prints "veth2 is up outside" 'state UP' ip link show veth2
prints "  with its address" '192\.168\.2\.1/32' ip addr show veth2
succeeds "  and the other end answers" ping -c1 -W2 192.168.2.100
succeeds "  the host is reached through it" inside bridged ping -c1 -W2 192.168.2.1
# Frames to the groups that bridges keep to themselves go past the bridge, to the host itself.
for port in vb-bridged veth1; do
        prints "$port is guarded: nothing may come that way" "\"$port\"" nft list set inet nixos_nspawn links
        silent_about "  from anybody" "\"$port\"" nft list set inet nixos_nspawn macs
done
need "stop" nixos-nspawn stop bridged
for link in vb-bridged veth1 veth2; do refused "$link is gone" ip link show $link; done

conf plain 'HOST_BRIDGE=br0'
need "start one without addresses" nixos-nspawn start plain
prints "eth0 is there" 'eth0' inside plain ip link show eth0
need "stop" nixos-nspawn stop plain

ip link add name wire type veth peer name other
ip link set wire up; ip link set other up
conf mac 'MACVLANS=wire'
need "start one with a macvlan" nixos-nspawn start mac
prints "mv-wire is there" 'mv-wire' inside mac ip link
need "stop" nixos-nspawn stop mac
conf moved 'INTERFACES=other'
need "start one with an interface of the host" nixos-nspawn start moved
prints "it is inside" 'other' inside moved ip link
refused "  and not outside" ip link show other
need "stop" nixos-nspawn stop moved

conf alone ''
need "start one with its loopback alone" nixos-nspawn start alone
same "  has nothing else" "lo" "$(inside alone ls /sys/class/net | grep -vE '^(sit0|tunl0|gre|erspan|ip6|ip_vti|bonding_masters)' | tr -d '\n')"
need "stop" nixos-nspawn stop alone

ip netns add somebody
ip -n somebody link set lo up
ip -n somebody link add mark type veth peer name mark2
printf 'SYSTEM_PATH=%s\nNETWORK_NAMESPACE_PATH=/run/netns/somebody\n' "$tree" >/etc/nixos-containers/guest.conf
need "start one in somebody's namespace" nixos-nspawn start guest
prints "  sees its links" mark2 inside guest ip link
need "stop" nixos-nspawn stop guest

conf brief 'EPHEMERAL=1
HOST_ADDRESS=10.233.9.1
LOCAL_ADDRESS=10.233.9.2'
need "start one that is thrown away" nixos-nspawn start brief
succeeds "its root is in /run" test -d /run/nixos-containers/brief
refused "  and not in /var/lib" test -e /var/lib/nixos-containers/brief
succeeds "it answers" ping -c1 -W2 10.233.9.2
need "stop" nixos-nspawn stop brief
refused "the root is gone" test -e /run/nixos-containers/brief

conf wrong 'HOST_ADDRESS=10.233.9'
fails "a conf that is wrong is refused with its line" 10 'wrong.conf:3: HOST_ADDRESS: expected' nixos-nspawn start wrong
done_testing
