#!/usr/bin/env bash
# Commands that are killed or interrupted at any moment, and removals that fail at any step: the next command repairs,
# and nothing is half there.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/../cli/empty.json" >&2
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

mkdir -p /run/config
cd /run/config || exit 1
echo '{ nixosContainer.forwardPorts = [{ hostPort = 8181; containerPort = 80; }]; }' >one.nix
echo '{ nixosContainer.forwardPorts = [{ hostPort = 8282; containerPort = 80; }]; environment.etc.two.text = "2"; }' >two.nix
need "setup" nixos-nspawn setup
need "warm up" nixos-nspawn create --config one.nix warm
need "remove" nixos-nspawn remove --delete-state warm
state() { # without what only another boot takes away
        everything | grep -vE '^/run/systemd(/nspawn.*)?$'
}
nothing=$(state)

# killed SIGNAL SECONDS|at-work COMMAND...: sends the signal after that time, or when it has begun to change things;
# returns the command's status
killed() {
        local signal=$1 delay=$2
        shift 2
        "$@" >/run/output 2>&1 </dev/null &
        local pid=$!
        if [[ $delay == at-work ]]; then
                until [[ -s /var/lib/nixos-nspawn/unfinished/one ]] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
        else
                sleep "$delay"
        fi
        kill -"$signal" $pid 2>/dev/null
        wait $pid
}
settled() { # settled: the state once the kernel has let links and groups of killed processes go
        local seen last=
        for _ in $(seq 50); do
                seen=$(state)
                [[ $seen == "$last" ]] && break
                last=$seen
                sleep 0.2
        done
        echo "$seen"
}

repaired=0 half_way=no
repairs() { # repairs WHAT: the next command, which repairs what one did half-way that was killed (one may have been done by then)
        local seen
        half_way=no
        if seen=$(nixos-nspawn list 2>&1); then ok "$1"; else not_ok "$1" "$seen"; fi
        if grep -qE '^nixos-nspawn: (took back what an interrupted command had done to|finished the interrupted removal of) one$' <<<"$seen"; then
                repaired=$((repaired + 1)) half_way=yes
        fi
}

# create, killed.
for delay in 0.03 0.1 0.2 0.3 0.4 0.5 0.7 0.9; do
        if killed KILL $delay nixos-nspawn create --config one.nix one; then
                prints "create, killed after $delay s, was done" '^one ' nixos-nspawn list
        fi 2>/dev/null
        repairs "create, killed after $delay s: the next command works"
        if [[ $half_way == no ]] && nixos-nspawn list | grep -q '^one '; then
                succeeds "  it was done: it runs" nixos-nspawn run one -- true
                need "remove" nixos-nspawn remove --delete-state one
        fi
        same "  nothing is left behind" "$nothing" "$(settled)"
done
if [[ $repaired -gt 0 ]]; then ok "create was killed half-way $repaired times"; else not_ok "create was killed half-way"; fi
repaired=0
succeeds "create works" nixos-nspawn create --config one.nix one
address=$(nixos-nspawn show-ip one)

# update, killed: either the old definition or the new one, and it runs.
for delay in 0.03 0.1 0.3 0.5 0.7 0.9 1.2; do
        need "the old definition" nixos-nspawn update --config one.nix one
        old=$(readlink /var/lib/nixos-nspawn/profiles/one/system)
        killed KILL $delay nixos-nspawn update --config two.nix one 2>/dev/null
        done_=$?
        repairs "update, killed after $delay s: the next command works"
        prints "  it runs" '^  State: running' nixos-nspawn status one
        now=$(readlink /var/lib/nixos-nspawn/profiles/one/system)
        ports=$(nixos-nspawn ports --json | grep -o '"hostPorts": \[[0-9]*')
        two=absent
        nixos-nspawn run one -- test -e /etc/two && two=present
        if [[ $done_ -eq 0 || ($half_way == no && $now != "$old") ]]; then
                expected="present 8282"
        else
                expected="absent 8181"
                [[ $now == "$old" ]] || not_ok "  the old generation" "$old $now"
        fi
        same "  definition, files and ports belong together" "$expected" "$two ${ports##*\[}"
done
if [[ $repaired -gt 0 ]]; then ok "update was killed half-way $repaired times"; else not_ok "update was killed half-way"; fi
same "  the address is kept" "$address" "$(nixos-nspawn show-ip one)"

# remove, killed: there as before, or gone.
repaired=0
for delay in 0.05 0.1 0.2 0.25 0.3 0.35 0.4 0.5; do
        nixos-nspawn list | grep -q '^one ' || need "create" nixos-nspawn create --config one.nix one
        killed KILL $delay nixos-nspawn remove --delete-state one 2>/dev/null
        repairs "remove, killed after $delay s: the next command works"
        if nixos-nspawn list | grep -q '^one '; then
                prints "  it runs" '^  State: running' nixos-nspawn status one
                same "  the same address" "$address" "$(nixos-nspawn show-ip one)"
                succeeds "  with its files" nixos-nspawn run one -- true
        else
                same "  it is gone, nothing is left behind" "$nothing" "$(settled)"
        fi
done
if [[ $repaired -gt 0 ]]; then ok "remove was killed half-way $repaired times"; else not_ok "remove was killed half-way"; fi
nixos-nspawn list | grep -q '^one ' || need "create" nixos-nspawn create --config one.nix one

