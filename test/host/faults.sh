#!/usr/bin/env bash
# What takes part is killed, restarted, reloaded, flushed, one after the other. Data flows in open connections into the
# container all the time: from another machine through the forward, by both families, and from the host's localhost
# through the proxy. They go on, all but those of the proxy when it is the proxy that is killed; and everything new works.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

sh() { in_host sh -c "cd; $1"; }
need "the host boots" boot_host
peer_resolver
sed -e 's/\[ 80 \]/[ 80 9000 ]/' -e 's/8181; containerPort = 80; }/& { hostPort = 9000; }/' examples/example.nix >"$host_root/root/faults.nix"
cp test/host/stream.py "$(command -v busybox)" "$host_root/root"
need "setup" in_host nixos-nspawn setup
need "create" in_host nixos-nspawn create --config /root/faults.nix example
leader=$(in_host machinectl show -p Leader --value example)
address4=$(in_host nixos-nspawn show-ip -4 example)
boot=$(in_host cat /proc/sys/kernel/random/boot_id)

# The streams: their counts are files, here or in the host.
# shellcheck disable=SC2016
in_host sh -c 'echo $$ >/root/server; exec nsenter -t "$1" -n /root/stream.py serve 9000 /root/quiet' sh "$leader" &
within 5 "a server in the container" sh "/root/busybox nc -w1 $address4 9000 </dev/null"
count_here() { cat "$HOST_WORK/$1"; }
count_host() { cat "$host_root/root/$1"; }
from_peer() { test/host/stream.py call "$2" 9000 "$HOST_WORK/$1" & }
from_host() { in_host /root/stream.py call "$2" 9000 "/root/$1" & }
declare -A counts=([peer4]=count_here [peer6]=count_here [host4]=count_host [local4]=count_host [local6]=count_host)
call_all() {
        from_peer peer4 $peer_host4
        from_peer peer6 $peer_host6
        from_host host4 $peer_host4
        call_localhost
}
call_localhost() { # when the proxy has both again
        within 5 "  localhost is forwarded, IPv4" in_host curl -sf -o /dev/null --max-time 2 http://127.0.0.1:8181
        within 5 "  IPv6" in_host curl -sf -o /dev/null --max-time 2 'http://[::1]:8181'
        from_host local4 127.0.0.1
        from_host local6 ::1
}
further() { # further STREAM N: its count is above N
        local n
        n=$(${counts[$1]} "$1")
        [[ $n =~ ^[0-9]+$ && $n -gt $2 ]] || { echo "count: $n, not above $2"; return 1; }
}
flows() { # flows STREAM...: twenty more numbers come, in each
        local stream
        local -A seen
        for stream in "$@"; do
                seen[$stream]=$(${counts[$stream]} "$stream" 2>&1)
                [[ ${seen[$stream]} =~ ^[0-9]+$ ]] || seen[$stream]=0
        done
        for stream in "$@"; do within 20 "  the stream $stream goes on" further "$stream" $((seen[$stream] + 20)); done
}
goes_on() { # goes_on STREAM...
        flows "$@"
        within 5 "  a new connection from another machine, IPv4" curl -sf -o /dev/null --max-time 2 http://$peer_host4:8181
        within 5 "  IPv6" curl -sf -o /dev/null --max-time 2 "http://[$peer_host6]:8181"
        within 5 "  from localhost" in_host curl -sf -o /dev/null --max-time 2 http://localhost:8181
}
well() { # well STREAM...
        goes_on "$@"
        within 5 "  status" sh "nixos-nspawn status example | grep -qi 'state: *running'"
        within 5 "  by name from the host" in_host curl -sf -o /dev/null --max-time 2 http://example
        within 5 "  names: nspawn" sh "getent -s nspawn ahosts example | grep -q '^$address4 '"
        within 5 "  names: mymachines" sh "getent -s mymachines ahosts example | grep -q '^$address4 '"
        within 5 "  the guest resolves a name of the host's resolver" in_host nsenter -t "$leader" -m -n -p getent hosts machine.demo.test
        within 10 "  DHCP" sh "nsenter -t $leader -n /root/busybox udhcpc -f -q -n -t 3 -T 1 -i host0 -s /bin/true 2>&1 | grep -q 'lease of $address4 obtained'"
}
pid_of() { in_host systemctl show -P MainPID "$1"; }
another() { # another UNIT PID: it runs, with another number
        local now
        now=$(pid_of "$1")
        [[ $now -gt 0 && $now != "$2" ]]
}
all=(peer4 peer6 host4 local4 local6)
call_all
for stream in "${all[@]}"; do within 5 "a stream: $stream" further "$stream" 10; done

for unit in systemd-networkd nspawn-netd systemd-machined; do
        before=$(pid_of $unit)
        in_host kill -KILL "$before"
        ok "kill -9 of $unit"
        within 10 "  there is another one when it is needed" eval "in_host busctl --quiet call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.DBus.Peer Ping && another $unit $before"
        well "${all[@]}"
        succeeds "systemctl restart $unit" in_host systemctl restart $unit
        goes_on "${all[@]}"
