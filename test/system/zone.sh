#!/usr/bin/env bash
# Zones with containers that boot: the seed's words, names, addresses before PID 1, forwards, LLMNR, isolation, and what
# `zone` says and refuses.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/steps.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
before=$(everything)
fails "a zone that is not defined" 10 "Virtual zone 'myzone' does not exist! Make it with 'nixos-nspawn zone create myzone'" \
        nixos-nspawn create --config examples/zone.nix web
same "  leaves nothing behind" "$before" "$(everything)"
fails "a name that makes no interface" 10 "at most 12 characters" nixos-nspawn zone create a-zone-too-long
succeeds "zone create" nixos-nspawn zone create myzone
fails "  twice" 10 'Zone myzone already exists!' nixos-nspawn zone create myzone
prints "zone list" '^ *myzone +imperative +absent +10\.233\..*/24' nixos-nspawn zone list
before=$(everything)

need "create" nixos-nspawn create --config examples/zone.nix web
echo '{"nixosContainer":{"zone":"myzone"},"system":{"stateVersion":"26.05"}}' >/run/other.json
need "create" nixos-nspawn create --config /run/other.json db
prints "vb-web is there" 'vb-web.*master vz-myzone' ip link show vb-web
refused "  ve-web is not" ip link show ve-web
prints "zone status" 'State: +up' nixos-nspawn zone status myzone
prints "  names the members" 'db' nixos-nspawn zone status myzone
same "  as JSON" '["db", "web"]' "$(nixos-nspawn zone status myzone --json | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["members"]))')"
prints "ping -6 -I vz-myzone web" '1 received' ping -6 -c1 -I vz-myzone web
prints "ping -4" '1 received' ping -4 -c1 web
prints "ping -6" '1 received' ping -6 -c1 db
welcome='Welcome to nginx'
prints "curl http://web" "$welcome" curl -s --max-time 5 http://web
prints "8181 from another machine, IPv4" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
prints "  IPv6" "$welcome" peer curl -s --max-time 5 "http://[$peer_host6]:8181"
prints "  localhost" "$welcome" curl -s --max-time 5 http://localhost:8181
inside() { nixos-nspawn run "$@"; }
prints "members reach each other by name" '1 received' inside db -- ping -4 -c1 web
prints "  IPv6" '1 received' inside db -- ping -6 -c1 web.internal
prints "a sibling by the host's port" "$welcome" inside db -- bash -c \
        "exec 3<>/dev/tcp/$peer_host4/8181; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3"
prints "the outside, by name" '1 received' inside db -- ping -4 -c1 machine.demo.test
prints "  IPv6" '1 received' inside db -- ping -6 -c1 $peer6
prints "host0 has no address that is not ours" '^2$' inside db -- bash -c "ip -o addr show dev host0 scope global | wc -l"
address=$(nixos-nspawn show-ip db)
succeeds "restart" nixos-nspawn restart db
same "  the same address" "$address" "$(nixos-nspawn show-ip db)"
prints "  members reach it" '1 received' inside web -- ping -4 -c1 db

fails "zone remove with members" 10 "zone 'myzone' has members: db, web" nixos-nspawn zone remove myzone
succeeds "another range while members run" nixos-nspawn zone update myzone --size 23
prints "  the bridge has it" '10\.233\.[0-9.]+/23' ip -4 -o addr show vz-myzone
prints "  and they do, by name" '1 received' inside db -- ping -4 -c1 web
prints "  from another machine" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
zone_state() { nixos-nspawn zone list --json; nixos-nspawn list; inside db ip route; grep -A9 zones /var/lib/nixos-nspawn/addresses.json; }
state=$(zone_state)
after_failure() { same "  $1: the zone is as it was" "$state" "$(zone_state)"; }
# Killed while the daemon does not answer: it would be said to have no way out, and have one.
killed() { # killed COMMAND...
        local daemon command
        daemon=$(pgrep -ox nspawn-netd)
        kill -STOP "$daemon"
        "$@" >/run/out 2>&1 &
        command=$!
        within 5 "$2 $3: waits for the daemon" test -e "/var/lib/nixos-nspawn/unfinished-zones/$4"
        sleep 0.2
        kill -KILL $command
        wait $command 2>/dev/null
        kill -CONT "$daemon"
}
killed nixos-nspawn zone update myzone --internal
prints "an update that is killed is taken back by the next command" "took back what an interrupted command had done to zone 'myzone'" \
        nixos-nspawn list
