#!/usr/bin/env bash
# Control groups where version 1 has the controllers, as on machines without systemd 232 or newer as PID 1: the guest
# still gets the unified tree, and nothing is left in either.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/guest.sh"
in_sandbox "$@"
make_guest

umount /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/systemd
mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
# A machine without version 1 has no such tree: then the one that systemd-nspawn needs is made here, empty.
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
groups() { find /sys/fs/cgroup/*/nixos-nspawn -mindepth 1 -type d; }

need "start" "$rt" start $name
prints "the guest has the unified tree" '^0::/nixos-nspawn-run' "$rt" run $name cat /proc/self/cgroup
prints "  and is well" '^running$' "$rt" run $name systemctl is-system-running --wait
succeeds "stop" "$rt" stop $name
same "no group is left" "" "$(groups)"
need "start" "$rt" start $name
murder "$(supervisor)" "$(nspawn)"
succeeds "both killed: start again" "$rt" start $name
succeeds "stop" "$rt" stop $name
same "no group is left" "" "$(groups)"
rmdir /sys/fs/cgroup/systemd/nixos-nspawn
done_testing
