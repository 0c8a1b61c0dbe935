#!/usr/bin/env bash
# Advertised prefixes that come and go while a container runs: the advertisement says it at once, addresses, guards and what
# is open follow on both sides, and streams through what stays go on.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/streams.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /run/config
cd /run/config || exit 1
p=2001:db8:a:1 q=2001:db8:b:1 u=fd77:1:2:3
config() { # config PREFIXES [MORE]: comma-separated, each "PREFIX" or "PREFIX!" (the host has no address in it)
        python3 - "$@" >one.json <<'P'
import json, sys
prefixes = [{"Prefix": w.rstrip("!") + "::/64", "Assign": not w.endswith("!")} for w in sys.argv[1].split(",") if w]
container = {"forwardPorts": [{"hostPort": 9000, "containerPort": 7000}], "hostNetworkConfig": {"ipv6Prefixes": prefixes}}
container.update(json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
print(json.dumps({"system": {"stateVersion": "26.05"}, "networking": {"firewall": {"allowedTCPPorts": [7000]}}, "nixosContainer": container}))
P
}
update() { # update WHAT CONFIG...
        config "${@:2}"
        succeeds "update: $1" nixos-nspawn update --config one.json one
}
status() { nixos-nspawn status --json one | python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }

config $p
need "create" nixos-nspawn create --config one.json one
leader=$(status leader)
inside() { nsenter -t "$leader" -n "$@"; }
identifier() { "$@" ip -6 -o addr show scope link | grep -E 've-one|host0' | grep -oE 'fe80::[0-9a-f:]+' | head -n1 | sed 's/^fe80:://'; }
host_id=$(identifier env) guest_id=$(identifier inside)
inside python3 "$stream" serve 7000 /run/quiet &
within 5 "a server inside" bash -c "nsenter -t $leader -n ss -Hlnt 'sport = 7000' | grep -q ."
flow forward4 $peer_host4 9000 peer
flow forward6 $peer_host6 9000 peer
flow direct "$p:$guest_id" 7000 peer
flow near ::1 9000 env
goes_on "streams: by forwards, by localhost, and by the prefix from a machine that routes it here"
before_addresses=$(ip -6 -br addr show ve-one; inside ip -6 -br addr show host0)

# What the guest's side hears and sees.
inside tcpdump -i host0 -nvvl 'icmp6[0] == 134' >>/run/ra 2>/dev/null &
ra=$!
inside ip monitor address route >>/run/monitor.guest &
monitors=$!
ip monitor address route dev ve-one >>/run/monitor.host &
monitors="$monitors $!"
within 5 "tcpdump listens" bash -c "ss -0Hlp 2>/dev/null | grep -q . || nsenter -t $leader -n ss -0Hl | grep -q host0"
heard() { # heard WHAT PREFIX LIFETIME: an advertisement since the last forget
        within 3 "$1" grep -qE "prefix info option .*: $2::/64, Flags \[onlink, auto\], valid time $3" /run/ra
}
forget() { : >/run/ra; : >/run/monitor.guest; : >/run/monitor.host; }

forget
config $p,$q
prints "--dry-run: the host's address" "network: add address $q:$host_id/64 to ve-one" nixos-nspawn update --dry-run --config one.json one
prints "  the container's" "network: .*add address $q:$guest_id/64 .*host0" nixos-nspawn update --dry-run --config one.json one
silent_about "  nothing of what stays" "network: .*$p:" nixos-nspawn update --dry-run --config one.json one
update "a second prefix comes" $p,$q
goes_on
heard "  it is advertised at once" $q 3600s
prints "  beside the first" "$p::/64, Flags \[onlink, auto\], valid time 3600s" cat /run/ra
prints "  the host's address" "inet6 $q:$host_id/64" ip -6 addr show ve-one
prints "  the container's" "inet6 $q:$guest_id/64" inside ip -6 addr show host0
same "  none is tentative" "" "$(inside ip -6 -o addr show dev host0 tentative)"
prints "  reached from outside" '1 received' peer ping -6 -c1 -W2 $q:"$guest_id"
prints "  its own way out" '1 received' inside ping -6 -c1 -W2 -I $q:"$guest_id" $peer6
prints "  guarded" "ve-one.*$q::" nft list set inet nixos_nspawn source_v6
prints "  the name resolves to it" "^$q:$guest_id " getent -s nspawn ahostsv6 one
prints "  the guest's networkd has taken it over" 'routable \(configured\)' nixos-nspawn run one -- networkctl status host0
same "  nothing was deleted on the host" "" "$(grep ^Deleted /run/monitor.host)"
same "  nor inside" "" "$(grep ^Deleted /run/monitor.guest)"
flow second "$q:$guest_id" 7000 peer
goes_on "  a stream through it"

forget
update "a range of the user's own beside, in which the host has no address" $p,$q,$u!
goes_on
heard "  it is advertised at once" $u 3600s
prints "  the container's address" "inet6 $u:$guest_id/64" inside ip -6 addr show host0
silent_about "  the host has none" "$u" ip -6 addr show ve-one
prints "  but the route" "^$u::/64 .*dev ve-one" ip -6 route
prints "  translated on the way out" "$u::/64" nft list set ip6 io.systemd.nat masq_saddr
refused "  nobody gets in" peer ping -6 -c1 -W1 $u:"$guest_id"
succeeds "  the host reaches it" ping -6 -c1 -W2 $u:"$guest_id"

forget
forget_flow second
update "two go" $p
goes_on
heard "  the second's advertisement is taken back" $q 0s
heard "  the other's, too" $u 0s
prints "  the first's stands" "$p::/64, Flags \[onlink, auto\], valid time 3600s" cat /run/ra
same "  addresses are as they were" "$before_addresses" "$(ip -6 -br addr show ve-one; inside ip -6 -br addr show host0)"
same "  what was deleted" "" "$(grep ^Deleted /run/monitor.host /run/monitor.guest | grep -vE "$q|$u")"
silent_about "  no guard is left" "$q|$u" nft list ruleset
silent_about "  no route" "$q|$u" ip -6 route
silent_about "  nor inside" "$q|$u" inside ip -6 route
refused "  nobody gets in" peer ping -6 -c1 -W1 $q:"$guest_id"
refused "  nobody gets out by it" inside python3 -c "
import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); s.bind(('$q:$guest_id', 0))"
silent_about "  the name does not resolve to it" "$q|$u" getent -s nspawn ahostsv6 one

