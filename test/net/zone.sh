#!/usr/bin/env bash
# Zones: the bridge comes complete with the first member and goes with the last; members reach each other, the host, the
# outside, by names and by forwards; other zones and other containers do not reach them.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"
source "$(dirname "$0")/lib-zone.sh"

make_peer
echo "nameserver 192.0.2.1" >/etc/resolv.conf
need "the daemon starts" "$netd" ensure
need "define zones" "$netd" zone foo
need "define zones" "$netd" zone bar
before=$(left)

need "define" "$netd" member web foo '[{"hostPort":8181,"containerPort":80},{"hostPort":5000,"protocol":"udp","containerPort":80}]'
need "define" "$netd" member db foo
need "define" "$netd" member other bar
refused "a zone without members has no bridge" ip link show vz-foo

succeeds "Attach of the first member" of Attach web
prints "  the bridge is there, before its port" 'state|vz-foo.*UP' ip link show vz-foo
prints "  with the host's IPv4 address, the first of its range" "inet $(about web hostAddresses.0)" ip addr show vz-foo
prints "  IPv6" "inet6 $(about web hostAddresses.1)" ip addr show vz-foo
same "  nothing is tentative, one link-local address" 1 "$(ip -6 -o addr show dev vz-foo scope link | grep -vc tentative)"
same "  the member's permanent neighbours are there" 3 "$(ip neigh show dev vz-foo nud permanent | wc -l)"
prints "  the zone is guarded" vz-foo nft list set inet nixos_nspawn links
prints "  the port, too" vb-web nft list set bridge nixos_nspawn ports
prints "  the name resolves" '^10\.233\.' cat /run/nixos-nspawn/names/web
same "  ListZones" "foo 1" "$(call ListZones | python3 -c 'import json,sys; print(*[(z["name"], z["members"]) for z in json.load(sys.stdin)["zones"]][0])')"
mac=$(cat /sys/class/net/vz-foo/address)

make_port web foo
within 2 "the port is complete" state_is web linked
start_member web foo
same "the port has no address" "" "$(ip -6 -o addr show dev vb-web)"
same "the bridge keeps its hardware address" "$mac" "$(cat /sys/class/net/vz-foo/address)"
refused "there is no ve-web" ip link show ve-web
run_member db foo
run_member other bar
need "a veth beside" "$netd" define single
run_guest single

serve web 80 welcome
reaches "members reach each other by IPv4" db "$(guest4 web)"
reaches "  and by IPv6" db "$(guest6 web)"
same "  by TCP" welcome "$(guest db curl -sS --max-time 2 "http://$(guest4 web)")"
same "  by TCP over IPv6" welcome "$(guest db curl -sS --max-time 2 "http://[$(guest6 web)]")"
same "  by name" "$(guest4 web)" "$(guest db dig +time=2 +tries=1 +short "@$(host4 db)" web A)"
same "  by full name, IPv6" "$(guest6 web)" "$(guest db dig +time=2 +tries=1 +short "@$(host6 db)" web.internal AAAA)"
same "  and back" "web.internal." "$(guest db dig +time=2 +tries=1 +short "@$(host4 db)" -x "$(guest4 web)")"
same "  the host is host.internal" "$(host4 db)" "$(guest db dig +time=2 +tries=1 +short "@$(host4 db)" host.internal A)"
reaches "the host by IPv4" web "$(host4 web)"
reaches "  by IPv6" web "$(host6 web)"
succeeds "the host reaches them by IPv4" ping -c1 -W1 "$(guest4 web)"
succeeds "  by IPv6, on the bridge" ping -6 -c1 -W1 -I vz-foo "$(guest6 web)"
reaches "the outside by IPv4" web "$peer4"
reaches "  by IPv6" web "$peer6"
same "their own addresses do not get out" "$peer_host4" "$(peer timeout 3 tcpdump -nlc1 -i eth0 icmp 2>/dev/null | awk '{ print $3 }' & sleep 0.7; guest web ping -c1 -W1 $peer4 >/dev/null; wait)"

