#!/usr/bin/env bash
# What others take away is put back within a second, an open TCP connection goes on, and what is not ours stays.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

make_peer
need "the daemon starts" "$netd" ensure
run_guest example '[{"hostPort":8181,"containerPort":80}]'
run_guest other '[{"hostPort":8282,"containerPort":80}]'
serve example 80 welcome
link=ve-example

cat >/run/echo.py <<'P'
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", 81)); s.listen()
c, _ = s.accept()
while (d := c.recv(100)): c.sendall(d)
P
guest example python3 /run/echo.py &
need "another forward, live" "$netd" define example '[{"hostPort":8181,"containerPort":80},{"hostPort":8183,"containerPort":81}]'
need "  Update" of Update example
within 5 "  a server behind it" bash -c "[[ -n \$(ip netns exec example ss -Hltn 'sport = :81') ]]"
open_stream 8183
talk "a stream from another machine"
element() { nft list map "$1" io.systemd.nat map_port_ipport | grep "tcp . $2" >/dev/null; }
fresh() { [[ $(peer curl -sS --max-time 1 "http://$peer_host4:8181") == welcome ]]; }
mine=$(rules)

nft flush ruleset
within 1 "flush ruleset: everything is as before within a second" bash -c '[[ "$(rules)" == "$1" ]]' - "$mine"
within 1 "  new connections" fresh
talk "  the stream goes on"
for table in "ip io.systemd.nat" "ip6 io.systemd.nat" "inet nixos_nspawn" "arp nixos_nspawn"; do
        nft delete table $table
        within 1 "delete table $table" bash -c '[[ "$(rules)" == "$1" ]]' - "$mine"
done
nft delete element ip io.systemd.nat map_port_ipport "{ tcp . 8282 : $(guest4 other) . 80 }"
within 1 "an element deleted: there again" element ip 8282
nft flush set inet nixos_nspawn links
within 1 "a set flushed: as before" bash -c '[[ "$(rules)" == "$1" ]]' - "$mine"
nft flush chain inet nixos_nspawn source
within 1 "a chain flushed: as before" bash -c '[[ "$(rules)" == "$1" ]]' - "$mine"
talk "  the stream goes on"

# What the containers' traffic needs of the host, and only then.
forwarding() { cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding | paste -sd' '; }
export -f forwarding
sysctl -qw net.ipv4.ip_forward=0
within 1 "IPv4 forwarding switched off: on again" bash -c '[[ $(forwarding) == "1 1" ]]'
sysctl -qw net.ipv6.conf.all.forwarding=0
within 1 "IPv6, too" bash -c '[[ $(forwarding) == "1 1" ]]'
within 1 "  new connections" fresh
talk "  the stream goes on"
prints "  the log says so" 'somebody switched forwarding off, switching it on again' daemon_log

names=/run/nixos-nspawn/names
published() { (cd $names && find . -type f -exec grep -H . {} + -o -type l -printf '%p %l\n' | sort); }
export -f published
export names
all=$(published)
prints "names of the containers" "^./example:$(guest4 example)" echo "$all"
rm $names/example
within 1 "a name removed: there again" bash -c '[[ $(published) == "$1" ]]' - "$all"
rm "$names/.by-address/$(guest4 other)"
within 1 "an address removed: there again" bash -c '[[ $(published) == "$1" ]]' - "$all"
rm -rf $names
within 1 "all of it removed: there again" bash -c '[[ $(published) == "$1" ]]' - "$all"
rm -rf $names
within 1 "  twice" bash -c '[[ $(published) == "$1" ]]' - "$all"
mv $names /run/elsewhere
within 1 "moved away: there again" bash -c '[[ $(published) == "$1" ]]' - "$all"
rm $names/other
within 1 "  and looked after" bash -c '[[ $(published) == "$1" ]]' - "$all"

# With more descriptors than select() can wait for, as with some hundred containers.
cat >/run/many.py <<'P'
import resource, socket, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
many = [socket.socket(socket.AF_UNIX) for _ in range(1020)]
for s in many: s.connect("/run/nixos-nspawn/io.nixos.Nspawn")
open("/run/many", "w")
time.sleep(1000)
P
pid=$(daemon_pid)
python3 /run/many.py &
many=$!
within 5 "a thousand connections" test -e /run/many
within 5 "  and a thousand descriptors" bash -c "[[ \$(ls /proc/$pid/fd | wc -l) -gt 1030 ]]"
nft flush ruleset
within 1 "flush ruleset with a thousand descriptors: as before" bash -c '[[ "$(rules)" == "$1" ]]' - "$mine"
kill $many
wait $many 2>/dev/null
same "  by the same daemon" "$pid" "$(daemon_pid)"
same "  whose standard input is in its place" /dev/null "$(readlink "/proc/$pid/fd/0")"

is_up() { ip -o link show $link | grep 'state UP' >/dev/null; }
ip link set $link down
within 1 "link down: up again" is_up
within 1 "  IPv4" ping -4 -c1 -W1 "$(guest4 example)"
within 1 "  IPv6" ping -6 -c1 -W1 "$(guest6 example)"
talk "  the stream goes on"
addresses() { ip -o addr show dev $link | sed -E 's/valid_lft.*//; s/^[0-9]+: //' | sort; }
wanted=$(addresses)
routes() { for v in -4 -6; do ip $v route show dev $link | sed 's/ $//'; done | sort; }
wanted_routes=$(routes)
for address in $(ip -o addr show dev $link | awk '{ print $4 }'); do
        ip addr del "$address" dev $link
        within 1 "address $address deleted: there again" bash -c "ip addr show dev $link | grep -q '$address'"
