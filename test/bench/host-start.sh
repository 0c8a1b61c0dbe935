#!/usr/bin/env bash
# On a host with systemd and networkd, a container's start to its first answered ping and first answer over HTTP: ours
# beside plain systemd-nspawn@ with the same guest, once with networkd's default files on both sides of the link, once with
# files of static addresses. All three take turns in one booted host. Prints name, ours, floor, ratio, unit, separated by
# tabs; here the "floor" is what there was without us.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/../host/lib.sh"
on_hosts "$0" trixie/networkd
set -e

rounds=${ROUNDS:-7}
log=$HOST_WORK/log
quietly() { "$@" >>"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; echo "failed: $*" >&2; exit 1; }; }

quietly boot_host
cp "$BUILD/test/bench/first-answer" examples/example.nix "$host_root/root"
quietly in_host nixos-nspawn setup
quietly in_host nixos-nspawn create --no-start --config /root/example.nix example
usr=$(sed -n 's/^BindReadOnly=\([^:]*\):\/usr:.*/\1/p' "$host_root/var/lib/nixos-nspawn/profiles/example/system/nixos-nspawn/example.nspawn")

for name in plain static; do
        cp -a "$host_root/var/lib/machines/example" "$host_root/var/lib/machines/$name"
        rmdir "$host_root/var/lib/machines/$name/usr"
        cp -a "$host_root$usr" "$host_root/var/lib/machines/$name/usr"
        printf '%s\n' '[Exec]' ResolvConf=off Timezone=off LinkJournal=no >"$host_root/etc/systemd/nspawn/$name.nspawn"
        md5sum <<<$name | cut -c1-32 >"$HOST_WORK/machine-id"
        cp --remove-destination "$HOST_WORK/machine-id" "$host_root/var/lib/machines/$name/etc/machine-id"
        echo $name >"$host_root/var/lib/machines/$name/etc/hostname"
        mkdir -p "$host_root/var/lib/machines/$name/etc/systemd/network"
done
printf '%s\n' '[Match]' Name=ve-static '[Network]' Address=10.99.0.1/28 IPMasquerade=ipv4 LinkLocalAddressing=ipv6 \
        >"$host_root/etc/systemd/network/20-ve-static.network"
printf '%s\n' '[Match]' Name=host0 '[Network]' Address=10.99.0.2/28 Gateway=10.99.0.1 LinkLocalAddressing=ipv6 \
        >"$host_root/var/lib/machines/static/etc/systemd/network/20-host0.network"
quietly in_host networkctl reload
quietly in_host systemctl daemon-reload

# networkd's choice is kept over restarts, and so known after a first one.
quietly in_host machinectl start plain
for _ in $(seq 200); do
        plain=$(in_host getent -s mymachines ahostsv4 plain | awk '{ print $1; exit }') || true
        [[ -z $plain || $plain == 169.254.* ]] || break
        sleep 0.1
done
quietly in_host systemctl stop systemd-nspawn@plain
ours=$(in_host nixos-nspawn show-ip -4 example)

start() { # start TIMES NAME ADDRESS COMMAND...
        local times=$1 name=$2 address=$3 init=$usr
        [[ $name == example ]] || init=/var/lib/machines/$name/usr
        shift 3
        if ! in_host "LINK=ve-$name" /root/first-answer "$address" 80 /run "$init/lib/systemd/systemd" "$@" >>"$HOST_WORK/$times" 2>>"$log" </dev/null; then
                tail -n 20 "$log" >&2
                in_host systemctl status --no-pager "systemd-nspawn@$name" >&2
                exit 1
        fi
        quietly in_host systemctl stop "systemd-nspawn@$name"
}
for ((i = 0; i <= rounds; i++)); do
        [[ -n ${WITHOUT_US-} ]] || start ours example "$ours" machinectl start example
        [[ -n ${WITHOUT_US-} ]] || start command example "$ours" nixos-nspawn start example
        start plain plain "$plain" machinectl start plain
        start static static 10.99.0.2 machinectl start static
        # The first round is for what is made once: users' ranges, caches.
        [[ $i -gt 0 ]] || rm -f "$HOST_WORK"/{ours,command,plain,static}
done
[[ -z ${VERBOSE-} ]] || tail -n 99 "$HOST_WORK"/{ours,command,plain,static} >&2
python3 - "$HOST_WORK" <<'P'
import statistics, sys
FIRST, INIT, PING, HTTP, END = range(5)
def median(name, what):
    rows = [line.split() for line in open(f"{sys.argv[1]}/{name}")]
    return statistics.median(float(row[what]) for row in rows)
def line(what, moment, ours, other):
    a, b = median(ours, moment), median(other, moment) if other else None
    print(what, f"{a:.1f}", f"{b:.1f}" if b else "-", f"{a / b:.2f}" if b else "-", "ms", sep="\t")
for other, words in ("plain", "networkd's default files"), ("static", "static files"):
    line(f"systemd host: start to init's first instruction, beside plain with {words}", INIT, "ours", other)
    line(f"systemd host: start to the first answered ping, beside plain with {words}", PING, "ours", other)
    line(f"systemd host: start to the first HTTP answer, beside plain with {words}", HTTP, "ours", other)
line("systemd host: nixos-nspawn start to the first answered ping", PING, "command", None)
line("systemd host: nixos-nspawn start to the first HTTP answer", HTTP, "command", None)
P
