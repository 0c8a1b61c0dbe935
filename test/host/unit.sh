#!/usr/bin/env bash
# Containers as units: who starts and stops them, this command line or systemd's own tools, sees and gets the same.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-unit.sh"
on_hosts "$0" trixie/networkd bookworm/networkd trixie/ifupdown

is_off() { [[ $(in_host systemctl is-active systemd-nspawn@web 2>&1) == inactive ]]; }
# A process of the host's that has port 8181.
take() {
        in_host systemd-run -q --collect --unit=taker python3 -c 'import socket, time; s = socket.create_server(("", 8181)); time.sleep(600)'
        within 10 "a process listens at 8181" in_host sh -c 'ss -Hltn sport = 8181 | grep .'
}

need "the host boots" boot_host
mkdir -p "$host_root/root/c"
cat >"$host_root/root/c/web.json" <<'C'
{ "nixosContainer": { "forwardPorts": [ { "hostPort": 8181, "containerPort": 80 } ] } }
C
cat >"$host_root/root/c/later.json" <<'C'
{ "nixosContainer": { "timeoutStartSec": "2min", "activation": { "autoStart": false }, "forwardPorts": [ { "hostPort": 8282, "containerPort": 80 } ] } }
C
fails "create before setup says what to do" 1 "run 'nixos-nspawn setup'" in_host nixos-nspawn create --config /root/c/web.json web
need "setup" in_host nixos-nspawn setup
before=$(traces)

# Somebody else's file in the way, and a drop-in of the user's own.
in_host sh -c 'mkdir -p /etc/systemd/system/systemd-nspawn@web.service.d && cd /etc/systemd/system/systemd-nspawn@web.service.d &&
        echo "[Service]" >50-nixos-nspawn.conf && printf "[Service]\nCPUWeight=50\n" >60-mine.conf'
fails "create refuses a drop-in of another" 10 "50-nixos-nspawn.conf' exists and is not of this program" \
        in_host nixos-nspawn create --config /root/c/web.json web
prints "  and leaves it alone" '^\[Service\]$' in_host cat /etc/systemd/system/systemd-nspawn@web.service.d/50-nixos-nspawn.conf
in_host rm /etc/systemd/system/systemd-nspawn@web.service.d/50-nixos-nspawn.conf
before_web=$(traces)

prints "create, dry: the files" 'write /etc/systemd/network/20-ve-web.network$' in_host nixos-nspawn create --dry-run --config /root/c/web.json web
same "  and nothing is done" "$before_web" "$(traces)"
need "create" in_host nixos-nspawn create --config /root/c/web.json web
ok "create"
prints "list" '^web +running +imperative +10\.233\.' in_host nixos-nspawn list
address=$(in_host nixos-nspawn show-ip web)
succeeds "  reachable" in_host ping -c1 -W1 "$address"
prints "systemctl: the unit runs with both drop-ins" '^Environment=SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1$' in_host systemctl show -p Environment systemd-nspawn@web
prints "  and the user's" '^CPUWeight=50$' in_host systemctl show -p CPUWeight systemd-nspawn@web
prints "  it starts at boot" '^enabled$' in_host systemctl is-enabled systemd-nspawn@web
fails "a second create is refused" 10 'Container web already exists!' in_host nixos-nspawn create --config /root/c/web.json web
prints "a second start does nothing" 'Container web runs already.' in_host nixos-nspawn start web

