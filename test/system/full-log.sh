#!/usr/bin/env bash
# No room for logs: a container that runs goes on, whatever it says; one that is to start is refused in words.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

logs=/var/log/nixos-nspawn
fill() { dd if=/dev/zero of=$logs/fill bs=4k conv=notrunc oflag=append 2>/dev/null; }
need "setup" nixos-nspawn setup
mount -t tmpfs -o size=16m tmpfs $logs
need "create" nixos-nspawn create --config examples/example.nix example
leader() { nixos-nspawn status --json example | python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])'; }
before=$(leader)

fill
same "nobody else can write there" 0 "$(df --output=avail $logs | tail -n 1 | tr -d ' ')"
# More than what is reserved at a time, so that the log has to give room for itself.
nixos-nspawn run example -- bash -c 'for i in {1..60}; do head -c 100000 /dev/zero | tr "\0" x | fold -w 99 >/dev/console; sleep 0.1; done; echo the end >/dev/console'
same "the container goes on" "$before" "$(leader)"
within 5 "  HTTP" curl -s -o /dev/null --max-time 1 http://example
within 5 "  what it said last is in its log" grep -q 'the end' $logs/example.log

need "stop" nixos-nspawn stop example
same "what was reserved is let go" "$(((($(stat -c %s $logs/example.log) + 4095) / 4096) * 8))" "$(stat -c %b $logs/example.log)"
# Emptied, not only removed: the supervisor that is ending may still have it open, and free its room after the next line.
truncate -s 0 $logs/example.log
rm $logs/example.log
fill
prints "a start without room says what, where and why" \
        '^nixos-nspawn: Cannot reserve 256 KiB for the log /var/log/nixos-nspawn/example.log, .*; make room there: No space left on device$' \
        nixos-nspawn start example
prints "  it is off" '^  State: powered off' nixos-nspawn status example
rm $logs/fill
succeeds "with room it starts" nixos-nspawn start example

# Nowhere to put what is cut off.
rm -f $logs/example.log.1
mkdir $logs/example.log.1
nixos-nspawn run example -- bash -c 'for i in {1..12}; do head -c 1000000 /dev/zero | tr "\0" x | fold -w 99 >/dev/console; sleep 0.1; done; echo the end >/dev/console'
within 5 "a log that cannot be rotated: what is said last is in it" grep -q 'the end' $logs/example.log
succeeds "  it is kept small all the same" test "$(stat -c %s $logs/example.log)" -lt 8388608
prints "  and says why" '^.*nspawn-supervisor: Cannot rotate the log of example: Is a directory$' grep -a 'Cannot rotate' $logs/example.log
done_testing
