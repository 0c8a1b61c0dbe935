#!/usr/bin/env bash
# What others do to a zone is repaired; a daemon that is killed is followed by one that finds the zone as it was; a member
# that cannot be attached leaves nothing behind, whatever step it was that failed.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"
source "$(dirname "$0")/lib-zone.sh"

echo "nameserver 192.0.2.1" >/etc/resolv.conf
need "the daemon starts" "$netd" ensure
need "define a zone" "$netd" zone foo
need "define a zone" "$netd" zone stay '{"persistent":true}'
need "the zone that is to stay comes without members" of UpdateZone stay
run_member web foo '[{"hostPort":8181,"containerPort":80}]'
run_member db foo
serve web 80 welcome
web4=$(guest4 web)
# Without the guests' own, which the kernel gives no fixed order.
zone() {
        ip -o addr show dev vz-foo | sed -E 's/^[0-9]+: //; s/valid_lft.*//'
        ip neigh show dev vz-foo nud permanent | sort
        { ip route show dev vz-foo; ip -6 route show dev vz-foo; } | grep -v multicast | sed 's/ proto [a-z]*//; s/ metric [0-9]*//; s/ pref medium//' | sort
        rules
        ls /sys/class/net/vz-foo/brif
}
export -f zone
right=$(zone)
as_before() { diff <(echo "$right") <(zone); }
restored() { # restored WHAT COMMAND...
        local what=$1
        shift
        need "$what: do it" "$@"
        within 3 "$what: repaired" as_before
        reaches "  members reach each other" db "$(guest4 web)"
        reaches "  IPv6" db "$(guest6 web)"
        reaches "  and the host" db "$(host4 db)"
        same "  the forward works" welcome "$(fetch http://127.0.0.1:8181)"
}
restored "an nftables flush" nft flush ruleset
restored "the bridge table is gone" nft delete table bridge nixos_nspawn
restored "an address is removed" ip addr del "$(about web hostAddresses.0)" dev vz-foo
restored "an IPv6 address is removed" ip addr del "$(about web hostAddresses.1)" dev vz-foo
restored "a neighbour is removed" ip neigh del "$(guest4 web)" dev vz-foo
restored "a neighbour is changed" ip neigh replace "$(guest4 web)" lladdr 02:00:00:00:00:01 dev vz-foo nud permanent
restored "a route is removed" ip route del "$(ip route show dev vz-foo | awk '{ print $1; exit }')"
restored "the bridge is taken down" ip link set vz-foo down
restored "a port is taken out" ip link set vb-db nomaster
restored "a port is taken down" ip link set vb-db down
restored "the bridge is deleted" ip link delete vz-foo

need "kill" kill -9 "$(daemon_pid)"
same "the daemon is killed: traffic goes on" welcome "$(guest db curl -sS --max-time 2 "http://$web4")"
need "the next one starts" "$netd" ensure
succeeds "it finds everything as it was" as_before
same "  and both members" "foo 2" "$(call ListZones | python3 -c 'import json,sys; print(*[(z["name"], z["members"]) for z in json.load(sys.stdin)["zones"] if z["name"] == "foo"][0])')"
same "  DNS answers" "$(guest4 web)" "$(guest db dig +time=2 +tries=2 +short "@$(host4 db)" web A)"
restored "then an nftables flush" nft flush ruleset
need "kill" kill -9 "$(daemon_pid)"
need "meanwhile" nft flush ruleset
need "meanwhile" ip link delete vz-foo
need "meanwhile" ip link delete vz-stay
need "the next one starts" "$netd" ensure
within 3 "what was taken away without a daemon is back" as_before
prints "  the zone that is to stay, too" 'vz-stay.*UP' ip link show vz-stay
reaches "  and members reach each other" db "$(guest4 web)"

end_member db
end_member web
within 1 "the bridge is gone" bash -c '! ip link show vz-foo'
prints "the one that is to stay stays" 'vz-stay' ip link show vz-stay
need "it is not defined any more" "$netd" zone stay -
need "update" of UpdateZone stay
refused "then it goes" ip link show vz-stay

# Every step of what Attach applies, for the first member and for a further one.
if [[ -n ${ASAN_OPTIONS-} ]]; then
        need "stop" call Stop
        before=$(left)
        for k in $(seq 60); do
                export NIXOS_NSPAWN_FAULT_OPERATION=$k
                need "the daemon starts" "$netd" ensure
                if of Attach web >/run/answer 2>&1; then
                        break
                fi
                same "step $k of the first member fails: nothing is left" "$before" "$(left)"
                need "stop" call Stop
        done
        unset NIXOS_NSPAWN_FAULT_OPERATION
        succeeds "at last there is no step left to fail" test "$k" -gt 15
        need "detach" of Detach web
        same "nothing is left" "$before" "$(left)"
fi
done_testing
