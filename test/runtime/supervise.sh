#!/usr/bin/env bash
# The supervisor: readiness, reboot, stop, guests that misbehave, deaths at any moment, the log. With the real daemon and
# a real guest.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/guest.sh"
in_sandbox "$@"
source "$here/../lib/network.sh"
make_guest
# A first program in the place of systemd.
program() {
        cat >$root/program
        chmod 755 $root/program
}

prints "before: powered off" '^powered off leader=0 supervisor=0$' state
need "start, to have every lasting folder" "$rt" start $name
need "stop" "$rt" stop $name
before=$(all)

prints "start says what it does" 'waiting for the container' "$rt" start $name
prints "status: running, and who" '^running leader=[1-9][0-9]* supervisor=[1-9]' state
same "the leader is the guest's systemd" systemd "$(cat /proc/"$(leader)"/comm)"
succeeds "start again: harmless" "$rt" start $name
first=$(leader)
same "  and the same one runs" "$first" "$(leader)"
succeeds "stop" "$rt" stop $name
unchanged "  leaves nothing"
succeeds "stop again: harmless" "$rt" stop $name

"$rt" start $name 2>/dev/null & one=$!
"$rt" start $name 2>/dev/null & two=$!
wait $one && wait $two && ok "two starts at once both succeed" || not_ok "two starts at once both succeed" "$(cat $log)"
same "  and make one" 1 "$(nspawn | wc -l)"
old=$(supervisor)
first=$(leader)
succeeds "restart" "$rt" restart $name
same "  same supervisor" "$old" "$(supervisor)"
refused "  another leader" test "$(leader)" = "$first"

first=$(leader)
"$rt" run $name systemctl reboot >/dev/null 2>&1
within 20 "reboot from inside: another leader" sh -c "$rt status $name | grep '^running' | grep -vq 'leader=$first '"
"$rt" run $name systemctl poweroff >/dev/null 2>&1
within 20 "poweroff from inside: powered off" sh -c "$rt status $name | grep -q '^powered off'"
within 5 "  the supervisor is gone" sh -c '! pgrep -x nspawn-supervis'
unchanged "  nothing is left"

need "start" "$rt" start $name
kill -TERM "$(supervisor)"
within 20 "SIGTERM to the supervisor stops the container" sh -c "$rt status $name | grep -q '^powered off'"
within 5 "  cleanly" grep -aq 'System Halt' $log

# Deaths.
need "start" "$rt" start $name
first=$(leader) old=$(supervisor)
murder "$old"
prints "kill -9 of the supervisor: the container runs on" "^running leader=$first supervisor=0" state
succeeds "  and a command inside works" "$rt" run $name true
prints "  which has brought a new supervisor" "^running leader=$first supervisor=[1-9]" state
"$rt" run $name systemctl reboot >/dev/null 2>&1
within 20 "  that knows a reboot when it sees one" sh -c "$rt status $name | grep '^running' | grep -vq 'leader=$first '"
murder "$(supervisor)"
succeeds "  stop without a supervisor" "$rt" stop $name
unchanged "  nothing is left"

need "start" "$rt" start $name
murder "$(nspawn)"
within 10 "kill -9 of systemd-nspawn: powered off" sh -c "$rt status $name | grep -q '^powered off'"
within 10 "  the supervisor is gone" sh -c '! pgrep -x nspawn-supervis'
unchanged "  nothing is left"
need "start" "$rt" start $name
murder "$(supervisor)" "$(nspawn)"
within 10 "kill -9 of both: powered off" sh -c "$rt status $name | grep -q '^powered off'"
succeeds "  recovered from" "$rt" recover $name
unchanged "  nothing is left"
EPHEMERAL=1 define /usr/lib/systemd/systemd
need "start on a throw-away root" "$rt" start $name
murder "$(supervisor)" "$(nspawn)"
succeeds "kill -9 of both: recovered from" "$rt" recover $name
unchanged "  the throw-away root is gone too"

# Guests that misbehave.
program <<'P'
#!/bin/sh
trap : INT TERM
printf 'I shall never \033]0;title\007be ready\n'
while :; do sleep 1; done
P
START_TIMEOUT=1s define /program
seen=$("$rt" start $name 2>&1)
same "never ready: the exit status" 11 $?
prints "  the time limit" "t1 was not ready within 1 s \(timeoutStartSec\); 'nixos-nspawn logs t1' has all that it said" echo "$seen"
prints "  the last words, without what they do to a terminal" '^  I shall never be ready$' echo "$seen"
unchanged "  nothing is left"
define /program
"$rt" start $name >/run/start 2>&1 & starting=$!
within 10 "a start that takes long" sh -c "$rt status $name | grep -q '^starting leader=[1-9]'"
python3 - $folder/notify <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b"READY=1", sys.argv[1])
P
within 5 "a readiness that systemd-nspawn did not send: noticed" grep -aq 'which only systemd-nspawn may; ignored' $log
prints "  and not believed" '^starting' state
python3 - $folder/control <<'P'
import socket, sys
for junk in (b"\n\n{}\n[1]\n\"x\"\n", b"{" * 100000, b"\x00\xff\n", b'{"request":7}\n{"request":"nonsense"}\n'):
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
    try: s.sendall(junk)
    except OSError: pass
    s.close()
