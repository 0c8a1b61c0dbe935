# dialogue EXPECT ANSWER [EXPECT ANSWER]... -- COMMAND...: runs COMMAND, waits for each EXPECT in what it prints and types
# ANSWER then (printf's escapes: \n, \003). Prints what was seen; fails when something expected does not come within 20 s.
# COMMAND brings the terminal: `script -qec '...' /dev/null`. Sourced.
dialogue() {
        local turns=() seen='' c status=0 end=$((SECONDS + 20)) in out pid
        while [[ $1 != -- ]]; do
                turns+=("$1")
                shift
        done
        shift
        coproc TERMINAL { "$@" 2>&1; }
        in=${TERMINAL[0]} out=${TERMINAL[1]} pid=$TERMINAL_PID
        while [[ ${#turns[@]} -gt 0 ]]; do
                until [[ $seen == *"${turns[0]}"* ]]; do
                        if [[ $SECONDS -ge $end ]] || ! IFS= read -r -N1 -t 20 -u "$in" c; then
                                printf '%s\n(waited for "%s")\n' "$seen" "${turns[0]}"
                                kill "$pid" 2>/dev/null
                                return 1
                        fi
                        seen+=$c
                        printf '%s' "$c"
                done
                # What is seen from now on is what follows the answer.
                seen=''
                printf '%b' "${turns[1]}" >&"$out"
                turns=("${turns[@]:2}")
        done
        while IFS= read -r -N1 -t 20 -u "$in" c; do printf '%s' "$c"; done
        wait "$pid" || status=$?
        return $status
}
