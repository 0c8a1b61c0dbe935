#!/usr/bin/env bash
# A container's start to its first answered ping and its first answer over HTTP, beside plain systemd-nspawn with the same
# tree and the same files in a network namespace that was complete beforehand. That one answers pings before it starts: its
# floor is the moment when its init is run. It has no user namespace, since nspawn cannot join a network namespace of the
# host's from within one. Prints name, ours, floor, ratio, unit, separated by tabs.
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

sed 's/8181/8282/' examples/example.nix >/run/plain.nix
nixos-nspawn create --no-start --config /run/plain.nix plain >>$log 2>&1
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

for ((i = 0; i < rounds; i++)); do
        "$first_answer" "$address" 80 /run "$init" nixos-nspawn start example 2>>$log >>/run/ours || { cat $log >&2; exit 1; }
        nixos-nspawn stop example >>$log 2>&1
        "$first_answer" 192.0.2.2 80 - "$init" /run/start-plain 2>>$log >>/run/floor || { cat $log >&2; exit 1; }
        pid=$(cat /run/plain.pid)
        kill "$pid"
        timeout 20 tail --pid="$pid" -f /dev/null
done
[[ -z ${VERBOSE-} ]] || { cat /run/ours; echo; cat /run/floor; } >&2

python3 - "$create" <<'P'
import statistics, sys
def rows(path):
    return [[float(x) if x != "-" else None for x in line.split()] for line in open(path)]
ours, floor = rows("/run/ours"), rows("/run/floor")
FIRST, INIT, PING, HTTP, END = range(5)
median = lambda rows, f: statistics.median(f(r) for r in rows)
def line(name, a, b=None):
    print(name, f"{a:.1f}", f"{b:.1f}" if b else "-", f"{a / b:.2f}" if b else "-", "ms", sep="\t")
line("create with the tree cached, to the first HTTP answer", float(sys.argv[1]))
line("start to the container's first instruction", median(ours, lambda r: r[FIRST]))
line("start to its init's first instruction", median(ours, lambda r: r[INIT]), median(floor, lambda r: r[INIT]))
line("start to the first answered ping (floor: init's first instruction)", median(ours, lambda r: r[PING]), median(floor, lambda r: r[INIT]))
line("the container's first instruction to the first answered ping", median(ours, lambda r: r[PING] - r[FIRST]))
line("the container's first instruction to its init's", median(ours, lambda r: r[INIT] - r[FIRST]))
line("start to the first HTTP answer", median(ours, lambda r: r[HTTP]), median(floor, lambda r: r[HTTP]))
line("its init's first instruction to the first HTTP answer", median(ours, lambda r: r[HTTP] - r[INIT]), median(floor, lambda r: r[HTTP] - r[INIT]))
line("start to ready, as the command returns", median(ours, lambda r: r[END]))
P
