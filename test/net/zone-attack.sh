#!/usr/bin/env bash
# A member of a zone with root and raw sockets, against siblings, the host, other zones and containers: the table is in
# zone-attack.py. With br_netfilter and without; after an nftables flush; after the daemon was killed; and, as the control,
# once more without the guards, when each of the attacks arrives.
# Then floods that would keep siblings from the host's services, and questions that must not leave an internal zone.
# slow: left out by check --fast.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"
source "$(dirname "$0")/lib-zone.sh"

make_peer
make_peer_resolver
open_host
need "the daemon starts" "$netd" ensure
need "define zones" "$netd" zone foo
need "define zones" "$netd" zone bar
need "define zones" "$netd" zone apart
need "define zones" "$netd" zone inner '{"internal":true}'
run_member mallory foo
run_member victim foo
run_attacked
reaches "a zone is isolated later: before, members reach each other" apart "$(guest4 apart2)"
need "isolate it" "$netd" zone apart '{"isolated":true}'
need "isolate it" of UpdateZone apart
does_not_reach "  then they do not" apart "$(guest4 apart2)"

alone4=$(guest4 alone) alone6=$(guest6 alone) isolated4=$(guest4 alone2) isolated_mac=$(guest alone2 cat /sys/class/net/host0/address)
learnt() { bridge fdb show br vz-foo | awk '!/permanent/ { print $1 }' | sort -u; }
# What the victim believes of its neighbours: a router advertisement would make an address, a claim would change an entry.
believes() {
        ip -n victim -o -6 addr show dev host0 | grep -o '2001:db8:bad:[^ ]*'
        ip -n victim neigh show "$alone4" dev host0 | grep -o 'lladdr [^ ]*'
        ip -n victim neigh show "$alone6" dev host0 | grep -o 'lladdr [^ ]*'
}
guest victim sysctl -qw net.ipv6.conf.host0.accept_ra=2
need "the victim knows its sibling" guest victim ping -c1 -W1 "$alone4"
need "the victim knows its sibling" guest victim ping -c1 -W1 "$alone6"
right=$(believes)
macs=$(for name in mallory victim alone alone2; do guest $name cat /sys/class/net/host0/address; done | sort)

# Floods, while the sibling asks.
victim4=$(guest4 victim) gate4=$(host4 victim) inner4=$(host4 inmate) inner6=$(host6 inmate)
cat >/run/lease <<'S'
#!/bin/sh
[ "$1" != bound ] || echo "$ip" >/run/leased
S
chmod +x /run/lease
for kind in starve questions; do
        python3 "$attacks" $kind &
        attacker=$!
        sleep 0.5
        rm -f /run/leased
        guest victim timeout 20 busybox udhcpc -i host0 -n -q -f -t 10 -T 1 -s /run/lease >/dev/null 2>&1
        same "$kind: a sibling gets its address by DHCP all the same" "$victim4" "$(cat /run/leased)"
        same "$kind: and is answered by DNS" "$alone4" "$(guest victim dig +time=2 +tries=5 +short "@$gate4" alone A)"
        succeeds "$kind: the flood goes on" kill -0 $attacker
        kill $attacker
        wait $attacker 2>/dev/null
done

# Nothing of a question leaves an internal zone; the same question of another zone does.
cat >/run/resolver.nft <<'N'
table inet observer {
        chain output {
                type filter hook output priority 0
                oifname "uplink" meta l4proto { tcp, udp } th dport { 53, 853, 5353 } counter
        }
}
N
need "observer" nft -f /run/resolver.nft
asked() { nft list table inet observer | awk '/packets/ { for (i = 1; i < NF; i++) if ($i == "packets") print $(i + 1) }'; }
for name in machine.demo.test secret.example 4.4.8.8.in-addr.arpa; do
        for how in "+notcp $inner4" "+tcp $inner4" "+notcp $inner6" "+tcp $inner6"; do
                silent_about "an internal zone: $name ($how) is not answered" NOERROR \
                        guest inmate bash -c "dig +time=1 +tries=1 ${how% *} @${how#* } $name ANY; true"
        done
done
same "  and nobody outside was asked" 0 "$(asked)"
same "  siblings' names are answered" "$(guest4 inmate2)" "$(guest inmate dig +time=2 +tries=2 +short "@$inner4" inmate2 A)"
same "  another zone is answered" "$peer4" "$(guest mallory dig +time=2 +tries=2 +short "@$gate4" machine.demo.test A)"
refused "  by somebody outside" test "$(asked)" -eq 0
nft delete table inet observer

guarded() { # guarded WHEN: with br_netfilter and without
        for bridged in 0 1; do
                sysctl -qw net.bridge.bridge-nf-call-{ip,ip6,arp}tables=$bridged
                attack guarded "$1, bridge-nf-call $bridged"
                attack flood
                same "$1, bridge-nf-call $bridged: the bridge learns of members alone" "" "$(comm -23 <(learnt) <(echo "$macs"))"
                same "$1, bridge-nf-call $bridged: the victim's neighbours are who they were" "$right" "$(believes)"
        done
}
# What is for a silent member is not handed to all after five minutes.
prints "the bridge remembers who is silent for 20 days" 'ageing_time 172800000 ' ip -d link show vz-foo
attack converse
guarded "guarded"
before=$(rules)
need "nft flush ruleset" nft flush ruleset
within 3 "the rules are there again" bash -c '[[ "$(rules)" == "$1" ]]' - "$before"
guarded "after a flush"
need "kill" kill -9 "$(daemon_pid)"
guarded "after the daemon was killed"

need "nft flush ruleset" nft flush ruleset
attack flood
same "without rules: the bridge learns nothing that it would learn past them" "" "$(learnt | grep '^02:f0:.*[02468ace]$')"
need "who knows the other's hardware address" ip -n alone neigh replace "$isolated4" lladdr "$isolated_mac" dev host0
does_not_reach "without rules: isolated ports are still apart" alone "$isolated4"
for name in alone alone2 apart apart2; do
        bridge link set dev vb-$name isolated off
done
sysctl -qw net.bridge.bridge-nf-call-{ip,ip6,arp}tables=0
attack open
succeeds "control: the bridge learns whatever it is sent" test "$(learnt | wc -l)" -gt 500
refused "control: the victim's neighbours are who they were" test "$right" == "$(believes)"
done_testing
