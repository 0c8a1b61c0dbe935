#!/usr/bin/env bash
# hostAccess: what of the host a container reaches, with servers and clients that talk, on a veth and in a zone, by IPv4 and
# IPv6, TCP and UDP; changed while members run; and what a member of a user's bridge reaches past the bridge.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-engine.sh"
source "$(dirname "$0")/lib-netd.sh"
source "$(dirname "$0")/lib-zone.sh"

make_peer
echo "nameserver 192.0.2.1" >/etc/resolv.conf
need "servers on the host" answers - host tcp:7001 udp:7001 tcp:7002 udp:7002
need "a server outside" answers peer peer tcp:7001
need "the daemon starts" "$netd" ensure

cat >/run/reach.py <<'P'
# reach.py ADDRESS...: which of the host's services answer at each pair of addresses, IPv4 and IPv6, a line a pair; last
# whether the peer outside does. All are asked at once; what has not answered after two seconds does not.
import select, socket, struct, subprocess, sys, time
question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\4host\x08internal\0" + struct.pack("!HH", 1, 1)
hosts = sys.argv[1:]
tries, answered = [], set()
def ask(where, kind, port):
    host = hosts[where]
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.setblocking(False)
    if kind == "tcp":
        s.connect_ex((host, port))
    else: # not connected: the answer may come from another address of the host
        s.sendto(question if port == 53 else b"hello", (host, port))
    tries.append((where, kind, port, s))
for where in range(len(hosts)):
    for kind in ("tcp", "udp"):
        for port in (53, 7001, 7002):
            ask(where, kind, port)
    tries.append((where, "ping", 0, subprocess.Popen(["ping", "-c1", "-W2", hosts[where]], stdout=subprocess.DEVNULL)))
end = time.monotonic() + 2
waiting = [t for t in tries if t[1] != "ping"]
while waiting and time.monotonic() < end:
    tcp, udp = [t[3] for t in waiting if t[1] == "tcp"], [t[3] for t in waiting if t[1] == "udp"]
    ready = select.select(udp, tcp, [], 0.1)
    for t in [t for t in waiting if t[3] in ready[0] + ready[1]]:
        waiting.remove(t)
        if t[1] == "udp" or t[3].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            answered.add(t)
answered.update(t for t in tries if t[1] == "ping" and t[3].wait() == 0)
for pair in range(0, len(hosts), 2):
    print(*(f"{kind}{6 if ':' in hosts[w] else 4}{f':{port}' if port else ''}" for w, kind, port, s in tries
            if w in (pair, pair + 1) and (w, kind, port, s) in answered))
P
every() { # every WORD...: each for IPv4 and IPv6, in the order of reach.py
        local version word
        for version in 4 6; do for word in "$@"; do echo "${word/@/$version}"; done; done | xargs
}
all=$(every tcp@:53 tcp@:7001 tcp@:7002 udp@:53 udp@:7001 udp@:7002 ping@)
services=$(every tcp@:53 udp@:53 ping@)
ports=$(every tcp@:53 tcp@:7001 udp@:53 udp@:7002 ping@)
outer_all=$(every tcp@:7001 tcp@:7002 udp@:7001 udp@:7002 ping@)
outer_ports=$(every tcp@:7001 udp@:7002 ping@)
outer=$(every ping@)
look() { # look NAME...: all at once; what each reaches is in /run/look-NAME
        local name looks=()
        for name in "$@"; do
                guest "$name" python3 /run/reach.py "${own4[$name]}" "${own6[$name]}" $peer_host4 $peer_host6 $peer4 $peer6 \
                        >"/run/look-$name" 2>&1 &
                looks+=($!)
        done
        wait "${looks[@]}"
}
access() { # access WHAT NAME EXPECTED EXPECTED-BY-ANOTHER-ADDRESS
        same "$1: by the host's address there" "$3" "$(sed -n 1p "/run/look-$2")"
        same "$1: by another address of its" "$4" "$(sed -n 2p "/run/look-$2")"
        same "$1: outside" "$(every tcp@:7001 ping@)" "$(sed -n 3p "/run/look-$2")"
}
declare -A own4 own6
option() { echo "{\"hostAccess\":$1}"; }
some='["tcp/7001","udp/7002"]'
run_with() { # run_with NAME OPTIONS: a container on a veth
        need "$1: define" "$netd" define "$1" '[]' "$2"
        need "$1: attach" of Attach "$1"
        need "$1: link" make_link "$1"
        within 2 "$1: its link is complete" state_is "$1" linked
        need "$1: guest" start_guest "$1"
}
for kind in veth zone; do
        for mode in default services all none ports; do
                name=${kind:0:1}$mode
                case $mode in
                default) options='{}' ;;
                ports) options=$(option "$some") ;;
                *) options=$(option "\"$mode\"") ;;
                esac
                if [[ $kind == veth ]]; then
                        run_with "$name" "$options"
                else
                        need "define a zone" "$netd" zone "$name" "$options"
                        run_member "$name" "$name"
                fi
        done
        letter=${kind:0:1}
        for mode in default services all none ports; do
                own4[$letter$mode]=$(host4 $letter$mode) own6[$letter$mode]=$(host6 $letter$mode)
        done
        for bridged in 0 1; do
                sysctl -qw net.bridge.bridge-nf-call-{ip,ip6,arp}tables=$bridged
                with="$kind, bridge-nf-call $bridged"
                look "$letter"{default,services,all,none,ports}
                access "$with, default" "${letter}default" "$services" "$outer"
                access "$with, services" "${letter}services" "$services" "$outer"
                access "$with, all" "${letter}all" "$all" "$outer_all"
                access "$with, none" "${letter}none" "" ""
                access "$with, ports" "${letter}ports" "$ports" "$outer_ports"
                [[ $kind == zone ]] || break
        done
