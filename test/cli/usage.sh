#!/usr/bin/env bash
# Wrong use: exact messages on standard error, exit codes, JSON errors on standard output; help and completion.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

golden=$(realpath "$(dirname "$0")/../golden/cli")
export COLUMNS=80

says 2 "nixos-nspawn: no command given; 'nixos-nspawn --help' lists them" nixos-nspawn
says 2 "nixos-nspawn: unknown command 'frobnicate'; 'nixos-nspawn --help' lists them" nixos-nspawn frobnicate
says 2 "nixos-nspawn: unknown option --frobnicate; --help lists those that there are" nixos-nspawn --frobnicate list
says 2 "nixos-nspawn: list: unknown option --frobnicate; --help lists those that there are" nixos-nspawn list --frobnicate
says 2 "nixos-nspawn: list: option --config does not belong here" nixos-nspawn list --config x
says 2 "nixos-nspawn: create: option --s is ambiguous: --system, --suite" nixos-nspawn create --s x
says 2 "nixos-nspawn: create: option --config needs a value: --config FILE" nixos-nspawn create x --config
says 2 "nixos-nspawn: list: option --json takes no value, but got '1'" nixos-nspawn list --json=1
says 2 "nixos-nspawn: 'create' needs an argument: nixos-nspawn create NAME" nixos-nspawn create --config x
says 2 "nixos-nspawn: 'create' takes fewer arguments: nixos-nspawn create NAME" nixos-nspawn create a b
says 2 "nixos-nspawn: 'run' needs more arguments: nixos-nspawn run NAME [--] COMMAND [ARGUMENT...]" nixos-nspawn run a
says 2 "nixos-nspawn: 'list' takes no arguments: nixos-nspawn list" nixos-nspawn list a
says 2 "nixos-nspawn: --type x is unknown: imperative, declarative or unmanaged" nixos-nspawn list --type x
says 2 "nixos-nspawn: --timeout soon is not a time span: give one such as 30s or 2min" nixos-nspawn stop --timeout soon a
says 2 "nixos-nspawn: --lines -3 is not a number of lines" nixos-nspawn logs -n -3 a
says 2 "nixos-nspawn: unknown command 'frob'; 'nixos-nspawn help' lists them" nixos-nspawn help frob
says 2 "nixos-nspawn: no completion for 'tcsh', only for bash, zsh and fish" nixos-nspawn completion tcsh
for command in update start stop restart status show-ip logs ports; do
        arguments=()
        [[ $command != update ]] || arguments=(--config /dev/null)
        says 2 "nixos-nspawn: Container nosuch does not exist!" nixos-nspawn $command nosuch "${arguments[@]}"
done
says 2 "nixos-nspawn: Container nosuch does not exist!" nixos-nspawn run nosuch -- true

# The sources.
says 1 "nixos-nspawn: One of --config, --profile or --flake must be specified." nixos-nspawn create x
says 1 "nixos-nspawn: Options --config, --profile and --flake are mutually exclusive, please specify only one." \
        nixos-nspawn create --config a --profile b x
says 1 "nixos-nspawn: One of --config, --profile or --flake must be specified." nixos-nspawn update x
says 10 "nixos-nspawn: --profile does not work yet (/a): use --config with a .nix or .json file" nixos-nspawn create --profile /a x
says 10 "nixos-nspawn: --flake does not work yet (u#a): use --config with a .nix or .json file" nixos-nspawn create --flake u#a x
says 2 "nixos-nspawn: --system frob is unknown: auto, debian, host, image, nixos or the platform, $(uname -m)-linux" \
        nixos-nspawn create --config x --system frob x
says 10 "nixos-nspawn: --system mips-linux is not this machine's platform, $(uname -m)-linux" \
        nixos-nspawn create --config x --system mips-linux x
says 2 "nixos-nspawn: --image goes with --system image, not with --system debian" \
        nixos-nspawn create --config x --system debian --image /a x
says 2 "nixos-nspawn: --system image needs --image PATH, a directory or a tar file" \
        nixos-nspawn create --config x --system image x

# No root.
cp "$(dirname "$0")/../../examples/example.nix" /tmp/example.nix
chmod 644 /tmp/example.nix
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
says 1 "nixos-nspawn: 'create' needs root, because it changes containers and the network of this host: run it with sudo" \
        "${user[@]}" nixos-nspawn create --config /tmp/example.nix x
