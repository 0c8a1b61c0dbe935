# For test scripts: TCP streams that have to go on while something changes. Sourced after tap.sh.
#
#   flow NAME ADDRESS PORT COMMAND...   begins one, called by COMMAND (`peer`, `env`, `ip netns exec ...`)
#   forget_flow NAME                    it may end from now on
#   goes_on [WHAT]                      each has had 20 more lines, in order, since it was asked

stream=$PWD/test/host/stream.py
declare -A flows=() # its file; one that was forgotten may still write into that of its own
_n_flows=0
mkdir -p /run/flows

flow() { # flow NAME ADDRESS PORT COMMAND...
        flows[$1]=/run/flows/$1.$((_n_flows += 1))
        "${@:4}" python3 "$stream" call "$2" "$3" "${flows[$1]}" &
}
forget_flow() { unset "flows[$1]"; }
advanced() {
        local flow before now
        for flow in "${!flows[@]}"; do
                before=$(cat "${flows[$flow]}" 2>/dev/null)
                for _ in $(seq 100); do
                        now=$(cat "${flows[$flow]}" 2>/dev/null)
                        [[ $now == ended* || (-n $before && $now -ge $((before + 20))) ]] && break
                        [[ -n $before ]] || before=$now
                        sleep 0.05
                done
                [[ -n $before && $now != ended* && $now -ge $((before + 20)) ]] || { echo "$flow: $before, then $now"; return 1; }
        done
}
goes_on() { succeeds "${1-  the streams go on}" advanced; }