update "closed to the outside" $p '{"outsideAccess": "none"}'
goes_on # connections that are open go on: connection tracking has them
refused "  nobody else gets in" peer ping -6 -c1 -W1 $p:"$guest_id"
update "open again" $p
prints "  they do" '1 received' peer ping -6 -c1 -W2 $p:"$guest_id"

# Failing at each operation: all as it was.
config $p,$q,$u!
before=$(everything; ip -6 -br addr show ve-one; inside ip -6 -br addr show host0; ip -6 route; inside ip -6 route)
pkill -STOP --ns $$ -x nspawn-supervis
k=0
while k=$((k + 1)); [[ $k -lt 40 ]]; do
        pkill -KILL --ns $$ -x nspawn-netd
        NIXOS_NSPAWN_FAULT_OPERATION=$k nixos-nspawn update --config one.json one >/run/output 2>&1 && break
        after=$(everything; ip -6 -br addr show ve-one; inside ip -6 -br addr show host0; ip -6 route; inside ip -6 route)
        [[ $after == "$before" ]] || not_ok "operation $k fails: everything as before" "$(cat /run/output; diff <(echo "$before") <(echo "$after"))"
done
pkill -CONT --ns $$ -x nspawn-supervis
if [[ $k -gt 10 && $k -lt 40 ]]; then ok "update failed at each of $((k - 1)) operations, and did nothing"; else not_ok "update failed at each operation" "$k: $(cat /run/output)"; fi
goes_on
prints "then it is done" "inet6 $q:$guest_id/64" inside ip -6 addr show host0
# The daemon that takes over has to know what to take back.
pkill -KILL --ns $$ -x nspawn-netd
forget
update "the daemon is another one: they go" $p
goes_on
heard "  taken back" $q 0s
same "  the same first process" "$leader" "$(status leader)"
# shellcheck disable=SC2086
kill $ra $monitors
done_testing
