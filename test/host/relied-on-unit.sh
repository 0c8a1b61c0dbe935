#!/usr/bin/env bash
# What a container as systemd-nspawn@NAME.service relies on: a first program of ours by .nspawn file, a drop-in around every
# start and end, a reboot included, and everything that systemd's own tools do with a machine. Nothing of the project runs.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd
need "the host boots" boot_host

unit=systemd-nspawn@guest.service
drop_in=$host_root/etc/systemd/system/$unit.d/50-test.conf
seen=$host_root/var/log/seen
guest=$host_root/var/lib/machines/guest
make_plain guest '[Exec]
Boot=no
NotifyReady=yes
KillSignal=SIGRTMIN+3
Parameters=/run/host/first/first /usr/lib/systemd/systemd
LinkJournal=guest
[Network]
VirtualEthernet=yes
[Files]
BindReadOnly=/run/first:/run/host/first:idmap'
mkdir -p "${drop_in%/*}"
cat >"$drop_in" <<'D'
[Service]
ExecStartPre=/root/before
# 257 leaves this mount when it is killed, and refuses the next start.
ExecStopPost=-/bin/sh -c 'umount /run/systemd/nspawn/unix-export/guest 2>/dev/null'
ExecStopPost=/bin/sh -c 'echo "after $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS" >>/var/log/seen'
D
cat >"$host_root/root/before" <<'D'
#!/bin/sh
echo before >>/var/log/seen
mkdir -p /run/first
cp /root/first /run/first/
D
cat >"$host_root/root/first" <<'D'
#!/bin/sh
{ echo "$$ $*"; ip -o link show host0; } >/first
exec "$@"
D
chmod 755 "$host_root/root/before" "$host_root/root/first"
in_host systemctl daemon-reload
since() { tail -n +$(($1 + 1)) "$seen"; }
mark() { wc -l <"$seen"; }
leader() { in_host machinectl show guest -p Leader --value; }
another() { local now && now=$(leader) && [[ -n $now && $now != "$1" ]]; }
# Without --wait, which waits for ever when the guest's D-Bus takes over just then.
well() { [[ $(in_host timeout 5 systemctl -M guest is-system-running) == running ]]; }
unit_is() { [[ $(in_host systemctl is-active $unit) == "$1" ]]; }

succeeds "machinectl start" in_host machinectl start guest
prints "  comes back when the guest is ready" 'Container running: Ready' in_host systemctl status $unit
prints "  the first program was PID 1, whatever the unit's --boot says" '^1 /usr/lib/systemd/systemd$' cat "$guest/first"
prints "  and saw a link that is down" 'host0@.* state DOWN' cat "$guest/first"
same "  what was to run before did" before "$(cat "$seen")"
prints "machinectl list" '^guest +container' in_host machinectl list
prints "machinectl status knows the link" 'Iface: ve-guest' in_host machinectl status guest
prints "machinectl shell" '^hello' in_host machinectl --quiet shell guest /bin/echo hello
within 20 "systemctl -M" well
prints "systemd-run -M" '^hello' in_host systemd-run -M guest --quiet --pipe --wait echo hello
prints "journalctl -M" 'Startup finished' in_host journalctl -M guest -o cat --no-pager

for reboot in "machinectl reboot guest" "systemctl -M guest reboot"; do
        before=$(mark)
        leader=$(leader)
        asked='^asked$'
        # Whether systemctl hears the answer before the guest's bus is gone with it is luck.
        [[ $reboot != systemctl* ]] || asked+='|Connection reset by peer|Transport endpoint is not connected'
        prints "$reboot" "$asked" in_host sh -c "$reboot && echo asked"
        within 20 "  it is another" another "$leader"
        within 20 "  and well" well
        same "  what runs after and before an end did" $'after success exited 133\nbefore' "$(since "$before")"
done
before=$(mark)
succeeds "systemctl restart" in_host systemctl restart $unit
same "  the same" $'after success exited 0\nbefore' "$(since "$before")"
before=$(mark)
succeeds "machinectl poweroff" in_host machinectl poweroff guest
within 20 "  the unit ends" unit_is inactive
same "  and what runs after an end did" 'after success exited 0' "$(since "$before")"
before=$(mark)
need "start" in_host machinectl start guest
in_host sh -c "kill -KILL \$(systemctl show -P MainPID $unit)"
within 20 "systemd-nspawn killed: the unit fails" unit_is failed
same "  what runs after an end did" $'before\nafter signal killed KILL' "$(since "$before")"
succeeds "  and it starts again, when what 257 left mounted is gone" in_host machinectl start guest
need "stop" in_host systemctl stop $unit

# What is said before systemd has noted the start itself, within microseconds, is in the journal, but not in the status.
printf '#!/bin/sh\nsleep 0.3\necho "8080/tcp is taken by other" >&2\nexit 10\n' >"$host_root/root/before"
before=$(mark)
refused "what runs before refuses: so does the start" in_host machinectl start guest
reason() { grep '8080/tcp is taken by other' <<<"$(in_host systemctl status $unit)"; }
within 10 "  the reason is in the unit's status" reason
same "  what runs after an end ran, with no exit status" 'after exit-code  ' "$(since "$before")"
printf '#!/bin/sh\nexit 133\n' >"$host_root/root/before"
in_host systemctl reset-failed $unit # or six starts in ten seconds are too many
succeeds "but a status of 133 before is no refusal" in_host machinectl start guest
done_testing
