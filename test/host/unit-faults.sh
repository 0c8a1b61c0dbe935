#!/usr/bin/env bash
# Commands that fail at every step, are killed or interrupted, and a systemd that does other things meanwhile: nothing is
# half there, and the containers of a host come back with it.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-unit.sh"
on_hosts "$0" trixie/networkd

need "the host boots" boot_host
mkdir -p "$host_root/root/c"
cat >"$host_root/root/c/web.json" <<'C'
{ "nixosContainer": { "forwardPorts": [ { "hostPort": 8181, "containerPort": 80 } ] } }
C
cat >"$host_root/root/c/two.json" <<'C'
{ "nixosContainer": { "timeoutStartSec": "2min", "activation": { "autoStart": false }, "forwardPorts": [ { "hostPort": 8282, "containerPort": 80 } ] } }
C
cat >"$host_root/root/c/hang.json" <<'C'
{ "systemd": { "services": { "hang": { "wantedBy": [ "multi-user.target" ], "before": [ "multi-user.target" ],
  "serviceConfig": { "Type": "oneshot" }, "script": "sleep 1000" } } } }
C
cat >"$host_root/root/c/stubborn.json" <<'C'
{ "systemd": { "services": { "stubborn": { "wantedBy": [ "multi-user.target" ],
  "serviceConfig": { "KillMode": "process" }, "script": "trap '' TERM; while :; do sleep 1; done" } } } }
C
need "setup" in_host nixos-nspawn setup
need "warm up" in_host nixos-nspawn create --config /root/c/web.json web
need "remove" in_host nixos-nspawn remove --delete-state web
nothing=$(settled)

# at_each_step WHAT COMMAND...: runs it in the host, failing at step 1, 2, ...; prints k before each call of check; until it succeeds
at_each_step() {
        local what=$1 check=$2 seen
        shift 2
        for k in $(seq 1 30); do
                seen=$(in_host NIXOS_NSPAWN_FAIL_AT="$k" "$@" 2>&1) && break
                if grep -q "a test made step $k fail" <<<"$seen"; then ok "$what, step $k failing: says so"; else not_ok "$what, step $k failing: says so" "$seen"; fi
                $check
        done
        if [[ $k -gt 3 && $k -lt 30 ]]; then ok "$what has steps"; else not_ok "$what has steps" "$seen"; fi
}
is_nothing() { diff <(echo "$nothing") <(settled); }
check_nothing() { same "  nothing is left behind" "$nothing" "$(settled)"; }
check_first() {
        prints "  it runs as before" '^web +running .*8181' in_host nixos-nspawn list
        prints "  its unit too" '^TimeoutStartUSec=1min 30s$' in_host systemctl show -p TimeoutStartUSec systemd-nspawn@web
        prints "  it starts at boot" '^enabled$' in_host systemctl is-enabled systemd-nspawn@web
        succeeds "  its network too" in_host ping -c1 -W1 "$address"
}
at_each_step create check_nothing nixos-nspawn create --config /root/c/web.json web
address=$(in_host nixos-nspawn show-ip web)
at_each_step update check_first nixos-nspawn update --config /root/c/two.json web
prints "  in the end it is changed" '^web +running .*8282' in_host nixos-nspawn list
need "back" in_host nixos-nspawn update --config /root/c/web.json web
at_each_step remove check_first nixos-nspawn remove --delete-state web
check_nothing

# Killed.
for delay in 0.1 0.2 0.3 0.5 0.7; do
        in_host timeout -s KILL $delay nixos-nspawn create --config /root/c/web.json web >/dev/null 2>&1
        if seen=$(in_host nixos-nspawn list 2>&1); then ok "create, killed after $delay s: the next command works"; else not_ok "create, killed after $delay s: the next command works" "$seen"; fi
        # It may have been done by then.
        if ! grep -q 'took back what' <<<"$seen" && grep -q '^web ' <<<"$seen"; then
                succeeds "  it was done: it runs" in_host nixos-nspawn run web -- true
                need "remove" in_host nixos-nspawn remove --delete-state web
        fi
        check_nothing
done

# A guest that never becomes ready.
in_host sh -c 'nixos-nspawn create --config /root/c/hang.json web >/run/output 2>&1 & echo $! >/run/pid'
within 20 "a guest that hangs has been started" in_host sh -c 'nixos-nspawn list | grep -q "^web .*starting"'
in_host sh -c 'kill -TERM $(cat /run/pid)'
within 20 "interrupted, the command ends" in_host sh -c '! kill -0 $(cat /run/pid) 2>/dev/null'
prints "  says so" '^nixos-nspawn: interrupted while starting' in_host cat /run/output
check_nothing