# Interrupted: undone before it ends.
need "remove" nixos-nspawn remove --delete-state one
for signal in INT TERM; do
        number=$(kill -l $signal)
        # A shell's background processes ignore SIGINT; a program started by env does not.
        killed $signal at-work env --default-signal=INT nixos-nspawn create --config one.nix one
        same "create, ended by SIG$signal: its exit status" $((128 + number)) $?
        if grep -q '^nixos-nspawn: interrupted while ' /run/output; then ok "  says so"; else not_ok "  says so" "$(cat /run/output)"; fi
        same "  nothing is left behind" "$nothing" "$(settled)"
done

# A guest that never becomes ready: an interrupted start is given up at once.
echo '{ systemd.services.hang = { wantedBy = [ "multi-user.target" ]; before = [ "multi-user.target" ]; serviceConfig.Type = "oneshot"; script = "sleep 1000"; }; }' >hang.nix
env --default-signal=INT nixos-nspawn create --config hang.nix one >/run/output 2>&1 </dev/null &
pid=$!
within 20 "a guest that hangs has been started" bash -c "nixos-nspawn list | grep -q '^one .*starting'"
sleep 1
began=$SECONDS
kill -INT $pid
wait $pid
same "create, interrupted while a guest hangs: its exit status" 130 $?
if [[ $((SECONDS - began)) -lt 60 ]]; then ok "  without waiting for it"; else not_ok "  without waiting for it" "$((SECONDS - began)) s"; fi
same "  nothing is left behind" "$nothing" "$(settled)"

# Killed there: the folders that it made for bind mounts go, too; one that was there before stays.
mkdir -p /run/made
echo '{ imports = [ ./hang.nix ]; nixosContainer.bindMounts = [ "/run/made/a/deep:/mnt/deep" "/run/made/a:/mnt/a" ]; }' >folders.nix
same "--dry-run names the folders that are made for bind mounts" "  make /run/made/a, for a bind mount
  make /run/made/a/deep, for a bind mount" "$(nixos-nspawn create --dry-run --config folders.nix one | grep 'bind mount')"
nixos-nspawn create --config folders.nix one >/run/output 2>&1 </dev/null &
pid=$!
within 20 "a guest that hangs has been started" bash -c "nixos-nspawn list | grep -q '^one .*starting'"
succeeds "  the folders are there" test -d /run/made/a/deep
kill -KILL $pid
wait $pid 2>/dev/null
repairs "create, killed while a guest hangs: the next command works"
same "  the folders are gone" /run/made "$(find /run/made)"
same "  nothing is left behind" "$nothing" "$(settled)"

# Killed while it wrote a note over a longer one, whose end is still there.
mkdir -p /var/lib/nixos-nspawn/unfinished /run/made/b
echo '{"generation": 0, "addresses": true, "folders": ["/run/made/b"]}}' >/var/lib/nixos-nspawn/unfinished/one
prints "a note with the end of another one behind it: the next command" \
        '^nixos-nspawn: took back what an interrupted command had done to one$' nixos-nspawn list
same "  does what it says" /run/made "$(find /run/made)"
same "  nothing is left behind" "$nothing" "$(settled)"

# remove, failing at step k: the container is there as before, and runs.
need "create" nixos-nspawn create --config one.nix one
for k in $(seq 1 20); do
        seen=$(NIXOS_NSPAWN_FAIL_AT=$k nixos-nspawn remove --delete-state one 2>&1) && break
        if grep -q "^nixos-nspawn: a test made step $k fail" <<<"$seen"; then ok "remove, step $k failing: says so"; else not_ok "remove, step $k failing: says so" "$seen"; fi
        prints "  it runs" '^  State: running' nixos-nspawn status one
        same "  the same address" "$address" "$(nixos-nspawn show-ip one)"
        succeeds "  a command inside" nixos-nspawn run one -- true
done
if [[ $k -gt 3 ]]; then ok "remove: $((k - 1)) steps"; else not_ok "remove has steps" "$seen"; fi
same "removed: nothing is left behind" "$nothing" "$(settled)"

# A damaged definition: what the message says to do works.
need "create" nixos-nspawn create --config one.nix one
need "a file" nixos-nspawn run one -- touch /var/kept
echo '{' >/var/lib/nixos-nspawn/profiles/one/system/nixos-nspawn/spec.json
prints "a damaged definition: what to do" "not valid JSON: .*; run 'nixos-nspawn remove one', which keeps the container's files, and create it again\$" \
        nixos-nspawn update --config one.nix one
succeeds "  remove" nixos-nspawn remove one
succeeds "  create" nixos-nspawn create --config one.nix one
succeeds "  its files are there" nixos-nspawn run one -- test -e /var/kept
same "  its address, too" "$address" "$(nixos-nspawn show-ip one)"
need "remove" nixos-nspawn remove --delete-state one

# After a boot.
need "create" nixos-nspawn create --no-start --config one.nix one
prints "autostart starts it" '^Started 1 of 1 containers:$' nixos-nspawn autostart
prints "  it runs" '^  State: running' nixos-nspawn status one
prints "  a second time there is nothing to do" '^Started 0 of 1 containers:$' nixos-nspawn autostart
need "remove" nixos-nspawn remove --delete-state one

# Two at once: one wins, the other says so.
nixos-nspawn create --config one.nix one >/run/a 2>&1 &
first=$!
nixos-nspawn create --config one.nix one >/run/b 2>&1 &
second=$!
wait $first
a=$?
wait $second
b=$?
same "two creates at once: one wins" "0 10" "$(printf '%s\n' $a $b | sort -n | xargs)"
prints "  it is there" '^one +running' nixos-nspawn list
need "remove" nixos-nspawn remove --delete-state one
same "  nothing is left behind" "$nothing" "$(settled)"
done_testing
