#!/usr/bin/env bash
# The machine's own cgroup tree, hybrid or not: a container runs, reboots and is stopped there, and its groups go with it.
source "$(dirname "$0")/../lib/tap.sh"
SANDBOX_OPTIONS=--host-cgroups in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

name=cgroups-$(tr -dc a-z </dev/urandom | head -c 6)
groups() { find /sys/fs/cgroup -type d \( -path "*$name*" -o -name 'ns-*' \) 2>/dev/null; }
make_peer
need "setup" nixos-nspawn setup
need "create" nixos-nspawn create --config examples/example.nix "$name"
prints "it has a group" "/nixos-nspawn/$name" groups
prints "  and its processes are in it" "/nixos-nspawn/$name" cat "/proc/$(pgrep -x -o systemd-nspawn)/cgroup"
within 5 "HTTP" curl -s -o /dev/null "http://$name"
leader() { nixos-nspawn status --json "$name" | python3 -c 'import json,sys; print(json.load(sys.stdin)["leader"])'; }
first=$(leader)
nixos-nspawn run "$name" -- systemctl reboot >/dev/null 2>&1
for _ in $(seq 150); do
        now=$(leader)
        [[ $now != 0 && $now != "$first" ]] && break
        sleep 0.1
done
if [[ $now != 0 && $now != "$first" ]]; then ok "reboot"; else not_ok "reboot" "leader $now"; fi
within 10 "  HTTP" curl -s -o /dev/null "http://$name"
kill -9 "$(pgrep -x -o nspawn-supervis)" "$(pgrep -x -o systemd-nspawn)"
within 20 "supervisor and systemd-nspawn killed: start repairs" nixos-nspawn start "$name"
within 5 "  HTTP" curl -s -o /dev/null "http://$name"
succeeds "remove" nixos-nspawn remove --delete-state "$name"
same "no group is left" "" "$(groups)"
# The empty folder above them stays for the next start; here it was the machine's own.
rmdir /sys/fs/cgroup/{,unified/,systemd/}nixos-nspawn 2>/dev/null
done_testing
