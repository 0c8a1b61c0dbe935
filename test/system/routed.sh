#!/usr/bin/env bash
# What a nixos-container reaches of its host, which is for the host's firewall to decide, and what it does not: other
# addresses of the host, its loopback, anything with somebody else's address. And containers that the host routes without
# NAT, because its configuration says so.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /etc/nixos-nspawn
# public: 203.0.113.1 to .3 and fd98::/64, which the machine beside has a route to.
peer ip route add 203.0.113.0/24 via $peer_host4
peer ip route add fd98::/64 via $peer_host6
create() { # create NAME HOST LOCAL HOST6 LOCAL6
        nixos-container create "$1" --config 'networking.firewall.enable = false; services.nginx = { enable = true; virtualHosts.localhost.default = true; };' \
                --host-address "$2" --local-address "$3" &&
                printf 'HOST_ADDRESS6=%s\nLOCAL_ADDRESS6=%s\n' "$4" "$5" >>"/etc/nixos-containers/$1.conf" &&
                nixos-container start "$1"
}
need "one with a public address" create web 10.233.1.1 203.0.113.1 fd97::1 fd98::1
need "another one" create mail 10.233.2.1 203.0.113.2 fd97::2 fd98::2
need "one with no public address" create foo 10.233.3.1 10.233.3.2 fd97::3 fd97::4
inside() { nixos-container run "$@"; }
reach() { inside "$1" -- curl -s -o /dev/null -m2 "$2"; } # reach NAME URL

# ---- The host ----
serve() { # serve PORT ADDRESS
        python3 -m http.server --directory /usr/share/doc/bash --bind "$2" "$1" >/dev/null 2>&1 &
        servers+=($!)
}
servers=()
serve 8000 0.0.0.0
serve 8001 ::
serve 8002 127.0.0.1
within 5 "a service of the host" curl -s -o /dev/null http://127.0.0.1:8000
within 5 "  one of IPv6" curl -s -o /dev/null 'http://[::1]:8001'
within 5 "  one of its loopback" curl -s -o /dev/null http://127.0.0.1:8002
succeeds "a container reaches it by the host's address on its link" reach foo http://10.233.3.1:8000
succeeds "  by IPv6" reach foo 'http://[fd97::3]:8001'
refused "  not by the host's address on another link" reach foo http://10.233.1.1:8000
refused "  nor by the one outside" reach foo "http://$peer_host4:8000"
refused "  nor what listens on its loopback only" reach foo http://10.233.3.1:8002
nft 'table inet arrived { counter loopback { }; chain early { type filter hook prerouting priority -400; iifname "ve-foo" ip daddr 127.0.0.0/8 counter name loopback; }; }'
forged() {
        inside foo -- sh -c 'sysctl -qw net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.eth0.route_localnet=1
                ip route del local 127.0.0.0/8 dev lo table local; ip route del local 127.0.0.1 dev lo table local
                ip route add 127.0.0.0/8 via 10.233.3.1 src 10.233.3.2; curl -s -o /dev/null -m2 http://127.0.0.1:8002'
}
sysctl -qw net.ipv4.conf.ve-foo.route_localnet=1
refused "  nor by the loopback range over the wire" forged
prints "    which it did send" 'packets [1-9]' nft list counter inet arrived loopback
sysctl -qw net.ipv4.conf.ve-foo.route_localnet=0
stranger() { # from an address that is not foo's
        inside foo -- sh -c 'ip addr add 203.0.113.9/32 dev eth0; curl -s -o /dev/null -m2 --interface 203.0.113.9 http://10.233.3.1:8000'
}
ip route add 203.0.113.9 dev ve-foo
refused "  nor with another address than its own" stranger
ip route del 203.0.113.9
succeeds "with its own it does still" reach foo http://10.233.3.1:8000
nft 'table inet own { chain input { type filter hook input priority 0; iifname "ve-*" tcp dport 8000 reject with tcp reset; }; }'
refused "what the host's firewall refuses is refused" reach foo http://10.233.3.1:8000
nft delete table inet own
nixos-nspawn create --config examples/example.nix plain >/dev/null 2>&1
plain() { nixos-nspawn run plain -- "$@"; }
host=$(plain ip -4 route show default | grep -o 'via [0-9.]*' | cut -d' ' -f2)
succeeds "a container of nixos-nspawn reaches the host ($host)" plain ping -c1 -W2 "$host"
refused "  and none of its services" plain curl -s -o /dev/null -m2 "http://$host:8000"

