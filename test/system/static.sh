#!/usr/bin/env bash
# Addresses by hand: static ones alone, one out of a range that is elsewhere, no translation, prefixes with tokens, other
# keys, and files of the administrator's.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
guest() { nixos-nspawn run one -- "$@"; }
again() { nixos-nspawn update --strategy restart --config "$1" one || nixos-nspawn update --config "$1" one; }

need "create examples/static.nix" nixos-nspawn create --config examples/static.nix one
same "the host has 10.42.42.1 alone" "10.42.42.1/24" "$(ip -4 -o addr show dev ve-one | awk '{ print $4 }')"
same "the container 10.42.42.2 alone" "10.42.42.2/24" "$(guest ip -4 -o addr show dev host0 | awk '{ print $4 }')"
same "  and no IPv6 but link-local" "" "$(guest ip -6 -o addr show dev host0 scope global)"
succeeds "ping of 10.42.42.2" ping -c1 -W2 10.42.42.2
same "show-ip" 10.42.42.2 "$(nixos-nspawn show-ip one)"
prints "status" '10\.42\.42\.2' nixos-nspawn status one
succeeds "the way out is translated" guest ping -4 -c1 -W2 $peer4
need "stop" nixos-nspawn stop one
refused "stopped: no answer" ping -c1 -W1 10.42.42.2
need "start" nixos-nspawn start one
succeeds "started: an answer" ping -c1 -W2 10.42.42.2
prints "a second container with that range is refused" "10\.42\.42\.0/24.*container 'one'" \
        nixos-nspawn create --config examples/static.nix two
refused "  and is not there" nixos-nspawn status two

echo '{ nixosContainer.hostNetworkConfig.address = [ "" "198.51.100.9/24" ]; }' >/run/uplink.nix
fails "nor the network that the host has on its uplink" 10 "198\.51\.100\.0/24 of container 'two' is the network that the host has on its link uplink" \
        nixos-nspawn create --config /run/uplink.nix two
echo "{ nixosContainer.containerNetworkConfig.address = [ \"$peer_host4/32\" ]; }" >/run/own.nix
fails "nor the host's own address" 10 "$peer_host4 of container 'two' is the host's own, on its link uplink" \
        nixos-nspawn create --config /run/own.nix two
refused "  none is there" nixos-nspawn status two
fails "  live, neither" 10 "is the host's own, on its link uplink" nixos-nspawn update --config /run/own.nix one
succeeds "  and all is as before" ping -c1 -W2 10.42.42.2

need "examples/static-routed.nix" again examples/static-routed.nix
ip -6 addr add fd24::1/64 dev uplink nodad
succeeds "fd24::2 answers the host, which has fd24::1 elsewhere" ping -6 -c1 -W2 fd24::2
succeeds "  and another machine that routes it here" peer ping -6 -c1 -W2 fd24::2
prints "  by the route that was asked for" 'fd24::2 proto static' ip -6 route show dev ve-one
succeeds "  after a restart, too" nixos-nspawn restart one
succeeds "  ping" peer ping -6 -c1 -W2 fd24::2

# IPMasquerade=no: what goes out has the container's address, and only who routes it back answers.
cat >/run/nonat.nix <<'N'
{
  nixosContainer.hostNetworkConfig.networkConfig.IPMasquerade = "no";
}
N
need "IPMasquerade=no" again /run/nonat.nix
range=$(nixos-nspawn show-ip one)
peer ip route del default
refused "nobody answers an address that is not translated" guest ping -4 -c1 -W1 $peer4
refused "  of IPv6, either" bash -c "ip netns exec peer ip -6 route del default; nixos-nspawn run one -- ping -6 -c1 -W1 $peer6"
peer ip route add default via $peer_host4
peer ip route add default via $peer_host6
succeeds "  who has a route does" guest ping -4 -c1 -W2 $peer4
refused "  and the container is not open for it" peer ping -c1 -W1 "$range"

