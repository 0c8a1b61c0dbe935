#!/usr/bin/env bash
# The arrows of docs/architecture.md: a folder of src/ includes only folders that stand to its left.
cd "$(dirname "$0")/../.." || exit 2
source test/lib/tap.sh

declare -A may=(
        [base]=''
        [model]='base'
        [proto]='base'
        [config]='base model'
        [plan]='base model'
        [netlink]='base'
        [firewall]='base model plan netlink'
        [apply]='base model plan netlink firewall'
        [state]='base model config'
        [nss]='base state'
        [netd]='base model config proto plan netlink firewall apply state'
        [runtime]='base model config netlink state netd'
        [front]='base model config plan netlink apply state runtime netd'
        [cli]='base model config plan netlink apply state runtime netd front'
        [container]='base model config plan netlink apply state runtime netd front'
)
for folder in src/*/; do
        name=$(basename "$folder")
        if [[ -z ${may[$name]+set} ]]; then
                not_ok "$name has its place among the layers"
                continue
        fi
        seen=$(grep -rnoE '#include "[a-z]+/' "$folder" | sed -E 's/^([^:]*:[0-9]+):.*"([a-z]+)\//\1 \2/' | while read -r place other; do
                [[ " $name ${may[$name]} " == *" $other "* ]] || echo "$place includes $other"
        done)
        if [[ -z $seen ]]; then ok "$name includes only what stands to its left"; else not_ok "$name includes only what stands to its left" "$seen"; fi
done
# What is pure does no I/O.
for folder in model plan proto; do
        silent_about "$folder opens, reads and asks nothing" . bash -c \
                "grep -nE '\\b(open|openat|fopen|socket|ioctl|time|clock_gettime|getenv|getrandom)\\(' src/$folder/*.c || true"
done
done_testing