says 1 "nixos-nspawn: 'setup' needs root, because it changes containers and the network of this host: run it with sudo" \
        "${user[@]}" nixos-nspawn setup
succeeds "everybody may list" "${user[@]}" nixos-nspawn list

# Removing nothing is no mistake.
same "remove of an unknown container says so" "Container nosuch does not exist; Nothing done." "$(nixos-nspawn remove nosuch)"
succeeds "  and succeeds" nixos-nspawn remove nosuch

# JSON: nothing else on standard output, errors included.
json() { # json WHAT EXPECTED-STATUS COMMAND...
        local what=$1 status=$2 got=0 out
        shift 2
        out=$("$@" 2>/dev/null </dev/null) || got=$?
        if [[ $got -eq $status ]] && python3 -c 'import json, sys; json.loads(sys.stdin.read())' <<<"$out"; then ok "$what"; else not_ok "$what" "status $got: $out"; fi
}
same "an empty list" "[]" "$(nixos-nspawn list --json)"
same "an error as JSON" '{"error": {"message": "unknown command '"'frob'; 'nixos-nspawn --help'"' lists them", "exitStatus": 2}}' \
        "$(nixos-nspawn frob --json 2>/dev/null)"
json "usage error" 2 nixos-nspawn list --json --frobnicate
json "sources" 1 nixos-nspawn create --json x
json "not yet" 10 nixos-nspawn create --json --flake u#a x
json "unknown container" 2 nixos-nspawn status --json nosuch
json "no ports" 0 nixos-nspawn ports --json
json "version" 0 nixos-nspawn version --json
json "version as an option" 0 nixos-nspawn --json --version
json "remove" 0 nixos-nspawn remove --json nosuch
same "prefixes of long options" "[]" "$(nixos-nspawn list --js)"

# Help: what was agreed, word for word (golden; to renew: nixos-nspawn help COMMAND > test/golden/cli/COMMAND.txt).
same "help" "$(cat "$golden/help.txt")" "$(nixos-nspawn --help)"
for file in "$golden"/help-*.txt; do
        command=${file##*/help-}
        command=${command%.txt}
        same "help $command" "$(cat "$file")" "$(nixos-nspawn help "$command")"
        same "$command --help" "$(cat "$file")" "$(nixos-nspawn "$command" --help)"
done
same "a page for each command" "$(nixos-nspawn help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\).*/\1/p' | sort)" \
        "$(ls "$golden" | sed -n 's/^help-\(.*\)\.txt/\1/p' | sort)"
silent_about "no line is wider than 80 columns" '^.{81}' bash -c "cat $golden/help*.txt"

# Completion.
complete() { # complete WORD...: what bash offers for the last word
        bash -c '
                source <(nixos-nspawn completion bash)
                COMP_WORDS=("$@")
                COMP_CWORD=$(($# - 1))
                _nixos_nspawn
                echo "${COMPREPLY[*]}"' _ "$@"
}
same "commands" "start status stop" "$(complete nixos-nspawn st | tr ' ' '\n' | sort | xargs)"
same "options of a command" "--delete-state" "$(complete nixos-nspawn remove --del)"
same "values" "debian" "$(complete nixos-nspawn create --system de)"
same "after a global option" "list" "$(complete nixos-nspawn -v li)"
mkdir -p /tmp/complete && touch /tmp/complete/a.nix
same "files" "/tmp/complete/a.nix" "$(complete nixos-nspawn create --config /tmp/complete/)"
succeeds "bash takes its script" bash -n <(nixos-nspawn completion bash)
prints "zsh: a script" '^#compdef nixos-nspawn' nixos-nspawn completion zsh
prints "fish: a script" '^complete -c nixos-nspawn .* -l dry-run' nixos-nspawn completion fish
succeeds "completion scripts are installed" test -s /usr/local/share/bash-completion/completions/nixos-nspawn \
        -a -s /usr/local/share/zsh/site-functions/_nixos-nspawn -a -s /usr/local/share/fish/vendor_completions.d/nixos-nspawn.fish
for page in man1/nixos-nspawn.1 man8/nspawn-netd.8 man8/nss-nspawn.8; do
        succeeds "manual page $page" test -s /usr/local/share/man/$page
done
for command in $(nixos-nspawn help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\).*/\1/p'); do
        prints "the manual has $command" "nixos\\\\?-nspawn $command" grep -F 'SS' /usr/local/share/man/man1/nixos-nspawn.1
done
done_testing
