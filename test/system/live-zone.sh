#!/usr/bin/env bash
# A zone whose settings change while its members run: all of it in one transaction, and streams between two members, and
# from outside through a member's forward, go on.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/streams.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /run/config
cd /run/config || exit 1
config() { # config FORWARDS [MORE]: as JSON
        cat <<J
{ "system": { "stateVersion": "26.05" }, "networking": { "firewall": { "allowedTCPPorts": [ 7000, 7001 ] } },
  "nixosContainer": { "zone": "lan", "forwardPorts": [ $1 ]${2-} } }
J
}
a='{ "hostPort": 9000, "containerPort": 7000 }'
b='{ "hostPort": 9001, "containerPort": 7000 }'
echo "{}" >empty.json
need "zone create" nixos-nspawn zone create lan
config "$a" >one.json
config "" >two.json
need "create" nixos-nspawn create --config one.json one
need "create" nixos-nspawn create --config two.json two
status() { nixos-nspawn status --json "$1" | python3 -c "import json,sys; print(json.load(sys.stdin)['leader'])"; }
leader1=$(status one) leader2=$(status two)
one() { nsenter -t "$leader1" -n "$@"; }
two() { nsenter -t "$leader2" -n "$@"; }
one python3 "$stream" serve 7000 /run/quiet &
two python3 "$stream" serve 7000 /run/quiet &
python3 "$stream" serve 7001 /run/quiet & # a service of the host's
within 5 "servers" bash -c "nsenter -t $leader1 -n ss -Hlnt 'sport = 7000' | grep -q . && nsenter -t $leader2 -n ss -Hlnt 'sport = 7000' | grep -q ."
one4=$(nixos-nspawn show-ip -4 one) one6=$(nixos-nspawn show-ip -6 one)
host4=$(ip -4 -o addr show vz-lan | awk '{ sub("/.*", "", $4); print $4 }')
flow far4 $peer_host4 9000 peer
flow far6 $peer_host6 9000 peer
flow near 127.0.0.1 9000 env
flow member4 "$one4" 7000 two
flow member6 "$one6" 7000 two
goes_on "streams: between two members, and through a forward"
everybody() { # everybody WHAT: the streams, and the first processes
        goes_on "  ${1-the streams go on}"
        same "  the same first processes" "$leader1 $leader2" "$(status one) $(status two)"
}
state() { # what a change may touch, on the host and inside
        nft list ruleset | grep -vE 'counter|expires'
        ip -br addr show vz-lan; ip -br link | grep -E 'v[bz]-' | sort; ip route; ip -6 route
        bridge -d link show | grep -oE 'vb-[a-z]+|isolated o[nf]+' | paste -sd' '
        for leader in $leader1 $leader2; do nsenter -t "$leader" -n sh -c 'ip -br addr; ip -o link | grep -o mtu.*qdisc; ip route; ip -6 route'; done
}
update() { # update WHAT OPTION...
        succeeds "zone update: $1" nixos-nspawn zone update lan "${@:2}"
}
zone() { echo "$1" >zone.json; }
before=$(state)

ip monitor address route neigh link >>/run/monitor &
one ip monitor address route neigh >>/run/monitor.one &
two ip monitor address route neigh >>/run/monitor.two &
# Multicast groups and what was learnt come and go by themselves.
deleted() { cat /run/monitor /run/monitor.one /run/monitor.two | grep -a ^Deleted | grep -vE 'FAILED|STALE|REACHABLE|NOARP|DELAY|PROBE|ff[0-9a-f]{2}:'; }
forget() { : >/run/monitor; : >/run/monitor.one; : >/run/monitor.two; }
within 5 "monitors" bash -c "nsenter -t $leader2 -n ss -Hf netlink | grep -q ':ip/'"