need "examples/ipv6-token.nix" again examples/ipv6-token.nix
prints "Token= says the host's address" 'inet6 fd42:1:2:3::1/64' ip -6 addr show dev ve-one
prints "  two of them, where there are two" 'inet6 fd42:1:2:4::53/64' ip -6 addr show dev ve-one
succeeds "  which answers the container" guest ping -6 -c1 -W2 fd42:1:2:4::53
prints "a ULA of one's own is translated" 'fd42:1:2:3::/64' nft list set ip6 io.systemd.nat masq_saddr

cat >/run/services.nix <<'N'
{
  nixosContainer.hostNetworkConfig = {
    networkConfig = { DHCPServer = false; IPv6SendRA = false; };
    linkConfig.MTUBytes = 1400;
    address = [ "0.0.0.0/24" ];
  };
  nixosContainer.containerNetworkConfig = {
    linkConfig.MACAddress = "02:00:00:00:00:77";
    routes = [ { Destination = "198.18.0.0/15"; Gateway = "192.0.2.254"; } ];
    address = [ "192.0.2.9/24" ];
    networkConfig.LLMNR = false;
  };
}
N
need "other keys" again /run/services.nix
prints "0.0.0.0/24: a larger free range" 'inet 10\.233\.[0-9]+\.1/24' ip -4 addr show dev ve-one
prints "MTUBytes=, on the host" 'mtu 1400' ip link show dev ve-one
prints "  and inside" 'mtu 1400' guest ip link show dev host0
prints "MACAddress=" '02:00:00:00:00:77' guest ip link show dev host0
prints "a route inside" '198.18.0.0/15 via 192.0.2.254' guest ip route show
prints "LLMNR= reaches the guest's networkd" 'LLMNR=false' guest cat /run/systemd/network/20-host0.network
silent_about "DHCPServer=no" ':67 ' ss -lnu
silent_about "IPv6SendRA=no: nor DHCPv6" ':547 ' ss -lnu
succeeds "and the container reaches the host" guest ping -c1 -W2 "$(nixos-nspawn status --json one | python3 -c 'import json, sys; o = json.load(sys.stdin); print((o[0] if isinstance(o, list) else o)["hostIpv4"])')"

echo '{ nixosContainer.hostNetworkConfig.networkConfig.MulticastDNS = true; }' >/run/foreign.nix
prints "what only networkd could do is refused by option, section and key" \
        'nixosContainer.hostNetworkConfig.networkConfig.MulticastDNS: MulticastDNS=true of \[Network\]' \
        nixos-nspawn update --config /run/foreign.nix one

# A file of the administrator's.
need "back to no settings" again examples/ipv6-ula.nix
mkdir -p /etc/systemd/network
printf '[Match]\nName=ve-o*\n\n[Network]\nAddress=10.77.0.1/24\nDHCPServer=no\n' >/etc/systemd/network/10-mine.network
printf '[Match]\nName=*\n\n[Network]\nBridge=br0\n' >/etc/systemd/network/05-all.network
need "restart" nixos-nspawn restart one
prints "a .network file takes effect" 'inet 10.77.0.1/24' ip -4 addr show dev ve-one
silent_about "  in place of hostNetworkConfig" 'fd12:3456' ip -6 addr show dev ve-one
printf '[Match]\nName=ve-one\n\n[Network]\nAddress=10.77.0.1/24\nBridge=br0\n' >/etc/systemd/network/10-mine.network
prints "a key that is not carried out is refused with file, line and key" \
        '/etc/systemd/network/10-mine.network:6: Bridge=br0 of \[Network\]' nixos-nspawn restart one
: >/etc/systemd/network/10-mine.network
succeeds "an empty one hides nothing but itself" nixos-nspawn start one
prints "  hostNetworkConfig holds again" 'fd12:3456' ip -6 addr show dev ve-one
need "remove" nixos-nspawn remove --delete-state one
done_testing
