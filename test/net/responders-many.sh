#!/usr/bin/env bash
# Many links on one object: each is served as the first one, and costs a few hundred bytes.
cd "$(dirname "$0")/../.."
source test/lib/tap.sh
source test/net/lib-responders.sh
in_namespaces "$@"

links=300
ip netns add guests
ip netns exec guests sysctl -qw net.ipv6.conf.default.accept_dad=0
descriptions=()
for ((n = 1; n <= links; n++)); do
        read -r host_mac host_local guest_mac _ < <("$responders_program" --macs "c$n")
        echo "link add ve-c$n address $host_mac type veth peer name g$n address $guest_mac netns guests"
        echo "link set ve-c$n addrgenmode none"
        echo "addr add $(host4 $n)/28 dev ve-c$n"
        echo "addr add $(host6 $n)/64 dev ve-c$n nodad"
        echo "addr add $host_local/64 dev ve-c$n nodad"
        echo "neigh replace $(guest4 $n) lladdr $guest_mac dev ve-c$n nud permanent"
        echo "link set ve-c$n up"
done >/run/batch
need "$links links" ip -batch /run/batch
for ((n = 1; n <= links; n++)); do
        echo "link set g$n up"
        descriptions+=("$(description c$n $n)")
done >/run/batch
need "their other ends" ip -n guests -batch /run/batch
serve "${descriptions[@]}"
with=$(tell memory ve-c1)
with=${with%%$'\n'*}

for n in 1 2 $((links / 2)) $links; do
        succeeds "link $n: a lease" in_guest guests busybox udhcpc -i g$n -n -q -f -t 10 -T 1 -s /bin/true
        ip -n guests addr add "$(guest4 $n)/28" dev g$n
        same "link $n: a name" "$(guest4 7)" "$(in_guest guests dig +short "@$(host4 $n)" c7.internal)"
        prints "link $n: an advertisement" "$(range6 $n)" in_guest guests rdisc6 -1 -r 10 g$n
done
for ((n = 1; n <= links; n++)); do tell remove ve-c$n; done >/run/removed
same "all are removed" $links "$(grep -c done /run/removed)"
without=$(tell memory ve-c1)
without=${without%%$'\n'*}
each=$(((with - without) / links))
if [[ $each -gt 0 && $each -lt 640 ]]; then ok "a link costs less than 640 bytes of memory ($each)"; else
        not_ok "a link costs less than 640 bytes of memory" "$with bytes with $links, $without without: $each each"
fi
same "nothing stays open" 0 "$(ss -Hlnptu | grep -c responders)"
for ((n = links; n >= 1; n--)); do tell add ve-c$n; done >/run/added
same "all are added again, in another order" $links "$(grep -c done /run/added)"
same "  and served" "$(guest4 7)" "$(in_guest guests dig +short "@$(host4 $links)" c7.internal)"

serving_ends
done_testing
