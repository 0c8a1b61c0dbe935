#!/usr/bin/env bash
# nixos-containers with other links than one pair become containers of nixos-nspawn with the same links.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

need "setup" nixos-nspawn setup
inside() { nixos-nspawn run "$1" -- "${@:2}"; }
ip link add br1 type bridge
ip link set br1 up
ip addr add 192.168.1.1/24 dev br1
ip link add name wire type veth peer name other
ip link add name card type veth peer name card2
for link in wire other card card2; do ip link set $link up; done

need "nixos-container create all" nixos-container create all
cat >>/etc/nixos-containers/all.conf <<'N'
MACVLANS=wire
INTERFACES=card
EXTRA_VETHS="veth1,hostBridge=br1,localAddress=192.168.1.100/24 veth2,hostAddress=192.168.2.1,localAddress=192.168.2.100"
N
need "start" nixos-container start all
need "stop" nixos-container stop all
succeeds "migrate" nixos-nspawn migrate all
prints "  what systemd-nspawn is told" 'MACVLAN=wire' cat /etc/systemd/nspawn/all.nspawn
need "  it starts" nixos-nspawn start all
prints "  the usual link has the same address" 'inet 10.233.1.2/' inside all ip -o -4 address show host0
prints "  the macvlan is there" mv-wire inside all ip link
prints "  the card is inside" 'card@' inside all ip link
prints "  the extra link is a port of the bridge" 'master br1' ip link show veth1
within 5 "    and its address answers" ping -c1 -W1 192.168.1.100
succeeds "  the other answers at the address that the host has a route to" ping -c1 -W2 192.168.2.100
prints "    from the host's" 'inet 192.168.2.1/32' ip addr show veth2
need "stop" nixos-nspawn stop all
succeeds "  the card is the host's again" ip link show card

need "nixos-container create shared" nixos-container create shared
sed -i '/^PRIVATE_NETWORK\|^HOST_ADDRESS\|^LOCAL_ADDRESS/d' /etc/nixos-containers/shared.conf
succeeds "one that shares the host's network migrates" nixos-nspawn migrate shared
prints "  to one that does" '^VirtualEthernet=no' cat /etc/systemd/nspawn/shared.nspawn

need "nixos-container create member" nixos-container create member --bridge br1
succeeds "a member of a bridge without an address migrates" nixos-nspawn migrate member
prints "  to a member of it" '^Bridge=br1' cat /etc/systemd/nspawn/member.nspawn
need "  it starts" nixos-nspawn start member
prints "  there" 'master br1' ip link show vb-member

need "nixos-container create flags" nixos-container create flags
echo 'EXTRA_NSPAWN_FLAGS="--no-new-privileges=yes"' >>/etc/nixos-containers/flags.conf
fails "what has no counterpart is refused" 10 'EXTRA_NSPAWN_FLAGS' nixos-nspawn migrate flags
done_testing
