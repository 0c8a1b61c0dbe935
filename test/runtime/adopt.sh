#!/usr/bin/env bash
# A guest's systemd-networkd finds the network that was there before PID 1, declared in its 20-host0.network, and takes it
# over: not one address, route or neighbour is deleted for a moment. With systemd 252 and 257; a restart of networkd too.
source "$(dirname "$0")/../lib/tap.sh"
suites=(bookworm trixie)
here=$(dirname "$(realpath "$0")")
[[ -n ${SANDBOX-} ]] || need "the older OS tree" env NIXOS_NSPAWN_SUITE=bookworm BUILD="${BUILD:-$here/../../build}" \
        "$here/../lib/trees" "$here/tree/first.json"
source "$here/guest.sh"
in_sandbox "$@"

# The first program that the guest brings: it looks, and keeps looking. In a session of its own, because systemd lets go
# of the console, which hangs up those that have it.
watching_init() {
        cat >$root/watch <<'P'
#!/bin/sh
{ ip -o addr show dev host0; ip route; ip -6 route; ip neigh; } >/seen 2>&1
trap '' HUP # until setsid has taken effect
setsid ip -ts monitor address route neigh >/monitor 2>&1 &
trap - HUP
exec /usr/lib/systemd/systemd
P
        chmod 755 $root/watch
}
for suite in "${suites[@]}"; do
        export NIXOS_NSPAWN_SUITE=$suite
        make_guest
        rm $root/etc/systemd/network/20-host0.network # the spec's own, which would win
        watching_init
        define /watch
        need "$suite: start" "$rt" start $name
        version=$("$rt" run $name systemctl --version | head -n 1 | cut -d' ' -f2)
        ok "$suite: a guest with systemd $version"
        same "  before PID 1: addresses" 3 "$(grep -c inet $root/seen)"
        prints "  before PID 1: an IPv4 default route" '^default via 10\.' cat $root/seen
        prints "  before PID 1: an IPv6 default route" '^default via fd' cat $root/seen
        within 20 "  networkd has configured the link" sh -c "$rt run $name networkctl status host0 | grep -q 'State: routable (configured)'"
        prints "  from our file" '/run/systemd/network/20-host0.network' "$rt" run $name networkctl status host0
        sleep 1
        silent_about "  and deleted nothing" '^Deleted|\] *Deleted' cat $root/monitor
        same "  the same as before" "$(sort $root/seen | sed 's/ *$//')" "$("$rt" run $name sh -c \
                'ip -o addr show dev host0; ip route; ip -6 route; ip neigh' | sort | sed 's/ *$//')"
        succeeds "  networkd restarted" "$rt" run $name systemctl restart systemd-networkd
        within 20 "  has configured the link again" sh -c "$rt run $name networkctl status host0 | grep -q 'State: routable (configured)'"
        "$rt" run $name ip addr add 192.0.2.99/32 dev lo
        within 5 "  (the monitor runs)" grep -q 192.0.2.99 $root/monitor
        silent_about "  and deleted nothing" '^Deleted|\] *Deleted' cat $root/monitor
        succeeds "  stop" "$rt" stop $name
        rm -rf $root
done
done_testing
