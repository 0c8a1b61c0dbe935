#!/usr/bin/env bash
# The seed's networking chapter on the host it speaks of: "The Default Config" from top to bottom and word for word, then
# the upstream tests "simple" and "imperative" as far as they are about the network, and a reboot of the host.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

welcome='Welcome to nginx'
sh() { in_host sh -c "cd; $1"; }
addresses() { # addresses 4|6 LINK: of the host's
        in_host ip -"$1" -o addr show dev "$2" | awk '{ sub("/.*", "", $4); print $4 }'
}

need "the host boots" boot_host
peer_resolver
cp examples/example.nix "$host_root/root"
need "setup" in_host nixos-nspawn setup
prints "list --json of none" '^\[\]$' in_host nixos-nspawn list --json
in_host ip -o monitor link address route >"$HOST_WORK/monitor" 2>&1 &
monitor=$!

# The Default Config.
need "nixos-nspawn create --config example.nix example" sh 'nixos-nspawn create --config example.nix example'
ok "nixos-nspawn create --config example.nix example"
prints "ping -4 -c1 example" '1 received' sh 'ping -4 -c1 example'
prints "ping -6 -c1 -I ve-example example" '1 received' sh 'ping -6 -c1 -I ve-example example'
prints "ping -6 -c1 example" '1 received' sh 'ping -6 -c1 example'
prints "curl -o- http://example" "$welcome" sh 'curl -o- http://example'
# shellcheck disable=SC2016
prints 'machinectl shell example $(which ping) -c1 nixos.org' '1 received' sh 'machinectl shell example $(which ping) -c1 nixos.org'