done
ip addr flush dev $link
within 1 "all addresses flushed: there again" bash -c "[[ \$(ip -o addr show dev $link | wc -l) -eq 3 ]]"
same "  the same ones" "$wanted" "$(addresses)"
same "  and the same routes, each once" "$wanted_routes" "$(routes)"
talk "  the stream goes on"
neighbours() { ip neigh show dev $link nud permanent | sort; }
wanted=$(neighbours)
ip neigh del "$(guest4 example)" dev $link
within 1 "neighbour deleted: there again" bash -c "[[ \$(ip neigh show dev $link nud permanent | sort) == '$wanted' ]]"
ip neigh replace "$(guest6 example)" lladdr 02:00:00:00:00:01 dev $link nud permanent
within 1 "neighbour replaced: ours again" bash -c "[[ \$(ip neigh show dev $link nud permanent | sort) == '$wanted' ]]"
for i in 1 2; do
        ip route del "$(ip -o route show dev $link | awk '{ print $1; exit }')" dev $link
        within 1 "route deleted ($i): there again" ping -4 -c1 -W1 "$(guest4 example)"
        ip -6 route del "$(ip -6 -o route show dev $link | grep ^fd | awk '{ print $1; exit }')" dev $link
        within 1 "  IPv6" ping -6 -c1 -W1 "$(guest6 example)"
done
talk "  the stream goes on"

# Somebody who does not give up does not get the machine.
used() { awk '{ print $14 + $15 }' "/proc/$(daemon_pid)/stat"; }
ticks=$(used)
for _ in $(seq 300); do
        ip link set $link down
        sleep 0.01
done
spent=$(($(used) - ticks))
if [[ $spent -lt 100 ]]; then ok "3 s of a fight over the link cost little"; else not_ok "3 s of a fight over the link cost little" "$spent ticks"; fi
within 1 "  and the link is up in the end" is_up

# Others' tables and elements are not ours to remove.
nft add element ip io.systemd.nat map_port_ipport '{ tcp . 9999 : 192.0.2.9 . 99 }'
nft add element ip io.systemd.nat masq_saddr '{ 192.0.2.0/24 }'
nft add table ip someone
pid=$(daemon_pid)
kill -9 "$pid"
need "kill -9 of the daemon: the next command starts it again" "$netd" ensure
same "  another process" different "$([[ $(daemon_pid) == "$pid" ]] && echo same || echo different)"
prints "  it knows its networks" '"state": "linked"' of Describe example
prints "  both of them" '"name": "other"' call List
talk "  the stream goes on"
kill -9 "$(daemon_pid)"
sysctl -qw net.ipv4.ip_forward=0
rm -rf $names
ip link set $link down
ip addr flush dev $link
nft flush set inet nixos_nspawn links
nft delete element ip io.systemd.nat map_port_ipport "{ tcp . 8181 : $(ip -n example -4 -o addr show host0 | awk '{ print $4 }' | cut -d/ -f1) . 80 }"
need "what happened while there was no daemon is repaired when it is back" "$netd" ensure
succeeds "  link" is_up
succeeds "  forward" element ip 8181
same "  forwarding" "1 1" "$(forwarding)"
same "  names" "$all" "$(published)"
within 1 "  new connections" fresh
talk "  the stream goes on"
kill -9 "$(daemon_pid)"
gone4=$(ip -n other -4 -o addr show host0 | awk '{ print $4 }' | cut -d/ -f1)
"$netd" hold other true
ip link delete ve-other
need "a container that ended while there was no daemon" "$netd" ensure
refused "  its forward is gone" element ip 8282
silent_about "  its guard, too" 've-other' nft list ruleset
silent_about "  and its address" "${gone4//./\\.}[^0-9]" nft list ruleset
refused "  its record" test -e /run/nixos-nspawn/networks/other.json
succeeds "  others' forwards stay" element ip 9999
prints "  others' masquerading stays" '192\.0\.2\.0/24' nft list set ip io.systemd.nat masq_saddr
prints "  others' tables stay" 'table ip someone' nft list tables

# More happens than the kernel remembers for a daemon that is busy: it looks at everything.
pid=$(daemon_pid)
kill -STOP "$pid"
nft flush ruleset
ip link set $link down
ip link add flood type dummy 2>/dev/null || ip link add flood type veth peer name flood2
for i in $(seq 0 99); do
        for k in $(seq 0 255); do echo "addr add 127.100.$i.$k/32 dev flood"; done
done >/run/flood
ip -batch /run/flood
ip link delete flood
kill -CONT "$pid"
within 2 "events that were lost: the link is up again" is_up
within 2 "  the forward is there again" element ip 8181
prints "  the log says why" 'events were lost' daemon_log
talk "  the stream goes on"

pid=$(daemon_pid)
kill -TERM "$pid"
within 2 "SIGTERM: it ends" bash -c "! kill -0 $pid"
succeeds "  the forward stays" element ip 8181
talk "  the stream goes on without a daemon"
need "  and with a new one" "$netd" ensure
talk "  the stream goes on"
# A container whose supervisor is killed says nothing.
"$netd" define third '[{"hostPort":8383}]'
"$netd" hold third sleep 1 &
need "a supervisor that dies without Detach" of Attach third
within 10 "  its forward goes" bash -c '! nft list map ip io.systemd.nat map_port_ipport | grep -q 8383'
done_testing
