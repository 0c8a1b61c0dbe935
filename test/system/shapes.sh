#!/usr/bin/env bash
# The other shapes of a network, with the files of examples/: a member of a bridge that has its own DHCP server, a macvlan,
# the host's network, none, links beside the main one, a card that moves in and comes back. What is missing is refused first.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

need "setup" nixos-nspawn setup
inside() { nixos-nspawn run "$1" -- "${@:2}"; }
welcome='Welcome to nginx'
create() { nixos-nspawn create --config "examples/$1.nix" "$1" "${@:2}"; }

fails "a bridge that is not there is refused, with how to make it" 10 'no bridge mybridge.*ip link add mybridge type bridge' create bridge
fails "  and nothing of the container stays" 2 'does not exist' nixos-nspawn status bridge
refused "  nor a folder" test -e /var/lib/machines/bridge
ip link add mybridge type veth peer name mybridge2
fails "a link that is no bridge is refused" 10 'mybridge is no bridge' create bridge
ip link delete mybridge

# A network with a router of its own, which gives out addresses.
ip netns add router
ip link add mybridge type bridge
ip link set mybridge up
ip link add router-port type veth peer name lan netns router
ip link set router-port master mybridge up
ip -n router addr add 192.168.77.1/24 dev lan
ip -n router addr add fd77::1/64 dev lan nodad
ip -n router link set lan up
ip -n router link set lo up
ip addr add 192.168.77.254/24 dev mybridge
ip addr add fd77::fe/64 dev mybridge nodad
ip netns exec router dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces --interface=lan --except-interface=lo --user=root \
        --dhcp-range=192.168.77.10,192.168.77.99,1h --dhcp-range=fd77::,ra-stateless --enable-ra --dhcp-leasefile=/run/leases \
        --pid-file=/run/router.pid
clean() { [[ ! -e /var/lib/machines/bridge && ! -e /etc/systemd/nspawn/bridge.nspawn && ! -d /run/nixos-nspawn/containers/bridge ]] && ! ip link show vb-bridge; }
for k in $(seq 30); do
        NIXOS_NSPAWN_FAIL_AT=$k create bridge >/dev/null 2>&1 && break
        clean >/dev/null 2>&1 || not_ok "create, failing at step $k, leaves nothing" "$(nixos-nspawn list; ls /var/lib/machines)"
done
same "create a member of the bridge, after it failed at every step" "yes" "$([[ $k -gt 4 && $k -lt 30 ]] && echo yes || echo "$k steps")"
prints "vb-bridge is a port of mybridge" 'master mybridge' ip link show vb-bridge
within 20 "it has an address from that network's DHCP server" sh -c "nixos-nspawn run bridge -- ip -4 addr show dev host0 | grep -q 'inet 192.168.77.[0-9]*/24'"
within 20 "  and one from its router advertisements" sh -c "nixos-nspawn run bridge -- ip -6 addr show dev host0 | grep -q 'inet6 fd77:'"
address=$(inside bridge ip -4 -o addr show dev host0 | awk '{ sub("/.*", "", $4); print $4; exit }')
within 10 "the host reaches it" curl -s -o /dev/null --max-time 2 "http://$address"
within 10 "  and so does the router" ip netns exec router curl -s -o /dev/null --max-time 2 "http://$address"
prints "its default route is that network's" 'default via 192.168.77.1' inside bridge ip route
refused "no file of the host's resolver is in it" inside bridge grep -q 10.233 /etc/resolv.conf
refused "no addresses of the pool were spent on it" grep -q '"bridge"' /var/lib/nixos-nspawn/addresses.json
succeeds "restart" nixos-nspawn restart bridge
within 20 "  it has the address again" sh -c "nixos-nspawn run bridge -- ip -4 addr show dev host0 | grep -q 'inet $address/24'"
need "stop" nixos-nspawn stop bridge
refused "its port is gone" ip link show vb-bridge
succeeds "the bridge is not" ip link show mybridge
ip link set mybridge name elsewhere
fails "a start without the bridge is refused" 10 'no bridge mybridge' nixos-nspawn start bridge
ip link set elsewhere name mybridge
need "remove" nixos-nspawn remove --delete-state bridge

# Addresses of that network that the config says.
sed 's|nixosContainer.bridge = "mybridge";|nixosContainer = { bridge = "mybridge"; forwardPorts = [ { hostPort = 8181; containerPort = 80; } ];\n containerNetworkConfig = { address = [ "192.168.77.200/24" "fd77::200/64" ]; gateway = [ "192.168.77.1" ]; dns = [ "192.168.77.1" ]; }; };|' \
        examples/bridge.nix >/run/static.nix
