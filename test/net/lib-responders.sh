# For the responders' tests: a host and guests in namespaces of their own, and the program that runs the responders alone.
# Sourced after lib/tap.sh.

responders_program=${BUILD:-build}/test/net/responders

# Runs the script again where nothing it does stays: own network, mounts, processes; /run, /etc and dhclient's folder are
# throw-away.
in_namespaces() {
        if [[ -n ${RESPONDERS_INSIDE-} ]]; then
                mount -t proc proc /proc
                mount -t sysfs sysfs /sys
                mount -t tmpfs -o mode=755 tmpfs /run
                mount -t tmpfs -o mode=755 tmpfs /mnt
                mkdir -p /mnt/upper /mnt/work /run/netns /run/lock
                mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc
                mkdir -p /var/lib/dhcp /var/lib/dhcpv6 /var/lib/dhcpcd
                mount -t tmpfs tmpfs /var/lib/dhcp
                mount -t tmpfs tmpfs /var/lib/dhcpv6
                mount -t tmpfs tmpfs /var/lib/dhcpcd
                ip link set lo up
                return
        fi
        export RESPONDERS_INSIDE=1
        exec unshare --mount --net --pid --fork --kill-child --uts --propagation private "$0" "$@"
}

# guest NAME N: a namespace NAME and the pair ve-NAME (host) <-> host0, configured as the daemon would: 10.233.0.0/28 + 16 N and
# fd12:3456:789a:N::/64, MACs of a container NAME, permanent neighbours, no duplicate detection. The guest has nothing.
guest() {
        local name=$1 n=$2 host_mac host_local guest_mac guest_local
        read -r host_mac host_local guest_mac guest_local < <("$responders_program" --macs "$name")
        ip netns add "$name"
        ip link add "ve-$name" address "$host_mac" type veth peer name host0 address "$guest_mac" netns "$name"
        ip link set "ve-$name" addrgenmode none
        ip addr add "$host_local/64" dev "ve-$name" nodad
        ip addr add "$(host4 "$n")/28" dev "ve-$name"
        ip addr add "$(host6 "$n")/64" dev "ve-$name" nodad
        ip neigh replace "$(guest4 "$n")" lladdr "$guest_mac" dev "ve-$name" nud permanent
        ip neigh replace "$(guest6 "$n")" lladdr "$guest_mac" dev "ve-$name" nud permanent
        ip neigh replace "$guest_local" lladdr "$guest_mac" dev "ve-$name" nud permanent
        ip -n "$name" link set lo up
        ip netns exec "$name" sysctl -qw net.ipv6.conf.host0.accept_dad=0
}
range4() { echo "10.233.$(($1 / 16)).$(($1 % 16 * 16))/28"; }
range6() { printf 'fd12:3456:789a:%x::/64\n' "$1"; }
host4() { echo "10.233.$(($1 / 16)).$(($1 % 16 * 16 + 1))"; }
guest4() { echo "10.233.$(($1 / 16)).$(($1 % 16 * 16 + 2))"; }
host6() { if [[ $1 -eq 0 ]]; then echo fd12:3456:789a::1; else printf 'fd12:3456:789a:%x::1\n' "$1"; fi; }
guest6() { if [[ $1 -eq 0 ]]; then echo fd12:3456:789a::2; else printf 'fd12:3456:789a:%x::2\n' "$1"; fi; }
description() { echo "$1:ve-$1:$(range4 "$2"):$(range6 "$2")"; }
in_guest() { ip netns exec "$@"; }

# serve ARGUMENTS...: starts the program; `tell` sends it a line and prints what it answers. Its log: /run/responders.log
serve() {
        coproc RESPONDERS { exec "$responders_program" "$@" 2>>/run/responders.log; }
        responders_pid=$RESPONDERS_PID
        local line
        if ! read -r -t 10 -u "${RESPONDERS[0]}" line || [[ $line != ready ]]; then
                not_ok "the responders start" "$(cat /run/responders.log)"
                done_testing
        fi
}
tell() {
        local line
        echo "$*" >&"${RESPONDERS[1]}"
        while read -r -t 10 -u "${RESPONDERS[0]}" line; do
                echo "$line"
                [[ $line =~ ^[0-9]+$ ]] || break
        done
}
carrier() { # carrier NAME: waits until the kernel has told both sides, and the guest has its link-local address
        local end=$((SECONDS + 10))
        until ip -n "$1" -6 addr show dev host0 scope link 2>/dev/null | grep -q fe80 &&
                ip link show "ve-$1" | grep -q 'state UP'; do
                [[ $SECONDS -lt $end ]] || { not_ok "carrier of ve-$1"; done_testing; }
        done
}
# The last check of a script: the program is still the one that was started, ends well, and leaks nothing.
serving_ends() {
        local status=0 input=${RESPONDERS[1]}
        kill -0 "$responders_pid" 2>/dev/null || { not_ok "the responders still run" "$(tail -n 30 /run/responders.log)"; return; }
        exec {input}>&-
        wait "$responders_pid" || status=$?
        same "the responders end well" 0 $status
        silent_about "no sanitizer complained" 'runtime error|AddressSanitizer|LeakSanitizer' cat /run/responders.log
}
both_up() { # both_up NAME...: carrier, then the advertisement that the daemon would send
        local name
        for name in "$@"; do
                ip link set "ve-$name" up
                ip -n "$name" link set host0 up
        done
        for name in "$@"; do carrier "$name"; done
        for name in "$@"; do tell up "ve-$name" >/dev/null; done
}