need "create" in_host nixos-nspawn create --no-start --config /root/c/hang.json web
in_host sh -c 'nixos-nspawn start web >/run/output 2>&1; echo "ended with $?" >>/run/output' &
within 20 "it is starting" in_host sh -c 'nixos-nspawn list | grep -q "^web .*starting"'
sleep 1
succeeds "systemd executes itself anew meanwhile" in_host systemctl daemon-reexec
succeeds "stopped before it was ready" in_host nixos-nspawn stop web
wait
prints "  who waits for it is told" 'was stopped before it was ready|ended with .* before the container was ready' in_host cat /run/output
prints "  it is off" '^web +powered off' in_host nixos-nspawn list
need "remove" in_host nixos-nspawn remove --delete-state web
check_nothing

# A guest that does not want to stop.
need "create" in_host nixos-nspawn create --config /root/c/stubborn.json web
began=$SECONDS
prints "a guest that does not stop: --timeout" 'Container web stopped' in_host nixos-nspawn stop --timeout 2s web
if [[ $((SECONDS - began)) -lt 30 ]]; then ok "  is kept"; else not_ok "  is kept" "$((SECONDS - began)) s"; fi
need "remove" in_host nixos-nspawn remove --delete-state web
check_nothing

# A guest that needs longer than the unit's TimeoutStopSec=, which is as long as systemctl and machinectl wait.
cat >"$host_root/root/c/slow.json" <<'C'
{ "nixosContainer": { "bindMounts": [ "/srv" ], "userNamespacing": false },
  "systemd": { "services": { "slow": { "wantedBy": [ "multi-user.target" ], "serviceConfig": { "Type": "oneshot", "RemainAfterExit": true,
  "ExecStart": "/bin/true", "ExecStop": "/bin/sh -c 'sleep 5; echo ended >/srv/slow'" } } } } }
C
mkdir -p "$host_root/srv" "$host_root/etc/systemd/system/systemd-nspawn@web.service.d"
printf '[Service]\nTimeoutStopSec=2s\n' >"$host_root/etc/systemd/system/systemd-nspawn@web.service.d/own.conf"
need "create" in_host nixos-nspawn create --config /root/c/slow.json web
succeeds "a guest that is slow to stop: --timeout" in_host nixos-nspawn stop --timeout 5min web
prints "  it has the time, whatever the unit's own limit is" '^ended$' cat "$host_root/srv/slow"
rm -r "$host_root/etc/systemd/system/systemd-nspawn@web.service.d/own.conf" "$host_root/srv/slow"
need "systemd reads the units" in_host systemctl daemon-reload
need "start" in_host nixos-nspawn start web
need "stop" in_host systemctl stop --no-block systemd-nspawn@web
succeeds "started before it has stopped" in_host nixos-nspawn start web
prints "  it had the time" '^ended$' cat "$host_root/srv/slow"
need "remove" in_host nixos-nspawn remove --delete-state web
check_nothing

# Somebody kills all of it, `nspawn-unit detach` too.
need "create" in_host nixos-nspawn create --config /root/c/web.json web
in_host systemctl kill -s KILL systemd-nspawn@web
within 10 "everything in a unit was killed: it is off" in_host sh -c 'nixos-nspawn list | grep "^web *powered off"'
succeeds "  it starts" in_host nixos-nspawn start web
succeeds "  reachable" in_host ping -c1 -W1 "$(in_host nixos-nspawn show-ip web)"
in_host systemctl kill -s KILL systemd-nspawn@web
need "remove" in_host nixos-nspawn remove --delete-state web
within 10 "  nothing is left behind" is_nothing

