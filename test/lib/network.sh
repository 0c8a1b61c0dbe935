# For test scripts in a sandbox: an uplink with a machine behind it, in a namespace of its own. Sourced after tap.sh.
#
#   host: 198.51.100.1, 2001:db8:1::1 on `uplink`;  peer: 198.51.100.2, 2001:db8:1::2 on `eth0`, default route to the host.

peer_host4=198.51.100.1 peer4=198.51.100.2
peer_host6=2001:db8:1::1 peer6=2001:db8:1::2

peer() { ip netns exec peer "$@"; }

make_peer() {
        ip netns add peer
        ip link add uplink type veth peer name eth0 netns peer
        ip addr add $peer_host4/24 dev uplink
        ip addr add $peer_host6/64 dev uplink nodad
        ip link set uplink up
        ip -n peer addr add $peer4/24 dev eth0
        ip -n peer addr add $peer6/64 dev eth0 nodad
        ip -n peer link set eth0 up
        # The kernel may take a second until a new link has IPv6 (where both ends have the same index).
        until peer ping -6 -c1 -W1 $peer_host6 >/dev/null 2>&1 && ping -6 -c1 -W1 $peer6 >/dev/null 2>&1; do sleep 0.05; done
        ip -n peer route add default via $peer_host4
        ip -n peer route add default via $peer_host6
        # No loopback addresses of its own: it can send to ours.
        peer sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1
}

# A resolver on the peer that knows machine.demo.test, and is the host's resolver.
make_peer_resolver() {
        peer dnsmasq --no-resolv --no-hosts --bind-interfaces --interface=eth0 --except-interface=lo --pid-file=/run/peer-dns.pid \
                --user=root --host-record="machine.demo.test,$peer4,$peer6" --address=/only4.test/192.0.2.44
        echo "nameserver $peer4" >/etc/resolv.conf
}
# open_stream PORT: a TCP stream from the peer through that port of the host, to a server that sends each line back;
# `talk WHAT` fails when a line does not come back.
open_stream() {
        mkfifo /run/to
        peer bash -c "exec 3<>/dev/tcp/$peer_host4/$1 || exit 1
                while read -r line; do echo \"\$line\" >&3; read -r -t 5 answer <&3 && echo \"\$answer\" >>/run/from; done" </run/to &
        exec 4>/run/to
        said=0
}
talk() {
        said=$((said + 1))
        echo "line $said" >&4
        within 6 "$1" grep -qx "line $said" /run/from
}
# What is there of ours: links, elements, mounts, groups, files, addresses, processes. Two of these are compared to find what
# was left behind. The daemon, its empty folders and the tables may stay; so may what systemd-nspawn makes for all its runs.
everything() {
        echo "links:"
        ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort
        echo "elements:"
        nft -j list ruleset 2>/dev/null | python3 -c '
import json, sys
for o in json.load(sys.stdin).get("nftables", []):
    for kind in ("set", "map"):
        for e in o.get(kind, {}).get("elem", []):
            print(o[kind]["family"], o[kind]["table"], o[kind]["name"], json.dumps(e))' | sort
        echo "mounts:"
        awk '{ print $5 }' /proc/self/mountinfo | grep -v -E '^/(proc|sys)' | sort
        echo "groups:"
        find /sys/fs/cgroup -mindepth 1 -type d | grep -v -E '/nixos-nspawn(/(daemons?|netd|proxy))?$' | sort
        echo "files:"
        find /run/nixos-nspawn /etc/systemd/nspawn /etc/systemd/network /var/lib/machines /var/lib/nixos-nspawn/profiles \
                /run/systemd/nspawn/propagate /run/systemd/nspawn/unix-export ! -type d 2>/dev/null |
                grep -vE 'netd|proxy|/io\.nixos|/lock$|sysctls|/forwards.json$' | sort
        find /run/nixos-nspawn/containers /var/lib/machines /var/lib/nixos-nspawn/profiles -mindepth 1 -maxdepth 1 2>/dev/null | sort
        echo "addresses:"
        python3 -c 'import json; print(json.load(open("/var/lib/nixos-nspawn/addresses.json"))["containers"])' 2>/dev/null || echo '{}'
        echo "processes:"
        ps -eo args= | grep -E 'systemd-nspawn|nspawn-supervisor|nspawn-first' | grep -v grep | sort
}
