#!/usr/bin/env bash
# Every step of Attach, of completing a link and of AttachNamespace fails once: the message says which, nothing is left, and
# the next try succeeds. $NIXOS_NSPAWN_FAULT_OPERATION=K fails the K-th operation of each plan (builds with -Dfaults=true).
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

stop() {
        call Stop >/dev/null 2>&1
        until ! pgrep -x nspawn-netd >/dev/null; do sleep 0.02; done
}
restart() { # restart [K]
        stop
        if [[ -n ${1-} ]]; then NIXOS_NSPAWN_FAULT_OPERATION=$1 "$netd" ensure; else "$netd" ensure; fi
}
need "the daemon starts" "$netd" ensure
need "define" "$netd" define example '[{"hostPort":8181,"containerPort":80},{"hostPort":81,"protocol":"udp"}]'
of Attach example >/dev/null
of Detach example >/dev/null
ip netns add pod
before=$(left)

failed=0
for k in $(seq 1 60); do
        restart "$k"
        if seen=$(of Attach example 2>&1); then
                of Detach example >/dev/null
                break
        fi
        failed=$k
        if [[ "$(left)" != "$before" ]]; then
                not_ok "Attach fails at operation $k: nothing is left" "$seen
$(diff <(echo "$before") <(left))"
        fi
        [[ $seen == *'netd: '* ]] || not_ok "Attach fails at operation $k: a message" "$seen"
done
if [[ $failed -ge 10 && $failed -lt 60 ]]; then ok "Attach failed at each of $failed operations and left nothing"; else not_ok "Attach fails at each operation" "at $failed the last time"; fi

failed=0
for k in $(seq 1 80); do
        restart "$k"
        if seen=$(call AttachNamespace '{"name":"pod","namespacePath":"/run/netns/pod","link":"eth0","forwards":[{"protocol":"tcp","hostPort":80,"containerPort":80}]}' 2>&1); then
                of DetachNamespace pod >/dev/null
                break
        fi
        failed=$k
        if [[ "$(left)" != "$before" ]]; then
                not_ok "AttachNamespace fails at operation $k: nothing is left" "$seen
$(diff <(echo "$before") <(left))"
        fi
        refused "AttachNamespace fails at operation $k: nothing is left inside" ip -n pod link show eth0
done
if [[ $failed -ge 20 && $failed -lt 80 ]]; then ok "AttachNamespace failed at each of $failed operations and left nothing"; else not_ok "AttachNamespace fails at each operation" "at $failed the last time"; fi

# The link's own operations fail; those of Attach, which are more, were done by a daemon before.
restart
need "attach" of Attach example
for k in 1 2 3 4 5 6 7 8; do
        restart "$k"
        make_link example
        within 3 "the link fails at operation $k: it is told" bash -c "'$netd' call Describe '{\"name\":\"example\"}' | grep -q '\"problem\"'"
        refused "  it does not come up half done" bash -c 'ip -o link show ve-example | grep "state UP"'
        restart
        within 3 "  and is completed by the next try" state_is example linked
        ip netns delete example
        within 3 "  gone" bash -c '! ip link show ve-example'
done
need "detach" of Detach example
same "nothing is left" "$before" "$(left)"

# What is not the kernel's.
readonly_folder() { # readonly_folder WHAT PATH
        mount --bind "$2" "$2" && mount -o remount,bind,ro "$2"
        fails "$1: Attach says so" 1 "Read-only file system" of Attach example
        umount "$2"
        same "  nothing is left" "$before" "$(left)"
        succeeds "  then it works" of Attach example
        of Detach example >/dev/null
}
readonly_folder "records cannot be written" /run/nixos-nspawn/networks
readonly_folder "names cannot be written" /run/nixos-nspawn/names
echo "{ damaged" >/run/nixos-nspawn/networks/example.json
need "a damaged record" restart
prints "  is told" "example: the record .* cannot be read" daemon_log
refused "  and forgotten" test -e /run/nixos-nspawn/networks/example.json
cp /var/lib/nixos-nspawn/addresses.json /run/addresses
echo "{ damaged" >/var/lib/nixos-nspawn/addresses.json
fails "damaged addresses" 1 "addresses\.json" of Attach example
same "  nothing is left" "$before" "$(left)"
cp /run/addresses /var/lib/nixos-nspawn/addresses.json
succeeds "  put back: it works" of Attach example
of Detach example >/dev/null

ip link add ve-example type veth peer name elsewhere
fails "a link of that name that is not the container's" 10 "there is a link ve-example \(veth, .*does not belong to container 'example'.*ip link delete" of Attach example
ip link delete ve-example
same "  nothing is left" "$before" "$(left)"
make_link example
prints "its own link, there before Attach: completed at once" '"state": "linked"' of Attach example
of Detach example >/dev/null
done_testing
