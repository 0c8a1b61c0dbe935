#!/usr/bin/env bash
# kill -9 of the supervisor, of systemd-nspawn, or of the command, at moments spread over a start and a stop: the next
# command always repairs, and in the end nothing is left.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/guest.sh"
in_sandbox "$@"
source "$here/../lib/network.sh"
make_guest

need "start, to have every lasting folder" "$rt" start $name
need "stop" "$rt" stop $name
before=$(all)

victim_pid() { # victim_pid WHO COMMAND-PID
        case $1 in
        supervisor) pgrep -x nspawn-supervis ;;
        nspawn) pgrep -x systemd-nspawn ;;
        command) echo "$2" ;;
        both)
                pgrep -x nspawn-supervis
                pgrep -x systemd-nspawn
                ;;
        esac
}
during() { # during VERB WHO MILLISECONDS
        local command pids
        "$rt" "$1" $name >/run/output 2>&1 &
        command=$!
        sleep "0.$(printf '%03d' "$3")"
        mapfile -t pids < <(victim_pid "$2" $command)
        [[ ${#pids[@]} -eq 0 ]] || murder "${pids[@]}" 2>/dev/null
        wait $command 2>/dev/null
}
for milliseconds in 5 20 50 120 220 350 480; do
        for who in supervisor nspawn command both; do
                during start $who $milliseconds
                succeeds "$who killed $milliseconds ms into a start: the next start works" "$rt" start $name
                prints "  and means it" '^running leader=[1-9][0-9]* supervisor=[1-9]' state
                during stop $who $milliseconds
                succeeds "  $who killed as long into the stop: the next stop works" "$rt" stop $name
                unchanged "  nothing is left"
        done
done
done_testing
