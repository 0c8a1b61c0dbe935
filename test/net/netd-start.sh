#!/usr/bin/env bash
# The daemon's life: started on demand and only once, by systemd's protocols as well, replaced when it died, gone when there
# is nothing to do, and a log that does not grow for ever.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

program=/usr/local/libexec/nixos-nspawn/nspawn-netd
socket=/run/nixos-nspawn/io.nixos.Nspawn
log=/var/log/nixos-nspawn/netd.log
daemons() { pgrep -cx nspawn-netd; }

fails "a call does not start it" 1 "nspawn-netd is not running" call Ping
for _ in $(seq 20); do "$netd" ensure & done
wait
same "twenty commands at once start one daemon" 1 "$(daemons)"
pid=$(daemon_pid)
refused "it is not in the session of who started it" test "$(ps -o sid= -p "$pid")" = "$(ps -o sid= -p $$)"
prints "its standard input and output are nobody's" '^/dev/null$' readlink "/proc/$pid/fd/0"
prints "  its errors go to the log" "^$log$" readlink "/proc/$pid/fd/2"
exec 7</etc/passwd
kill -9 "$pid"
succeeds "a socket whose daemon was killed is replaced" env NOTIFY_SOCKET=/run/notify "$netd" ensure
silent_about "it does not speak for who started it" NOTIFY_SOCKET bash -c "tr '\\0' '\n' </proc/$(daemon_pid)/environ"
silent_about "it has no descriptor of who started it" passwd ls -l "/proc/$(daemon_pid)/fd"
exec 7<&-
for i in 1 2 3; do
        for _ in 1 2 3 4; do "$netd" ensure & done
        kill -9 "$(daemon_pid 2>/dev/null)" 2>/dev/null
        wait
done
succeeds "killed while commands start it: it comes up" "$netd" ensure
same "  one" 1 "$(daemons)"
succeeds "by hand, a second one leaves the field" timeout 10 $program
same "  to the first" 1 "$(daemons)"
fails "an unknown option is wrong use" 2 "usage: nspawn-netd" $program --what
fails "an argument, too" 2 "usage: nspawn-netd" $program what

call Stop >/dev/null
within 2 "Stop ends it" bash -c "! pgrep -x nspawn-netd"
mkdir -p $socket.d
mv $program $program.away
fails "without the program, the message says so" 1 "cannot execute $program" "$netd" ensure
mv $program.away $program
rmdir $socket.d
chmod 000 /etc/machine-id
: >/run/empty
mount --bind /run/empty /etc/machine-id
fails "when it cannot start, the command says why" 1 "did not start.*machine-id" "$netd" ensure
umount /etc/machine-id
succeeds "  and can try again" "$netd" ensure
call Stop >/dev/null
within 2 "Stop ends it" bash -c "! pgrep -x nspawn-netd"

head -c 1100000 /dev/zero | tr '\0' 'x' >$log
need "with a large log" "$netd" ensure
call Ping >/dev/null
within 2 "the log starts again" bash -c "[[ \$(stat -c %s $log) -lt 1000 ]]"
same "  the old one is kept once" 1100000 "$(stat -c %s $log.1)"
call Stop >/dev/null
within 2 "Stop ends it" bash -c "! pgrep -x nspawn-netd"

$program --idle 1 2>/run/idle.log &
within 2 "with nothing to do" call Ping
within 5 "it ends by itself" bash -c "! pgrep -x nspawn-netd"
refused "  without its socket" test -e $socket
same "  in silence" "" "$(cat /run/idle.log)"
need "define" "$netd" define example
echo 0 >/proc/sys/net/ipv4/ip_forward
$program --idle 1 2>/run/idle.log &
within 2 "with a network" of Attach example
same "the host forwards" 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
sleep 3
succeeds "  it stays" call Ping
of Detach example >/dev/null
within 5 "  and ends after it" bash -c "! pgrep -x nspawn-netd"
same "the host forwards as before" 0 "$(cat /proc/sys/net/ipv4/ip_forward)"

# systemd's side of it: a socket that is passed, READY=1, the watchdog.
cat >/run/manager.py <<'P'
import os, socket, subprocess, sys, time
program = sys.argv[1]
l = socket.socket(socket.AF_UNIX); l.bind("/run/passed"); l.listen()
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); n.bind("/run/notify"); n.settimeout(5)
pid = os.fork()
if pid == 0:
    os.dup2(l.fileno(), 3); os.set_inheritable(3, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", NOTIFY_SOCKET="/run/notify", WATCHDOG_USEC="400000", WATCHDOG_PID=str(os.getpid()))
    os.execv(program, [program])
print(n.recv(1000).decode().strip())
print(n.recv(1000).decode().strip())
c = socket.socket(socket.AF_UNIX); c.settimeout(5); c.connect("/run/passed")
c.send(b'{"method":"io.nixos.Nspawn.Ping"}\0'); print("answered" if b'"pid"' in c.recv(1000) else "?")
os.kill(pid, 15)
while True:
    m = n.recv(1000).decode().strip()
    if m != "WATCHDOG=1": break
print(m); print("ended with", os.waitpid(pid, 0)[1])
P
same "started by systemd: READY, WATCHDOG, its socket is served, STOPPING" "READY=1
WATCHDOG=1
answered
STOPPING=1
ended with 0" "$(python3 /run/manager.py $program 2>&1)"
succeeds "  its socket is systemd's to remove" test -S /run/passed
done_testing
