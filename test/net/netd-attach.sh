#!/usr/bin/env bash
# A network from Attach to Detach: elements before the link is there, everything in place when the guest sees its carrier,
# traffic of both families, names, a reboot, and nothing left in the end.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

make_peer
echo "nameserver 192.0.2.1" >/etc/resolv.conf
need "the daemon starts" "$netd" ensure
succeeds "it is harmless to start it again" "$netd" ensure
need "define" "$netd" define example '[{"hostPort":8181,"containerPort":80},{"hostPort":5000,"protocol":"udp","containerPort":80}]'
before=$(left)

prints "Plan before Attach says what would be done" 've-example' of Plan example
same "  and does nothing" "$before" "$(left)"
fails "Describe of what is not attached" 2 "'example' has no network now" of Describe example

prints "Attach: the link is expected" '"state": "expected"' of Attach example
prints "  the forward is there before the link" '8181' nft list map ip io.systemd.nat map_port_ipport
prints "  in IPv6, too" '8181' nft list map ip6 io.systemd.nat map_port_ipport
prints "  the link is guarded before it exists" 've-example' nft list set inet nixos_nspawn links
succeeds "Attach again changes nothing" of Attach example
prints "  the name resolves" '^10\.233\.' cat /run/nixos-nspawn/names/example

# The guest's end is up before: its carrier is the signal, and the first packets after it must do.
read -r host_mac guest_mac < <("$netd" macs example)
ip netns add example
cat >/run/first.sh <<'E'
ip link set lo up
until ip -o link show host0 2>/dev/null | grep -q .; do :; done
sysctl -qw net.ipv6.conf.host0.accept_dad=0
ip addr add $1 dev host0
ip addr add $2 dev host0 nodad
ip link set host0 up
until [[ $(cat /sys/class/net/host0/operstate) == up ]]; do :; done
ping -4 -c1 -W1 ${3%/*} >/dev/null && echo v4 >>/run/first
ping -6 -c1 -W1 ${4%/*} >/dev/null && echo v6 >>/run/first
dig +time=1 +tries=1 +short @${3%/*} example A >>/run/first
test -e /run/nixos-nspawn/names/example && echo name >>/run/first
echo end >>/run/first
E
attached=$(of Describe example)
get() { field "network.$1" <<<"$attached"; }
guest example bash /run/first.sh "$(get containerAddresses.0)" \
        "$(get containerAddresses.1)" "$(get hostAddresses.0)" "$(get hostAddresses.1)" 2>/run/first.err &
sleep 0.2
make_link example
within 5 "the link is complete" state_is example linked
within 8 "the guest has seen its carrier" grep -q end /run/first
same "its first packets are answered, by IPv4, IPv6 and DNS, and its name is there" "v4
v6
$(guest4 example)
name
end" "$(cat /run/first /run/first.err)"

prints "addresses of the link: IPv4" "inet $(get hostAddresses.0)" ip addr show ve-example
prints "  ULA" "inet6 $(get hostAddresses.1)" ip addr show ve-example
same "  nothing is tentative, one link-local address" 1 "$(ip -6 -o addr show dev ve-example scope link | grep -vc tentative)"
same "  three permanent neighbours" 3 "$(ip neigh show dev ve-example nud permanent | grep -c "$guest_mac")"
prints "  the link's index is told" "\"linkIndex\": $(cat /sys/class/net/ve-example/ifindex)" of Describe example
prints "List has it" '"name": "example"' call List

ip -n example link set host0 down
start_guest example 2>/dev/null
serve example 80 welcome
succeeds "the host reaches the guest by IPv4" ping -4 -c1 -W1 "$(guest4 example)"
succeeds "  and by IPv6" ping -6 -c1 -W1 "$(guest6 example)"
same "by the forward from another machine, IPv4" welcome "$(peer curl -sS --max-time 2 "http://$peer_host4:8181")"
same "  IPv6" welcome "$(peer curl -sS --max-time 2 "http://[$peer_host6]:8181")"
same "  UDP" hello "$(export -f udp; peer bash -c "udp $peer_host4 5000 hello")"
same "by the host's own address" welcome "$(fetch "http://$peer_host4:8181")"
same "  IPv6" welcome "$(fetch "http://[$peer_host6]:8181")"
same "by localhost" welcome "$(fetch http://127.0.0.1:8181)"
same "  IPv6" welcome "$(fetch 'http://[::1]:8181')"
succeeds "the guest reaches another machine by IPv4" guest example ping -4 -c1 -W1 $peer4
succeeds "  and by IPv6" guest example ping -6 -c1 -W1 $peer6
same "DNS in the guest knows its own name" "$(guest4 example)" "$(guest example dig +time=2 +tries=1 +short "@$(host4 example)" EXAMPLE A)"

address=$(guest4 example)
ip link delete ve-example
within 1 "the link goes (a reboot): it is expected again" state_is example expected
refused "  the name is withdrawn" test -e /run/nixos-nspawn/names/example
prints "  the forward stays" "8181" nft list map ip io.systemd.nat map_port_ipport
make_link example
within 2 "  it comes again: complete" state_is example linked
start_guest example
same "  with the same address" "$address" "$(guest4 example)"
succeeds "  and traffic" ping -4 -c1 -W1 "$address"

succeeds "Detach" of Detach example
succeeds "Detach again" of Detach example
end_guest example
within 2 "the link is gone" bash -c '! ip link show ve-example'
same "nothing is left" "$before" "$(left)"

# The daemon knows by then that there are none.
mkdir -p /etc/systemd/network
printf '%s\n' '[Match]' Name=ve-example '[Network]' Address=192.0.2.1/28 >/etc/systemd/network/10-example.network
prints "a .network file is read as soon as it is there" 192.0.2.1/28 of Attach example
need "  Detach" of Detach example
rm /etc/systemd/network/10-example.network
silent_about "  and no more when it is gone" 192.0.2.1/28 of Attach example
need "  Detach" of Detach example
silent_about "nothing went wrong in the daemon" 'error|cannot|repairing|<[0-4]>' daemon_log
done_testing