# Addresses and MTU.
zone '{ "address": [ "0.0.0.0/24", "::/64", "10.98.0.1/24", "2001:db8:98::1/64" ], "linkConfig": { "MTUBytes": "1400" } }'
prints "--dry-run: an address" '^  network: add address 10\.98\.0\.1/24 to vz-lan$' nixos-nspawn zone update lan --dry-run --config zone.json
prints "  the zone" '^Zone lan, nothing is done:$' nixos-nspawn zone update lan --dry-run --config zone.json
prints "  the bridge's MTU" '^  network: .*vz-lan, set its MTU to 1400$' nixos-nspawn zone update lan --dry-run --config zone.json
prints "  a port's" '^  network: .*vb-two, set its MTU to 1400$' nixos-nspawn zone update lan --dry-run --config zone.json
for name in one two; do
        prints "  inside, and whose" "^  network: .*host0.* set its MTU to 1400 in the container $name\$" nixos-nspawn zone update lan --dry-run --config zone.json
done
prints "  as JSON" '"operation": ?"add-address"' nixos-nspawn zone update lan --dry-run --json --config zone.json
same "  nothing is done" "$before" "$(state)"
update "addresses and MTU" --config zone.json
everybody
prints "  the bridge has them" ' 10\.98\.0\.1/24 .*2001:db8:98::1/64|2001:db8:98::1/64 .*10\.98\.0\.1/24' ip -br addr show vz-lan
for link in vz-lan vb-one vb-two; do prints "  MTU of $link" ' mtu 1400 ' ip link show $link; done
prints "  inside" ' mtu 1400 ' one ip link show host0
prints "  of the other" ' mtu 1400 ' two ip link show host0
prints "  the guest's file says so" '^MTUBytes=1400' nixos-nspawn run two -- cat /run/systemd/network/20-host0.network
succeeds "  packets of that size pass" two ping -c1 -W2 -M do -s 1372 "$one4"
same "  nothing was deleted" "" "$(deleted)"
update "back" --config empty.json
everybody
same "  all as it was" "$before" "$(state)"
same "  what was deleted is what went" "" "$(deleted | grep -vE '10\.98\.0\.|2001:db8:98:')"
forget

# hostAccess.
reach() { two timeout 2 bash -c "exec 3<>/dev/tcp/$host4/7001; read -r -t 1 line <&3; [[ \$line == 1 ]]"; }
refused "the host's service is not reached" reach
update "hostAccess: a port" --host-access tcp/7001
succeeds "  it is reached" reach
everybody
update "hostAccess: none" --host-access none
refused "  it is not" reach
refused "  nor is ping" two ping -c1 -W1 "$host4"
everybody
update "hostAccess: all" --host-access all
succeeds "  it is" reach
everybody
update "back" --config empty.json
same "  all as it was" "$before" "$(state)"

# internal and masquerade.
zone '{ "networkConfig": { "IPMasquerade": "no" } }'
succeeds "a member gets out" two ping -c1 -W2 $peer4
update "no masquerade" --config zone.json
everybody
silent_about "  the range is not translated" "${host4%.*}" nft list set ip io.systemd.nat masq_saddr
# Who came from outside before has no way back to him; who comes now does.
forget_flow far4
forget_flow far6
update "internal" --internal
flow later4 $peer_host4 9000 peer
flow later6 $peer_host6 9000 peer
everybody "streams between members, from the host, and new ones from outside go on"
refused "  no way out" two ping -c1 -W1 $peer4
silent_about "  no default route inside" '^default' two ip route
silent_about "  of IPv6" '^default' two ip -6 route
prints "--dry-run: back" '^  network: add route to every IPv4 address via .* on host0 in the container two$' nixos-nspawn zone update lan --dry-run --config empty.json
update "back" --config empty.json
everybody
same "  all as it was" "$before" "$(state)"
succeeds "  the way out" two ping -c1 -W2 $peer4
forget

