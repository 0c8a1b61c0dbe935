#!/usr/bin/env bash
# What the host's side of a link relies on: networkd finds the network that was made at once, declared in the link's
# .network file, and takes it over. It deletes nothing, whichever of them was first; nor when it is restarted, killed,
# absent for a while, told to reload; an open connection goes on. A container of somebody else's beside is as ever.
# Nothing of the project runs: `ip -batch` does what nspawn-netd does.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd
need "the host boots" boot_host

link=ve-guest
guest=$host_root/var/lib/machines/guest
make_plain guest '[Exec]
Boot=no
NotifyReady=yes
KillSignal=SIGRTMIN+3
Parameters=/run/host/first/first /usr/lib/systemd/systemd
[Network]
VirtualEthernet=yes
[Files]
BindReadOnly=/root/first:/run/host/first:idmap'
mkdir "$host_root/root/first"
cat >"$host_root/root/first/first" <<'D'
#!/bin/sh
ip -batch - <<B
link set host0 addrgenmode none
addr add 10.233.0.2/28 brd + dev host0
addr add fd12:3456:789a:5::2/64 dev host0 nodad
addr add fe80::2/64 dev host0 nodad
link set host0 up
B
exec "$@"
D
chmod 755 "$host_root/root/first/first"
printf '[Match]\nName=host0\n[Link]\nUnmanaged=yes\n' >"$guest/etc/systemd/network/20-host0.network"
printf '[Socket]\nListenStream=7777\nAccept=yes\n' >"$guest/etc/systemd/system/echo.socket"
printf '[Service]\nExecStart=cat\nStandardInput=socket\n' >"$guest/etc/systemd/system/echo@.service"
mkdir -p "$guest/etc/systemd/system/sockets.target.wants"
ln -s ../echo.socket "$guest/etc/systemd/system/sockets.target.wants/"

# The container's MAC and the host's link-local address, which do not change.
need "start" in_host machinectl start guest
leader=$(in_host machinectl show guest -p Leader --value)
mac=$(in_host nsenter -t "$leader" -n ip -o link show host0 | sed -E 's,.*link/ether ([0-9a-f:]+).*,\1,')
link_local() { in_host ip -6 -o addr show dev $link scope link | grep -oE 'fe80:[0-9a-f:]+'; }
within 20 "(the kernel makes a link-local address)" link_local
own=$(link_local)
ended() { [[ $(in_host systemctl is-active systemd-nspawn@guest) == inactive ]] && ! in_host ip link show $link; }
stop_guest() {
        in_host machinectl poweroff guest
        within 20 "(the container ends)" ended
}
stop_guest

cat >"$host_root/root/batch" <<D
link set $link addrgenmode none
addr replace 10.233.0.1/28 brd + dev $link
addr replace fd12:3456:789a:5::1/64 dev $link nodad
addr replace $own/64 dev $link nodad
neigh replace 10.233.0.2 lladdr $mac nud permanent dev $link
neigh replace fd12:3456:789a:5::2 lladdr $mac nud permanent dev $link
neigh replace fe80::2 lladdr $mac nud permanent dev $link
link set $link up
D
# Broadcast: without it networkd 252 takes its own address for another one, and replaces it whenever it starts.
# Link-local addressing "ipv6", as the kernel has it when a link is made: told "no", or that no address is generated, 252
# sets that, and then removes every fe80:: that it finds, also those of the file.
# KeepConfiguration: what the file does not say (yet) stays when networkd starts again.
cat >"$host_root/etc/systemd/network/20-$link.network" <<D
[Match]
Name=$link
[Link]
RequiredForOnline=no
ActivationPolicy=manual
[Network]
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
IPv6SendRA=no
DHCPServer=no
IPMasquerade=no
ConfigureWithoutCarrier=yes
KeepConfiguration=yes
[Address]
Address=10.233.0.1/28
Broadcast=10.233.0.15
[Address]
Address=fd12:3456:789a:5::1/64
DuplicateAddressDetection=none
[Address]
Address=$own/64
DuplicateAddressDetection=none
[Neighbor]
Address=10.233.0.2
LinkLayerAddress=$mac
[Neighbor]
Address=fd12:3456:789a:5::2
LinkLayerAddress=$mac
[Neighbor]
Address=fe80::2
LinkLayerAddress=$mac
D
in_host networkctl reload

