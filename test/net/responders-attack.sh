#!/usr/bin/env bash
# A guest that attacks the responders is in its own way only: its neighbour is served meanwhile, the program grows by
# nothing that stays, and the host learns no neighbours from it.
# slow: left out by check --fast.
cd "$(dirname "$0")/../.."
source test/lib/tap.sh
source test/net/lib-responders.sh
in_namespaces "$@"

guest alpha 1 # attacks
guest beta 2
: >/run/log
test/net/fake-resolver.py 127.0.0.2 /run/log &
until grep -q ready /run/log; do kill -0 $! || { not_ok "a resolver"; done_testing; }; sleep 0.02; done
echo 'nameserver 127.0.0.2' >/run/resolv.conf
# AddressSanitizer keeps what is freed for a while, which would look like growth.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:quarantine_size_mb=1:thread_local_quarantine_size_kb=64
serve "$(description alpha 1)" "$(description beta 2)" --resolv-conf /run/resolv.conf
both_up alpha beta
for name in alpha beta; do
        n=$([[ $name == alpha ]] && echo 1 || echo 2)
        ip -n $name addr add "$(guest4 $n)/28" dev host0
        ip -n $name addr add "$(guest6 $n)/64" dev host0 nodad
        ip -n $name route add default via "$(host4 $n)"
done

attack() { in_guest alpha test/net/attack.py "$1" 10.233.0.17 fd12:3456:789a:1::1 host0; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$responders_pid/status"; }
descriptors() { ls "/proc/$responders_pid/fd" | wc -l; }
neighbours() { ip -6 neigh show dev ve-alpha | wc -l; }
beta_is_served() { # beta_is_served WHILE
        same "$1: beta resolves a name of ours" 10.233.0.18 "$(in_guest beta dig +short @10.233.0.33 alpha)"
        same "$1: beta resolves a name of others" 192.0.2.2 "$(in_guest beta dig +short @10.233.0.33 "$RANDOM.test")"
        same "$1: beta resolves over TCP" 192.0.2.2 "$(in_guest beta dig +short +tcp @10.233.0.33 "$RANDOM.test")"
        succeeds "$1: beta gets its lease" in_guest beta busybox udhcpc -i host0 -n -q -f -t 10 -T 1 -s /bin/true
        prints "$1: beta gets its advertisement" 'Prefix *: fd12:3456:789a:2::/64' in_guest beta rdisc6 -1 -r 10 host0
}
all_well() { # all_well AFTER
        kill -0 "$responders_pid" 2>/dev/null || { not_ok "$1: the responders are gone" "$(tail -n 40 /run/responders.log)"; done_testing; }
        within 30 "$1: no more descriptors than before" bash -c "[[ \$(ls /proc/$responders_pid/fd | wc -l) -eq $descriptors_before ]]"
}

beta_is_served "in peace"
descriptors_before=$(descriptors)

ip netns exec alpha test/net/attack.py dns-flood 10.233.0.17 & # is killed below
attacker=$!
sleep 1
peak=0
for _ in 1 2 3 4 5; do
        sleep 0.2
        now=$(descriptors)
        [[ $now -le $peak ]] || peak=$now
done
beta_is_served "DNS flood"
before=$(resident)
sleep 2
after=$(resident)
kill $attacker
wait $attacker 2>/dev/null
if [[ $peak -gt $((descriptors_before + 20)) && $peak -le $((descriptors_before + 140)) ]]; then
        ok "DNS flood: queries on their way stay below the link's limit"
else
        not_ok "DNS flood: queries on their way stay below the link's limit" "$descriptors_before descriptors before, at most $peak"
fi
if [[ $after -le $((before + 4096)) ]]; then ok "DNS flood: memory does not grow"; else
        not_ok "DNS flood: memory does not grow" "$before KiB, two seconds later $after KiB"
fi
all_well "DNS flood"

for kind in dns-garbage dns-lengths dhcp-garbage dhcp6-garbage; do
        succeeds "$kind" attack $kind
        all_well "$kind"
done
beta_is_served "garbage"
same "alpha is served again" 10.233.0.34 "$(in_guest alpha dig +short @10.233.0.17 beta)"

ip netns exec alpha test/net/attack.py dns-hoard 10.233.0.17 >/run/hoard & # is killed below
attacker=$!
until grep -q kept /run/hoard; do kill -0 $attacker || { not_ok "hoarding" "$(cat /run/hoard)"; break; }; sleep 0.05; done
now=$(descriptors)
# sixteen connections, each with at most one query on its way, which may have two sockets
if [[ $now -le $((descriptors_before + 48)) ]]; then ok "300 connections kept: few of them are open here"; else
        not_ok "300 connections kept: few of them are open here" "$descriptors_before descriptors before, $now now"
fi
beta_is_served "connections hoarded"
same "alpha itself can open another" 10.233.0.34 "$(in_guest alpha dig +short +tcp @10.233.0.17 beta)"
kill $attacker
wait $attacker 2>/dev/null
all_well "connections hoarded"

replies=$(attack dhcp-flood)
if [[ $replies -gt 0 && $replies -lt 2000 ]]; then ok "20,000 DISCOVERs: some are answered, not many"; else
        not_ok "20,000 DISCOVERs: some are answered, not many" "$replies replies"
fi
before=$(neighbours)
succeeds "20,000 solicitations from sources that do not exist" attack solicit
same "  the host looked for none of them" "$before" "$(neighbours)"
all_well "DHCP and solicitations"
beta_is_served "DHCP and solicitations"

serving_ends
done_testing
