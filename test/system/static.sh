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

# A gateway: a network behind the container, on a machine of its own.
need "examples/router.nix" again examples/router.nix
leader=$(nixos-nspawn status --json one | python3 -c 'import json, sys; o = json.load(sys.stdin); print((o[0] if isinstance(o, list) else o)["leader"])')
ip netns add behind
ip link add lab0 netns "$leader" type veth peer name eth0 netns behind
guest ip addr add 192.0.2.1/24 dev lab0
guest ip addr add fd42:8::1/64 dev lab0 nodad
guest ip link set lab0 up
behind() { ip netns exec behind "$@"; }
behind ip link set lo up
behind ip link set eth0 up
behind ip addr add 192.0.2.2/24 dev eth0
behind ip addr add 10.42.42.42/32 dev eth0
behind ip addr add fd42:8::2/64 dev eth0 nodad
behind ip addr add fd42:9::9/128 dev eth0 nodad
behind ip route add default via 192.0.2.1
behind ip route add default via fd42:8::1
echo '{ }' >/run/no.nix
need "another container" nixos-nspawn create --config /run/no.nix two
two() { nixos-nspawn run two -- "$@"; }
for it in 192.0.2.2 fd42:8::2; do
        within 10 "the host reaches what is behind a gateway: $it" ping -c1 -W1 $it
        succeeds "  another machine, too" peer ping -c1 -W2 $it
        succeeds "  another container, too" two ping -c1 -W2 $it
done
succeeds "what is behind reaches the host's end" behind ping -c1 -W2 10.42.7.1
succeeds "  of IPv6, too" behind ping -I fd42:8::2 -c1 -W2 fd42:7::1
succeeds "  and another machine that has a route" behind ping -c1 -W2 $peer4
refused "nobody there has an address that the host would not send there" behind ping -I 10.42.42.42 -c1 -W1 10.42.7.1
refused "  of IPv6, either" behind ping -I fd42:9::9 -c1 -W1 fd42:7::1
# Within what is routed there, but more closely to another container: the other's it stays.
other4=$(nixos-nspawn show-ip -4 two) other6=$(nixos-nspawn show-ip -6 two)
ip route add "${other4%.*}.0/24" via 10.42.7.2
ip -6 route add "${other6%:*:*}::/48" via fd42:7::2
behind ip addr add "$other4/32" dev eth0
behind ip addr add "$other6/128" dev eth0 nodad
echoes() { nstat -az IcmpInEchos Icmp6InEchos | awk '/Echos/ { n += $2 } END { print n }'; }
for forged in "$other4 10.42.7.1" "$other6 fd42:7::1"; do
        set -- $forged
        timeout 3 tcpdump -nlc1 -i ve-one "src $1" >/run/arrived 2>/dev/null &
        tcpdump=$!
        sleep 0.7
        before=$(echoes)
        behind ping -I "$1" -c1 -W1 "$2" >/dev/null
        wait $tcpdump
        prints "a forged packet from behind, of $1, is on the link" 'echo request' cat /run/arrived
        same "  and goes no further" "$before" "$(echoes)"
done
ip route del "${other4%.*}.0/24"
ip -6 route del "${other6%:*:*}::/48"
sed 's/"all"/"none"/' examples/router.nix >/run/closed.nix
need "outsideAccess = none, live" nixos-nspawn update --config /run/closed.nix one
succeeds "the host still reaches what is behind" ping -c1 -W1 192.0.2.2
refused "  other machines do not" peer ping -c1 -W1 192.0.2.2
refused "  nor by IPv6" peer ping -c1 -W1 fd42:8::2
need "remove the other" nixos-nspawn remove --delete-state two
ip netns del behind

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