same "  the zone is as it was" "$state" "$(zone_state)"
prints "  and has a way out" '1 received' inside db -- ping -4 -c1 $peer4
killed nixos-nspawn zone create dead --persistent
prints "so is a new zone" "took back what an interrupted command had done to zone 'dead'" nixos-nspawn list
same "  it is not there" "$state" "$(zone_state)"
refused "  nor its bridge" ip link show vz-dead
refused "  nor a file that tells of it" test -e /var/lib/nixos-nspawn/unfinished-zones
each_step NIXOS_NSPAWN_FAIL_AT nixos-nspawn zone update myzone --internal
refused "  is live: no way out" inside db -- ping -4 -c1 -W1 $peer4
refused "  no DNS of others" inside db -- getent ahosts machine.demo.test
prints "  but members" '1 received' inside db -- ping -4 -c1 web
prints "  and forwards" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
succeeds "zone update --no-internal --isolated" nixos-nspawn zone update myzone --no-internal --isolated
refused "  members do not reach each other" inside db -- ping -4 -c1 -W1 web
refused "  IPv6" inside db -- ping -6 -c1 -W1 web
prints "  the outside again" '1 received' inside db -- ping -4 -c1 $peer4
succeeds "zone update --no-isolated" nixos-nspawn zone update myzone --no-isolated
for option in isolated internal persistent; do nixos-nspawn zone update myzone --$option & done >/dev/null
wait
same "three changes at once are three changes" "isolated internal persistent" "$(nixos-nspawn zone status myzone --json | python3 -c 'import json, sys; z = json.load(sys.stdin); print(*[o for o in ("isolated", "internal", "persistent") if z[o]])')"
need "back" nixos-nspawn zone update myzone --no-isolated --no-internal --no-persistent
prints "  members reach each other again" '1 received' inside db -- ping -4 -c1 web

need "remove" nixos-nspawn remove --delete-state db
prints "the bridge stays with the last member" vz-myzone ip link show vz-myzone
need "remove" nixos-nspawn remove --delete-state web
refused "and goes with it" ip link show vz-myzone
same "nothing is left" "$before" "$(everything)"
succeeds "zone remove" nixos-nspawn zone remove myzone
prints "  again" 'Zone myzone does not exist; Nothing done.' nixos-nspawn zone remove myzone

# The host's configuration.
succeeds "apply" nixos-nspawn apply --config examples/host-zones.nix
prints "zone list has what is declared" '^ *backend +declarative' nixos-nspawn zone list
fails "  zone update leaves it to the configuration" 10 'declared by the host' nixos-nspawn zone update backend --isolated
need "create" nixos-nspawn create --config examples/zone.nix web
prints "the host's address is the user's" 'inet 10\.100\.200\.1/24' ip addr show vz-myzone
prints "  IPv6" 'inet6 fd25::1/64' ip addr show vz-myzone
same "  and the member's follow" 10.100.200.2 "$(nixos-nspawn show-ip web)"
prints "ping -6 -I vz-myzone" '1 received' ping -6 -c1 -I vz-myzone web
echo '{}' >/run/empty.json
fails "a zone with members stays declared" 10 'has members: web' nixos-nspawn apply --config /run/empty.json
need "remove" nixos-nspawn remove --delete-state web
succeeds "without members it goes" nixos-nspawn apply --config /run/empty.json
silent_about "  zone list" myzone nixos-nspawn zone list
need "zone create" nixos-nspawn zone create myzone
fails "a name is of one of the two" 10 "'nixos-nspawn zone create' made a zone of that name" \
        nixos-nspawn apply --config examples/host-zones.nix

# Ranges that are the host's elsewhere.
echo "{ \"address\": [ \"\", \"${peer_host4%.*}.9/24\" ] }" >/run/uplink.json
fails "the network of the uplink is no zone's" 10 "198\.51\.100\.0/24 of zone 'up' is the network that the host has on its link uplink" \
        nixos-nspawn zone create --config /run/uplink.json up
silent_about "  and there is no such zone" '^ *up ' nixos-nspawn zone list
echo '{ "address": [ "", "10.100.200.1/24" ], "persistent": true }' >/run/first.json
need "zone create" nixos-nspawn zone create --config /run/first.json first
fails "nor is another zone's" 10 "of zone 'second' is the network that the host has on its link vz-first" \
        nixos-nspawn zone create --config /run/first.json second
need "zone update" nixos-nspawn zone update first --isolated
need "zone remove" nixos-nspawn zone remove first