P
prints "noise on the control socket: it goes on" '^starting leader=[1-9][0-9]* supervisor=[1-9]' state
succeeds "stop: after its time the guest is killed" "$rt" stop $name 1000000
wait $starting
prints "  and the start was told" 'was stopped before it was ready' cat /run/start
unchanged "  nothing is left"
"$rt" start $name >/run/start 2>&1 & starting=$!
within 10 "a start that takes long" sh -c "$rt status $name | grep -q '^starting leader=[1-9]'"
murder "$(supervisor)"
wait $starting
same "  its supervisor is killed: the start fails" 1 $?
prints "  with advice" "ended without an answer; see 'nixos-nspawn logs $name'" cat /run/start
succeeds "  stop" "$rt" stop $name 1000000
unchanged "  nothing is left"
define /nowhere/init
fails "no such init: what was said" 11 'Cannot run the init /nowhere/init' "$rt" start $name
"$rt" define $name /nowhere/usr /usr/lib/systemd/systemd
fails "no such /usr: what systemd-nspawn said" 11 'Failed to stat /nowhere/usr' "$rt" start $name
unchanged "  nothing is left"
define /usr/lib/systemd/systemd
mv $root $root.away
fails "no root folder" 10 "Cannot use the root folder $root" "$rt" start $name
mv $root.away $root
fails "not defined" 2 'Container nosuch does not exist!' "$rt" start nosuch
fails "not running" 10 'nosuch is not running' "$rt" run nosuch true

# resolv.conf
sed -n 1p $root/etc/resolv.conf >/run/marker
prints "resolv.conf is ours" '^# Written by nixos-nspawn' cat $root/etc/resolv.conf
echo 'nameserver 192.0.2.1' >$root/etc/resolv.conf
need "start" "$rt" start $name
prints "  one of the guest's own is left alone" '^nameserver 192.0.2.1$' "$rt" run $name cat /etc/resolv.conf
"$rt" stop $name 2>/dev/null
ln -sf /etc/shadow-of-the-host $root/etc/resolv.conf
need "start" "$rt" start $name
prints "  a symlink too" '/etc/shadow-of-the-host' readlink $root/etc/resolv.conf
"$rt" stop $name 2>/dev/null
: >$root/etc/resolv.conf.new && mv $root/etc/resolv.conf.new $root/etc/resolv.conf
need "start" "$rt" start $name
prints "  an empty one is filled" '^nameserver 10\.' "$rt" run $name cat /etc/resolv.conf
prints "  and belongs to the guest's root" '^root root 644$' "$rt" run $name stat -c '%U %G %a' /etc/resolv.conf

# The log.
"$rt" run $name sh -c 'printf "one\ntwo\033[2J\033[31mred\033[0m\nthree\n" >/dev/console'
within 5 "logs: the last lines" sh -c "$rt logs $name 3 | tr '\n' ' ' | grep -q '^one .*three'"
prints "  colours stay" $'two\033\\[31mred' "$rt" logs $name 2
silent_about "  what clears the reader's screen does not" $'\033\\[2J' "$rt" logs $name 3
silent_about "  nor carriage returns" $'\r' "$rt" logs $name -1
"$rt" follow $name 0 >/run/followed &
follower=$!
sleep 0.3
"$rt" run $name sh -c 'i=0; while [ $i -lt 250000 ]; do i=$((i+1)); echo "line $i of what fills the log ..............................."; done >/dev/console'
within 30 "follow: the last line" grep -q '^line 250000 ' /run/followed
kill $follower
same "  none was lost on the way, across rotations" 250000 "$(grep -c '^line ' /run/followed)"
succeeds "  there was a rotation" test -s $log.1
"$rt" run $name sh -c 'timeout 3 yes 0123456789012345678901234567890123456789 >/dev/console' >/dev/null 2>&1
size=$(cat $log $log.1 | wc -c)
if [[ $size -lt 100000000 ]]; then ok "a guest that writes all it can does not fill the disk"; else not_ok "a guest that writes all it can does not fill the disk" "$size bytes"; fi
succeeds "stop" "$rt" stop $name
silent_about "no sanitizer spoke" 'Sanitizer|runtime error' cat $log $log.1
done_testing
