# For test scripts: run things, say "ok - WHAT" or "not ok - WHAT" with what was seen, end with the right status.
# Sourced, never run. A script that is to run on a machine of its own calls `in_sandbox "$@"` first.
set -uo pipefail

_tap_failed=0
_tap_count=0

in_sandbox() {
        [[ -z ${SANDBOX-} ]] || return 0
        export SANDBOX=1
        # shellcheck disable=SC2086
        exec "$(dirname "${BASH_SOURCE[0]}")/sandbox" ${SANDBOX_OPTIONS-} --stage "${STAGE:?scripts/check sets it: the folder that meson installed into}" "$0" "$@"
}

ok() {
        _tap_count=$((_tap_count + 1))
        echo "ok - $*"
}
not_ok() { # not_ok WHAT [SEEN]
        _tap_count=$((_tap_count + 1))
        _tap_failed=$((_tap_failed + 1))
        [[ -z ${2-} ]] || sed 's/^/    # /' <<<"$2"
        echo "not ok - $1"
}
# The script's last line: status 1 when anything failed or nothing ran.
done_testing() {
        echo "1..$_tap_count"
        [[ $_tap_failed -eq 0 && $_tap_count -gt 0 ]]
        exit
}
# For set-up steps whose failure makes the rest pointless.
need() { # need WHAT COMMAND...
        local what=$1 seen
        shift
        if ! seen=$("$@" 2>&1 </dev/null); then
                not_ok "$what" "\$ $*
$seen"
                done_testing
        fi
}
succeeds() { # succeeds WHAT COMMAND...
        local what=$1 seen status=0
        shift
        seen=$("$@" 2>&1 </dev/null) || status=$?
        if [[ $status -eq 0 ]]; then ok "$what"; else not_ok "$what" "\$ $* (ended with $status)
$seen"; fi
}
refused() { # refused WHAT COMMAND...: it must fail
        local what=$1 seen
        shift
        if seen=$("$@" 2>&1 </dev/null); then not_ok "$what" "\$ $* (succeeded)
$seen"; else ok "$what"; fi
}
prints() { # prints WHAT PATTERN COMMAND...: some line of its output matches, whatever its status
        local what=$1 pattern=$2 seen
        shift 2
        seen=$("$@" 2>&1 </dev/null) || true
        if grep -qE -- "$pattern" <<<"$seen"; then ok "$what"; else not_ok "$what" "\$ $*
expected: $pattern
$seen"; fi
}
silent_about() { # silent_about WHAT PATTERN COMMAND...: it succeeds and no line matches
        local what=$1 pattern=$2 seen status=0
        shift 2
        seen=$("$@" 2>&1 </dev/null) || status=$?
        if [[ $status -eq 0 ]] && ! grep -qE -- "$pattern" <<<"$seen"; then ok "$what"; else not_ok "$what" "\$ $* (ended with $status)
$seen
not expected: $pattern, which matches
$(grep -E -- "$pattern" <<<"$seen")"; fi
}
fails() { # fails WHAT STATUS PATTERN COMMAND...: that exit status, and a line of stderr and stdout matches
        local what=$1 status=$2 pattern=$3 seen got=0
        shift 3
        seen=$("$@" 2>&1 </dev/null) || got=$?
        if [[ $got -eq $status ]] && grep -qE -- "$pattern" <<<"$seen"; then ok "$what"; else not_ok "$what" "\$ $* (ended with $got, expected $status)
expected: $pattern
$seen"; fi
}
# says STATUS MESSAGE COMMAND...: that exit status, exactly that on standard error, nothing on standard output
says() {
        local status=$1 message=$2 got=0 out err
        shift 2
        out=$("$@" 2>/run/stderr </dev/null) || got=$?
        err=$(cat /run/stderr)
        # A success that took over a second has told how far it was.
        [[ $got -eq 0 ]] && err=$(grep -vE '^nixos-(nspawn|container): [^ :]+: ' /run/stderr || true)
        if [[ $got -eq $status && $err == "$message" && -z $out ]]; then ok "$*: $message"; else not_ok "$*: $message" "status $got, stderr: $err
stdout: $out"; fi
}
within() { # within SECONDS WHAT COMMAND...: succeeds some time before then
        local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) what=$2 seen
        shift 2
        while :; do
                if seen=$("$@" 2>&1 </dev/null); then
                        ok "$what"
                        return
                fi
                if [[ ${EPOCHREALTIME/[.,]/} -ge $end ]]; then
                        not_ok "$what" "\$ $*
$seen"
                        return
                fi
                sleep 0.05
        done
}
same() { # same WHAT EXPECTED SEEN
        if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "$(diff <(echo "$2") <(echo "$3"))"; fi
}
