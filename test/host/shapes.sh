#!/usr/bin/env bash
# Other shapes of a network on a host with systemd and networkd: a member of a bridge and a macvlan, started as units.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-unit.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

need "the host boots" boot_host
need "setup" in_host nixos-nspawn setup
mkdir -p "$host_root/root/c"
cat >"$host_root/root/c/member.json" <<'N'
{ "nixosContainer": { "bridge": "mybridge" } }
N
cat >"$host_root/root/c/mac.json" <<'N'
{ "systemd": { "nspawn": { "mac": { "networkConfig": { "MACVLAN": "lan0" } } },
               "network": { "networks": { "20-mv-lan0": { "matchConfig": { "Name": "mv-lan0" }, "address": [ "192.168.2.5/24" ] } } } } }
N
create() { in_host nixos-nspawn create --config "/root/c/$1.json" "$1"; }

fails "a bridge that is not there is refused" 10 'no bridge mybridge.*ip link add mybridge type bridge' create member
in_host ip link add mybridge type bridge
in_host ip link set mybridge up
in_host ip addr add 192.168.77.1/24 dev mybridge
in_host ip addr add fd77::1/64 dev mybridge nodad
# networkd serves it, as a person would have it.
cat >"$host_root/etc/systemd/network/10-mybridge.network" <<'N'
[Match]
Name=mybridge
[Network]
Address=192.168.77.1/24
Address=192.168.5.1/24
Address=fd77::1/64
DHCPServer=yes
IPv6SendRA=yes
[IPv6Prefix]
Prefix=fd77::/64
# Of several addresses, 252 takes any.
[DHCPServer]
ServerAddress=192.168.77.1/24
N
need "networkd serves the bridge" in_host networkctl reload
need "create a member of the bridge" create member
prints "it is a unit" '^active$' in_host systemctl is-active systemd-nspawn@member
prints "  and a port of the bridge" 'master mybridge' in_host ip link show vb-member
within 30 "it has an address of that network" in_host sh -c "nixos-nspawn run member -- ip -4 addr show host0 | grep -q 192.168.77."
within 30 "  and one of IPv6" in_host sh -c "nixos-nspawn run member -- ip -6 addr show host0 | grep -q fd77:"
address=$(in_host nixos-nspawn run member -- ip -4 -o addr show host0 | awk '{ sub("/.*", "", $4); print $4; exit }')
succeeds "the host reaches it" in_host ping -c1 -W2 "$address"
need "reboot" in_host machinectl reboot member
within 40 "  reachable after a reboot" in_host ping -c1 -W1 "$address"
succeeds "networkctl reload leaves it on the bridge" in_host networkctl reload
prints "  it is a port still" 'master mybridge' in_host ip link show vb-member
need "stop" in_host nixos-nspawn stop member
refused "its port is gone" in_host ip link show vb-member
in_host ip link set mybridge down
in_host ip link set mybridge name elsewhere
in_host systemctl start systemd-nspawn@member >/dev/null 2>&1
prints "without the bridge the unit does not start" '^failed$' in_host systemctl is-failed systemd-nspawn@member
fails "  and says why" 10 'no bridge mybridge' in_host nixos-nspawn start member

in_host ip netns add wire
in_host ip link add lan0 type veth peer name other netns wire
in_host ip link set lan0 up
in_host ip -n wire addr add 192.168.2.1/24 dev other
in_host ip -n wire link set other up
in_host ip link add mv-lan0-host link lan0 type macvlan mode bridge
in_host ip addr add 192.168.2.2/24 dev mv-lan0-host
in_host ip link set mv-lan0-host up
need "create one with a macvlan" create mac
within 30 "another machine reaches it" in_host ip netns exec wire ping -c1 -W1 192.168.2.5
within 5 "  and the host, by its own macvlan" in_host ping -c1 -W1 192.168.2.5
need "reboot" in_host machinectl reboot mac
within 40 "  reachable after a reboot" in_host ip netns exec wire ping -c1 -W1 192.168.2.5
need "stop" in_host nixos-nspawn stop mac

# The files of examples/ for the others; networkd is restarted under each.
cp -r examples "$host_root/root"
example() { in_host nixos-nspawn create --config "/root/examples/$1.nix" "$1"; }
page() { in_host curl -sf -o /dev/null --max-time 5 "$1"; }
restart_networkd() { in_host systemctl restart systemd-networkd; }
in_host ip link set elsewhere name mybridge
in_host ip link set mybridge up
need "examples/extra-veth.nix" example extra-veth
need "networkd is restarted" restart_networkd
within 5 "  the one on the bridge answers" page http://192.168.5.20
within 5 "  so does the one with two addresses" page http://192.168.6.2
need "examples/no-network.nix" example no-network
same "  has a loopback alone" "lo" "$(in_host nixos-nspawn run no-network -- ip -o link | awk -F': ' '{ print $2 }')"
need "examples/host-network.nix" example host-network
within 5 "  answers at the host's address" page http://127.0.0.1:8080
in_host ip link set lan0 down
in_host ip link delete mv-lan0-host
in_host ip link set lan0 name eth1
need "examples/physical.nix" example physical
refused "  the host has the card no more" in_host ip link show eth1
within 30 "  another machine on its wire reaches it" in_host ip netns exec wire ping -c1 -W1 192.168.2.7
need "  stop" in_host nixos-nspawn stop physical
succeeds "  the host has it again" in_host ip link show eth1
need "examples/static.nix" example static
need "networkd is restarted" restart_networkd
same "  has the one address" "10.42.42.1/24" "$(in_host ip -4 -o addr show dev ve-static | awk '{ print $4 }')"
within 5 "  and the container answers" in_host ping -c1 -W1 10.42.42.2
need "examples/ipv6-token.nix" example ipv6-token
within 5 "  the host has the addresses of the tokens" in_host sh -c 'ip -6 addr show dev ve-ipv6-token | grep fd42:1:2:3::1 && ip -6 addr show dev ve-ipv6-token | grep fd42:1:2:4::53'
need "examples/ipv6-global.nix" example ipv6-global
need "networkd is restarted" restart_networkd
within 5 "  another machine reaches it" curl -sf -o /dev/null --max-time 5 'http://[2001:db8:1234:1::80]'
same "no unit has failed but the one that was to fail" "systemd-nspawn@member.service" "$(in_host systemctl --failed --no-legend --plain | awk '{ print $1 }')"
done_testing
