#!/usr/bin/env bash
# Our units on a booted host: set up, started on demand, killed, hung, restarted, rebooted and taken away again, with
# connections that notice nothing of it.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-netd.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

netd=nspawn-netd.service proxy=nspawn-proxy.service
property() { in_host systemctl show --value --property="$2" "$1"; }
state() { property "$1" ActiveState; }
main_pid() { property "$1" MainPID; }
is() { [[ $(state "$1") == "$2" ]]; }
# UNIT runs as another process than PID, and is ready.
renewed() { [[ $(main_pid "$1") != "$2" && $(main_pid "$1") != 0 && $(state "$1") == active ]]; }
kill_in_host() { in_host kill "$@"; }
everything_of_ours() {
        in_host find /etc /var/lib/nixos-nspawn /var/log/nixos-nspawn /run/nixos-nspawn /run/systemd/system \
                ! -path '/var/lib/nixos-nspawn/trees/*' -printf '%p %y %l\n' 2>/dev/null | sort
        in_host nft list tables
        in_host ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/'
        in_host systemctl list-units --all --plain --no-legend 'nspawn-*'
        in_host systemctl is-enabled nspawn-netd.socket nspawn-proxy.socket
        in_host sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding
        in_host cat /etc/nsswitch.conf
}
reaches() {
        within 3 "  from another machine" says $peer_host4 8181
        within 3 "  and by IPv6" says $peer_host6 8181
        within 3 "  from the host itself" host_net python3 -c "$probe" 127.0.0.1
        within 3 "  and by IPv6" host_net python3 -c "$probe" ::1
}
probe='import socket, sys
s = socket.create_connection((sys.argv[1], 8181), 2); s.sendall(b"hello\n"); sys.exit(s.recv(64) != b"hello\n")'

need "boot" boot_host
before=$(everything_of_ours)
units=/usr/local/lib/systemd/system
in_host mount -t tmpfs tmpfs $units
fails "units where systemd does not look" 1 "systemd does not find nspawn-proxy.socket, .* $units" in_host nixos-nspawn setup
in_host umount $units
succeeds "  undone" in_host nixos-nspawn setup --undo
same "  the host is as before" "$before" "$(everything_of_ours)"

prints "a dry run says what would be done" '^enable nspawn-netd.socket' in_host nixos-nspawn setup --dry-run
same "  and does nothing" "$before" "$(everything_of_ours)"
need "setup" in_host nixos-nspawn setup
prints "  twice" '^Nothing to do\.$' in_host nixos-nspawn setup
same "both sockets listen" "active active" "$(state nspawn-netd.socket) $(state nspawn-proxy.socket)"
same "nothing runs without need" "inactive inactive" "$(state $netd) $(state $proxy)"
prints "the socket is root's alone" '^srw------- .* root root' in_host ls -l /run/nixos-nspawn/io.nixos.Nspawn
same "systemd finds nothing wrong with the units" "" "$(in_host systemd-analyze verify --man=no \
        nspawn-{netd,proxy}.{socket,service} 2>&1)"

make_namespace pod
need "a network" attach pod '[{"protocol":"tcp","hostPort":8181,"containerPort":80}]'
same "both run" "active active" "$(state $netd) $(state $proxy)"
serve pod 80
reaches
stream forward 2>/dev/null env $peer_host4 8181
stream localhost host_net 127.0.0.1 8181
make_namespace pod2
need "a namespace that was made later is seen" attach pod2 null
need "  gone" detach pod2
in_host python3 -c 'import os, socket, time
s = socket.socket(socket.AF_INET6); s.bind(("::", 8282)); s.listen()
if os.fork(): os._exit(0)
time.sleep(1000)'
fails "a taken port: whose it is" 1 'tcp port 8282 of the host is taken by python3 \(process [0-9]+\)' \
        attach pod2 '[{"protocol":"tcp","hostPort":8282,"containerPort":80}]'

both_alive() {
        alive forward
        alive localhost
}
old=$(main_pid $netd)
kill_in_host -9 "$old"
within 3 "kill -9 of nspawn-netd: there again" renewed $netd "$old"
both_alive
reaches
old=$(main_pid $netd)
kill_in_host "$old"
within 3 "SIGTERM of nspawn-netd, by hand: there again" renewed $netd "$old"
both_alive
need "systemctl restart nspawn-netd" in_host systemctl restart $netd
both_alive
reaches
need "systemctl stop nspawn-netd" in_host systemctl stop $netd
both_alive
same "  it is stopped" inactive "$(state $netd)"
succeeds "  who asks it starts it" call Ping
both_alive
need "systemctl daemon-reexec" in_host systemctl daemon-reexec
both_alive
succeeds "  it answers" call Ping

