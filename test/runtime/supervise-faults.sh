#!/usr/bin/env bash
# A failure at every step of the supervisor's start and end: said, and nothing left behind. Needs a build with
# -Dfaults=true.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/guest.sh"
in_sandbox "$@"
source "$here/../lib/network.sh"
make_guest

need "start, to have every lasting folder" "$rt" start $name
need "stop" "$rt" stop $name
before=$(all)
failing() { env NIXOS_NSPAWN_SUPERVISOR_FAIL_AT="$1" "$rt" "${@:2}"; }

steps=0
for k in $(seq 1 40); do
        seen=$(failing "$k" start $name 2>&1) && break
        steps=$k
        same "start fails at step $k: the message" 1 "$(grep -c "a test made the supervisor's step $k fail" <<<"$seen")"
        prints "  it is off" '^powered off' state
        unchanged "  nothing is left"
done
succeeds "a start has several steps" test "$steps" -ge 8
succeeds "stop" "$rt" stop $name

# Steps of the end come after those of the start. Each is tried again.
for k in $(seq $((steps + 1)) $((steps + 4))); do
        need "start" failing "$k" start $name
        succeeds "stop with step $k failing" "$rt" stop $name
        within 5 "  it was said" grep -aq "a test made the supervisor's step $k fail" $log
        unchanged "  nothing is left"
done
done_testing