# ---- Routing ----
outside4() { inside "$1" -- ping -c1 -W1 $peer4; }
outside6() { inside "$1" -- ping -6 -c1 -W1 $peer6; }
from_outside() { peer curl -s -o /dev/null -m2 "$1"; }
refused "without NAT a container with a public address does not reach the outside" outside4 web
refused "  nor by IPv6" outside6 web
refused "  nor is it reached from there" from_outside http://203.0.113.1
peer nft 'table inet seen { counter web { }; counter host { }; chain input { type filter hook input priority 0; icmp type echo-request ip saddr 203.0.113.1 counter name web; icmp type echo-request ip saddr '$peer_host4' counter name host; }; }'
echo '{ networking.containers.routedInterfaces = [ "ve-web" "ve-ma+" ]; }' >/etc/nixos-nspawn/host.nix
prints "routedInterfaces, dry: says what would change" "route nixos-containers' traffic by ve-ma\* without NAT" \
        nixos-nspawn apply --dry-run
refused "  and changes nothing" outside4 web
need "routedInterfaces, applied" nixos-nspawn apply
succeeds "a routed container reaches the outside" outside4 web
succeeds "  by IPv6" outside6 web
prints "  with its own address" 'packets 1 ' peer nft list counter inet seen web
prints "  and not the host's" 'packets 0 ' peer nft list counter inet seen host
succeeds "  and is reached from there" from_outside http://203.0.113.1
succeeds "  by IPv6" from_outside 'http://[fd98::1]'
succeeds "  a wildcard counts, too" outside4 mail
succeeds "routed containers reach each other" reach web http://203.0.113.2
refused "one that is not routed does not reach the outside" outside4 foo
refused "  nor is it reached" from_outside http://10.233.3.2
refused "  nor does it reach routed ones" reach foo http://203.0.113.1
refused "  nor do they reach it" reach web http://10.233.3.2
succeeds "one of nixos-nspawn, which reaches the outside, reaches routed ones" plain curl -s -o /dev/null -m2 http://203.0.113.1
spoof() { inside web -- sh -c 'ip addr add 203.0.113.2/32 dev eth0; ping -c1 -W1 -I 203.0.113.2 '$peer4; }
refused "a routed container has no other address than its own" spoof
need "restart" nixos-container restart web
succeeds "after a restart it is routed" outside4 web
kill -9 "$(pgrep -x nspawn-netd)"
succeeds "while nspawn-netd is dead, too" outside4 web
need "another command" nixos-nspawn list
nft flush ruleset
kept_in() { ! outside4 foo; }
within 5 "after 'nft flush ruleset' the others are kept from the outside again" kept_in
succeeds "  and it is routed" outside4 web

prints "a second apply" 'Nothing changes' nixos-nspawn apply
echo '{ networking.containers.routedInterfaces = [ "ve-mail" ]; }' >/etc/nixos-nspawn/host.nix
need "one taken out" nixos-nspawn apply
refused "  is not routed any more" outside4 web
refused "  nor reached" from_outside http://203.0.113.1
succeeds "  the other one is" outside4 mail
# Killed between the file and the daemon: the next daemon sees it.
kill -9 "$(pgrep -x nspawn-netd)"
sed -i 's/"ve-mail"/"ve-web"/' /var/lib/nixos-nspawn/host.json
need "a new daemon" nixos-nspawn start foo
within 5 "  does what the host's configuration says now" outside4 web
refused "  and no more" outside4 mail
rm /etc/nixos-nspawn/host.nix
need "the file taken away" nixos-nspawn apply
refused "nothing is routed" outside4 web
echo '{ networking.containers.routedInterfaces = [ "ve web" ]; }' >/etc/nixos-nspawn/host.nix
fails "a name that none has" 10 'networking.containers.routedInterfaces.*expected' nixos-nspawn apply
kill "${servers[@]}"
done_testing
