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
echo '{ environment.etc.more.text = "more"; }' >/run/more.nix
need "update" nixos-nspawn update all --config /run/more.nix
prints "  it keeps its address" 'inet 10.233.1.2/' inside all ip -o -4 address show host0
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

# Addresses that the allocator would not give, and a root that is thrown away.
need "nixos-container create apart" nixos-container create apart --host-address 10.8.0.1 --local-address 10.9.0.77
cat >>/etc/nixos-containers/apart.conf <<'N'
HOST_ADDRESS6=fc00:8::1
LOCAL_ADDRESS6=fc00:9::2
EPHEMERAL=1
TIMEOUT_START_SEC=5min
PRIVATE_USERS=no
N
succeeds "migrate" nixos-nspawn migrate apart
prints "  systemd-nspawn throws its root away" '^Ephemeral=yes' cat /etc/systemd/nspawn/apart.nspawn
prints "  and makes no user namespace, as its conf says" '^PrivateUsers=no' cat /etc/systemd/nspawn/apart.nspawn
prints "  its start may take as long" '"timeoutStartSec": *"300000000us"' cat /var/lib/nixos-nspawn/profiles/apart/system/nixos-nspawn/spec.json
need "  it starts" nixos-nspawn start apart
succeeds "  its IPv4 address answers" ping -c1 -W2 10.9.0.77
succeeds "  its IPv6 address answers" ping -c1 -W2 fc00:9::2
same "  the host has its own, and no others" "10.8.0.1/32 fc00:8::1/128" \
        "$(ip -o addr show dev ve-apart scope global | awk '{ print $4 }' | sort | tr '\n' ' ' | sed 's/ $//')"
same "  and so has the container" "10.9.0.77/32 fc00:9::2/128" \
        "$(inside apart ip -o addr show dev host0 scope global | awk '{ print $4 }' | sort | tr '\n' ' ' | sed 's/ $//')"
succeeds "  which reaches the host" inside apart ping -c1 -W2 10.8.0.1
succeeds "  by IPv6, too" inside apart ping -c1 -W2 fc00:8::1
prints "  as its router" '^default via 10.8.0.1 dev host0' inside apart ip route
need "  stop" nixos-nspawn stop apart
done_testing
