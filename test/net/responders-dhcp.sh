#!/usr/bin/env bash
# Real clients of DHCPv4, DHCPv6 and router advertisements: whoever asks, however often, whatever it remembers, the guest ends
# with the same addresses.
cd "$(dirname "$0")/../.."
source test/lib/tap.sh
source test/net/lib-responders.sh
in_namespaces "$@"

guest alpha 1
guest beta 2
serve "$(description alpha 1)" "$(description beta 2)"
both_up alpha beta
host_local=$(ip -6 -o addr show dev ve-alpha scope link | awk '{ sub("/.*", "", $4); print $4 }')
host_mac=$(cat /sys/class/net/ve-alpha/address)
guest_mac=$(in_guest alpha cat /sys/class/net/host0/address)

v4() { ip -n alpha -4 -o addr show dev host0 | awk '{ print $4 }' | sort | xargs; }
v6() { ip -n alpha -6 -o addr show dev host0 scope global | awk '{ print $4 }' | sort | xargs; }
clear_guest() {
        ip -n alpha addr flush dev host0 scope global
        ip -n alpha route flush dev host0 proto static
        ip -n alpha -6 route flush dev host0 proto ra
}
default4() { ip -n alpha route show default | awk '{ print $3; exit }'; }
default6() { ip -n alpha -6 route show default | awk '{ print $3; exit }'; }

advertisement() { in_guest alpha rdisc6 -1 -w 3000 host0; }
seen=$(advertisement)
prints "rdisc6: addresses come by DHCPv6" 'Stateful address conf\. *: *Yes' echo "$seen"
prints "rdisc6: the prefix" 'Prefix *: fd12:3456:789a:1::/64' echo "$seen"
prints "rdisc6: it is on the link" 'On-link *: *Yes' echo "$seen"
prints "rdisc6: nobody makes addresses of it" 'Autonomous address conf\.: *No' echo "$seen"
prints "rdisc6: resolver" 'Recursive DNS server *: fd12:3456:789a:1::1' echo "$seen"
prints "rdisc6: search list" 'DNS search list *: internal' echo "$seen"
prints "rdisc6: the router's hardware address" "Source link-layer address: ${host_mac^^}" echo "$seen"
prints "rdisc6: from the host's link-local address" "from $host_local" echo "$seen"
tell mtu ve-alpha 1400 >/dev/null
prints "rdisc6: an MTU that is set" 'MTU *: *1400' advertisement

# The host's neighbours are what was configured: no answer may depend on learning.
refused "advertisements are not answered to strangers" in_guest beta rdisc6 -1 -w 500 -r 1 lo

cat >/run/udhcpc <<'S'
#!/bin/sh
case $1 in
deconfig) ip addr flush dev $interface scope global; ip link set $interface up ;;
bound | renew)
        ip addr replace $ip/$mask dev $interface
        ip route replace default via $router proto static
        env | sort >/run/udhcpc-seen ;;
esac
S
chmod 755 /run/udhcpc
udhcpc() { in_guest alpha timeout 20 busybox udhcpc -i host0 -n -q -f -t 5 -T 1 -s /run/udhcpc "$@"; }
for round in 1 2; do
        clear_guest
        succeeds "udhcpc gets a lease ($round)" udhcpc
        same "  its address" 10.233.0.18/28 "$(v4)"
        same "  its router" 10.233.0.17 "$(default4)"
done
succeeds "udhcpc asks for everything it knows" udhcpc -O mtu -O search -O hostname
prints "  resolver" '^dns=10\.233\.0\.17$' cat /run/udhcpc-seen
prints "  host name" '^hostname=alpha$' cat /run/udhcpc-seen
prints "  domain" '^domain=internal$' cat /run/udhcpc-seen
prints "  search list" '^search=internal$' cat /run/udhcpc-seen
prints "  MTU" '^mtu=1400$' cat /run/udhcpc-seen
prints "  a week" '^lease=604800$' cat /run/udhcpc-seen
clear_guest
succeeds "udhcpc with the broadcast flag" udhcpc -B
same "  its address" 10.233.0.18/28 "$(v4)"
clear_guest
succeeds "udhcpc wishes for another address" udhcpc -r 10.233.0.20
same "  and gets its own" 10.233.0.18/28 "$(v4)"
clear_guest
succeeds "udhcpc under another client identifier" udhcpc -x 0x3d:ff0102030405
same "  its address" 10.233.0.18/28 "$(v4)"

dhclient() { in_guest alpha timeout 40 dhclient -1 -pf "/run/dhclient$1.pid" -lf "/run/dhclient$1.leases" "$@" host0; }
stop_dhclient() { in_guest alpha timeout 20 dhclient -x "$1" -pf "/run/dhclient$1.pid" -lf "/run/dhclient$1.leases" host0; }
for round in 1 2; do
        clear_guest
        succeeds "dhclient gets a lease ($round)" dhclient -4
        same "  its address" 10.233.0.18/28 "$(v4)"
        same "  its router" 10.233.0.17 "$(default4)"
        stop_dhclient -4
done
prints "  domain and resolver reach resolv.conf" '^nameserver 10\.233\.0\.17$' cat /etc/resolv.conf
clear_guest
sed -i 's/10\.233\.0\.18/192.168.77.5/' /run/dhclient-4.leases
succeeds "dhclient remembers an address of another network" dhclient -4
same "  and gets its own" 10.233.0.18/28 "$(v4)"
stop_dhclient -4
for round in 1 2; do
        clear_guest
        succeeds "dhclient gets a DHCPv6 lease ($round)" dhclient -6
        same "  its address" fd12:3456:789a:1::2/128 "$(v6)"
        stop_dhclient -6
