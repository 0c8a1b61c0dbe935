#!/usr/bin/env bash
# Live updates of a unit: the same unit goes on, streams go on, systemd's and networkd's files follow the definition, and
# networkd, which reads them again, removes nothing of what stays.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

need "the host boots" boot_host
source "$(dirname "$0")/../lib/streams.sh"
cp "$stream" "$host_root/root/stream.py"
need "setup" in_host nixos-nspawn setup
config() { # config FORWARDS [MORE]: as JSON
        cat >"$host_root/root/one.json" <<J
{ "system": { "stateVersion": "26.05" }, "networking": { "firewall": { "allowedTCPPorts": [ 7000 ] } },
  "nixosContainer": { "forwardPorts": [ $1 ]${2-} } }
J
}
update() { # update WHAT CONFIG...
        config "${@:2}"
        succeeds "update: $1" in_host nixos-nspawn update --config /root/one.json one
}
a='{ "hostPort": 9000, "containerPort": 7000 }'
b='{ "hostPort": 9001, "containerPort": 7000 }'
config "$a"
need "create" in_host nixos-nspawn create --config /root/one.json one
unit() { in_host systemctl show -p MainPID -p InvocationID -p ActiveEnterTimestampMonotonic -p NRestarts systemd-nspawn@one; }
leader() { in_host machinectl show -p Leader --value one; }
before_unit=$(unit) before_leader=$(leader)
prints "the unit runs" '^MainPID=[1-9]' echo "$before_unit"
in_host sh -c "nsenter -t $before_leader -n python3 /root/stream.py serve 7000 /run/quiet >/dev/null 2>&1 &"
within 5 "a server inside" bash -c "exec 3<>/dev/tcp/$peer_host4/9000; read -r -t 2 line <&3; [[ \$line == 1 ]]"
flow far4 $peer_host4 9000 peer
flow far6 $peer_host6 9000 peer
in_host sh -c 'python3 /root/stream.py call 127.0.0.1 9000 /run/near >/dev/null 2>&1 &'
near() { in_host cat /run/near; }
goes_on "streams through the forward"
same_unit() {
        local before now
        before=$(near)
        goes_on
        now=$(near)
        if [[ $now != ended* && $now -gt $before ]]; then ok "  the one through localhost, too"; else not_ok "  the one through localhost, too" "$before, then $now"; fi
        same "  the same run of the unit" "$before_unit" "$(unit)"
        same "  the same first process" "$before_leader" "$(leader)"
}
goes_on
# What goes of addresses, routes, neighbours and links, on the host and inside. Neighbours that nobody configured, and
# multicast groups, come and go by themselves.
in_host sh -c 'ip -o monitor link address route neigh dev ve-one >>/run/monitor.host 2>&1 &'
in_host sh -c "nsenter -t $before_leader -n ip -o monitor link address route neigh >>/run/monitor.guest 2>&1 &"
deleted() { in_host sh -c 'grep -ah ^Deleted /run/monitor.host /run/monitor.guest' | grep -vE 'FAILED|STALE|REACHABLE|NOARP|ff[0-9a-f]{2}:'; }
configured() { in_host sh -c 'ip -br addr show ve-one; ip route show dev ve-one; ip -6 route show dev ve-one; ip neigh show dev ve-one nud permanent' | grep -v '^ff' | sort; }
forget() { in_host sh -c ': >/run/monitor.host; : >/run/monitor.guest'; }
# systemd-networkd 252, when its file of a link has changed, takes all of its own away and adds it again, within a millisecond.
only_deleted() { # only_deleted WHAT PATTERN: since forget
        if [[ $HOST_SUITE == bookworm ]]; then
                same "$1 (252: on the host not for long)" "" "$(grep -vxFf <(configured) <<<"$expected")"
                same "  inside" "" "$(in_host grep -a ^Deleted /run/monitor.guest | grep -vE 'FAILED|STALE|REACHABLE|NOARP|ff[0-9a-f]{2}:|'"$2")"
        else
                same "$1" "" "$(deleted | grep -vE "$2")"
        fi
}
settled() {
        within 15 "  networkd on the host" in_host sh -c "networkctl list ve-one | grep -q 'configured'"
        within 15 "  and inside" in_host sh -c "networkctl -M one list host0 2>/dev/null | grep -q configured || systemd-run -q -M one --pipe --wait networkctl list host0 | grep -q configured"
}
file=/etc/systemd/network/20-ve-one.network

