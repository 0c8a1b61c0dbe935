# For the scripts that test what the engine makes of a host: a host with an uplink (test/lib/network.sh) and containers
# that are bare namespaces. Sourced after tap.sh, by scripts that called `own_machine "$@"`.

engine=$BUILD/test/net/engine
here=$(dirname "${BASH_SOURCE[0]}")

# Namespaces of its own for network, mounts and processes; /run and /sys are fresh.
own_machine() {
        [[ -z ${OWN_MACHINE-} ]] || {
                mount -t sysfs sysfs /sys
                mount -t tmpfs -o mode=755 tmpfs /run
                mkdir /run/netns
                ip link set lo up
                return 0
        }
        OWN_MACHINE=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
}

# container NAME N [FORWARD...]: a namespace NAME, attached as 10.233.0.(16 N)/28 and fd12:3456:789a:N::/64.
container() {
        local name=$1 n=$2
        shift 2
        ip netns add "$name"
        ip -n "$name" link set lo up
        "$engine" attach "$name" "10.233.0.$((16 * n))/28" "fd12:3456:789a:$n::/64" "$name" "$@"
}
host4() { echo "10.233.0.$((16 * $1 + 1))"; }
guest4() { echo "10.233.0.$((16 * $1 + 2))"; }
host6() { echo "fd12:3456:789a:$1::1"; }
guest6() { echo "fd12:3456:789a:$1::2"; }
mac_of() { ip netns exec "$1" cat /sys/class/net/host0/address; }
host_mac_of() { cat "/sys/class/net/ve-$1/address"; }
local_of() { # local_of NAME: the link-local address inside
        ip -n "$1" -6 -o addr show dev host0 scope link | sed -E 's/.*inet6 ([^/]+).*/\1/'
}
host_local_of() { ip -6 -o addr show dev "ve-$1" scope link | sed -E 's/.*inet6 ([^/]+).*/\1/'; }

inside() { local ns=$1; shift; ip netns exec "$ns" "$@"; }

# sender NAME IFACE [COMMAND...]: starts packet.py, in the namespace NAME or by that command; `send NAME WORD...` returns
# when the frame is out.
declare -A sender_in sender_out
sender() {
        local name=$1 link=$2 to from
        shift 2
        [[ $# -gt 0 ]] || set -- ip netns exec "$name"
        mkfifo "/run/$name.to" "/run/$name.from"
        "$@" python3 "$here/packet.py" "$link" - <"/run/$name.to" >"/run/$name.from" &
        exec {to}>"/run/$name.to" {from}<"/run/$name.from"
        sender_in[$name]=$to sender_out[$name]=$from
}
send() {
        local who=$1 answer
        shift
        echo "$*" >&"${sender_in[$who]}"
        read -r answer <&"${sender_out[$who]}" || echo "# $who could not send: $*"
}

# answers NAMESPACE|- NAME PORT...: starts answer.py, waits until it listens; datagrams go to /run/NAME.log
answers() {
        local ns=$1 name=$2
        shift 2
        if [[ $ns == - ]]; then
                python3 "$here/answer.py" "$name" "/run/$name.log" "$@" >/run/"$name.err" 2>&1 &
        else
                ip netns exec "$ns" python3 "$here/answer.py" "$name" "/run/$name.log" "$@" >/run/"$name.err" 2>&1 &
        fi
        for _ in $(seq 200); do
                grep -q ready "/run/$name.log" 2>/dev/null && return 0
                sleep 0.02
        done
        return 1
}
heard() { grep -qx "$2" "/run/$1.log"; } # heard NAME TEXT

# said NAMESPACE|- ADDRESS PORT: what a TCP server answers
said() {
        local run=()
        [[ $1 == - ]] || run=(ip netns exec "$1")
        "${run[@]}" timeout 1 bash -c 'exec 3<>"/dev/tcp/$1/$2" && head -n 1 <&3' said "$2" "$3" 2>&1
}
answered() { # answered WHAT EXPECTED NAMESPACE ADDRESS PORT
        local seen
        seen=$(said "$3" "$4" "$5") || true
        same "$1" "$2" "$seen"
}
# unanswered WHAT NAMESPACE ADDRESS PORT: nothing comes within a second. Waits for all of them at once, in settled().
unanswered() {
        waiting+=("$1")
        said "$2" "$3" "$4" >"/run/waiting.${#waiting[@]}" 2>&1 &
        pids+=($!)
}
waiting=() pids=()
settled() {
        local i=0 seen status
        for what in "${waiting[@]}"; do
                status=0
                wait "${pids[$i]}" || status=$?
                i=$((i + 1))
                seen=$(cat "/run/waiting.$i")
                if [[ $status -eq 0 && -n $seen ]]; then not_ok "$what" "answered: $seen"; else ok "$what"; fi
        done
        waiting=() pids=()
}