done
clear_guest
sed -i 's/:1::2/:1::77/' /run/dhclient-6.leases
succeeds "dhclient remembers another IPv6 address" dhclient -6
same "  and gets its own" fd12:3456:789a:1::2/128 "$(v6)"
stop_dhclient -6

cat >/run/dhcp6c.conf <<'S'
interface host0 { send ia-na 0, ia-pd 0, rapid-commit; request domain-name-servers, domain-name; script "/run/dhcp6c"; };
id-assoc na 0 { };
id-assoc pd 0 { };
S
printf '#!/bin/sh\nenv >/run/dhcp6c-seen\n' >/run/dhcp6c
chmod 755 /run/dhcp6c
for round in 1 2; do
        clear_guest
        rm -f /run/dhcp6c-seen
        ip netns exec alpha dhcp6c -f -d -c /run/dhcp6c.conf -p /run/dhcp6c.pid host0 >/run/dhcp6c.log 2>&1 &
        client=$!
        within 20 "dhcp6c gets a lease, in one exchange and without a prefix ($round)" test -s /run/dhcp6c-seen
        within 5 "  its address" bash -c "ip -n alpha -6 addr show dev host0 | grep -F 'inet6 fd12:3456:789a:1::2/128'"
        prints "  resolver" 'new_domain_name_servers=fd12:3456:789a:1::1' cat /run/dhcp6c-seen
        kill $client
        wait $client 2>/dev/null
done

for round in 1 2; do
        clear_guest
        prints "dhcpcd gets leases of both kinds ($round)" 'leased 10\.233\.0\.18 for 604800 seconds' \
                in_guest alpha timeout 40 dhcpcd -4 -A -B -d -1 -f /dev/null host0
        in_guest alpha timeout 40 dhcpcd -6 -B -d -1 -f /dev/null host0 >/run/dhcpcd6.log 2>&1
        same "  its address" 10.233.0.18/28 "$(v4)"
        same "  its IPv6 address" fd12:3456:789a:1::2/128 "$(v6)"
        same "  its IPv6 router" "$host_local" "$(default6)"
done

mkdir -p /run/systemd/netif/{links,leases,lldp} /run/systemd/network
chown -R systemd-network: /run/systemd/netif
rm -rf /etc/systemd/network
cat >/run/systemd/network/20-host0.network <<'S'
[Match]
Name=host0
[Network]
DHCP=yes
LinkLocalAddressing=ipv6
S
# It waits for no udev where /sys is read-only, as in a container.
networkd='mount -o remount,bind,ro /sys; exec env SYSTEMD_LOG_LEVEL=debug /lib/systemd/systemd-networkd'
for round in 1 2; do
        clear_guest
        ip netns exec alpha bash -c "$networkd" >>/run/networkd.log 2>&1 &
        client=$!
        within 20 "systemd-networkd configures its link ($round)" \
                grep -q configured /run/systemd/netif/links/"$(in_guest alpha cat /sys/class/net/host0/ifindex)"
        within 10 "  its IPv6 address" bash -c "ip -n alpha -6 addr show dev host0 | grep -F 'inet6 fd12:3456:789a:1::2/128'"
        same "  its address" 10.233.0.18/28 "$(v4)"
        same "  no other IPv6 address" fd12:3456:789a:1::2/128 "$(v6)"
        same "  its router" 10.233.0.17 "$(default4)"
        same "  its IPv6 router" "$host_local" "$(default6)"
        kill $client
        wait $client 2>/dev/null
        rm -f /run/systemd/netif/l*/*
done

# Who is not the container gets nothing; and it is the address alone that makes the difference.
clear_guest
ip -n alpha link set host0 down
ip -n alpha link set host0 address 02:00:00:00:00:99
ip -n alpha link set host0 up
refused "another hardware address gets no lease" udhcpc -t 2
ip -n alpha link set host0 down
ip -n alpha link set host0 address "$guest_mac"
ip -n alpha link set host0 up
carrier alpha
succeeds "the container's own does" udhcpc

# Another DHCP server on the host, on every address: the link's packets stay ours.
python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 67))
print("held", flush=True)
time.sleep(1000)' >/run/held &
until grep -q held /run/held; do kill -0 $! || break; sleep 0.02; done
tell remove ve-alpha >/dev/null
refused "a link that is not served gets no lease" udhcpc -t 2
same "a link is served beside another DHCP server" "done" "$(tell add ve-alpha)"
clear_guest
succeeds "  and gets its lease" udhcpc
same "  its address" 10.233.0.18/28 "$(v4)"
prints "  and its advertisement" "from $host_local" advertisement

# Other addresses while the guest runs: its kernel, which listens to advertisements, forgets the old prefix.
in_guest alpha sysctl -qw net.ipv6.conf.host0.accept_ra=2
tell up ve-alpha >/dev/null
within 5 "the guest's kernel knows the prefix" bash -c 'ip -n alpha -6 route | grep fd12:3456:789a:1::/64'
ip addr add 10.233.0.129/28 dev ve-alpha
ip addr add fd12:3456:789a:8::1/64 dev ve-alpha nodad
ip neigh replace 10.233.0.130 lladdr "$guest_mac" dev ve-alpha nud permanent
same "a link gets other addresses" "done" "$(tell range ve-alpha 10.233.0.128/28 fd12:3456:789a:8::/64)"
within 5 "  the guest's kernel knows the new prefix" bash -c 'ip -n alpha -6 route | grep fd12:3456:789a:8::/64'
within 5 "  and the old one no more" bash -c '! ip -n alpha -6 route | grep fd12:3456:789a:1::/64'
clear_guest
succeeds "  a lease" udhcpc
same "  its address" 10.233.0.130/28 "$(v4)"
same "  DNS is at the new address" 10.233.0.34 "$(in_guest alpha dig +short @10.233.0.129 beta)"

serving_ends
done_testing
