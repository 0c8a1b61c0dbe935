#!/usr/bin/env bash
# Others interfere: nftables flushed, links taken down, addresses deleted, the daemon, the supervisor or nspawn killed.
# Repaired within a second; an open TCP connection into the container goes on.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
need "create" nixos-nspawn create --config examples/example.nix example
address=$(nixos-nspawn show-ip -4 example)
link=ve-example
leader() { nixos-nspawn status --json example | python3 -c 'import json,sys; print(json.load(sys.stdin)["leader"])'; }
pid_of() { pgrep -x -o "$1"; }

cat >/run/echo.py <<'P'
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", 80)); s.listen()
def serve(c):
    while (d := c.recv(100)): c.sendall(d)
while True:
    c, _ = s.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
P
nixos-nspawn run example -- systemctl stop nginx >/dev/null 2>&1
nsenter -t "$(leader)" -n python3 /run/echo.py &
within 5 "a server in the container" bash -c "exec 3<>/dev/tcp/$address/80"
open_stream 8181
talk "a stream from another machine through port 8181"
fresh() { peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/8181; echo hello >&3; read -r -t 1 a <&3; [ \"\$a\" = hello ]"; }

nft flush ruleset
within 1 "nft flush ruleset: the forward is there again within a second" bash -c 'nft list map ip io.systemd.nat map_port_ipport | grep -q 8181'
within 1 "  and the protection" bash -c 'nft list table inet nixos_nspawn | grep -q ve-example'
within 1 "  new connections" fresh
talk "  the stream goes on"

nft delete table ip io.systemd.nat
within 1 "nft delete table: the forward is there again within a second" bash -c 'nft list map ip io.systemd.nat map_port_ipport | grep -q 8181'
nft delete element ip io.systemd.nat map_port_ipport "{ tcp . 8181 : $address . 80 }"
within 1 "an element deleted: there again within a second" bash -c 'nft list map ip io.systemd.nat map_port_ipport | grep -q 8181'

ip link set $link down
within 1 "link down: up again within a second" bash -c "ip -o link show $link | grep -q 'state UP'"
within 1 "  the address answers" ping -4 -c1 -W1 "$address"
within 1 "  the ULA answers" ping -6 -c1 -W1 "$(nixos-nspawn show-ip -6 example)"
talk "  the stream goes on"

own=$(ip -4 -o addr show dev $link | awk '{ print $4; exit }')
ip addr del "$own" dev $link
within 1 "address deleted: there again within a second" bash -c "ip -4 -o addr show dev $link | grep -q '$own'"
within 1 "  the address answers" ping -4 -c1 -W1 "$address"
own6=$(ip -6 -o addr show dev $link scope global | awk '{ print $4; exit }')
ip addr del "$own6" dev $link
within 1 "IPv6 address deleted: there again within a second" bash -c "ip -6 -o addr show dev $link | grep -q '$own6'"
ip neigh flush dev $link nud permanent
within 1 "neighbours flushed: there again within a second" bash -c "ip neigh show dev $link nud permanent | grep -q $address"
talk "  the stream goes on"

kill -9 "$(pid_of nspawn-proxy)"
within 1 "kill -9 of the proxy: localhost is forwarded again within a second" bash -c "exec 3<>/dev/tcp/127.0.0.1/8181 && echo hello >&3 && read -r -t 1 a <&3 && [ \"\$a\" = hello ]"

kill -9 "$(pid_of nspawn-netd)"
talk "kill -9 of the daemon: the stream goes on"
within 1 "  there is another one within a second" pgrep -x nspawn-netd
within 2 "  new connections" fresh
within 10 "  the container resolves names" nixos-nspawn run example -- getent hosts machine.demo.test
nft flush ruleset
within 1 "  it repairs" bash -c 'nft list map ip io.systemd.nat map_port_ipport | grep -q 8181'
kill -9 "$(pid_of nspawn-proxy)" "$(pid_of nspawn-netd)"
within 2 "kill -9 of the daemon and the proxy: localhost is forwarded again" bash -c "exec 3<>/dev/tcp/127.0.0.1/8181 && echo hello >&3 && read -r -t 1 a <&3 && [ \"\$a\" = hello ]"
talk "  the stream goes on"
succeeds "  the next command works" nixos-nspawn list
succeeds "  a restart, too" nixos-nspawn restart example
within 5 "  HTTP" curl -s -o /dev/null http://example
prints "  8181 from localhost" 'Welcome' curl -s --max-time 5 http://localhost:8181

before=$(leader)
kill -9 "$(pid_of nspawn-supervis)"
prints "kill -9 of the supervisor: the container runs on" 'Welcome' peer curl -s --max-time 5 http://$peer_host4:8181
prints "  status says running" '[Rr]unning' nixos-nspawn status example
same "  the same container" "$before" "$(leader)"
succeeds "  it can be stopped cleanly" nixos-nspawn stop example
succeeds "  and started" nixos-nspawn start example

kill -9 "$(pid_of systemd-nspawn)"
within 10 "kill -9 of systemd-nspawn: status says powered off" bash -c "nixos-nspawn status example | grep -q 'powered off'"
succeeds "  it can be started again" nixos-nspawn start example
within 5 "  HTTP" curl -s -o /dev/null http://example

nixos-nspawn start example >/dev/null 2>&1
kill -9 "$(pid_of nspawn-netd)" "$(pid_of nspawn-supervis)" "$(pid_of systemd-nspawn)" 2>/dev/null
within 20 "all three killed at once: start repairs" nixos-nspawn start example
within 5 "  HTTP" curl -s -o /dev/null http://example
succeeds "remove" nixos-nspawn remove --delete-state example
silent_about "no link left" 've-' ip -o link
silent_about "no element left" '8181|ve-example' nft list ruleset
done_testing