old=$(main_pid $proxy)
kill_in_host -9 "$old"
within 3 "kill -9 of nspawn-proxy: there again" renewed $proxy "$old"
alive forward
reaches
exec {localhost_in}>&- {localhost_out}<&-
rm /run/localhost.*
stream localhost host_net 127.0.0.1 8181

# A daemon that hangs is as good as dead; with less patience than the units', for the test.
for unit in $netd $proxy; do
        in_host mkdir -p "/run/systemd/system/$unit.d"
        in_host sh -c "printf '[Service]\nWatchdogSec=1s\n' >/run/systemd/system/$unit.d/watchdog.conf"
done
in_host systemctl daemon-reload
need "restart with another watchdog" in_host systemctl restart $netd
old=$(main_pid $netd)
kill_in_host -STOP "$old"
within 20 "nspawn-netd hangs: it is replaced" renewed $netd "$old"
prints "  by the watchdog" "$netd: Watchdog timeout" in_host journalctl -b -u $netd
both_alive
need "restart the proxy with another watchdog" in_host systemctl restart $proxy
within 3 "  its forwards are back" host_net python3 -c "$probe" 127.0.0.1
old=$(main_pid $proxy)
kill_in_host -STOP "$old"
within 20 "nspawn-proxy hangs: it is replaced" renewed $proxy "$old"
alive forward
reaches
exec {localhost_in}>&- {localhost_out}<&-
rm /run/localhost.*
in_host rm -r "/run/systemd/system/$netd.d" "/run/systemd/system/$proxy.d"
in_host systemctl daemon-reload

# Nothing to do: they end, not as failures, and come again.
need "detached" detach pod
within 20 "the proxy has nothing to do and ends" is $proxy inactive
in_host systemctl stop $netd 2>/dev/null
in_host mkdir -p "/run/systemd/system/$netd.d"
in_host sh -c "printf '[Service]\nExecStart=\nExecStart=/usr/local/libexec/nixos-nspawn/nspawn-netd --idle 1\n' >/run/systemd/system/$netd.d/idle.conf"
in_host systemctl daemon-reload
need "nspawn-netd, impatient" call Ping
within 10 "  ends" is $netd inactive
same "  not as a failure" success "$(property $netd Result)"
succeeds "  and comes again" call Ping
in_host rm -r "/run/systemd/system/$netd.d"
in_host systemctl daemon-reload
same "nothing failed" "" "$(in_host systemctl --failed --no-legend --plain)"

need "sockets stopped" in_host systemctl stop nspawn-netd.socket nspawn-proxy.socket $netd $proxy
prints "they leave no socket file" '^0$' in_host sh -c 'find /run/nixos-nspawn -type s | wc -l'
need "setup starts them again" in_host nixos-nspawn setup
same "  both" "active active" "$(state nspawn-netd.socket) $(state nspawn-proxy.socket)"

need "a reboot" reboot_host
same "the sockets listen" "active active" "$(state nspawn-netd.socket) $(state nspawn-proxy.socket)"
silent_about "no cycle in the boot's order" 'ordering cycle|Breaking' in_host journalctl -b --no-pager
make_namespace pod
need "a network" attach pod '[{"protocol":"tcp","hostPort":8181,"containerPort":80}]'
serve pod 80
reaches

prints "setup --undo with a network keeps what it needs" '^keep nspawn-netd' in_host nixos-nspawn setup --undo
same "  the sockets" "active active enabled" "$(state nspawn-netd.socket) $(state nspawn-proxy.socket) $(in_host systemctl is-enabled nspawn-netd.socket)"
reaches
need "detached" detach pod
in_host ip netns delete pod
prints "setup --undo, dry" '^disable nspawn-netd.socket' in_host nixos-nspawn setup --undo --dry-run
same "  does nothing" active "$(state nspawn-netd.socket)"
need "setup --undo" in_host nixos-nspawn setup --undo
same "the host is as before" "$before" "$(everything_of_ours)"
prints "  twice" '^Nothing to do\.$' in_host nixos-nspawn setup --undo

in_host systemctl -q enable nspawn-netd.socket
need "setup, with a socket that somebody enabled" in_host nixos-nspawn setup
need "  undone" in_host nixos-nspawn setup --undo
same "  that one stays enabled, the other one not" "enabled disabled" \
        "$(in_host systemctl is-enabled nspawn-netd.socket nspawn-proxy.socket | paste -sd' ')"
done_testing
