#!/usr/bin/env bash
# An update that changes a running container's network, with the command or the daemon killed at any moment: the next
# command leaves the old network and definition or the new ones, and a stream through what stays goes on.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/../cli/empty.json" >&2
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
stream=$PWD/test/host/stream.py
mkdir -p /run/config
cd /run/config || exit 1
ports='networking.firewall.allowedTCPPorts = [ 7000 ];'
stays='{ hostPort = 9000; containerPort = 7000; }'
echo "{ $ports nixosContainer.forwardPorts = [ $stays { hostPort = 9001; } { hostPort = 9500; count = 50; } ]; }" >old.nix
echo "{ $ports nixosContainer.forwardPorts = [ $stays { hostPort = 9002; } { hostPort = 9600; count = 50; protocol = \"udp\"; } ]; }" >new.nix
need "setup" nixos-nspawn setup
need "create" nixos-nspawn create --config old.nix one
status() { nixos-nspawn status --json one | python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }
leader=$(status leader)
nsenter -t "$leader" -n python3 "$stream" serve 7000 /run/quiet &
within 5 "a server inside" bash -c "nsenter -t $leader -n ss -Hlnt 'sport = 7000' | grep -q ."
peer python3 "$stream" call $peer_host4 9000 /run/far &
within 5 "a stream" grep -q '^[0-9]' /run/far
went=0
goes_on() {
        local now
        for _ in $(seq 100); do
                now=$(cat /run/far)
                [[ $now == ended* || $now -gt $((went + 10)) ]] && break
                sleep 0.05
        done
        if [[ $now != ended* && $now -gt $((went + 10)) ]]; then ok "  the stream goes on"; else not_ok "  the stream goes on" "$went, then $now"; fi
        went=${now//[!0-9]/}
}
# Which of the two it is by definition, by the kernel's forwards, and by nspawn-proxy's listeners.
forwards() {
        local map
        map=$(nft list map ip io.systemd.nat map_port_ipport)
        case "$(grep -c 'tcp . 9001 ' <<<"$map") $(grep -oE 'tcp . 95[0-9]{2} ' <<<"$map" | wc -l) $(grep -c 'tcp . 9002 ' <<<"$map") $(grep -oE 'udp . 96[0-9]{2} ' <<<"$map" | wc -l)" in
        "1 50 0 0") echo old ;;
        "0 0 1 50") echo new ;;
        *) echo "$map" ;;
        esac
}
listeners() {
        case "$(ss -Hlnt | grep -cE '[:*](9001|95[0-9]{2}) ') $(ss -Hlntu | grep -cE '[:*](9002|96[0-9]{2}) ')" in
        "51 0") echo old ;;
        "0 51") echo new ;;
        *) ss -Hlntu ;;
        esac
}
definition() { nixos-nspawn ports --json one | grep -q '9002' && echo new || echo old; }
agree() { # agree WHAT
        local now
        now=$(definition)
        for _ in $(seq 60); do
                [[ $(forwards) == "$now" && $(listeners) == "$now" ]] && break
                sleep 0.05
        done
        same "$1: forwards, listeners and definition agree" "$now $now" "$(forwards) $(listeners)"
        same "  the same first process" "$leader" "$(status leader)"
        goes_on
}
kill_after() { # kill_after SECONDS WHOM COMMAND...: WHOM is "command" or "daemon"; the command's status
        local delay=$1 whom=$2 pid
        shift 2
        "$@" >/run/output 2>&1 </dev/null &
        pid=$!
        if [[ $delay == at-work ]]; then
                until grep -q '"live": true' /var/lib/nixos-nspawn/unfinished/one 2>/dev/null || ! kill -0 $pid 2>/dev/null; do :; done
        else
                sleep "$delay"
        fi
        if [[ $whom == daemon ]]; then pkill -KILL --ns $$ -x nspawn-netd; else kill -KILL $pid 2>/dev/null; fi
        wait $pid 2>/dev/null
}

for whom in command daemon; do
        interrupted=0
        for delay in 0.03 0.1 0.2 0.25 0.3 0.35 0.4 0.5 0.6 at-work at-work at-work; do
                succeeds "the old network" nixos-nspawn update --config old.nix one
                kill_after $delay $whom nixos-nspawn update --config new.nix one 2>/dev/null
                done_=$?
                [[ $done_ -eq 0 ]] || interrupted=$((interrupted + 1))
                succeeds "$whom killed after $delay s: the next command works" nixos-nspawn list
                if [[ $done_ -eq 0 ]]; then
                        same "  it was done" new "$(definition)"
                elif [[ $whom == daemon ]]; then
                        same "  it was not" old "$(definition)"
                fi # a command that was killed when all was done, is done
                agree "  after that"
        done
        if [[ $interrupted -gt 0 ]]; then ok "$whom: $interrupted were interrupted"; else not_ok "$whom: none was interrupted"; fi
done
succeeds "an update works" nixos-nspawn update --config new.nix one
same "  it was done" new "$(definition)"
agree "  after that"

# The daemon's operations fail, one by one: all as before. Its supervisor, which would start it again at once, is held.
pkill -STOP --ns $$ -x nspawn-supervis
for k in $(seq 8); do
        pkill -KILL --ns $$ -x nspawn-netd
        fails "operation $k fails: so does the update" 1 '^nixos-nspawn: Cannot (stop forwarding|forward) ' \
                env NIXOS_NSPAWN_FAULT_OPERATION=$k nixos-nspawn update --config old.nix one
        same "  the definition is as before" new "$(definition)"
        agree "  after that"
done
pkill -CONT --ns $$ -x nspawn-supervis
pkill -KILL --ns $$ -x nspawn-netd
succeeds "an update works" nixos-nspawn update --config old.nix one
agree "  after that"
done_testing