need "create a member of the bridge with addresses" nixos-nspawn create --config /run/static.nix static
prints "it answers at once" "$welcome" curl -s --max-time 3 http://192.168.77.200
prints "  over IPv6 too" "$welcome" curl -s --max-time 3 'http://[fd77::200]'
prints "its default route is the one that was given" 'default via 192.168.77.1 ' inside static ip route
prints "its resolver, too" 'nameserver 192.168.77.1' inside static cat /etc/resolv.conf
prints "its name resolves" '192.168.77.200' getent -s nspawn ahostsv4 static
prints "a port of the host leads to it" "$welcome" ip netns exec router curl -s --max-time 3 http://192.168.77.254:8181
sleep 3
same "networkd has added nothing to it" "192.168.77.200/24" "$(inside static ip -4 -o addr show dev host0 | awk '{ print $4 }' | tr '\n' ' ' | sed 's/ $//')"
silent_about "nothing is wrong" 'Problem' nixos-nspawn status static
ip link set vb-static nomaster
prints "a port that is none any more is told, with what to do" "Problem: the link vb-static is no port of the bridge mybridge; 'ip link set vb-static master mybridge'" \
        nixos-nspawn status static
ip link set vb-static master mybridge
silent_about "  and what it says mends it" 'Problem' nixos-nspawn status static
need "remove" nixos-nspawn remove --delete-state static
sed 's|nixosContainer.bridge = "mybridge";|nixosContainer = { bridge = "mybridge"; hostNetworkConfig = { }; };|' examples/bridge.nix >/run/host.nix
fails "hostNetworkConfig of a member is refused" 10 'set the host.s addresses on mybridge itself' nixos-nspawn create --config /run/host.nix static

ip link add backend type veth peer name backend2
fails "a link beside the main one that would have the name of one of the host's is refused" 1 'There is a link backend already.*ip link set backend name NEW' create extra-veth
ip link delete backend
need "create one with links beside the main one" create extra-veth
prints "one is a port of mybridge" 'master mybridge' ip link show backend
ip -n router addr add 192.168.5.1/24 dev lan
within 5 "  and its address answers there" ip netns exec router curl -s -o /dev/null --max-time 2 http://192.168.5.20
prints "the other has the host's address" '192.168.6.1/32' ip addr show control
prints "  and the container answers" "$welcome" curl -s --max-time 3 http://192.168.6.2
prints "the usual link is there, too" "$welcome" curl -s --max-time 3 "http://$(nixos-nspawn show-ip -4 extra-veth)"
inside extra-veth ip addr add 192.168.6.9/32 dev control
refused "an address that it was not given does not get out" inside extra-veth ping -I 192.168.6.9 -c1 -W1 192.168.6.1
succeeds "  where its own does" inside extra-veth ping -I 192.168.6.2 -c1 -W1 192.168.6.1
need "remove" nixos-nspawn remove --delete-state extra-veth
for link in backend control; do refused "$link is gone" ip link show $link; done

fails "a macvlan without its parent is refused" 10 'no link eth1' create macvlan
ip netns add wire
ip link add eth1 type veth peer name other netns wire
ip link set eth1 up
ip -n wire addr add 192.168.2.1/24 dev other
ip -n wire link set other up
ip link add mv-eth1 link eth1 type macvlan mode bridge
fails "the host's own macvlan of that name is refused" 10 'link mv-eth1 on this host already' create macvlan
ip link set mv-eth1 name mv-eth1-host
ip addr add 192.168.2.2/24 dev mv-eth1-host
ip link set mv-eth1-host up
need "create one with a macvlan" create macvlan
within 20 "another machine reaches it" ip netns exec wire curl -s -o /dev/null --max-time 2 http://192.168.2.5
within 5 "  and the host, by its own macvlan" ping -c1 -W1 192.168.2.5
refused "it has no host0" inside macvlan ip link show host0
succeeds "restart" nixos-nspawn restart macvlan
within 20 "another machine reaches it again" ip netns exec wire ping -c1 -W1 192.168.2.5
need "remove" nixos-nspawn remove --delete-state macvlan

need "create one with the host's card" create physical
refused "the card is not the host's now" ip link show eth1
within 20 "another machine reaches the container over it" ip netns exec wire curl -s -o /dev/null --max-time 2 http://192.168.2.7
prints "  and the host over the usual link" "$welcome" curl -s --max-time 3 "http://$(nixos-nspawn show-ip -4 physical)"
need "restart" nixos-nspawn restart physical
within 20 "another machine reaches it again" ip netns exec wire ping -c1 -W1 192.168.2.7
need "stop" nixos-nspawn stop physical
succeeds "the card is the host's again" ip link show eth1
need "remove" nixos-nspawn remove --delete-state physical

need "create one without a network" create no-network
same "it has its loopback alone" "lo" "$(inside no-network ls /sys/class/net | grep -vE '^(sit0|tunl0|gre|erspan|ip6|ip_vti|bonding_masters)' | tr -d '\n')"
refused "its name does not resolve" getent -s nspawn hosts no-network
need "remove" nixos-nspawn remove --delete-state no-network

need "create one with the host's network" create host-network
within 10 "what listens inside listens on the host" curl -s -o /dev/null --max-time 2 http://127.0.0.1:8080
succeeds "  at the host's other addresses" curl -s -o /dev/null --max-time 2 http://192.168.77.254:8080
refused "it cannot change the host's network" inside host-network ip link set mybridge down
succeeds "  which is as before" sh -c "ip link show mybridge | grep -q ',UP'"
need "remove" nixos-nspawn remove --delete-state host-network
done_testing
