#!/usr/bin/env bash
# The host's NAT beside what containers have by themselves: guarded links, forwards, the masquerade of io.systemd.nat.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"
here=$(realpath "$(dirname "$0")")

make_peer
ip -n peer route del default
ip -n peer -6 route del default
ip addr add 198.51.100.7/24 dev uplink
need "nspawn-netd" "$netd" ensure
run_guest one '[{"protocol":"tcp","hostPort":8181,"containerPort":80}]'
run_guest two
one=$(guest4 one) two=$(guest4 two)

serve() { # serve NAMESPACE PORT...
        ip netns exec "$1" python3 "$here/answer.py" "$1" "/run/$1.log" "${@:2}" &
        within 5 "$1 listens" grep -q ready "/run/$1.log"
}
serve peer tcp:80
serve one tcp:80
serve two tcp:80 tcp:22
cat >/run/ask <<'END'
exec 3<>"/dev/tcp/$1/$2" && timeout 2 cat <&3
END
tcp() { timeout 2 bash /run/ask "$@"; }
export -f tcp
mkdir -p /etc/nixos-nspawn
nat() { echo "{\"networking\": {\"nat\": {\"enable\": true, \"externalInterface\": \"uplink\"$1}}}" >/etc/nixos-nspawn/host.json; }
apply() { timeout 30 nixos-nspawn apply; }

prints "a container reaches the outside by itself, with the host's address" "^peer $peer_host4$" guest one bash -c "tcp $peer4 80"
nat ', "internalInterfaces": ["ve-+"], "externalIP": "198.51.100.7"'
need "apply" apply
prints "the host's NAT comes first, and its address is not translated again" "^peer 198.51.100.7$" guest one bash -c "tcp $peer4 80"
nft flush ruleset
within 1 "after 'nft flush ruleset' the containers' tables are back" bash -c "nft list table ip io.systemd.nat | grep -q ${one%.*}"
within 1 "  and the host's NAT" bash -c "[[ \$(ip netns exec one bash -c 'tcp $peer4 80') == 'peer 198.51.100.7' ]]"
nat ", \"internalInterfaces\": [\"ve-+\"], \"dmzHost\": \"$two\", \"forwardPorts\": [{\"sourcePort\": 8080, \"destination\": \"$two:80\", \"loopbackIPs\": [\"$peer_host4\"]}]"
need "apply" apply
prints "a port that the host's NAT forwards leads into a guarded container" "^two $peer4$" peer bash -c "tcp $peer_host4 8080"
prints "  from another container by the public address, too" "^two " guest one bash -c "tcp $peer_host4 8080"
refused "  and by its own address that one stays unreachable" guest one bash -c "tcp $two 80"
prints "a container's own forward is not the dmz host's" "^one $peer4$" peer bash -c "tcp $peer_host4 8181"
prints "  what nobody claims is" "^two $peer4$" peer bash -c "tcp $peer_host4 22"
prints "the host itself reaches the outside" "^peer" tcp $peer4 80
nat ", \"internalInterfaces\": [\"ve-+\"], \"forwardPorts\": [{\"sourcePort\": \"8180:8190\", \"destination\": \"$two:80\"}]"
prints "where a container has a port forwarded, too, apply says who wins" \
        "tcp port 8181 is forwarded to container 'one', too: at uplink networking.nat.forwardPorts wins" apply
prints "  that one does" "^two $peer4$" peer bash -c "tcp $peer_host4 8181"
rm /etc/nixos-nspawn/host.json
need "apply" apply
refused "without it the forward is gone" peer bash -c "tcp $peer_host4 8080"
prints "  the container's own stays" "^one $peer4$" peer bash -c "tcp $peer_host4 8181"
prints "  and its way out, with the host's address" "^peer $peer_host4$" guest one bash -c "tcp $peer4 80"
same "  and forwarding, which it needs" 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
done_testing