prints "machinectl list" '^web +container' in_host machinectl list
prints "machinectl status: the addresses" "$address" in_host machinectl status web
prints "machinectl shell" 'hello from web' in_host script -qec "machinectl -q shell web /bin/sh -c 'echo hello from \$(uname -n)'" /dev/null
prints "systemctl -M" '^(running|degraded)$' in_host systemctl -M web is-system-running
prints "journalctl -M" ' web ' in_host journalctl -M web -n 5 --no-pager
fails "systemd-run -M --pipe --wait: output and exit status" 7 '^web$' in_host systemd-run -q -M web --pipe --wait sh -c 'uname -n; exit 7'
fails "run: output and exit status" 7 '^web$' in_host nixos-nspawn run web -- sh -c 'uname -n; exit 7'
prints "  in a group of the container's own" '^0::/nixos-nspawn-run' in_host nixos-nspawn run web -- cat /proc/self/cgroup
prints "shell" '^uid=0\(root\)' in_host nixos-nspawn shell web -- id
prints "logs" 'Reached target' in_host nixos-nspawn logs web
same "  --lines" 3 "$(in_host nixos-nspawn logs --lines 3 web | wc -l)"
in_host sh -c 'nixos-nspawn logs --lines 0 --follow web >/run/followed 2>&1 & echo $! >/run/follower'
in_host nixos-nspawn run web -- sh -c 'sleep 0.3; echo seen by who follows >/dev/console'
within 5 "  --follow" in_host grep -q 'seen by who follows' /run/followed
prints "status: leader and time" 'Leader: [0-9]+' in_host nixos-nspawn status web
prints "  the leader is machined's" "\"leader\": $(in_host machinectl show -p Leader --value web)," in_host nixos-nspawn status --json web
in_host systemctl -q mask --now --runtime systemd-machined
prints "without machined: list" '^web +running ' in_host nixos-nspawn list
succeeds "  run" in_host nixos-nspawn run web -- true
in_host systemctl -q unmask --runtime systemd-machined
in_host systemctl start systemd-machined
within 10 "  it is back" in_host machinectl show web

if [[ $HOST_VARIANT == networkd ]]; then
        in_host nixos-nspawn stop web
        in_host sh -c 'ip -o monitor link addr route neigh >/run/monitor & echo $! >/run/monitor.pid'
        in_host nixos-nspawn start web
        within 10 "networkd takes the link over" in_host sh -c 'networkctl --no-legend list ve-web | grep configured'
        prints "  with the file" '20-ve-web.network' in_host networkctl status --no-pager ve-web
        in_host networkctl reload
        in_host systemctl restart systemd-networkd
        within 10 "  again after a restart" in_host sh -c 'networkctl --no-legend list ve-web | grep configured'
        in_host sh -c 'kill $(cat /run/monitor.pid)'
        silent_about "  and nothing of it was deleted for a moment" 'Deleted .*ve-web.*(inet|PERMANENT|proto)|Deleted .*(inet|PERMANENT|proto).*ve-web' in_host cat /run/monitor
        succeeds "  reachable" in_host ping -c1 -W1 "$address"
fi

leader=$(in_host machinectl show -p Leader --value web)
succeeds "machinectl reboot" in_host machinectl reboot web
within 10 "  another first process runs" in_host sh -c "[ \$(machinectl show -p Leader --value web) != $leader ] && nixos-nspawn list | grep 'web  *running'"
succeeds "  at the same address" in_host ping -c1 -W1 "$address"
succeeds "machinectl poweroff" in_host machinectl poweroff web
within 20 "  it is off" is_off
prints "  list says so" '^web +powered off' in_host nixos-nspawn list
fails "  run says so" 10 'not running' in_host nixos-nspawn run web -- true
succeeds "machinectl start" in_host machinectl start web
prints "  list says so" '^web +running' in_host nixos-nspawn list
succeeds "  at the same address" in_host ping -c1 -W1 "$address"
succeeds "systemctl restart" in_host systemctl restart systemd-nspawn@web
succeeds "  reachable" in_host ping -c1 -W1 "$address"
prints "stop" 'Container web stopped.' in_host nixos-nspawn stop web
succeeds "  it is off" is_off
prints "  a second stop does nothing" 'Container web does not run.' in_host nixos-nspawn stop web
for _ in 1 2 3 4 5 6; do in_host nixos-nspawn restart web >/dev/null 2>&1 || break; done
prints "restart, as often as one likes" '^web +running' in_host nixos-nspawn list
succeeds "kill -9 of systemd-nspawn" in_host systemctl kill --kill-whom=main -s KILL systemd-nspawn@web
within 10 "  list says that it is off" in_host sh -c 'nixos-nspawn list | grep "web  *powered off"'
succeeds "  start" in_host nixos-nspawn start web
succeeds "  reachable" in_host ping -c1 -W1 "$address"