# "Out of the box, this provides": 1, 2. addresses.
prints "an IPv4 address: the host" 'inet 10\.233\.[0-9.]+/28 ' in_host ip -4 addr show dev ve-example
prints "  the container" 'inet 10\.233\.[0-9.]+/28 ' in_guest example ip -4 addr show dev host0
prints "an IPv6 link-local address: the host" 'inet6 fe80:[0-9a-f:]+/64 scope link' in_host ip -6 addr show dev ve-example
prints "  the container" 'inet6 fe80:[0-9a-f:]+/64 scope link' in_guest example ip -6 addr show dev host0
silent_about "  not tentative" tentative in_guest example ip -6 addr show dev host0
prints "an IPv6 address that is not link-local: the host" 'inet6 fd[0-9a-f:]+::1/64 scope global' in_host ip -6 addr show dev ve-example
prints "  the container" 'inet6 fd[0-9a-f:]+::2/64 scope global' in_guest example ip -6 addr show dev host0
# 3. The internet, by NAT.
python3 - >"$HOST_WORK/callers" 2>&1 <<'P' &
import socket
s = socket.create_server(("::", 9000), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    c, who = s.accept()
    print(who[0], flush=True)
    c.close()
P
callers=$!
within 5 "another machine listens" bash -c "exec 3<>/dev/tcp/$peer4/9000"
succeeds "IPv4 internet connectivity via NAT" in_guest example timeout 5 bash -c "exec 3<>/dev/tcp/$peer4/9000"
prints "  it is the host's address that is seen there" "^::ffff:$peer_host4\$" cat "$HOST_WORK/callers"
succeeds "IPv6, too" in_guest example timeout 5 bash -c "exec 3<>/dev/tcp/$peer6/9000"
prints "  it is the host's address that is seen there" "^$peer_host6\$" cat "$HOST_WORK/callers"
kill $callers
# 4. The name, on the host.
address4=$(in_host nixos-nspawn show-ip -4 example) address6=$(in_host nixos-nspawn show-ip -6 example)
prints "nss-mymachines: IPv4" "^$address4 +STREAM" in_host getent -s mymachines ahosts example
prints "nss-mymachines: IPv6" "^$address6(%[^ ]+)? +STREAM" in_host getent -s mymachines ahosts example
prints "nss-mymachines: link-local with its scope" '^fe80[0-9a-f:]*%(ve-example|[0-9]+) +STREAM' in_host getent -s mymachines ahosts example
prints "nspawn: IPv4" "^$address4 +STREAM" in_host getent -s nspawn ahosts example
prints "nspawn: IPv6" "^$address6 +STREAM" in_host getent -s nspawn ahosts example
silent_about "no link-local address without its scope from the host's own order" '^fe80[0-9a-f:]* ' in_host getent ahosts example
# 5. Port 8181.
prints "8181 from another machine, IPv4" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
prints "8181 from another machine, IPv6" "$welcome" peer curl -s --max-time 5 "http://[$peer_host6]:8181"
for address in $(addresses 4 uplink) $(addresses 4 ve-example) 127.0.0.1 localhost; do
        prints "8181 from the host by $address" "$welcome" in_host curl -s --max-time 5 "http://$address:8181"
done
for address in $(addresses 6 uplink | grep -v '^fe80') $(addresses 6 ve-example | grep -v '^fe80') ::1; do
        prints "8181 from the host by $address" "$welcome" in_host curl -s --max-time 5 "http://[$address]:8181"
done
refused "another machine reaches the container by its forwards only" peer curl -s --max-time 2 "http://$address4"

# Gotchas: the tables.
for family in ip:"$address4" ip6:"$address6"; do
        address=${family#*:} family=${family%%:*}
        table=$(sh "nft -y list table $family io.systemd.nat")
        prints "nft -y list table $family io.systemd.nat: the forward" "(tcp|6) \\. 8181 : $address \\. 80" echo "$table"
        prints "  masquerade" 'saddr @masq_saddr masquerade' echo "$table"
        for hook in prerouting output; do prints "  $hook at -99" "hook $hook priority -99;" echo "$table"; done
        prints "  postrouting at 101" 'hook postrouting priority 101;' echo "$table"
        prints "  the container's range is masqueraded" "${address%[.:]*}" in_host nft list set "$family" io.systemd.nat masq_saddr
done

# The link is networkd's, by our file, and nobody's hand is on it.
status=$(in_host networkctl status ve-example)
prints "networkctl: our file" 'Network File: /etc/systemd/network/20-ve-example.network' echo "$status"
prints "networkctl: configured" 'State: (routable|degraded) \(configured\)' echo "$status"
prints "networkctl: the address" "$(addresses 4 ve-example)" echo "$status"
prints "networkctl in the container: configured" 'host0 +ether +routable +configured' in_guest example networkctl --no-legend --no-pager
kill $monitor
prints "ip monitor: it saw the link come" 've-example.*state UP' cat "$HOST_WORK/monitor"
silent_about "ip monitor: nothing of the link was deleted" '^Deleted.*ve-example' cat "$HOST_WORK/monitor"

# machined.
prints "machinectl list" "^example +container +systemd-nspawn +debian +[0-9]+ +$address4" in_host machinectl list --no-legend
prints "machinectl status: the address" "Address: $address4" in_host machinectl status example
prints "machinectl status: the link" 'Iface: ve-example' in_host machinectl status example
prints "systemctl -M" '^running$' in_host systemctl -M example is-system-running

# Upstream's "imperative", the network's half. Not here: list-generations, update --strategy reload and rollback of a NixOS
# system's generations and Nix traces need nixpkgs, which this host has not; zones and the static address are issues of
# their own.
prints "list --json" '^\[\{.*"name": "example"' in_host nixos-nspawn list --json
refused "create of a name that exists" sh 'nixos-nspawn create --config example.nix example'
sed 's/8181/8282/' examples/example.nix >"$host_root/root/foonet.nix"
succeeds "create foonet" sh 'nixos-nspawn create --config foonet.nix foonet'
foonet=$(in_host nixos-nspawn show-ip -4 foonet)
succeeds "  ping -4" in_host ping -4 -c1 foonet
succeeds "  ping -6" in_host ping -6 -c1 foonet
prints "  curl" "$welcome" in_host curl -s --max-time 5 http://foonet
prints "  it knows the other one by its name" "^$address4 " in_guest foonet getent ahostsv4 example
succeeds "  machinectl poweroff" in_host machinectl poweroff foonet
within 20 "  no ping" sh "! ping -4 -c1 -W1 $foonet"
within 10 "  the unit ends" sh '[ "$(systemctl is-active systemd-nspawn@foonet)" = inactive ]'
succeeds "  machinectl start" in_host machinectl start foonet
same "  the same address" "$foonet" "$(in_host nixos-nspawn show-ip -4 foonet)"
succeeds "  ping" in_host ping -4 -c1 foonet
succeeds "remove foonet" in_host nixos-nspawn remove --delete-state foonet
refused "  no ping" in_host ping -4 -c1 -W1 "$foonet"
refused "  no name" in_host getent ahosts foonet
prints "  the unit is gone" '^(inactive|unknown)$' in_host systemctl is-active systemd-nspawn@foonet
same "  no file of it is left" "" "$(sh 'find /etc/systemd /run/systemd /var/lib/machines /run/nixos-nspawn -name "*foonet*"')"

# Upstream's "simple". Not here: a reload of a NixOS configuration (switch-to-configuration); a change of the config that
# needs a restart stands for both.
prints "the unit is active" '^active$' in_host systemctl is-active systemd-nspawn@example
mkdir -p "$host_root/srv/shared"
echo seen >"$host_root/srv/shared/file"
sed -e 's/^}/  nixosContainer.bindMounts = [ "\/srv\/shared" ];\n}/' -e 's/8181; containerPort = 80; }/8181; containerPort = 80; } { hostPort = 8383; containerPort = 80; }/' \
        examples/example.nix >"$host_root/root/changed.nix"
succeeds "update with another port and a bind mount" sh 'nixos-nspawn update --config changed.nix example'
prints "  the new port" "$welcome" peer curl -s --max-time 5 --retry 3 --retry-connrefused http://$peer_host4:8383
prints "  the old one" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
prints "  the bind is there" '^seen$' in_guest example cat /srv/shared/file
same "  the same address" "$address4" "$(in_host nixos-nspawn show-ip -4 example)"
succeeds "stop" in_host nixos-nspawn stop example
prints "  the unit is inactive" '^inactive$' in_host systemctl is-active systemd-nspawn@example
refused "  no ping" in_host ping -4 -c1 -W1 "$address4"
silent_about "  no element is left" "$address4|$address6|ve-example" in_host nft list ruleset
succeeds "systemctl start" in_host systemctl start systemd-nspawn@example
succeeds "  ping -6 -I" in_host ping -6 -c1 -I ve-example example
succeeds "  ping -4" in_host ping -4 -c1 example

# Everything comes back.
need "the host reboots, and is well" reboot_host
ok "the host reboots, and is well"
prints "  the unit is active" '^active$' in_host systemctl is-active systemd-nspawn@example
same "  the same addresses" "$address4 $address6" "$(in_host nixos-nspawn show-ip -4 example) $(in_host nixos-nspawn show-ip -6 example)"
prints "  the container has them" "inet $address4/28" in_guest example ip -4 addr show dev host0
succeeds "  ping -4" in_host ping -4 -c1 example
succeeds "  ping -6" in_host ping -6 -c1 example
prints "  8181 from another machine, IPv4" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
prints "  8181 from another machine, IPv6" "$welcome" peer curl -s --max-time 5 "http://[$peer_host6]:8181"
prints "  8181 from localhost" "$welcome" in_host curl -s --max-time 5 http://localhost:8181
prints "  a name from inside" '1 received' in_guest example ping -c1 nixos.org
prints "  networkctl: configured" 've-example +ether +(routable|degraded) +configured' in_host networkctl --no-legend --no-pager
same "  no failed unit" "" "$(in_host systemctl --failed --no-legend --plain)"
silent_about "  no ordering cycle" 'ordering cycle' in_host journalctl -b --no-pager -q
stop_host
done_testing
