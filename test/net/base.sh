#!/usr/bin/env bash
# The base rules beside others: systemd's half-made tables, flushes, older versions of our own; what is there stays, what
# is missing comes back, elements outlive a repair. And the two monitors, as the daemon uses them.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib-engine.sh"
own_machine "$@"

repaired() { prints "$1: found and repaired" "^repaired" "$engine" base; prints "$1: complete then" "^complete" "$engine" base; }
# In one order, whatever came back when.
whole() {
        local table
        nft list tables | sort | while read -r table; do
                # shellcheck disable=SC2086
                nft list $table | grep -v 'elements = '
        done
}

repaired "nothing there"
complete=$(whole)
succeeds "base.nft is what nft itself takes" nft -c -f "$here/../../src/firewall/base.nft"
same "nft -f makes the very same" "$complete" "$(unshare -n bash -c "$(declare -f whole); nft -f '$here/../../src/firewall/base.nft' && whole")"

# The table that the seed lists, object by object as systemd makes it.
prints "NAT, prerouting: the priority of systemd" "hook prerouting priority -99;" nft -y list table ip io.systemd.nat
prints "NAT, postrouting: the priority of systemd" "hook postrouting priority 101;" nft -y list table ip6 io.systemd.nat
prints "NAT: the map of systemd" "type inet_proto . inet_service : ipv6_addr . inet_service" nft list table ip6 io.systemd.nat

# Each object gone, one at a time.
for table in "ip io.systemd.nat" "ip6 io.systemd.nat" "inet nixos_nspawn" "arp nixos_nspawn"; do
        # shellcheck disable=SC2086
        for chain in $(nft list table $table | sed -n 's/^\tchain \([a-z_0-9]*\) {$/\1/p'); do
                nft flush chain $table $chain
                prints "$table: chain $chain flushed" "^repaired" "$engine" base
                same "$table: all is there again after $chain was flushed" "$complete" "$(whole)"
        done
        nft delete table $table
        prints "$table deleted" "^repaired" "$engine" base
done
same "all is there again after tables were deleted" "$complete" "$(whole)"
nft delete chain ip io.systemd.nat postrouting
repaired "a chain deleted"
nft flush ruleset
repaired "everything flushed"
same "all is there again after a flush" "$complete" "$(whole)"

# One rule taken out of ours, one put in: back to what is written. In systemd's a rule of somebody else stays.
nft delete rule inet nixos_nspawn host handle "$(nft -a list chain inet nixos_nspawn host | sed -n 's/.*tcp dport.*handle //p')"
repaired "a rule deleted"
nft insert rule inet nixos_nspawn input accept
repaired "an accept inserted"
silent_about "the accept is gone" "^\s+accept$" nft list chain inet nixos_nspawn input
nft add rule ip io.systemd.nat postrouting ip saddr 192.0.2.0/24 masquerade
prints "somebody else's rule in systemd's table is no damage" "^complete" "$engine" base
prints "it stays" "192.0.2.0/24" nft list chain ip io.systemd.nat postrouting

# Elements outlive a repair.
need "attach" container web 1 tcp:8181:80
nft flush chain inet nixos_nspawn forward
repaired "a chain flushed with a container there"
prints "the container's elements are there" '"ve-web"' nft list set inet nixos_nspawn links
prints "its forward is there" "tcp . 8181" nft list map ip io.systemd.nat map_port_ipport

# systemd got half way, as nspawn leaves it; then an older version of ours with another shape.
nft flush ruleset
nft add table ip io.systemd.nat
nft add set ip io.systemd.nat masq_saddr '{ type ipv4_addr; flags interval; elements = { 192.168.7.0/24 }; }'
repaired "a table that systemd began"
prints "what systemd put there stays" "192.168.7.0/24" nft list set ip io.systemd.nat masq_saddr
nft flush ruleset
nft add table inet nixos_nspawn
nft add set inet nixos_nspawn links '{ type ipv4_addr; }'
repaired "an older table of ours"
same "it has today's shape" "$complete" "$(whole)"

# Taking away: ours always, systemd's only when it is empty.
nft add element ip io.systemd.nat masq_saddr '{ 192.168.7.0/24 }'
need "base rules away" "$engine" unbase
same "only the table that others use is left" "table ip io.systemd.nat" "$(nft list tables)"
succeeds "taking away twice is fine" "$engine" unbase
nft flush ruleset

# The monitors: what others do is seen, what the engine does is not damage.
need "base" "$engine" base
"$engine" watch >>/run/watch.log 2>&1 &
watcher=$!
within 2 "watching" grep -q watching /run/watch.log
need "attach" container other 2 tcp:8282:80
within 2 "a new link is seen" grep -qE '^link [0-9]+ ve-other veth' /run/watch.log
within 2 "its address is seen" grep -qE '^address [0-9]+ .*10.233.0.33/28' /run/watch.log
need "detach" "$engine" detach other 10.233.0.32/28 fd12:3456:789a:2::/64 - tcp:8282:80
within 2 "a link that goes is seen" grep -qE '^link gone [0-9]+ ve-other' /run/watch.log
# Those were other processes' sockets: removing elements is what the daemon has to look at. From here on, by kind.
: >/run/watch.log
nft add table inet somebody
nft delete table inet somebody
nft flush ruleset
within 2 "a flush is seen" grep -q '^firewall damaged' /run/watch.log
within 2 "and repaired" grep -q '^firewall repaired' /run/watch.log
same "completely" "$complete" "$(whole)"
same "a repair is not taken for damage for ever" 1 "$(sleep 0.3; grep -c '^firewall repaired' /run/watch.log)"
: >/run/watch.log
nft add table inet somebody
nft delete table inet somebody
ip link add marker type veth
within 2 "the marker is seen" grep -q marker /run/watch.log
silent_about "somebody else's tables are no concern" "^firewall" cat /run/watch.log

# More at once than the kernel keeps for a reader that is busy: it says so, and the daemon looks at everything again.
: >/run/watch.log
kill -STOP "$watcher"
for _ in $(seq 30000); do
        echo "neigh replace 192.0.2.9 lladdr 02:00:00:00:00:01 dev marker nud permanent"
        echo "neigh replace 192.0.2.9 lladdr 02:00:00:00:00:02 dev marker nud permanent"
done >/run/batch
ip -batch /run/batch
seq 100000 | sed 's/^/add element inet somebody numbers { /; s/$/ }/' >/run/elements
nft add table inet somebody
nft add set inet somebody numbers '{ type mark; }'
nft -f /run/elements
kill -CONT "$watcher"
within 5 "lost notifications of links are told" grep -qE '^resync' /run/watch.log
within 5 "lost notifications of the firewall are told" grep -qE '^firewall resync' /run/watch.log

done_testing