in_host nixos-nspawn stop web >/dev/null
take
fails "start: the port is taken" 10 '8181.*python3' in_host nixos-nspawn start web
prints "  status: off" '^  State: powered off' in_host nixos-nspawn status web
refused "machinectl start: refused as well" in_host machinectl start web
prints "  the journal says why" '8181.*(python3|listen)' in_host journalctl -u systemd-nspawn@web -n 5 --no-pager
in_host systemctl stop taker
succeeds "  start, when it is free again" in_host machinectl start web
silent_about "  and nothing tells of the refusal any more" . in_host sh -c 'ls /run/nixos-nspawn/containers/web | grep error || true'

in_host nixos-nspawn stop web >/dev/null
in_host systemctl -q mask --runtime systemd-nspawn@web
fails "start: the unit is masked" 11 'systemd-nspawn@web.service is masked' in_host nixos-nspawn start web
in_host systemctl -q unmask --runtime systemd-nspawn@web
succeeds "  start, when it is not" in_host nixos-nspawn start web

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
prints "list, by a user" '^web +running' in_host "${nobody[@]}" nixos-nspawn list
fails "logs, by a user who may not read them" 1 'that this user may read' in_host "${nobody[@]}" nixos-nspawn logs web

cat >"$host_root/root/c/open.json" <<'C'
{ "nixosContainer": { "ephemeral": true, "userNamespacing": false, "bindMounts": [ "/dev/net/tun", "/root/c:/data" ] } }
C
succeeds "create without a user namespace, with a device" in_host nixos-nspawn create --config /root/c/open.json open
prints "  the device opens" '^opened' in_host nixos-nspawn run open -- sh -c 'exec 3<>/dev/net/tun && echo opened'
refused "  no other one can be made" in_host nixos-nspawn run open -- mknod /tmp/memory c 1 1
in_host nixos-nspawn run open -- touch /mark
succeeds "  restart" in_host nixos-nspawn restart open
refused "  its root was thrown away" in_host nixos-nspawn run open -- test -e /mark
succeeds "  remove" in_host nixos-nspawn remove --delete-state open

fails "a start that is not ready in time" 11 'not ready within 1 s' in_host sh -c '
        echo "{ \"nixosContainer\": { \"timeoutStartSec\": \"1s\" }, \"systemd\": { \"services\": { \"slow\": { \"wantedBy\": [ \"multi-user.target\" ],
                \"before\": [ \"multi-user.target\" ], \"serviceConfig\": { \"Type\": \"oneshot\", \"ExecStart\": \"/bin/sleep 30\" } } } } }" >/root/c/slow.json
        nixos-nspawn create --config /root/c/slow.json slow'
prints "  it was taken back" '^Showing 1 of 1' in_host nixos-nspawn list

prints "update" 'Container web updated successfully' in_host nixos-nspawn update --config /root/c/later.json web
prints "  the drop-in follows" '^TimeoutStartUSec=2min$' in_host systemctl show -p TimeoutStartUSec systemd-nspawn@web
prints "  it does not start at boot any more" '^disabled$' in_host systemctl is-enabled systemd-nspawn@web
prints "  it runs" '^web +running .*8282' in_host nixos-nspawn list
take
fails "an update that is refused" 10 8181 in_host nixos-nspawn update --config /root/c/web.json web
prints "  leaves the unit as it was" '^TimeoutStartUSec=2min$' in_host systemctl show -p TimeoutStartUSec systemd-nspawn@web
prints "  and it runs" '^web +running .*8282' in_host nixos-nspawn list
in_host systemctl stop taker

prints "remove, dry: what would go" 'remove /etc/systemd/system/systemd-nspawn@web.service.d/50-nixos-nspawn.conf$' in_host nixos-nspawn remove --dry-run web
prints "remove" 'Container web removed successfully' in_host nixos-nspawn remove --delete-state web
within 5 "  who follows the log is let go" in_host sh -c '! kill -0 $(cat /run/follower) 2>/dev/null'
same "  nothing but the user's own drop-in is left" "$before_web" "$(traces)"
in_host sh -c 'rm -r /etc/systemd/system/systemd-nspawn@web.service.d; systemctl daemon-reload'
same "  and without that, nothing" "$before" "$(traces)"
silent_about "the journal has no warning of our programs" . in_host journalctl -p warning --no-pager -q -t nspawn-netd -t nspawn-proxy -t nixos-nspawn
done_testing