done

becomes() { # becomes ACCESS EXPECTED
        need "change" "$netd" zone zdefault "$(option "$1")"
        need "change" of UpdateZone zdefault
        look zdefault
        same "a running zone's access becomes $1" "$2" "$(sed -n 1p /run/look-zdefault)"
}
becomes '"all"' "$all"
becomes '"none"' ""
becomes "$some" "$ports"
becomes '"services"' "$services"

# Members of a user's bridge: what they send there is its owner's business, as with any machine on it. But nobody gets to
# the host by what the kernel takes from the port itself, past the bridge: all frames to LLDP's group, whatever they carry.
need "a bridge" ip link add mybridge type bridge
ip addr add 192.0.2.1/24 dev mybridge
ip link set mybridge up
need "define a member" "$netd" define onbridge '[]' '{"bridge":"mybridge"}'
need "attach" of Attach onbridge
member_port() { # member_port NAME: as systemd-nspawn makes it
        local host_mac guest_mac
        read -r host_mac guest_mac < <("$netd" macs "$1")
        ip netns add "$1"
        ip link add "vb-$1" address "$host_mac" type veth peer name host0 address "$guest_mac" netns "$1"
        ip link set "vb-$1" master mybridge up
        ip -n "$1" addr add "$2/24" dev host0
        ip -n "$1" link set host0 up
}
need "its port" member_port onbridge 192.0.2.5
need "a port of somebody else's" member_port stranger 192.0.2.6
for name in onbridge stranger; do
        sender $name host0
        need "$name reaches the bridge's address" guest $name ping -c1 -W2 192.0.2.1
done
group=01:80:c2:00:00:0e
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.vb-onbridge.rp_filter=0 net.ipv4.conf.vb-stranger.rp_filter=0
past() { send "$1" udp dmac=$group src="$2" dst=192.0.2.1 sport=4000 dport=7002 data="$3"; }
past onbridge 192.0.2.5 past-1
past onbridge 203.0.113.9 past-2
past stranger 192.0.2.6 past-stranger
within 2 "a user's bridge: somebody else's port gets past it to the host" grep -qx past-stranger /run/host.log
silent_about "a user's bridge: a container's does not" '^past-[12]' cat /run/host.log
bridge_mac=$(cat /sys/class/net/mybridge/address)
send onbridge udp dmac="$bridge_mac" src=192.0.2.5 dst=192.0.2.1 sport=4000 dport=7002 data=right
send onbridge udp smac=02:de:ad:be:ef:01 dmac="$bridge_mac" src=192.0.2.77 dst=192.0.2.1 sport=4000 dport=7002 data=any
within 2 "a user's bridge: the host is reached by it" grep -qx right /run/host.log
within 2 "a user's bridge: in any name, as the guide says" grep -qx any /run/host.log
need "detach" of Detach onbridge
silent_about "a user's bridge: nothing stays" onbridge nft list ruleset
done_testing