# isolated: what members said to each other ends, what comes through the forward goes on.
forget_flow member4
forget_flow member6
update "isolated" --isolated
everybody
refused "  members do not reach each other" two ping -c1 -W1 "$one4"
prints "  both ports are isolated" 'isolated on.*isolated on' bash -c "bridge -d link show | grep -oE 'isolated o[nf]+' | paste -sd' '"
update "back" --config empty.json
everybody
succeeds "  they do" two ping -c1 -W2 "$one4"
same "  all as it was" "$before" "$(state)"
flow again4 "$one4" 7000 two
flow again6 "$one6" 7000 two

# A member's own settings.
config "$a, $b" >one.json
prints "--dry-run of a member: a forward" '^  network: forward tcp 9001 to .*:7000$' nixos-nspawn update --dry-run --config one.json one
succeeds "update of a member: a forward comes" nixos-nspawn update --config one.json one
everybody
prints "  it leads inside" '^1$' peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/9001; head -n1 <&3"
prints "  over IPv6" '^1$' peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host6/9001; head -n1 <&3"
config "" ', "isolated": true' >two.json
prints "--dry-run: isolated" '^  network: isolate vb-two from other isolated ports$' nixos-nspawn update --dry-run --config two.json two
succeeds "update of a member: isolated" nixos-nspawn update --config two.json two
everybody "one isolated member alone is reached: the streams go on"
prints "  its port is" 'isolated on' bash -c "bridge -d link show dev vb-two"
config "" >two.json
config "$a" >one.json
succeeds "back" nixos-nspawn update --config two.json two
succeeds "back" nixos-nspawn update --config one.json one
everybody
same "  all as it was" "$before" "$(state)"

# Steps that fail, in the daemon: zone, bridge and both members as before.
zone '{ "internal": true, "isolated": true, "hostAccess": "all", "address": [ "0.0.0.0/24", "::/64", "10.98.0.1/24" ], "linkConfig": { "MTUBytes": "1400" } }'
everywhere() { state; cat /var/lib/nixos-nspawn/zones/lan.json; }
before_state=$(state)
before=$(everywhere)
forget_flow again4
forget_flow again6
pkill -STOP --ns $$ -x nspawn-supervis
k=0
while k=$((k + 1)); [[ $k -lt 40 ]]; do
        pkill -KILL --ns $$ -x nspawn-netd
        NIXOS_NSPAWN_FAULT_OPERATION=$k nixos-nspawn zone update lan --config zone.json >/run/output 2>&1 && break
        [[ $(everywhere) == "$before" ]] || not_ok "operation $k fails: everything as before" "$(cat /run/output; diff <(echo "$before") <(everywhere))"
done
pkill -CONT --ns $$ -x nspawn-supervis
pkill -KILL --ns $$ -x nspawn-netd # that one could not repair the bridge either
if [[ $k -gt 10 && $k -lt 40 ]]; then ok "zone update failed at each of $((k - 1)) operations, and did nothing"; else not_ok "zone update failed at each operation" "$k: $(cat /run/output)"; fi
everybody
update "without a failure" --config zone.json
prints "  it is done" ' 10\.98\.0\.1/24' ip -br addr show vz-lan
prints "  inside, too" ' mtu 1400 ' two ip link show host0
pkill -KILL --ns $$ -x nspawn-netd
update "another daemon takes all of it back" --config empty.json
everybody
same "  all as it was" "$before_state" "$(state)"

# A member whose link is not as it was made.
one ip link set host0 down
mac=$(one ip -o link show dev host0 | sed -E 's/.*link\/ether ([0-9a-f:]+).*/\1/')
one ip link set host0 address 02:00:00:00:00:01
fails "a member that changed its hardware address: refused" 10 "container 'one' has changed the name, hardware address or namespace" \
        nixos-nspawn zone update lan --config zone.json