update "a forward comes" "$a, $b"
same_unit
same "  nothing was deleted" "" "$(deleted)"
prints "  it leads inside" '^1$' peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/9001; head -n1 <&3"
prints "  from localhost" '^1$' in_host timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9001; head -n1 <&3'

more=', "containerNetworkConfig": { "address": [ "10.99.0.2/24" ], "linkConfig": { "MTUBytes": "1400" } },
      "hostNetworkConfig": { "address": [ "10.99.0.1/24" ], "linkConfig": { "MTUBytes": "1400" },
                             "ipv6Prefixes": [ { "Prefix": "2001:db8:a:1::/64", "Assign": true } ] }'
expected=$(configured | grep -v '^ve-one')
forget
update "addresses, MTU and a prefix" "$a, $b" "$more"
same_unit
prints "  the host's address" ' 10\.99\.0\.1/24( |$)' in_host ip -br addr show ve-one
prints "  the prefix's" ' 2001:db8:a:1:[0-9a-f:]+/64( |$)' in_host ip -br addr show ve-one
prints "  the container's" ' 10\.99\.0\.2/24( |$)' in_guest one ip -br addr show host0
prints "  the MTU" ' mtu 1400 ' in_host ip link show ve-one
prints "  inside" ' mtu 1400 ' in_guest one ip link show host0
prints "  $file follows" '^Address=10\.99\.0\.1/24' in_host cat $file
prints "  with the MTU" '^MTUBytes=1400' in_host cat $file
prints "  the guest's file follows" '^Address=10\.99\.0\.2/24' in_guest one cat /run/systemd/network/20-host0.network
settled
only_deleted "  nothing was deleted" '^$'
succeeds "  it is reached there" in_host ping -c1 -W2 10.99.0.2

# What networkd makes of its new file when it starts anew.
forget
in_host systemctl restart systemd-networkd
settled
same_unit
same "networkd restarted: nothing was deleted" "" "$(deleted)"
prints "  the address stays" ' 10\.99\.0\.1/24( |$)' in_host ip -br addr show ve-one

forget
update "back" "$a, $b"
same_unit
silent_about "  the addresses are gone" '10\.99\.|2001:db8:a' in_host ip -br addr show ve-one
silent_about "  inside" '10\.99\.|2001:db8:a' in_guest one ip -br addr show host0
silent_about "  from the file" '10\.99\.|2001:db8:a|1400' in_host cat $file
prints "  the MTU" ' mtu 1500 ' in_host ip link show ve-one
settled
only_deleted "  what was deleted is what went" '10\.99\.0\.|2001:db8:a:1'
prints "  and it was" '10\.99\.0\.1/24' deleted

# The drop-in: what the next start reads, while this one runs.
drop_in=/etc/systemd/system/systemd-nspawn@one.service.d/50-nixos-nspawn.conf
update "a longer time to start" "$a, $b" ', "timeoutStartSec": "2min"'
same_unit
prints "  the drop-in follows" '^TimeoutStartSec=(2min|120)' in_host cat $drop_in
prints "  systemd has read it" '^TimeoutStartUSec=2min$' in_host systemctl show -p TimeoutStartUSec systemd-nspawn@one
update "the second forward goes" "$a" ', "timeoutStartSec": "2min"'
same_unit
refused "  nobody gets in" peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/9001; read -r -t 1 line <&3"

forget
# Without networkd: its file follows, and it reads it when it comes.
in_host systemctl stop systemd-networkd.socket systemd-networkd
update "with networkd stopped: an address" "$a" ', "timeoutStartSec": "2min", "hostNetworkConfig": { "address": [ "10.98.0.1/24" ] }'
same_unit
in_host systemctl start systemd-networkd
settled
same_unit
prints "  it is adopted" ' 10\.98\.0\.1/24( |$)' in_host ip -br addr show ve-one
same "  nothing was deleted" "" "$(deleted)"

need "remove" in_host nixos-nspawn remove --delete-state one
done_testing
