#!/usr/bin/env bash
# Commands inside a container: what they are, what they get, how they end; with and without a terminal.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/guest.sh"
in_sandbox "$@"
make_guest
inside() { "$rt" run $name "$@"; }
need "start" "$rt" start $name

prints "root, in the guest's eyes" '^uid=0\(root\) gid=0\(root\) groups=0\(root\)$' inside id
refused "  not in the host's" sh -c "$rt run $name cat /proc/self/uid_map | grep -q '^ *0 *0 '"
for kind in user mnt net ipc uts pid cgroup; do
        same "namespace $kind is the container's" "$(readlink /proc/"$(leader)"/ns/$kind)" "$(inside readlink /proc/self/ns/$kind)"
done
silent_about "no cgroup of the host's" nixos-nspawn/t1 inside cat /proc/self/cgroup
same "the environment, and nothing of this side's" "HOME LANG LOGNAME PATH SHELL USER container" \
        "$(SECRET=1 inside /usr/bin/env | cut -d= -f1 | sort | tr '\n' ' ' | sed 's/ $//')"
prints "  container=" '^container=systemd-nspawn$' inside env
same "no file of this side's" "0 1 2 3" "$(inside ls /proc/self/fd 5>/dev/null 7</etc/hostname | tr '\n' ' ' | sed 's/ $//')"
same "no capability that the container does not have" "$(grep CapBnd /proc/"$(leader)"/status)" "$(inside grep CapBnd /proc/self/status)"
prints "another user" '^uid=65534\(nobody\)' inside --user nobody id
prints "  by number" '^uid=65534\(nobody\)' inside --user 65534 id
prints "  who has no capabilities" '^CapEff:\s0+$' inside --user nobody grep CapEff /proc/self/status
fails "no such user" 10 'There is no user somebody in /etc/passwd of t1' inside --user somebody id
fails "exit code" 42 '' inside sh -c 'exit 42'
fails "ended by a signal" 137 '' inside sh -c 'kill -9 $$'
fails "no such command" 127 "There is no command 'nosuch' in t1" inside nosuch
fails "no program" 126 "Cannot run '/etc/passwd' in t1: Permission denied" inside /etc/passwd
same "standard input and output" 100000 "$(seq 100000 | inside wc -l)"
same "standard error is apart" out "$(inside sh -c 'echo out; echo err >&2' 2>/dev/null)"
same "a reader that goes away" y "$(inside yes | head -n 1)"

"$rt" run $name sh -c 'trap "echo caught; exit 9" TERM; echo up; while :; do sleep 0.1; done' >/run/seen &
running=$!
within 5 "a command that waits" grep -q up /run/seen
kill -TERM $running
wait $running
same "  a signal is passed on, and its exit code back" "9 caught" "$? $(tail -n 1 /run/seen)"
"$rt" run $name sleep 8888 &
running=$!
within 5 "another" pgrep -f 'sleep 8888'
kill -9 $running
within 5 "  ends with the one who asked for it" sh -c '! pgrep -x sleep -a | grep 8888'

# What a guest may do to the files that are read here.
"$rt" run $name sh -c 'mv /etc/passwd /etc/p; mkfifo /etc/passwd'
succeeds "a pipe for /etc/passwd: root still works" inside true
fails "  and nobody else" 1 'Cannot read /etc/passwd of t1: Invalid argument' inside --user nobody true
mv $root/etc/p $root/etc/passwd
printf 'x:x\n\n:::::::\nbad:x:0x0:0::/:/bin/sh\nlong%05000d:x:1:1::/:/bin/sh\nroot:x:4294967295:0::/:/bin/sh\n' 1 | cat - $root/etc/passwd >$root/etc/p
cat $root/etc/p >$root/etc/passwd
prints "damaged lines in /etc/passwd are passed over" '^uid=0\(root\)' inside id
fails "  they make no users" 10 'There is no user bad' inside --user bad id
mv $root/etc/passwd $root/etc/p
prints "no /etc/passwd: root still works" '^uid=0' inside id
mv $root/etc/p $root/etc/passwd

# With a terminal.
cat >/run/attached.py <<'P'
import fcntl, os, pty, select, struct, sys, termios, time
def spawn(*command):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.argv[1], [sys.argv[1], "tty", "t1", *command])
    return pid, fd
def until(fd, what):
    seen, end = b"", time.time() + 10
    while what not in seen and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try: data = os.read(fd, 65536)
            except OSError: break
            if not data: break
            seen += data
    return seen
def size(fd, rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def check(what, good, seen=b""):
    if not good: print("".join(f"    # {l}\n" for l in seen.decode(errors="replace").splitlines()), end="")
    print(("ok - " if good else "not ok - ") + what)
pid, fd = spawn("sh")
size(fd, 33, 101)
until(fd, b"# ")
before = termios.tcgetattr(fd)
os.write(fd, b"tty; stty size; echo $TERM end$((1+1))\n")
seen = until(fd, b"end2\r\n")
check("a terminal of the container's own", b"/dev/pts/" in seen, seen)
check("  its size", b"33 101" in seen, seen)
check("  its kind", b"xterm-256color end2" in seen, seen)
size(fd, 44, 102)
os.write(fd, b"stty size\n")
seen = until(fd, b"44 102")
check("  a changed size arrives", b"44 102" in seen, seen)
os.write(fd, b"cat\nhello\n")
until(fd, b"hello\r\nhello")
os.write(fd, b"\x03")
until(fd, b"# ")
os.write(fd, b"echo back$((1+1))\n")
seen = until(fd, b"back2")
check("  Ctrl-C interrupts the command inside", b"back2" in seen, seen)
os.write(fd, b"exit 7\n")
until(fd, b"never")
check("  the exit code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7)
pid, fd = spawn("seq", "1", "30000")
seen = until(fd, b"\n30000\r\n")
check("all of much output", seen.count(b"\n") == 30000 and b"\n30000\r\n" in seen, seen[-60:])
os.waitpid(pid, 0)
P
seen=$(python3 /run/attached.py "$rt" 2>&1)
same "the terminal's tests ran to their end" 0 $?
echo "$seen"
_tap_count=$((_tap_count + $(grep -c '^ok' <<<"$seen")))
_tap_failed=$((_tap_failed + $(grep -c '^not ok' <<<"$seen")))
prints "a terminal without one on this side" '^# in-2|^in-2' sh -c "echo 'echo in-\$((1+1)); exit 3' | $rt tty $name sh"

"$rt" run $name sleep 8889 &
running=$!
within 5 "a command while the container stops" pgrep -f 'sleep 8889'
succeeds "stop" "$rt" stop $name
wait $running
succeeds "  the command is told" test $? -gt 128

NO_USER_NAMESPACE=1 define /usr/lib/systemd/systemd
need "start without a user namespace" "$rt" start $name
prints "root is root" '^ *0 +0 ' inside cat /proc/self/uid_map
same "  but has no capability that the container does not have" "$(grep CapBnd /proc/"$(leader)"/status)" "$(inside grep CapBnd /proc/self/status)"
refused "  which are not all" sh -c "$rt run $name grep -q 'CapEff:.*1ffffffffff' /proc/self/status"
"$rt" stop $name 2>/dev/null
done_testing
