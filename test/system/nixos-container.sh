#!/usr/bin/env bash
# A nixos-container from its conf: eth0 with 10.233.N.2 and its routes before PID 1, the host at the other end, and no
# way out; root in there changes its own network as it likes, and neither sees nor changes the host's.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
# A system: the cached tree, with an init that tries the network with its first system calls.
need "a tree" nixos-nspawn create --config examples/example.nix --no-start example
tree=$(dirname "$(python3 -c 'import json; print(json.load(open("/var/lib/nixos-nspawn/profiles/example/system/nixos-nspawn/tree.json"))["usr"])')")
mkdir -p /var/lib/guest/{usr,own/sbin}
cp -a "$tree"/{etc,var,bin,sbin,lib,lib64} /var/lib/guest/
cat >/var/lib/guest/own/sbin/init <<'P'
#!/bin/bash
{
        ping -c1 -W1 10.233.7.1
        ip -o addr show; ip route; ip -6 route; cat /sys/class/net/eth0/operstate
} >/root/seen 2>&1
exec /usr/lib/systemd/systemd
P
chmod 755 /var/lib/guest/own/sbin/init
mount -t overlay -o lowerdir=/var/lib/guest/own:"$tree"/usr overlay /var/lib/guest/usr
mkdir -p /etc/nixos-containers
conf=/etc/nixos-containers/foo.conf
cat >$conf <<'C'
# mine
SYSTEM_PATH=/var/lib/guest
COPY_RESOLV_CONF=1
PRIVATE_NETWORK=1
HOST_ADDRESS=10.233.7.1
LOCAL_ADDRESS=10.233.7.2
HOST_PORT=tcp:10080:80
C
prints "the list has it" '^foo|[[:space:]]foo' nixos-nspawn list
need "start" nixos-nspawn start foo
root=/var/lib/nixos-containers/foo
seen() { cat $root/root/seen; }
inside() { nixos-nspawn run foo -- "$@"; }
prints "before PID 1: one ping, one try, answered" '1 received' seen
prints "  eth0 has 10.233.7.2/32" 'eth0 +inet 10\.233\.7\.2/32' seen
prints "  a route to the host" '^10\.233\.7\.1 dev eth0 (proto static )?scope link' seen
prints "  the default route through it" '^default via 10\.233\.7\.1 dev eth0' seen
silent_about "  nothing is tentative" tentative seen
silent_about "  no other name" host0 seen
fails "a command that it does not have" 127 "There is no command 'nosuch' in foo" nixos-container run foo -- nosuch
prints "ve-foo has 10.233.7.1/32" 'inet 10\.233\.7\.1/32' ip -o addr show dev ve-foo
prints "  and a route to the container" '^10\.233\.7\.2 ' ip route show dev ve-foo
succeeds "the host reaches it" ping -c1 -W2 10.233.7.2
succeeds "it reaches the host" inside ping -c1 -W2 10.233.7.1
succeeds "  as NixOS calls it, too" bash -c 'getent -s nspawn hosts foo.containers | grep -q 10.233.7.2'
succeeds "its name resolves" bash -c 'getent -s nspawn hosts foo | grep -q 10.233.7.2'
prints "nobody answers DHCP there" '^0$' bash -c "ss -Hlun | grep -c ':67 .*ve-foo\|%ve-foo'"
need "nginx" inside systemctl start nginx
within 20 "nginx in it is reached by a port of the host" peer curl -sf -m2 "http://$peer_host4:10080"
refused "it does not reach the outside" inside ping -c1 -W1 $peer4
need "count packets outside" peer nft 'table inet seen { chain input { type filter hook input priority 0; ip saddr 10.233.0.0/16 counter; }; }'
inside ping -c2 -i0.2 -W1 $peer4 >/dev/null 2>&1
prints "  nothing of it leaves the host" 'packets 0 ' peer nft list table inet seen
nft 'table ip way { chain out { type nat hook postrouting priority 100; ip saddr 10.233.7.2 masquerade; }; }'
succeeds "  with NAT it does" inside ping -c1 -W2 $peer4
nft delete table ip way
# What it may do to its own network, and what of it the host notices. Each with the same thing where it does work.
before=$(ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort; ip -o addr | awk '{ print $2, $4 }' | sort; nft list ruleset | grep -v counter)
succeeds "its root makes rules" inside /usr/sbin/nft 'table inet mine { chain input { type filter hook input priority 0; policy accept; tcp dport 81 drop; }; }'
prints "  and sees them" 'tcp dport 81 drop' inside /usr/sbin/nft list ruleset
silent_about "  but none of the host's" 'nixos_nspawn' inside /usr/sbin/nft list ruleset
succeeds "its root makes links" inside ip link add mine type veth peer name yours
succeeds "  and addresses" inside ip addr add 192.0.2.77/24 dev mine
silent_about "  and sees none of the host's" 'uplink|ve-foo' inside ip -o link
refused "  and takes none of the host's down" inside ip link set uplink down
refused "  nor sends as somebody else" bash -c "nixos-nspawn run foo -- ip addr add 10.233.7.99/32 dev eth0; nixos-nspawn run foo -- ping -I 10.233.7.99 -c1 -W1 10.233.7.1"
same "the host has what it had" "$before" "$(ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort; ip -o addr | awk '{ print $2, $4 }' | sort; nft list ruleset | grep -v counter)"
refused "what the guest's root sets globally stays in there" bash -c "nixos-nspawn run foo -- sysctl -w net.ipv4.ip_forward=0; [[ \$(cat /proc/sys/net/ipv4/ip_forward) -eq 0 ]]"
# Taken away by others, put back.
ip route del 10.233.7.2 dev ve-foo
within 5 "a route that somebody removed comes back" ping -c1 -W1 10.233.7.2
kill -9 "$(pgrep -x nspawn-netd)"
succeeds "without the daemon it is reached" ping -c1 -W1 10.233.7.2
need "restart" nixos-nspawn restart foo
succeeds "after a restart, too" ping -c1 -W2 10.233.7.2
fails "nixos-nspawn does not remove it" 10 'nixos-container' nixos-nspawn remove foo
# Addresses by hand, which no command has looked at.
sed 's/^HOST_PORT=.*//; s/^HOST_ADDRESS=.*/HOST_ADDRESS=10.233.8.1/' $conf >/etc/nixos-containers/bar.conf
fails "another one with its address does not start" 1 "the address 10.233.7.2 of container 'bar' is that of container 'foo', too" nixos-container start bar
succeeds "  and foo is reached" ping -c1 -W2 10.233.7.2
sed -i 's/10.233.7.2/10.233.8.2/' /etc/nixos-containers/bar.conf
ip addr add 10.233.8.2/32 dev lo
fails "nor one with an address of the host's own" 1 "the address 10.233.8.2 of container 'bar' is the host's own, on its link lo" nixos-container start bar
ip addr del 10.233.8.2/32 dev lo
printf 'EXTRA_VETHS="more,hostAddress=10.233.8.5,localAddress=10.233.7.2"\n' >>/etc/nixos-containers/bar.conf
fails "  nor on a further link" 1 "the address 10.233.7.2 of container 'bar' is that of container 'foo', too" nixos-container start bar
silent_about "  of which nothing is left" 'bar|10\.233\.8' sh -c 'ip -o addr; nft list ruleset; ls /run/nixos-nspawn/networks'
sed -i /EXTRA_VETHS/d /etc/nixos-containers/bar.conf
need "  with its own it does" nixos-container start bar
need "destroy" nixos-container destroy bar
need "stop" nixos-nspawn stop foo
refused "the link goes with it" ip link show ve-foo
silent_about "  and its elements" ve-foo nft list ruleset
prints "the conf is as it was" '^# mine$' cat $conf
done_testing
