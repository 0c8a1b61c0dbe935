#!/usr/bin/env bash
# The hosts themselves: each boots, is well, has its uplink from whom it should, boots again; the machine does not see it.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd trixie/nm bookworm/nm trixie/ifupdown bookworm/ifupdown

need "boots and is well" boot_host
declare -A versions=([bookworm]=252 [trixie]=257)
prints "systemd" "^systemd ${versions[$HOST_SUITE]} " in_host systemctl --version
case $HOST_VARIANT in
networkd)
        uplink() { grep -qE 'uplink +ether +routable +configured' <<<"$(in_host networkctl --no-legend)"; }
        within 20 "networkd has the uplink" uplink
        ;;
nm) prints "NetworkManager has the uplink" '^uplink:connected$' in_host nmcli -t -f device,state device ;;
ifupdown) prints "ifupdown has the uplink" '^uplink=uplink$' in_host ifquery --state uplink ;;
esac
[[ $HOST_VARIANT == networkd ]] || prints "networkd does not run" '^inactive$' in_host systemctl is-active systemd-networkd
succeeds "IPv4 to the peer" in_host ping -4 -c1 -W2 $peer4
succeeds "IPv6 to the peer" in_host ping -6 -c1 -W2 $peer6
prints "the project's programs run in it" '^nixos-nspawn [0-9]' in_host nixos-nspawn --version
prints "its NSS module is found" 'libnss_nspawn.so.2' in_host ldconfig -p
prints "machined answers" '^No machines\.$' in_host machinectl list
prints "a unit of its own runs in it" '^0::/system.slice/run-' in_host systemd-run --quiet --pipe --wait cat /proc/self/cgroup
in_host touch /var/kept /run/lost
need "boots again" reboot_host
succeeds "  what it wrote is there" in_host test -e /var/kept -a ! -e /run/lost
cut_host
need "boots again after its power was cut" boot_host
stop_host
same "nothing of it is left: groups" "" "$(find /sys/fs/cgroup -mindepth 1 -type d)"
same "  processes" "" "$(ps -e -o args= | grep '[s]ystemd')"
same "  links" lo "$(ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/')"
done_testing
