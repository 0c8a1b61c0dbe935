#!/usr/bin/env bash
# A container's start to its first answered ping and its first answer over HTTP, beside plain systemd-nspawn with the same
# tree and the same files in a network namespace that was complete beforehand. That one answers pings before it starts: its
# floor is the moment when its init is run. It has no user namespace, since nspawn cannot join a network namespace of the
# host's from within one; ours is measured with one, as it is by default, and without. Prints name, ours, floor, ratio,
# unit, separated by tabs.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
set -e

rounds=${ROUNDS:-5}
first_answer=$BUILD/test/bench/first-answer
log=/run/seen

nixos-nspawn setup >$log 2>&1
began=${EPOCHREALTIME/[.,]/}
# Waits for readiness: the first answer over HTTP is a little sooner.
nixos-nspawn create --config examples/example.nix example >>$log 2>&1 || { cat $log >&2; exit 1; }
curl -s -o /dev/null --max-time 5 "http://$(nixos-nspawn show-ip -4 example)"
create=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
address=$(nixos-nspawn show-ip -4 example)
usr=$(sed -n 's/^BindReadOnly=\([^:]*\):\/usr:.*/\1/p' /etc/systemd/nspawn/example.nspawn)
init=$(realpath "$usr/lib/systemd/systemd")
nixos-nspawn stop example >>$log 2>&1

another() { # another NAME PORT SETTING: the same container, not started
        sed "s/8181/$2/; s/^}/  $3\n}/" examples/example.nix >"/run/$1.nix"
        nixos-nspawn create --no-start --config "/run/$1.nix" "$1" >>$log 2>&1 || { cat $log >&2; exit 1; }
}
another plain 8282 ''
another without 8383 'nixosContainer.userNamespacing = false;'
without=$(nixos-nspawn show-ip -4 without)
mkdir -p /run/systemd
ip netns add plain
ip link add plain type veth peer name eth0 netns plain
ip addr add 192.0.2.1/24 dev plain
ip link set plain up
ip -n plain link set lo up
ip -n plain addr add 192.0.2.2/24 dev eth0
ip -n plain link set eth0 up
ip -n plain route add default via 192.0.2.1

cat >/run/start-plain <<P
#!/usr/bin/env bash
mkdir /sys/fs/cgroup/plain.\$\$
echo \$\$ >/sys/fs/cgroup/plain.\$\$/cgroup.procs
echo \$\$ >/run/plain.pid
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --keep-unit --register=no --settings=no --machine=plain --directory=/var/lib/machines/plain \\
        --console=read-only --kill-signal=SIGRTMIN+3 --resolv-conf=off --link-journal=no --timezone=off \\
        --private-users=no --bind-ro=$usr:/usr:norbind \\
        --network-namespace-path=/run/netns/plain /usr/lib/systemd/systemd </dev/null >>$log 2>&1
P
chmod +x /run/start-plain

ours() { # ours NAME ADDRESS
        "$first_answer" "$2" 80 /run "$init" nixos-nspawn start "$1" 2>>$log >>"/run/$1.times" || { cat $log >&2; exit 1; }
        nixos-nspawn stop "$1" >>$log 2>&1
}
for ((i = 0; i < rounds; i++)); do
        ours example "$address"
        ours without "$without"
        "$first_answer" 192.0.2.2 80 - "$init" /run/start-plain 2>>$log >>/run/plain.times || { cat $log >&2; exit 1; }
        pid=$(cat /run/plain.pid)
        kill "$pid"
        timeout 20 tail --pid="$pid" -f /dev/null
done
[[ -z ${VERBOSE-} ]] || tail -n 99 /run/*.times >&2

python3 - "$create" <<'P'
import statistics, sys
def rows(name):
    return [[float(x) if x != "-" else None for x in line.split()] for line in open(f"/run/{name}.times")]
example, without, plain = map(rows, ("example", "without", "plain"))
FIRST, INIT, PING, HTTP, END = range(5)
median = lambda rows, f: statistics.median(map(f, rows))
def line(name, a, b=None):
    print(name, f"{a:.1f}", f"{b:.1f}" if b else "-", f"{a / b:.2f}" if b else "-", "ms", sep="\t")
line("create with the tree cached, to the first HTTP answer", float(sys.argv[1]))
line("the container's first instruction to the first answered ping", median(example, lambda r: r[PING] - r[FIRST]))
line("the container's first instruction to its init's", median(example, lambda r: r[INIT] - r[FIRST]))
for name, ours in ("", example), (", no user namespace", without):
    line("start to init's first instruction" + name, median(ours, lambda r: r[INIT]), median(plain, lambda r: r[INIT]))
    line("start to the first answered ping" + name, median(ours, lambda r: r[PING]), median(plain, lambda r: r[INIT]))
    line("start to the first HTTP answer" + name, median(ours, lambda r: r[HTTP]), median(plain, lambda r: r[HTTP]))
line("start to ready, when the command returns", median(example, lambda r: r[END]))
P
