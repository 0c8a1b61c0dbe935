# For cases of test/host: the host beside this machine. Sourced after tap.sh.
#
#   host: 198.51.100.1, 2001:db8:1::1 on `uplink`;  here: 198.51.100.2, 2001:db8:1::2 on `eth0`, default route to the host.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

# This machine is the peer.
peer() { "$@"; }

# on_hosts "$0" SUITE/VARIANT... : runs this script once for each, and goes on only in such a run.
on_hosts() {
        [[ -z ${HOST_WORK-} ]] || return 0
        local script=$1 host failed=0
        shift
        for host in "$@"; do
                "$(dirname "${BASH_SOURCE[0]}")/host" --stage "${STAGE:?scripts/check sets it: the folder that meson installed into}" \
                        "${host%/*}" "${host#*/}" "$script" | sed -E "s,^((not )?ok - ),\\1$host: ," || failed=1
        done
        exit $failed
}

# Where the host's files are, from here.
host_root=${HOST_WORK-}/root

# What a function learns is kept in files, because `need` and the like call it in a subshell.
_host_state() { cat "${HOST_WORK}/$1" 2>/dev/null; }
_host_group() { echo "/sys/fs/cgroup/host$(_host_state boots)"; }
_runs() { [[ -e /proc/$1/exe ]]; } # not a zombie

# Waits until the host has booted; fails when it is not well, and says why.
boot_host() {
        local boots=$(($(_host_state boots) + 1)) group log state='' end
        echo $boots >"$HOST_WORK/boots"
        group=$(_host_group) log=$HOST_WORK/console.$boots
        mkdir "$group"
        ip link del eth0 2>/dev/null
        ip link add eth0 type veth peer name uplink
        ip addr add $peer4/24 dev eth0
        ip addr add $peer6/64 dev eth0 nodad
        ip link set eth0 up
        (
                echo "$BASHPID" >"$HOST_WORK/nspawn"
                echo "$BASHPID" >"$group/cgroup.procs"
                export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
                unset NOTIFY_SOCKET
                exec systemd-nspawn --quiet -D "$host_root" --machine=nspawn-host --boot --register=no --keep-unit \
                        --network-interface=uplink --capability=all --drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE \
                        --private-users=no --system-call-filter='@raw-io @keyring bpf' --resolv-conf=off --timezone=off \
                        --link-journal=no --bind=/dev/net/tun --console=pipe
        ) >"$log" 2>&1 </dev/null &
        end=$((SECONDS + 60))
        until [[ -n $state ]]; do
                sleep 0.02
                if [[ $SECONDS -ge $end ]] || { [[ -s $HOST_WORK/nspawn ]] && ! _runs "$(_host_state nspawn)"; }; then
                        echo "the host did not boot:"
                        tail -n 20 "$log"
                        return 1
                fi
                # Again and again, because a --wait may miss the end when D-Bus takes over just then.
                _find_host "$group" && state=$(in_host timeout 5 systemctl is-system-running --wait 2>/dev/null)
                [[ $state != @(initializing|starting|offline|unknown) ]] || state=''
        done
        if [[ $state != running ]]; then
                echo "the host is '$state' after its boot:"
                in_host systemctl --failed --no-legend --plain
                in_host journalctl -b --no-pager -p warning | tail -n 40
                return 1
        fi
        # Both families; the kernel may take a moment.
        end=$((SECONDS + 20))
        until ping -c1 -W1 $peer_host4 >/dev/null 2>&1 && ping -6 -c1 -W1 $peer_host6 >/dev/null 2>&1; do
                if [[ $SECONDS -ge $end ]]; then
                        in_host ip addr
                        return 1
                fi
                sleep 0.05
        done
        ip route replace default via $peer_host4
        ip route replace default via $peer_host6
}