# Ranges that meet without being the same.
echo '{ "nixosContainer": { "hostNetworkConfig": { "address": [ "", "10.100.201.17/28" ] } } }' >/run/alone.json
echo '{ "nixosContainer": { "zone": "wide" } }' >/run/wide-member.json
echo '{ "address": [ "", "10.100.201.1/24" ] }' >/run/wide.json
echo '{ "address": [ "", "10.100.0.1/16" ], "persistent": true }' >/run/wider.json
overlap="the range 10.100.201.0/24 of zone 'wide' overlaps one of container 'alone'; give one of them other addresses"
need "create" nixos-nspawn create --config /run/alone.json alone
need "zone create" nixos-nspawn zone create --config /run/wide.json wide
before=$(everything)
fails "a zone that a container's range is in does not come" 10 "$overlap" nixos-nspawn create --config /run/wide-member.json m
same "  nothing is left behind" "$before" "$(everything)"
need "stop" nixos-nspawn stop alone
need "the zone comes" nixos-nspawn create --config /run/wide-member.json m
fails "  then the container does not start" 10 "$overlap" nixos-nspawn start alone
fails "nor does a zone around it come" 10 \
        "the range 10.100.0.0/16 of zone 'wider' overlaps one of zone 'wide'; give one of them other addresses" \
        nixos-nspawn zone create --config /run/wider.json wider
silent_about "  and there is no such zone" '^ *wider ' nixos-nspawn zone list
echo '{ }' >/run/wide.json
need "another range, live" nixos-nspawn zone update --config /run/wide.json wide
succeeds "  and the container starts" nixos-nspawn start alone
echo '{ "address": [ "", "10.100.201.1/24" ] }' >/run/wide.json
fails "  which keeps the zone from its old one" 10 "$overlap" nixos-nspawn zone update --config /run/wide.json wide
prints "  it has what it had" '1 received' ping -c1 -W2 m
for name in m alone; do need "remove" nixos-nspawn remove --delete-state $name; done
need "zone remove" nixos-nspawn zone remove wide

# A prefix that is advertised, and a member's own address.
cat >/run/foo.json <<'N'
{ "address": [ "", "10.100.200.1/24" ], "ipv6Prefixes": [ { "Prefix": "fd25::/64", "Assign": true } ] }
N
cat >/run/member.json <<'N'
{ "nixosContainer": { "zone": "foo", "containerNetworkConfig": { "address": [ "10.100.200.10/24" ] } }, "system": { "stateVersion": "26.05" } }
N
need "zone create" nixos-nspawn zone create --config /run/foo.json foo
need "create" nixos-nspawn create --config /run/member.json web
sed 's/10.100.200.10/10.100.200.11/' /run/member.json >/run/sibling.json
need "create" nixos-nspawn create --config /run/sibling.json db
echo '{ "nixosContainer": { "zone": "foo" }, "system": { "stateVersion": "26.05" } }' >/run/third.json
prints "ping -6 -I vz-foo" '1 received' ping -6 -c1 -W2 -I vz-foo web
for address in 10.100.200.1 10.100.200.10; do
        prints "$address answers the host" '1 received' ping -c1 -W2 $address
        prints "  a member" '1 received' inside db -- ping -c1 -W2 $address
done
own=$(inside web -- ip -6 -o addr show dev host0 | grep -oE 'fd25::[0-9a-f:]*ff:fe[0-9a-f:]*')
prints "the member's EUI-64 address in the prefix is there" '^fd25::' echo "$own"
prints "  reached by a sibling" '1 received' inside db -- ping -6 -c1 -W2 "$own"
same "  and the host's is not tentative" "" "$(ip -6 addr show dev vz-foo tentative)"
# A number that is given again: who spoke with the one before finds the new one at once.
need "create" nixos-nspawn create --config /run/third.json old
number=$(nixos-nspawn show-ip old)
prints "a sibling speaks with a member" '1 received' inside db -- ping -c1 -W2 "$number"
prints "  by IPv6, too" '1 received' inside db -- ping -6 -c1 -W2 old
need "it is removed" nixos-nspawn remove --delete-state old
need "another one" nixos-nspawn create --config /run/third.json new
same "  has its number" "$number" "$(nixos-nspawn show-ip new)"
prints "  and the sibling reaches that" '1 received' inside db -- ping -c1 -W1 "$number"
prints "  by IPv6, too" '1 received' inside db -- ping -6 -c1 -W1 new
done_testing