done

before=$(pid_of nspawn-proxy)
in_host kill -KILL "$before"
ok "kill -9 of nspawn-proxy"
within 2 "  what it carried is closed" eval 'grep -q ended "$host_root/root/local4" "$host_root/root/local6"'
within 2 "  there is another one" another nspawn-proxy "$before"
call_localhost
well "${all[@]}"
succeeds "systemctl restart nspawn-proxy" in_host systemctl restart nspawn-proxy
call_localhost
goes_on "${all[@]}"

succeeds "networkctl reload" in_host networkctl reload
goes_on "${all[@]}"
succeeds "networkctl reconfigure of the link" in_host networkctl reconfigure ve-example
well "${all[@]}"
succeeds "systemctl daemon-reload" in_host systemctl daemon-reload
succeeds "systemctl daemon-reexec" in_host systemctl daemon-reexec
well "${all[@]}"

# Without NAT the kernel takes what arrives in those milliseconds for its own and resets the connection. One in which
# nothing is sent meanwhile goes on; so do those through the proxy, which need no NAT.
flush() {
        local family
        succeeds "nft flush ruleset" in_host nft flush ruleset
        for family in ip ip6; do
                within 1 "  the forward is there again within a second, $family" sh "nft list map $family io.systemd.nat map_port_ipport | grep -q 8181"
                within 1 "  and masquerade" sh "nft list set $family io.systemd.nat masq_saddr | grep -q elements"
        done
        within 1 "  and the protection" sh "nft list table inet nixos_nspawn | grep -q ve-example"
}
fall_silent() {
        local before now=''
        touch "$host_root/root/quiet"
        for _ in $(seq 40); do
                before=$now
                sleep 0.5
                now=$(for stream in "${all[@]}"; do ${counts[$stream]} "$stream"; done)
                [[ $now != "$before" ]] || return 0
        done
        return 1
}
succeeds "the streams fall silent" fall_silent
flush
rm "$host_root/root/quiet"
well "${all[@]}"
flush
# Those from before may have gone on, when nothing came in those milliseconds: each its own file.
counts+=([new4]=count_here [new6]=count_here [newhost4]=count_host)
all=(new4 new6 newhost4 local4 local6)
from_peer new4 $peer_host4
from_peer new6 $peer_host6
from_host newhost4 $peer_host4
well "${all[@]}"

# Last, because networkd itself does not find a new dbus-daemon until it is restarted.
before=$(pid_of dbus)
in_host kill -KILL "$before"
ok "kill -9 of dbus"
within 10 "  there is another one when it is needed" eval "in_host busctl --quiet call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.DBus.Peer Ping && another dbus $before"
well "${all[@]}"
succeeds "systemctl restart dbus" in_host systemctl restart dbus
goes_on "${all[@]}"
# It must hear of files that are written now, or the link would be one of its own, with a range and a DHCP server of its own.
sed 's/8181/8282/' examples/example.nix >"$host_root/root/late.nix"
succeeds "  create" in_host nixos-nspawn create --config /root/late.nix late
within 5 "  its link is networkd's by our file" sh 'grep -q "^NETWORK_FILE=/etc/systemd/network/20-ve-late.network" "/run/systemd/netif/links/$(cat /sys/class/net/ve-late/ifindex)"'
same "  one IPv4 address" 1 "$(in_host ip -4 -o addr show dev ve-late | wc -l)"
succeeds "dbus is stopped" sh 'systemctl stop dbus.socket dbus.service'
succeeds "  remove" in_host nixos-nspawn remove --delete-state late
refused "  networkd's file is gone" test -e "$host_root/etc/systemd/network/20-ve-late.network"
succeeds "  dbus is there again" sh 'systemctl start dbus.socket dbus.service'
succeeds "systemctl restart systemd-networkd" in_host systemctl restart systemd-networkd
well "${all[@]}"

same "all that in one boot, with one container" "$boot $leader" "$(in_host cat /proc/sys/kernel/random/boot_id) $(in_host machinectl show -p Leader --value example)"
prints "the host is well" '^running$' in_host systemctl is-system-running
in_host kill "$(cat "$host_root/root/server")" # it holds the container's namespace
in_host kill -KILL "$(in_host systemctl show -P MainPID systemd-nspawn@example)"
within 20 "kill -9 of systemd-nspawn: the unit ends" sh '! systemctl is-active systemd-nspawn@example'
within 5 "  no element is left" sh "! nft list ruleset | grep -E '$address4|ve-example'"
succeeds "  it can be started again" in_host nixos-nspawn start example
within 5 "  a new connection" curl -sf -o /dev/null --max-time 2 http://$peer_host4:8181
cut_host # logind does not find the new dbus-daemon either, and a poweroff would first wait 50 s for it
done_testing