# The host's PID 1 is the one in its init.scope that is 1 in its own namespace.
_find_host() {
        local pid
        for pid in $(cat "$1/payload/init.scope/cgroup.procs" 2>/dev/null); do
                if [[ $(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status" 2>/dev/null) == 1 ]]; then
                        echo "$pid" >"$HOST_WORK/pid"
                        return 0
                fi
        done
        return 1
}

# in_host COMMAND...: as root in the host, in a group of the host's tree, with a clean environment but for the
# sanitizers' and what VARIABLE=VALUE words before the command say.
in_host() {
        (
                group=$(_host_group)/payload/in-host
                mkdir -p "$group" && echo "$BASHPID" >"$group/cgroup.procs"
                exec nsenter -t "$(_host_state pid)" -m -u -i -n -p -C -r -w env -i HOME=/root TERM="${TERM-dumb}" LANG=C.UTF-8 \
                        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_PAGER= \
                        ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} ${UBSAN_OPTIONS:+UBSAN_OPTIONS="$UBSAN_OPTIONS"} "$@"
        )
}

# The host goes down as it does when its administrator says so.
stop_host() {
        in_host systemctl poweroff >/dev/null 2>&1 || true
        _host_gone
}
# The power is cut: nothing is told, nothing written.
cut_host() {
        kill -KILL "$(_host_state nspawn)"
        _host_gone
}
_host_gone() {
        local group nspawn end
        group=$(_host_group) nspawn=$(_host_state nspawn)
        end=$((SECONDS + 120))
        while _runs "$nspawn"; do
                # What in_host still runs is stopped before it is killed, nsenter stops with it, and would not wait for it.
                cat "$group/payload/in-host/cgroup.procs" 2>/dev/null | xargs -r kill -CONT 2>/dev/null
                if [[ $SECONDS -ge $end ]]; then
                        echo "the host does not go down; what runs in it:"
                        ps -e -o pid,stat,args --forest
                        in_host systemctl list-jobs --no-pager
                        tail -n 20 "$HOST_WORK/console.$(_host_state boots)"
                        kill -KILL "$nspawn"
                        return 1
                fi
                sleep 0.02
        done
        [[ ! -f $group/cgroup.kill ]] || echo 1 >"$group/cgroup.kill"
        until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.02; done
        ip link del eth0 2>/dev/null # systemd-nspawn gave it back
        rm -rf "$HOST_WORK/pid" "$HOST_WORK/nspawn" /run/systemd/nspawn
}
reboot_host() {
        stop_host && boot_host
}

# make_plain NAME [SECTIONS]: a container of the host's user, nothing of ours: /var/lib/machines/NAME, whose system is the
# host's own, and NAME.nspawn with SECTIONS.
make_plain() {
        local root=$host_root/var/lib/machines/$1
        mkdir -p "$root/usr" "$host_root/etc/systemd/nspawn"
        find "$HOST_TREE" -mindepth 1 -maxdepth 1 ! -name usr -exec cp -a -t "$root" {} +
        cp "$HOST_TREE/usr/lib/os-release" "$root/etc/os-release.new"
        mv "$root/etc/os-release.new" "$root/etc/os-release"
        rm -f "$root/etc/resolv.conf"
        md5sum <<<"$1" | cut -c1-32 >"$root/etc/machine-id" # else it is a first boot, which enables everything
        echo "$1" >"$root/etc/hostname"
        mount --bind "$HOST_TREE/usr" "$root/usr" # where systemctl finds the units
        systemctl --quiet --root="$root" disable nscd.service NetworkManager.service NetworkManager-wait-online.service \
                NetworkManager-dispatcher.service networking.service
        systemctl --quiet --root="$root" enable systemd-networkd.service systemd-resolved.service
        systemctl --quiet --root="$root" mask systemd-networkd-wait-online.service fstrim.timer apt-daily.timer \
                apt-daily-upgrade.timer dpkg-db-backup.timer
        umount "$root/usr"
        printf '%s\n' "${2-}" '[Files]' 'BindReadOnly=/usr:/usr:norbind,idmap' >"$host_root/etc/systemd/nspawn/$1.nspawn"
}

# The host's resolver, here: knows machine.demo.test, and nixos.org, both this machine.
peer_resolver() {
        dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --bind-dynamic --listen-address=$peer4 --user=root \
                --pid-file=/run/peer-dns.pid --host-record="machine.demo.test,$peer4,$peer6" --host-record="nixos.org,$peer4,$peer6"
}
# in_guest NAME COMMAND...: as root in a container of the host's, with its output and its status.
in_guest() { in_host systemd-run --quiet --pipe --wait --collect --machine="$1" -- "${@:2}"; }