# The next command comes at once, while systemd, machined and the daemon are still busy with the end: whoever is told that
# it is off finds nothing of it.
nothing_of_it() {
        in_host sh -c 'for trace in /run/nixos-nspawn/containers/web /run/nixos-nspawn/networks/web.json /run/nixos-nspawn/names/web \
                        /run/systemd/nspawn/unix-export/web /run/systemd/machines/web; do
                        ! test -e $trace || { echo "$trace is there"; exit 1; }
                done
                ! ip -o link | grep ve-web && ! nft list ruleset | grep ve-web'
}
messages() { in_host sh -c 'journalctl --sync; exec journalctl --no-pager --since "$@"' - "@$began" "$@"; }
began=$(date +%s)
# at_once WHAT COMMAND: a container that COMMAND, a line for the shell, is about to end is stopped, ten times.
at_once() {
        local what=$1 how=$2 seen failed=
        for k in $(seq 10); do
                need "start" in_host nixos-nspawn start web
                need "$how" in_host sh -c "$how"
                seen=$(in_host nixos-nspawn stop web 2>&1 && nothing_of_it 2>&1) || failed=$k
                [[ -z $failed ]] || break
        done
        if [[ -z $failed ]]; then ok "$what, and stopped at once: nothing of it is there"; else not_ok "$what, and stopped at once: nothing of it is there" "run $failed: $seen"; fi
}
need "create" in_host nixos-nspawn create --no-start --config /root/c/web.json web
at_once "everything in a unit was killed" 'systemctl kill -s KILL systemd-nspawn@web'
at_once "systemd-nspawn was killed" 'systemctl kill -s KILL --kill-who=main systemd-nspawn@web'
at_once "it powers itself off" 'systemd-run -M web --quiet --no-block sh -c "sleep 0.1; exec poweroff -f"'
at_once "nspawn-netd was killed" 'systemctl kill -s KILL nspawn-netd'
# systemd starts no daemon that is ordered before a unit that it is stopping.
at_once "nspawn-netd was stopped" 'systemctl stop nspawn-netd'
need "start" in_host nixos-nspawn start web
for command in start restart; do
        need "killed" in_host timeout 20 sh -c 'systemctl kill -s KILL systemd-nspawn@web; while systemctl -q is-active systemd-nspawn@web; do :; done'
        succeeds "everything in a unit was killed: $command at once" in_host nixos-nspawn "$command" web
        succeeds "  reachable" in_host ping -c1 -W1 "$(in_host nixos-nspawn show-ip web)"
done
# A first process that was not ready for the wish to stop is reminded of it by whoever waits.
need "stop" in_host nixos-nspawn stop web
need "it starts, and is told to stop before its first process listens" in_host timeout 20 sh -c '
        frozen=/sys/fs/cgroup/machine.slice/systemd-nspawn@web.service/payload/cgroup.freeze
        systemctl start --no-block systemd-nspawn@web
        until echo 1 >$frozen; do :; done 2>/dev/null
        systemctl stop --no-block systemd-nspawn@web
        echo 0 >$frozen'
succeeds "a start that takes the place of a stop" in_host nixos-nspawn start web
prints "  it runs" '^web +running' in_host nixos-nspawn list
silent_about "  and nothing was waited for until systemd lost patience" "State 'stop-.* timed out" messages -u systemd-nspawn@web
need "systemd stops the daemon" in_host systemctl stop nspawn-netd
need "  and the container" in_host systemctl stop systemd-nspawn@web
within 10 "  the daemon that comes takes its network and name away" nothing_of_it
silent_about "nobody waited for a daemon in vain" 'does not come up' messages
failed=
for k in $(seq 5); do
        need "start" in_host nixos-nspawn start web
        need "killed" in_host systemctl kill -s KILL systemd-nspawn@web
        need "remove" in_host nixos-nspawn remove --delete-state web
        seen=$(nothing_of_it 2>&1) || failed=$k
        [[ -z $failed ]] || break
        need "create" in_host nixos-nspawn create --no-start --config /root/c/web.json web
done
if [[ -z $failed ]]; then ok "everything in a unit was killed, and removed at once: nothing of it is there"; else not_ok "everything in a unit was killed, and removed at once: nothing of it is there" "run $failed: $seen"; fi
[[ -n $failed ]] || need "remove" in_host nixos-nspawn remove --delete-state web
check_nothing

# The bus dies.
need "create" in_host nixos-nspawn create --config /root/c/web.json web
in_host systemctl kill -s KILL dbus.service
prints "dbus was killed: list" '^web +running' in_host nixos-nspawn list
within 30 "  restart" in_host nixos-nspawn restart web
succeeds "  reachable" in_host ping -c1 -W1 "$address"

# The host boots again; its power is cut.
for how in reboot_host cut; do
        if [[ $how == cut ]]; then
                cut_host
                need "the host boots again after its power was cut" boot_host
        else
                need "the host boots again" reboot_host
        fi
        within 20 "  the container runs" in_host sh -c 'nixos-nspawn list | grep "^web *running"'
        same "  at the same address" "$address" "$(in_host nixos-nspawn show-ip web)"
        succeeds "  reachable" in_host ping -c1 -W1 "$address"
        succeeds "  a command in it" in_host nixos-nspawn run web -- true
        silent_about "  no cycle in the boot's order" 'ordering cycle' in_host journalctl -b --no-pager
done
need "update: no start at boot" in_host nixos-nspawn update --config /root/c/two.json web
need "the host boots again" reboot_host
prints "  the container does not run" '^web +powered off' in_host nixos-nspawn list
prints "  autostart leaves it" 'Started 0 of 1' in_host nixos-nspawn autostart
need "remove" in_host nixos-nspawn remove --delete-state web
check_nothing
done_testing