# The daemon's part, once: the batch as soon as the link is there. $1: seconds to wait; $2: what to do then.
cat >"$host_root/root/daemon" <<'D'
#!/bin/bash
while [[ ! -e /sys/class/net/ve-guest ]]; do sleep 0.002; done
sleep "$1"
ip -batch /root/batch
eval "$2"
D
chmod 755 "$host_root/root/daemon"
monitor=$host_root/root/monitor
watch_link() { in_host sh -c 'exec ip monitor address route neigh >>/root/monitor 2>&1' & }
offset=0
since_then() { # what was deleted on the link since the last call; multicast and unused entries come and go
        local from=$offset
        offset=$(wc -l <"$monitor")
        tail -n +$((from + 1)) "$monitor" | grep -E "Deleted.*($link|10\.233\.0|fd12|$own |fe80::2 )" | grep -vE 'NOARP|ff00::|ff02::|uplink'
        true
}
configured() { in_host networkctl status $link | grep -q 'State: routable (configured)'; }
state() {
        in_host sh -c "ip -o addr show dev $link; ip route show dev $link; ip -6 route show dev $link; ip neigh show dev $link nud permanent" |
                sed -E 's/^[0-9]+: //; s/ *$//' | grep -v ff00:: | sort
}
kept() { # kept WHAT: configured, nothing deleted, all as it was
        within 20 "$1: networkd has configured the link" configured
        sleep 0.5
        same "  and deleted nothing" "" "$(since_then)"
        same "  the same as before" "$expected" "$(state)"
}

watch_link
monitored() { in_host ip route add 192.0.2.99/32 dev lo && in_host ip route del 192.0.2.99/32 dev lo && [[ -s $monitor ]]; }
within 10 "(the monitor runs)" monitored
since_then >/dev/null

# networkd stands still until the batch is done.
in_host systemctl kill -s STOP systemd-networkd
in_host /root/daemon 0 "ip -o addr show dev $link >/root/seen; systemctl kill -s CONT systemd-networkd" &
need "start" in_host machinectl start guest
wait $!
same "the batch was first" 3 "$(grep -c inet "$host_root/root/seen")"
expected=$(state)
kept "the batch first"
same "  three neighbours" 3 "$(grep -c PERMANENT <<<"$expected")"
prints "  networkctl shows our file" "Network File: /etc/systemd/network/20-$link.network" in_host networkctl status $link
refused "  nobody waits for duplicate address detection" grep -aE 'tentative|dadfailed' "$monitor"
same "  UDP 67 and 547 are free" "" "$(in_host ss -lunH | grep -E ':(67|547) ')"

# A connection of either family that says a word every tenth of a second, and ends when no answer comes.
in_host bash -c 'exec 3<>/dev/tcp/10.233.0.2/7777 4<>/dev/tcp/fd12:3456:789a:5::2/7777
        while sleep 0.1; do
                for f in 3 4; do echo word >&$f; read -r -t 8 -u $f _ || exit; done
                echo one >>/root/words
        done' &
talks() { local n && n=$(wc -l <"$host_root/root/words") && sleep 0.5 && [[ $(wc -l <"$host_root/root/words") -gt $n ]]; }
within 10 "connections of both families" talks

need "reload" in_host networkctl reload
kept "networkctl reload"
need "restart" in_host systemctl restart systemd-networkd
kept "networkd restarted"
in_host ip address add 10.99.0.1/32 dev $link
in_host ip route add 192.0.2.0/24 via 10.233.0.2
in_host ip neighbour add 10.233.0.9 lladdr 02:00:00:00:00:09 nud permanent dev $link
expected=$(state)
in_host systemctl kill -s KILL systemd-networkd
within 20 "killed: it comes back" in_host systemctl is-active systemd-networkd
kept "networkd killed, things there that its file does not say"
in_host systemctl stop systemd-networkd.socket systemd-networkd
need "start" in_host systemctl start systemd-networkd
kept "networkd started late"
within 10 "the connections go on" talks
# 252 takes everything away and gives it back; 257 does not.
in_host ip address del 10.99.0.1/32 dev $link
in_host ip route del 192.0.2.0/24 via 10.233.0.2
in_host ip neighbour del 10.233.0.9 dev $link
need "reconfigure" in_host networkctl reconfigure $link
within 20 "networkctl reconfigure" configured
within 10 "  the connections go on" talks

# Somebody else's container.
make_plain plain $'[Exec]\nNotifyReady=yes'
need "start" in_host machinectl start plain
plain() { in_host networkctl status ve-plain | grep -A99 'Network File: .*/80-container-ve.network' | grep -q 'routable (configured)'; }
within 20 "a plain container beside: its link is configured by networkd's own file" plain
prints "  with its range and its masquerade" '192\.168\.' in_host nft list set ip io.systemd.nat masq_saddr
reaches() { in_host systemd-run -M plain --quiet --pipe --wait ping -4 -c1 -W1 $peer4; }
within 30 "  and a way out" reaches
stop_guest

# networkd is first by far.
since_then >/dev/null
in_host /root/daemon 1 '' &
need "start" in_host machinectl start guest
wait $!
expected=$(state)
kept "networkd first, the batch a second later"
same "  as the other way round" "3 3" "$(state | grep -c inet) $(state | grep -c PERMANENT)"
done_testing
