#!/usr/bin/env bash
# The seed's example of IPv6 on the host that it speaks of: systemd-networkd finds on the link what its file says, adopts it
# and takes nothing away; what only networkd can do, it does.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

p=2001:1234:abcd:ef01
sh() { in_host sh -c "cd; $1"; }

need "the host boots" boot_host
cp examples/ipv6-prefix.nix examples/static-routed.nix "$host_root/root"
need "setup" in_host nixos-nspawn setup
in_host ip -o monitor address route >"$HOST_WORK/monitor" 2>&1 &
monitor=$!
need "create" sh 'nixos-nspawn create --config ipv6-prefix.nix example'
prints "the host has the EUI-64 address of the prefix" "inet6 $p:[0-9a-f:]+/64 scope global" in_host ip -6 addr show dev ve-example
prints "the container has its own" "inet6 $p:[0-9a-f:]+ff:fe[0-9a-f:]+/64" in_guest example ip -6 addr show dev host0
prints "  and the static one" "inet6 $p::2/64" in_guest example ip -6 addr show dev host0
prints "ping of $p::2" '1 received' sh "ping -6 -c1 -W2 $p::2"
within 10 "networkd adopts the host's end" sh 'networkctl list ve-example | grep configured'
prints "the file declares the address" "^Address=$p:" in_host cat /etc/systemd/network/20-ve-example.network

lines=$(wc -l <"$HOST_WORK/monitor")
need "networkctl reload" in_host networkctl reload
need "networkd is begun anew" in_host systemctl restart systemd-networkd
sleep 2
silent_about "reload and restart of networkd delete nothing of it" "[Dd]eleted.*($p|10\.233)" tail -n "+$((lines + 1))" "$HOST_WORK/monitor"
in_host ip addr add 192.0.2.99/32 dev lo
within 3 "  (the monitor ran)" grep 192.0.2.99 "$HOST_WORK/monitor"
prints "ping of $p::2 after that" '1 received' sh "ping -6 -c1 -W2 $p::2"

# A key that is not ours, and is networkd's.
sed 's|^{|{\n  nixosContainer.hostNetworkConfig.networkConfig.LLMNR = false;|' examples/ipv6-prefix.nix >"$host_root/root/llmnr.nix"
prints "a key that only networkd carries out is taken where it runs" 'updated successfully' sh 'nixos-nspawn update --config llmnr.nix example'
prints "  and in its file" '^LLMNR=false' in_host cat /etc/systemd/network/20-ve-example.network
prints "  what serves the link is ours: refused here, too" 'PoolSize= of \[DHCPServer\]' sh \
        'echo "{ nixosContainer.hostNetworkConfig.dhcpServerConfig.PoolSize = 5; }" >pool.nix; nixos-nspawn update --config pool.nix example'

need "remove" in_host nixos-nspawn remove --delete-state example
need "an address of elsewhere" sh 'nixos-nspawn create --config static-routed.nix two'
prints "its route is there" 'fd24::2 .*' in_host ip -6 route show dev ve-two
prints "ping fd24::2" '1 received' sh 'ping -6 -c1 -W2 fd24::2'
need "networkd is begun anew" in_host systemctl restart systemd-networkd
sleep 1
prints "  the route stays" 'fd24::2 .*' in_host ip -6 route show dev ve-two
kill $monitor
done_testing
