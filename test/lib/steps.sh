# A failure at each step of a command in turn. Sourced after tap.sh.

# each_step VARIABLE COMMAND...: fails at 1, 2, ... until the command gets through; after_failure WHAT, which is the
# test's own, is called after each failure.
each_step() {
        local variable=$1 k seen status
        shift
        for k in $(seq 1 60); do
                seen=$(env "$variable=$k" "$@" 2>&1 </dev/null)
                status=$?
                if [[ $status -eq 0 ]]; then
                        if [[ $k -gt 1 ]]; then ok "$* ($variable): $((k - 1)) steps"; else not_ok "$* ($variable): no step can fail" "$seen"; fi
                        return
                fi
                if grep -q 'nixos-nspawn: ' <<<"$seen"; then ok "$2 with step $k failing: says so"; else not_ok "$2 with step $k failing: says so" "$seen"; fi
                after_failure "$2 with step $k failing"
        done
        not_ok "$* ($variable): ends" "$seen"
}
