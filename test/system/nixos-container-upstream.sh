#!/usr/bin/env bash
# What the tests of NixOS say about containers with a network of their own: ip, bridge, portforward, macvlans, names,
# ephemeral, physical interfaces, tmpfs, a bridge that changes. docs/upstream-tests.md says which is where.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
need "a tree" nixos-nspawn create --config examples/example.nix --no-start example
tree=$(dirname "$(python3 -c 'import json; print(json.load(open("/var/lib/nixos-nspawn/profiles/example/system/nixos-nspawn/tree.json"))["usr"])')")
mkdir -p /etc/nixos-containers
conf() { printf 'SYSTEM_PATH=%s\nPRIVATE_NETWORK=1\n%s\n' "$tree" "$2" >"/etc/nixos-containers/$1.conf"; }
inside() { nixos-container run "$1" -- "${@:2}"; }
http() { curl -s -o /dev/null -m3 "http://$1"; }
started() { # started NAME: with a web server
        need "start $1" nixos-container start "$1"
        need "  nginx" inside "$1" systemctl start nginx
}

# containers-ip, containers-portforward.
conf webserver4 'HOST_ADDRESS=10.231.136.1
LOCAL_ADDRESS=10.231.136.2
HOST_PORT=tcp:10080:80'
conf webserver6 'HOST_ADDRESS6=fc00::2
LOCAL_ADDRESS6=fc00::1'
started webserver4
started webserver6
same "show-ip is localAddress" "10.231.136.2" "$(nixos-container show-ip webserver4)"
same "show-ip is localAddress6" "fc00::1" "$(nixos-container show-ip webserver6)"
succeeds "IPv4: ping" ping -c1 -W2 10.231.136.2
within 10 "  HTTP" http 10.231.136.2
succeeds "IPv6: ping" ping -6 -c1 -W2 fc00::1
within 10 "  HTTP" http '[fc00::1]'
within 10 "a port of the host leads into it" http "$peer_host4:10080"
succeeds "  from another machine, too" peer curl -s -o /dev/null -m3 "http://$peer_host4:10080"
need "stop" nixos-container stop webserver4
need "stop" nixos-container stop webserver6
refused "stopped: no HTTP" http 10.231.136.2
refused "  over IPv6" http '[fc00::1]'
refused "  nor by the port" http "$peer_host4:10080"
chmod 444 /etc/nixos-containers/webserver4.conf
fails "a declared one is not destroyed" 1 "cannot destroy declarative container" nixos-container destroy webserver4

# containers-bridge; restart_networking.
for bridge in br0 br1; do
        ip link add $bridge type bridge
        ip link set $bridge up
done
ip addr add 192.168.0.1/24 dev br0
ip -6 addr add fc01::1/7 dev br0 nodad
conf bridged 'HOST_BRIDGE=br0
LOCAL_ADDRESS=192.168.0.100/24
LOCAL_ADDRESS6=fc01::2/7'
started bridged
same "show-ip without the length" "192.168.0.100" "$(nixos-container show-ip bridged)"
within 5 "the bridge: ping" ping -c1 -W1 192.168.0.100
within 5 "  IPv6" ping -6 -c1 -W1 fc01::2
within 10 "  HTTP" http 192.168.0.100
within 10 "  IPv6" http '[fc01::2]'
ip addr del 192.168.0.1/24 dev br0
ip addr add 192.168.0.2/24 dev br0
within 5 "the bridge has another address: it answers" ping -c1 -W1 192.168.0.100
ip link set br0 down
ip link set br0 up
within 20 "the bridge was down: it answers" ping -c1 -W1 192.168.0.100
need "stop" nixos-container stop bridged

# containers-names.
n=1
for name in first second really-long-name really-long-long-name-2; do
        conf $name "HOST_ADDRESS=192.168.$((100 + n)).1
LOCAL_ADDRESS=192.168.$((100 + n)).2"
        need "start $name" nixos-container start $name
        n=$((n + 1))
done
for link in ve-first ve-second ve-really-l3QgY ve-really-lFYWO; do succeeds "$link exists" ip link show $link; done
succeeds "  by its whole name, too" ip link show ve-really-long-name
for name in first second really-long-name really-long-long-name-2; do need "stop $name" nixos-container stop $name; done

# containers-macvlans: two on one link of the host; the host has a macvlan of its own; so has another machine.
ip link add name lan type veth peer name lan2 netns peer
ip link set lan up
ip -n peer link set lan2 up
ip -n peer addr add 192.168.1.200/24 dev lan2
ip link add mv-host link lan type macvlan mode bridge
ip addr add 192.168.1.5/24 dev mv-host
ip link set mv-host up
for n in 1 2; do
        conf test$n MACVLANS=lan
        need "start test$n" nixos-container start test$n
        need "  its address" inside test$n sh -c "ip addr add 192.168.1.$n/24 dev mv-lan; ip link set mv-lan up"
done
within 5 "from one container to the other" inside test1 ping -c1 -W1 192.168.1.2
within 5 "  and back" inside test2 ping -c1 -W1 192.168.1.1
for n in 1 2; do
        within 5 "the host reaches test$n" ping -c1 -W1 192.168.1.$n
        within 5 "  so does another machine" peer ping -c1 -W1 192.168.1.$n
        within 5 "  and it reaches that" inside test$n ping -c1 -W1 192.168.1.200
        need "stop" nixos-container stop test$n
done

# containers-physical_interfaces: links of the host's inside, alone and in a bridge that the container makes.
ip link add name wire1 type veth peer name wire2
conf server INTERFACES=wire1
conf bridge INTERFACES=wire2
for name in server bridge; do need "start $name" nixos-container start $name; done
need "its address" inside server sh -c 'ip addr add 10.10.0.1/24 dev wire1; ip link set wire1 up'
need "a bridge inside" inside bridge sh -c 'ip link add br0 type bridge; ip link set wire2 master br0 up; ip addr add 10.10.0.2/24 dev br0; ip link set br0 up'
within 10 "by the bridge inside to the other" inside bridge ping -c1 -W1 10.10.0.1
for name in server bridge; do need "stop $name" nixos-container stop $name; done
within 10 "the links are the host's again" ip link show wire1
fails "one that is not there" 1 'wire9' bash -c 'printf "PRIVATE_NETWORK=1\nINTERFACES=wire9\nSYSTEM_PATH='"$tree"'\n" >/etc/nixos-containers/server.conf; nixos-container start server'

# containers-ephemeral, containers-tmpfs, unified-hierarchy.
conf webserver 'EPHEMERAL=1
HOST_ADDRESS=10.231.137.1
LOCAL_ADDRESS=10.231.137.2
EXTRA_NSPAWN_FLAGS="--tmpfs=/var/scratch --tmpfs=/some/other"'
started webserver
succeeds "its root is in /run" test -d /run/nixos-containers/webserver
refused "  and not in /var/lib" test -e /var/lib/nixos-containers/webserver
within 10 "  HTTP" http 10.231.137.2
for folder in /var/scratch /some/other; do
        same "$folder is a tmpfs" "tmpfs" "$(inside webserver stat -f -c %T $folder)"
        succeeds "  which it writes to" inside webserver touch $folder/file
done
same "cgroup v2" "cgroup2fs" "$(inside webserver stat -f -c %T /sys/fs/cgroup)"
need "stop" nixos-container stop webserver
refused "the root is gone" test -e /run/nixos-containers/webserver
done_testing
