#!/usr/bin/env bash
# Zones on hosts with systemd-networkd: two members as units, networkd that starts, reloads and restarts without deleting
# anything of the bridge or its ports, and what is back after the host was.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

sh() { in_host sh -c "cd; $1"; }
need "the host boots" boot_host
need "setup" in_host nixos-nspawn setup
mkdir -p "$host_root/root/c"
echo '{"nixosContainer":{"zone":"foo"},"system":{"stateVersion":"26.05"}}' >"$host_root/root/c/db.json"
echo '{"nixosContainer":{"zone":"foo","activation":{"autoStart":true}},"system":{"stateVersion":"26.05"}}' >"$host_root/root/c/web.json"
create() { in_host nixos-nspawn create --config "/root/c/$1.json" "$1"; }
fails "a zone that is not there is refused" 10 "Virtual zone 'foo' does not exist!" create web
need "zone create" in_host nixos-nspawn zone create foo
need "zone create, one that stays" in_host nixos-nspawn zone create stay --persistent
prints "it is there without members" 'state UP|UP' in_host ip link show vz-stay

in_host ip -o monitor link address route neigh >"$HOST_WORK/monitor" 2>&1 &
monitor=$!
need "create" create web
need "create" create db
prints "a unit" '^active$' in_host systemctl is-active systemd-nspawn@web
prints "a port of the bridge" 'master vz-foo' in_host ip link show vb-db
prints "machinectl status" 'Iface: vz-foo' in_host machinectl status web --no-pager
reach() { # reach WHEN
        prints "$1: ping -4" '1 received' in_host ping -4 -c1 -W2 web
        prints "$1: ping -6 -I vz-foo" '1 received' in_host ping -6 -c1 -W2 -I vz-foo db
        prints "$1: siblings" '1 received' in_guest db ping -c1 -W2 web
        prints "$1: the outside" '1 received' in_guest db ping -c1 -W2 $peer4
}
reach "after the start"
same "a port has no address" "" "$(in_host ip -o addr show dev vb-web)"
here() { in_host sh -c 'ip -o addr show dev vz-foo; ip -o addr show dev vb-web; ip route show dev vz-foo; ip -6 route show dev vz-foo; ip neigh show dev vz-foo nud permanent' |
        sed -E 's/^[0-9]+: //; s/ (metric|pref|proto) [a-z0-9]+//g' | sort; }
before=$(here)
quiet() { # quiet WHAT COMMAND...: nothing of the zone's is deleted
        local what=$1 lines
        shift
        lines=$(wc -l <"$HOST_WORK/monitor")
        succeeds "$what" "$@"
        sleep 1.5
        same "$what: nothing is deleted" "" "$(tail -n "+$((lines + 1))" "$HOST_WORK/monitor" | grep -E '^Deleted.*(vz-|vb-)')"
        same "$what: all is as before" "$before" "$(here)"
}
quiet "networkctl reload" in_host networkctl reload
quiet "a restart of networkd" in_host systemctl restart systemd-networkd
quiet "networkd is killed" in_host systemctl kill -s KILL systemd-networkd
reach "after networkd's"
sh 'networkctl list --no-pager' | grep -E 'vz-|vb-' | sed 's/^/# /'
same "networkd serves nothing there" "" "$(in_host ss -Hlnup | grep -E 'vz-foo' | grep networkd)"

need "a restart" in_host nixos-nspawn restart web
reach "after a restart"
need "the host reboots" reboot_host
kill $monitor 2>/dev/null
prints "the persistent zone is back" 'UP' in_host ip link show vz-stay
within 20 "so is the member that starts with the host" in_host systemctl is-active systemd-nspawn@web
in_host nixos-nspawn start db >/dev/null 2>&1
reach "after the reboot"
need "remove" in_host nixos-nspawn remove --delete-state web
prints "the bridge stays with the last member" vz-foo in_host ip link show vz-foo
need "remove" in_host nixos-nspawn remove --delete-state db
refused "and goes with it" in_host ip link show vz-foo
need "zone remove" in_host nixos-nspawn zone remove foo
need "zone remove" in_host nixos-nspawn zone remove stay
refused "  the bridge that stayed is gone" in_host ip link show vz-stay
same "  and so are the files" "" "$(ls "$host_root/etc/systemd/network" | grep -- -vz-)"
done_testing
