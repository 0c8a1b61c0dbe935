#!/usr/bin/env bash
# The NixOS manual's section on container networking, its second half, with a real nixos-container: by default it cannot
# talk to the outside; with networking.nat on the host it can; taken away, it cannot.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
need "a tree" nixos-nspawn create --config examples/example.nix --no-start example
tree=$(dirname "$(python3 -c 'import json; print(json.load(open("/var/lib/nixos-nspawn/profiles/example/system/nixos-nspawn/tree.json"))["usr"])')")
mkdir -p /var/lib/guest/usr /etc/nixos-containers /etc/nixos-nspawn
cp -a "$tree"/{etc,var,bin,sbin,lib,lib64} /var/lib/guest/
mount --bind "$tree/usr" /var/lib/guest/usr
cat >/etc/nixos-containers/foo.conf <<'C'
SYSTEM_PATH=/var/lib/guest
COPY_RESOLV_CONF=1
PRIVATE_NETWORK=1
HOST_ADDRESS=10.233.7.1
LOCAL_ADDRESS=10.233.7.2
HOST_ADDRESS6=fc00:7::1
LOCAL_ADDRESS6=fc00:7::2
C
need "start" nixos-nspawn start foo
inside() { nixos-nspawn run foo -- "$@"; }
outside4() { inside ping -c1 -W1 $peer4; }
outside6() { inside ping -6 -c1 -W1 $peer6; }

refused "by default it cannot talk to the outside" outside4
refused "  nor by IPv6" outside6
# The machine outside counts who comes, and as whom.
need "count outside" peer nft 'table inet seen { counter host { }; counter others { }; chain input { type filter hook input priority 0;
        ip saddr '$peer_host4' icmp type echo-request counter name host; ip saddr 10.233.0.0/16 counter name others; }; }'
cat >/etc/nixos-nspawn/host.nix <<'C'
{
networking.nat.enable = true;
networking.nat.internalInterfaces = ["ve-+"];
networking.nat.externalInterface = "uplink";
}
C
need "the manual's lines, applied" nixos-nspawn apply
succeeds "with them it can" outside4
prints "  with the host's address" 'packets 1 ' peer nft list counter inet seen host
prints "  and with no other" 'packets 0 ' peer nft list counter inet seen others
refused "  IPv6 is not asked for" outside6
need "restart" nixos-nspawn restart foo
succeeds "after a restart of the container it can" outside4
nft flush ruleset
within 2 "after 'nft flush ruleset' it can" outside4
kill -9 "$(pgrep -x nspawn-netd)"
succeeds "while nspawn-netd is dead it can" outside4
sed -i '$i networking.nat.enableIPv6 = true;' /etc/nixos-nspawn/host.nix
need "enableIPv6" nixos-nspawn apply
succeeds "  IPv6, too" outside6
sed -i '$i networking.nat.forwardPorts = [ { sourcePort = 8080; destination = "10.233.7.2:80"; } { sourcePort = 8080; destination = "[fc00:7::2]:80"; } ];' /etc/nixos-nspawn/host.nix
need "nginx" inside systemctl start nginx
refused "a port of the host that is not forwarded" peer curl -sf -m2 "http://$peer_host4:8080"
need "forwardPorts" nixos-nspawn apply
within 20 "  leads into the container" peer curl -sf -m2 "http://$peer_host4:8080"
succeeds "  by IPv6, too" peer curl -sf -m2 "http://[$peer_host6]:8080"
rm /etc/nixos-nspawn/host.nix
need "the lines taken away" nixos-nspawn apply
refused "it cannot talk to the outside" outside4
refused "  nor by IPv6" outside6
refused "  nor is the port forwarded" peer curl -sf -m2 "http://$peer_host4:8080"
succeeds "it talks to the host" inside ping -c1 -W2 10.233.7.1
need "stop" nixos-nspawn stop foo
done_testing
