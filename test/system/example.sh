#!/usr/bin/env bash
# The seed's default container from `create` to `remove`: its commands word for word, and port 8181 from every side.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
before=$(everything)
need "create --config examples/example.nix example" nixos-nspawn create --config examples/example.nix example
ok "create --config examples/example.nix example"

welcome='Welcome to nginx'
prints "ping -4" '1 received' ping -4 -c1 example
prints "ping -6 with the interface" '1 received' ping -6 -c1 -I ve-example example
prints "ping -6" '1 received' ping -6 -c1 example
prints "curl http://example" "$welcome" curl -s -o- --max-time 5 http://example
prints "nft table ip: the forward" 'tcp \. 8181 : 10\.233\.[0-9.]+ \. 80' nft -y list table ip io.systemd.nat
prints "nft table ip: masquerade" '10\.233\.' nft -y list set ip io.systemd.nat masq_saddr
prints "nft table ip: priority" 'hook prerouting priority -99' nft -y list table ip io.systemd.nat
prints "nft table ip6: the forward" 'tcp \. 8181 : fd[0-9a-f:]+ \. 80' nft -y list table ip6 io.systemd.nat
prints "getent: IPv4" '^10\.233\.[0-9.]+ ' getent ahosts example
prints "getent: ULA" '^fd[0-9a-f:]+::2 ' getent ahosts example
silent_about "getent: no link-local address without a scope" '^fe80[0-9a-f:]* ' getent ahosts example
prints "getent -s nspawn" '^10\.233\.' getent -s nspawn ahostsv4 example
prints "the container resolves a name of the host's resolver and reaches it" '1 received' \
        nixos-nspawn run example -- ping -c1 machine.demo.test
prints "the container reaches another machine by IPv4" '1 received' nixos-nspawn run example -- ping -4 -c1 $peer4
prints "the container reaches another machine by IPv6" '1 received' nixos-nspawn run example -- ping -6 -c1 $peer6
prints "the container resolves itself" '^10\.233\.|^fd|^127\.' nixos-nspawn run example -- getent ahosts example
prints "the container resolves host.internal" '^10\.233\.|^fd' nixos-nspawn run example -- getent ahosts host.internal

prints "8181 from another machine, IPv4" "$welcome" peer curl -s --max-time 5 http://$peer_host4:8181
prints "8181 from another machine, IPv6" "$welcome" peer curl -s --max-time 5 "http://[$peer_host6]:8181"
prints "8181 from the host by its uplink address, IPv4" "$welcome" curl -s --max-time 5 http://$peer_host4:8181
prints "8181 from the host by its uplink address, IPv6" "$welcome" curl -s --max-time 5 "http://[$peer_host6]:8181"
host4=$(ip -4 -o addr show dev ve-example | awk '{ sub("/.*", "", $4); print $4; exit }')
host6=$(ip -6 -o addr show dev ve-example scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
prints "8181 from the host by the link's address, IPv4" "$welcome" curl -s --max-time 5 "http://$host4:8181"
prints "8181 from the host by the link's address, IPv6" "$welcome" curl -s --max-time 5 "http://[$host6]:8181"
for name in localhost 127.0.0.1 '[::1]'; do
        prints "8181 from the host by $name" "$welcome" curl -s --max-time 5 "http://$name:8181"
done
prints "8181 from the container itself, by the host's address" "$welcome" \
        nixos-nspawn run example -- bash -c "exec 3<>/dev/tcp/$peer_host4/8181; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3"

# Another machine that sends to 127.0.0.1 over the wire: seen on the link, answered by nobody.
timeout 5 tcpdump -i uplink -n -c 1 'dst host 127.0.0.1 and tcp port 8181' >/run/seen 2>/dev/null &
sleep 0.5
refused "another machine that routes 127.0.0.0/8 to this host gets nothing" peer curl -s --max-time 2 http://127.0.0.1:8181
wait $!
prints "  (it did send)" '127\.0\.0\.1\.8181' cat /run/seen

python3 -m http.server --bind 127.0.0.1 4818 >/dev/null 2>&1 &
servers=$!
python3 -m http.server --bind :: 4819 >/dev/null 2>&1 &
servers="$servers $!"
within 5 "a loopback service of the host's" curl -s -o /dev/null http://127.0.0.1:4818
within 5 "a service of the host's on all addresses" curl -s -o /dev/null http://$peer_host4:4819
tcp() { nixos-nspawn run example -- timeout 2 bash -c "exec 3<>/dev/tcp/$1/$2"; }
refused "the container does not reach the host's loopback services" tcp "$host4" 4818
refused "the container does not reach the host's services by the link's address" tcp "$host4" 4819
refused "the container does not reach the host's services by the uplink's address" tcp $peer_host4 4819
refused "the container does not reach the host's services by IPv6" tcp "$host6" 4819
# shellcheck disable=SC2086
kill $servers

container4=$(nixos-nspawn show-ip -4 example)
refused "another machine reaches the container by its forwards only" peer curl -s --max-time 2 "http://$container4"
prints "the guest's firewall: an allowed port is open" "$welcome" curl -s --max-time 3 "http://$container4:80"
# A server in the container that its firewall does not let anybody reach, and the same by loopback.
leader=$(nixos-nspawn status --json example | python3 -c 'import json,sys; print(json.load(sys.stdin)["leader"])')
nsenter -t "$leader" -n python3 -m http.server --bind :: 8081 >/dev/null 2>&1 &
server=$!
within 5 "the guest's firewall: a server on a port that is not allowed" nsenter -t "$leader" -n curl -s -o /dev/null http://127.0.0.1:8081
refused "  is closed" curl -s --max-time 2 "http://$container4:8081"
kill $server

prints "list" 'example' nixos-nspawn list
prints "list --json" '"name": "example"' nixos-nspawn list --json
prints "status says running" '[Rr]unning' nixos-nspawn status example
prints "ports" '8181' nixos-nspawn ports
fails "run passes the exit code on" 42 '' nixos-nspawn run example -- sh -c 'exit 42'
address=$(nixos-nspawn show-ip example)
succeeds "stop" nixos-nspawn stop example
refused "  nothing answers" ping -4 -c1 -W1 "$address"
succeeds "start" nixos-nspawn start example
same "  the same address" "$address" "$(nixos-nspawn show-ip example)"
within 5 "  answers HTTP" curl -s -o /dev/null http://example
succeeds "restart" nixos-nspawn restart example
within 5 "  answers HTTP" curl -s -o /dev/null http://example
succeeds "remove --delete-state" nixos-nspawn remove --delete-state example
same "nothing is left behind" "$before" "$(everything)"
refused "  nor the folder of the control groups" ls -d /sys/fs/cgroup/nixos-nspawn
done_testing
