# Members of zones without systemd-nspawn. Sourced after lib-netd.sh.

# The port as nspawn makes it with Bridge=: down, then into the bridge and up.
make_port() { # make_port NAME ZONE
        local name=$1 host_mac guest_mac
        read -r host_mac guest_mac < <("$netd" macs "$name")
        [[ -e /run/netns/$name ]] || ip netns add "$name"
        ip link add "vb-$name" address "$host_mac" type veth peer name host0 address "$guest_mac" netns "$name"
        ip link set "vb-$name" master "vz-$2" up
}
# What the first process does; internal: without a way out.
start_member() { # start_member NAME ZONE [internal]
        local name=$1 network host4 host6 mac host_local
        network=$(of Describe "$name")
        get() { field "network.$1" <<<"$network"; }
        mac=$(cat "/sys/class/net/vz-$2/address")
        host4=$(get hostAddresses.0) host6=$(get hostAddresses.1)
        host_local=$(ip -6 -o addr show dev "vz-$2" scope link | awk '{ print $4 }')
        ip -n "$name" link set lo up
        ip -n "$name" link set host0 addrgenmode eui64
        guest "$name" sysctl -qw net.ipv6.conf.host0.accept_dad=0 net.ipv6.conf.host0.accept_ra=0
        ip -n "$name" addr replace "$(get containerAddresses.0)" dev host0
        ip -n "$name" addr replace "$(get containerAddresses.1)" dev host0 nodad
        ip -n "$name" neigh replace "${host4%/*}" lladdr "$mac" dev host0 nud permanent
        ip -n "$name" neigh replace "${host6%/*}" lladdr "$mac" dev host0 nud permanent
        ip -n "$name" link set host0 up
        [[ ${3-} ]] && return
        ip -n "$name" route replace default via "${host4%/*}"
        ip -n "$name" route replace default via "${host_local%/*}" dev host0
}
run_member() { # run_member NAME ZONE [FORWARDS [OPTIONS [internal]]]
        need "$1: define" "$netd" member "$1" "$2" "${3:-[]}" "${4:-{\}}"
        need "$1: attach" of Attach "$1"
        need "$1: port" make_port "$1" "$2"
        within 2 "$1: its port is complete" state_is "$1" linked
        need "$1: guest" start_member "$1" "$2" "${5-}"
}
end_member() { # end_member NAME
        end_guest "$1"
        need "$1: detach" of Detach "$1"
}
reaches() { # reaches WHAT FROM ADDRESS
        succeeds "$1" guest "$2" ping -c1 -W1 "$3"
}
does_not_reach() { # does_not_reach WHAT FROM ADDRESS
        refused "$1" guest "$2" ping -c1 -W1 "$3"
}
# What zone-attack.py attacks, but for mallory and the victim, who are the test's to make; and its attacks, whose
# assertions are the test's.
attacks=$(dirname "${BASH_SOURCE[0]}")/zone-attack.py
# As open as a host can be: nothing but our rules is in the way.
open_host() {
        sysctl -qw net.ipv4.conf.{all,default,uplink}.rp_filter=0 net.ipv4.conf.{all,default}.accept_source_route=1 \
                net.ipv4.conf.{all,default}.accept_local=1 net.ipv4.conf.{all,default}.route_localnet=1
}
run_attacked() {
        forward() { echo "[{\"hostPort\":$1,\"protocol\":\"udp\",\"containerPort\":5300}]"; }
        run_member alone foo '[]' '{"isolated":true}'
        run_member alone2 foo '[]' '{"isolated":true}'
        run_member apart apart
        run_member apart2 apart
        run_member inmate inner '[]' '{}' internal
        run_member inmate2 inner '[]' '{}' internal
        run_member other bar "$(forward 5301)"
        run_guest single "$(forward 5302)"
}
attack() { # attack ARGUMENT...
        python3 "$attacks" "$@" >/run/attack.out 2>&1 || [[ $? -eq 1 ]] || not_ok "zone-attack.py $*" "$(cat /run/attack.out)"
        cat /run/attack.out
        _tap_count=$((_tap_count + $(grep -c '^ok' /run/attack.out)))
        _tap_failed=$((_tap_failed + $(grep -c '^not ok' /run/attack.out)))
        refused "zone-attack.py $*: ended before it was done" grep -q Traceback /run/attack.out
}