same "a forward from another machine, IPv4" welcome "$(peer curl -sS --max-time 2 "http://$peer_host4:8181")"
same "  IPv6" welcome "$(peer curl -sS --max-time 2 "http://[$peer_host6]:8181")"
same "  UDP" hello "$(export -f udp; peer bash -c "udp $peer_host4 5000 hello")"
same "  by the host's own address" welcome "$(fetch "http://$peer_host4:8181")"
same "  by localhost" welcome "$(fetch http://127.0.0.1:8181)"
same "  IPv6" welcome "$(fetch 'http://[::1]:8181')"
for call_iptables in 0 1; do
        need "bridge-nf-call" sysctl -qw net.bridge.bridge-nf-call-iptables=$call_iptables net.bridge.bridge-nf-call-ip6tables=$call_iptables
        with="with bridge-nf-call-iptables $call_iptables"
        same "$with: a sibling by the host's port, IPv4" welcome "$(guest db curl -sS --max-time 2 "http://$peer_host4:8181")"
        same "  IPv6" welcome "$(guest db curl -sS --max-time 2 "http://[$peer_host6]:8181")"
        # br_netfilter would have to hand the frame back to the port that it came from.
        [[ $call_iptables == 1 ]] ||
                same "  the member itself" welcome "$(guest web curl -sS --max-time 2 "http://$peer_host4:8181")"
        same "  another zone by the host's port" welcome "$(guest other curl -sS --max-time 2 "http://$peer_host4:8181")"
        reaches "  members reach each other" db "$(guest4 web)"
        reaches "  IPv6" db "$(guest6 web)"
        same "  and see each other's own address" "$(guest4 db)" "$(guest web timeout 3 tcpdump -nlc1 -i host0 icmp 2>/dev/null | awk '{ print $3 }' & sleep 0.7; guest db ping -c1 -W1 "$(guest4 web)" >/dev/null; wait)"
        does_not_reach "  another zone is closed, IPv4" other "$(guest4 web)"
        does_not_reach "  IPv6" other "$(guest6 web)"
        does_not_reach "  from here, too" web "$(guest4 other)"
        does_not_reach "  a plain container does not reach a member" single "$(guest4 web)"
        does_not_reach "  nor a member it" web "$(guest4 single)"
        reaches "  the outside" web "$peer4"
        reaches "  IPv6" web "$peer6"
        # LLMNR and mDNS go from member to member.
        guest web python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 5353)); s.settimeout(9)
s.setsockopt(0, 35, socket.inet_aton("224.0.0.251") + socket.inet_aton("'"$(guest4 web)"'"))
open("/run/ready", "w"); print(s.recvfrom(99)[1][0])' >/run/mdns &
        within 5 "  a listener" test -e /run/ready
        rm /run/ready
        guest db python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(0, 32, socket.inet_aton("'"$(guest4 db)"'"))
s.sendto(b"x", ("224.0.0.251", 5353))'
        within 5 "  multicast passes, from its own address" grep -qx "$(guest4 db)" /run/mdns
done

end_guest single
need "detach" of Detach single
end_member other
within 1 "the other zone's bridge goes with its last member" bash -c '! ip link show vz-bar'
end_member db
prints "the bridge stays while there is a member" 'vz-foo' ip link show vz-foo
address=$(guest4 web)
end_member web
within 1 "and goes with the last" bash -c '! ip link show vz-foo'
within 1 "every link is gone" bash -c '! ip link show ve-single'
same "nothing is left" "$before" "$(left)"
run_member web foo
same "a member keeps its address" "$address" "$(guest4 web)"
same "and the zone its hardware address" "$mac" "$(cat /sys/class/net/vz-foo/address)"
end_member web
same "nothing is left" "$before" "$(left)"

fails "a member of a zone that is not defined" 10 "Virtual zone 'nozone' does not exist!" bash -c "'$netd' zone nozone && '$netd' member lost nozone && '$netd' zone nozone - && '$netd' call Attach '{\"name\":\"lost\"}'"
silent_about "nothing went wrong in the daemon" 'error|cannot|repairing|<[0-4]>' daemon_log
done_testing
