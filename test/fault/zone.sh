#!/usr/bin/env bash
# A zone that is given other addresses while its members run, with each operation and each step failing, and the command
# or the daemon killed in the middle: all of it is as before, or as it was to be; IPv6, which stays, goes on.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/../cli/empty.json" >&2
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/streams.sh"
source "$(dirname "$0")/../lib/steps.sh"

make_peer
mkdir -p /run/config
cd /run/config || exit 1
echo '{ "address": [ "", "10.98.0.1/24", "fd98::1/64" ] }' >old.json
echo '{ "address": [ "", "10.97.0.1/29", "fd98::1/64" ] }' >new.json
echo '{ "networking": { "firewall": { "allowedTCPPorts": [ 7000 ] } },
  "nixosContainer": { "zone": "lan", "forwardPorts": [ { "hostPort": 9000, "containerPort": 7000 } ] } }' >one.json
echo '{ "nixosContainer": { "zone": "lan" } }' >two.json
need "setup" nixos-nspawn setup
need "zone create" nixos-nspawn zone create --config old.json lan
need "create" nixos-nspawn create --config one.json one
need "create" nixos-nspawn create --config two.json three
# Numbers that the new range does not have are chosen anew.
for name in a b c d; do need "create $name" nixos-nspawn create --config two.json $name; done
need "create" nixos-nspawn create --config two.json two
for name in a b c d; do need "remove $name" nixos-nspawn remove --delete-state $name; done
status() { nixos-nspawn status --json "$1" | python3 -c "import json,sys; print(json.load(sys.stdin)['leader'])"; }
leader1=$(status one) leader2=$(status two) leader3=$(status three)
one() { nsenter -t "$leader1" -n "$@"; }
three() { nsenter -t "$leader3" -n "$@"; }
one python3 "$stream" serve 7000 /run/quiet &
within 5 "a server" bash -c "nsenter -t $leader1 -n ss -Hlnt 'sport = 7000' | grep -q ."
flow far $peer_host6 9000 peer
flow member "$(nixos-nspawn show-ip -6 one)" 7000 three
goes_on "streams: from outside, and between members"
state() {
        nft list ruleset | grep -vE 'counter|expires'
        ip -br addr show vz-lan; ip neigh show dev vz-lan | grep -oE '.* PERMANENT' | sort; ip route; ip -6 route
        for leader in $leader1 $leader2 $leader3; do nsenter -t "$leader" -n sh -c 'ip -br addr; ip route; ip -6 route; ip neigh | grep -oE ".* PERMANENT" | sort'; done
        nixos-nspawn run two -- cat /etc/resolv.conf /run/systemd/network/20-host0.network
        cat /var/lib/nixos-nspawn/zones/lan.json /var/lib/nixos-nspawn/addresses.json
        for name in one two three; do getent -s nspawn ahostsv4 $name; done
        nixos-nspawn list
}
before=$(state)
as_before() {
        same "$1: all is as before" "$before" "$(state)"
        goes_on
}
after_failure() { as_before "$1"; }

each_step NIXOS_NSPAWN_FAIL_AT nixos-nspawn zone update --config new.json lan
prints "then it is the new range" ' 10\.97\.0\.1/29' ip -br addr show vz-lan
prints "  a member, whose number it had no room for" '10\.97\.0\.4' nixos-nspawn show-ip two
prints "  reached by a sibling" '1 received' one ping -c1 -W1 10.97.0.4
prints "  by name" '1 received' nixos-nspawn run two -- ping -4 -c1 -W1 one
prints "  from outside" '^1$' peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/9000; head -n1 <&3"
prints "  from localhost" '^1$' timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9000; head -n1 <&3'
goes_on
need "back" nixos-nspawn zone update --config old.json lan
goes_on
before=$(state)

# Interrupted while the daemon carries it out, which it does to the end.
pkill -STOP --ns $$ -x nspawn-netd
env --default-signal=INT nixos-nspawn zone update --config new.json lan >/run/output 2>&1 &
pid=$!
within 5 "the definition is the new one, and the daemon is held" grep -q '10\.97' /var/lib/nixos-nspawn/zones/lan.json
sleep 0.3
kill -INT $pid
pkill -CONT --ns $$ -x nspawn-netd
wait $pid
same "interrupted while the daemon carries it out: the exit status" 130 $?
prints "  says so" '^nixos-nspawn: interrupted while having nspawn-netd carry it out' cat /run/output
as_before "  after that"

# The daemon's operations, one by one. The supervisors, which would start it again at once, are held.
pkill -STOP --ns $$ -x nspawn-supervis
done_=''
for k in $(seq 100); do
        pkill -KILL --ns $$ -x nspawn-netd
        if NIXOS_NSPAWN_FAULT_OPERATION=$k nixos-nspawn zone update --config new.json lan >/run/output 2>&1; then
                done_=$k
                break
        fi
        prints "operation $k fails: says so" '^nixos-nspawn: .*Cannot ' cat /run/output
        as_before "operation $k"
done
succeeds "each of them was tried" test "${done_:-0}" -gt 20
pkill -KILL --ns $$ -x nspawn-netd
pkill -CONT --ns $$ -x nspawn-supervis
need "back" nixos-nspawn zone update --config old.json lan

for whom in command daemon; do
        for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
                nixos-nspawn zone update --config new.json lan >/run/output 2>&1 &
                pid=$!
                sleep $delay
                if [[ $whom == daemon ]]; then pkill -KILL --ns $$ -x nspawn-netd; else kill -KILL $pid 2>/dev/null; fi
                wait $pid 2>/dev/null
                succeeds "$whom killed after $delay s: back" nixos-nspawn zone update --config old.json lan
                as_before "  after that"
        done
done
same "the same first processes" "$leader1 $leader2 $leader3" "$(status one) $(status two) $(status three)"
# shellcheck disable=SC2046
kill $(jobs -p) 2>/dev/null
done_testing
