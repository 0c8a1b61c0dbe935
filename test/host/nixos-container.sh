#!/usr/bin/env bash
# A nixos-container on a host with systemd: container@NAME.service, whoever starts it, with the network of its conf.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-unit.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

need "the host boots" boot_host
need "setup" in_host nixos-nspawn setup
mkdir -p "$host_root/root/c" "$host_root/etc/nixos-containers"
echo '{ "nixosContainer": { } }' >"$host_root/root/c/web.json"
need "a tree" in_host nixos-nspawn create --config /root/c/web.json --no-start web
tree=$(in_host sed -n 's/.*"path": "\([^"]*\)".*/\1/p' /var/lib/nixos-nspawn/profiles/web/system/nixos-nspawn/tree.json)
printf 'SYSTEM_PATH=%s\nPRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.7.1\nLOCAL_ADDRESS=10.233.7.2\n' "$tree" >"$host_root/etc/nixos-containers/foo.conf"

need "start" in_host nixos-nspawn start foo
prints "it is a unit" '^active$' in_host systemctl is-active container@foo
prints "  and a machine" '^foo +container' in_host machinectl list
prints "eth0 inside" '10\.233\.7\.2/32' in_host nixos-nspawn run foo -- ip addr show eth0
prints "ve-foo outside" '10\.233\.7\.1/32' in_host ip addr show ve-foo
succeeds "the host reaches it" in_host ping -c1 -W2 10.233.7.2
succeeds "it reaches the host" in_host nixos-nspawn run foo -- ping -c1 -W2 10.233.7.1
silent_about "networkd adds nothing to the link" 'inet (169|192|172|10\.[^2])' in_host ip -4 addr show dev ve-foo
prints "list" 'foo .*running' in_host nixos-nspawn list
need "systemctl restart" in_host systemctl restart container@foo
succeeds "  reachable" in_host ping -c1 -W2 10.233.7.2
need "reboot" in_host machinectl reboot foo
within 30 "  reachable after a reboot" in_host sh -c 'systemctl -q is-active container@foo && ping -c1 -W1 10.233.7.2'
need "stop" in_host nixos-nspawn stop foo
prints "it is off" '^inactive$' in_host systemctl is-active container@foo
refused "  and its link gone" in_host ip link show ve-foo
silent_about "  and its elements" 've-foo' in_host nft list ruleset

in_host sh -c 'echo HOST_PORT=tcp:no >>/etc/nixos-containers/foo.conf'
fails "a conf that is refused says so, with its line" 10 'foo.conf:5: HOST_PORT: expected' in_host nixos-nspawn start foo
in_host sed -i '/HOST_PORT/d' /etc/nixos-containers/foo.conf
succeeds "  and is started when it is right" in_host nixos-nspawn start foo
done_testing