prints "  nothing is done to the other" ' mtu 1500 ' two ip link show host0
silent_about "  nor to the bridge" '10\.98\.' ip -br addr show vz-lan
silent_about "  nor is the definition another one" '1400' cat /var/lib/nixos-nspawn/zones/lan.json
one ip link set host0 address "$mac"
one ip link set host0 up
succeeds "  restart" nixos-nspawn restart one
leader1=$(status one)
one python3 "$stream" serve 7000 /run/quiet &
within 5 "  a server" bash -c "nsenter -t $leader1 -n ss -Hlnt 'sport = 7000' | grep -q ."
for flow in "${!flows[@]}"; do forget_flow "$flow"; done
flow anew4 $peer_host4 9000 peer
flow anew6 "$one6" 7000 two
everybody

# Killed in the middle.
zone '{ "hostAccess": "all", "address": [ "0.0.0.0/24", "::/64", "10.98.0.1/24" ], "linkConfig": { "MTUBytes": "1400" } }'
before=$(state)
for delay in 0.02 0.05 0.1 0.15 0.2; do
        nixos-nspawn zone update lan --config zone.json >/run/output 2>&1 &
        sleep $delay
        pkill -KILL --ns $$ -x nspawn-netd
        wait $! && done_=1 || done_=0
        update "the daemon killed after $delay s (done: $done_): back" --config empty.json
        same "  all as it was" "$before" "$(state)"
done
everybody

# By the host's configuration.
need "remove" nixos-nspawn remove --delete-state two
need "remove" nixos-nspawn remove --delete-state one
need "zone remove" nixos-nspawn zone remove lan
host() { echo "{ \"nixos\": { \"containers\": { \"zones\": { \"lan\": $1 } } } }" >host.json; }
host '{}'
need "apply" nixos-nspawn apply --config host.json
need "create" nixos-nspawn create --config one.json one
leader1=$(status one)
one python3 "$stream" serve 7000 /run/quiet &
within 5 "a server" bash -c "nsenter -t $leader1 -n ss -Hlnt 'sport = 7000' | grep -q ."
flows=()
flow declared $peer_host4 9000 peer
goes_on "a declared zone: a stream"
host '{ "address": [ "0.0.0.0/24", "::/64", "10.98.0.1/24" ], "hostAccess": "all", "linkConfig": { "MTUBytes": "1400" } }'
prints "apply --dry-run: an address" '^  network: add address 10\.98\.0\.1/24 to vz-lan$' nixos-nspawn apply --dry-run --config host.json
prints "  inside" '^  network: .*host0.* set its MTU to 1400 in the container one$' nixos-nspawn apply --dry-run --config host.json
prints "  as JSON" '"container": ?"one"' nixos-nspawn apply --dry-run --json --config host.json
silent_about "  and does nothing" '10\.98\.' ip -br addr show vz-lan
succeeds "apply: addresses, access and MTU" nixos-nspawn apply --config host.json
goes_on
host '{ "address": [ "198.51.100.9/24" ] }'
fails "a range that the host has elsewhere: refused" 10 '198\.51\.100\.' nixos-nspawn apply --config host.json
prints "  all is as before" ' 10\.98\.0\.1/24' ip -br addr show vz-lan
host '{ "address": [ "0.0.0.0/24", "::/64", "10.98.0.1/24" ], "hostAccess": "all", "linkConfig": { "MTUBytes": "1400" } }'
prints "  also what is in force" '^Nothing changes.$' nixos-nspawn apply --config host.json
goes_on
prints "  the bridge has it" ' 10\.98\.0\.1/24' ip -br addr show vz-lan
prints "  inside" ' mtu 1400 ' one ip link show host0
prints "  access" vz-lan nft list set inet nixos_nspawn access_all
host '{}'
succeeds "apply: back" nixos-nspawn apply --config host.json
goes_on
silent_about "  the address is gone" '10\.98\.' ip -br addr show vz-lan
prints "  inside" ' mtu 1500 ' one ip link show host0
same "  the same first process" "$leader1" "$(status one)"
# shellcheck disable=SC2046
kill $(jobs -p) 2>/dev/null
done_testing
