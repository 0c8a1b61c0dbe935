#!/usr/bin/env bash
# Forwarding is switched on without costing the host its own IPv6 routes, recorded, and switched off again.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/network.sh"
. "$(dirname "$0")/lib-engine.sh"
own_machine "$@"

record=/run/sysctls.json
conf=/proc/sys/net/ipv6/conf
forwarding() { cat /proc/sys/net/ipv4/ip_forward $conf/all/forwarding | paste -sd' '; }
make_peer
ip link add quiet type veth peer name quiet0
ip link set quiet up
echo 0 >$conf/quiet/accept_ra
ip link add mine type veth peer name mine0
echo 2 >$conf/mine/accept_ra
ip link add ve-early type veth peer name early0
peer_mac=$(inside peer cat /sys/class/net/eth0/address)
peer_local() { inside peer ip -6 -o addr show dev eth0 scope link -tentative | sed -E 's/.*inet6 ([^/]+).*/\1/'; }
within 5 "the peer has a link-local address" sh -c "ip -n peer -6 addr show dev eth0 scope link -tentative | grep -q fe80"
within 5 "so has the host" sh -c "ip -6 addr show dev uplink scope link -tentative | grep -q fe80"
advertise() { inside peer "$here/packet.py" eth0 ra src="$(peer_local)" prefix="$1" lla="$peer_mac"; }

advertise 2001:db8:aaaa::
within 2 "the host has a default route by advertisement" sh -c 'ip -6 route show default | grep -q "proto ra"'
same "forwarding is off" "0 0" "$(forwarding)"

succeeds "forwarding is switched on" "$engine" forwarding $record
same "both families" "1 1" "$(forwarding)"
prints "the default route is still there" "default .*proto ra" ip -6 route show default
advertise 2001:db8:bbbb::
within 2 "new advertisements are taken" sh -c 'ip -6 addr show dev uplink | grep -q 2001:db8:bbbb:'
same "an interface that took none takes none" 0 "$(cat $conf/quiet/accept_ra)"
ip link add ve-late type veth peer name late0
same "a container's link that is there is not listened to" 1 "$(cat $conf/ve-early/accept_ra)"
same "nor one that comes" 1 "$(cat $conf/ve-late/accept_ra)"
prints "the record says what it was" '"before": "1"' python3 -m json.tool $record
before=$(cat $record)
succeeds "switching on again is harmless" "$engine" forwarding $record
same "and keeps the record" "$before" "$(cat $record)"

echo 0 >$conf/uplink/accept_ra # the administrator's decision since
succeeds "it is switched off" "$engine" unforwarding $record
same "as it was" "0 0" "$(forwarding)"
same "what was changed since stays" 0 "$(cat $conf/uplink/accept_ra)"
same "what was 2 before is 2" 2 "$(cat $conf/mine/accept_ra)"
refused "the record is gone" test -e $record
succeeds "switching off twice is harmless" "$engine" unforwarding $record

# A host that forwards already has decided about its advertisements.
echo 1 >$conf/all/forwarding
echo 1 >$conf/uplink/accept_ra
need "on again" "$engine" forwarding $record
same "a host that forwards already keeps accept_ra" 1 "$(cat $conf/uplink/accept_ra)"
need "off again" "$engine" unforwarding $record
same "only what was changed is put back" "0 1" "$(forwarding)"

echo '{ damaged' >$record
fails "a damaged record" 1 "$record, the record of changed sysctls, is damaged" "$engine" forwarding $record

done_testing
