#!/usr/bin/env bash
# Names, as the host and guests see them: the domain that the administrator chose, live, and back; what a guest says about
# itself changes nothing.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
need "a container" nixos-nspawn create --config examples/example.nix one
echo '{"nixosContainer": {}}' >/run/two.json
need "another" nixos-nspawn create --config /run/two.json two
inside() { nixos-nspawn run "${1}" -- "${@:2}"; }
ask() { inside one dig +time=2 +tries=1 +short "@$server" "$@"; }
one=$(nixos-nspawn show-ip -4 one)
two=$(nixos-nspawn show-ip -4 two)
two6=$(nixos-nspawn show-ip -6 two)
server=${one%.*}.$((${one##*.} - 1))
# The host's resolver, which notes what it is asked.
: >/run/asked
test/net/fake-resolver.py 127.0.0.1 /run/asked &
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
within 5 "(a resolver of the host)" grep -q ready /run/asked
asked() { awk '{ print $4 }' /run/asked | grep -iE "$1"; }
apply() { # apply NIX: of host.nix
        mkdir -p /etc/nixos-nspawn
        echo "$1" >/etc/nixos-nspawn/host.nix
        nixos-nspawn apply
}

prints "a guest finds another by its name alone" "^$two " inside one getent ahostsv4 two
prints "  and by IPv6" "^$two6 " inside one getent ahostsv6 two
prints "  and with the domain" "^$two " inside one getent ahostsv4 two.internal
prints "  and the host" "^${server//./\\.} " inside one getent ahostsv4 host.internal
prints "  and by the address" 'two\.internal' inside one getent hosts "$two"
prints "the host finds it" "^$two " getent -s nspawn ahostsv4 two.internal
prints "a name of others" '^192\.0\.2\.1 ' inside one getent ahostsv4 www.test
refused "nothing of ours was asked of the host's resolver" asked '(^|\.)(one|two|host|internal|arpa)\.?$'

# A guest that calls itself another: to its kernel, to DHCP, to whoever asks by LLMNR.
inside two hostname one
inside two sh -c 'echo gamma >/etc/hostname; hostname gamma'
prints "what a guest calls itself is nobody's name" '^$' inside one getent hosts gamma
fails "  for the host neither" 2 '' getent -s nspawn ahosts gamma
prints "  and it keeps its own" "^$two " inside one getent ahostsv4 two

says=$(apply '{ nixos.containers.nameSuffix = "Home.Arpa"; }')
prints "apply says what changes" 'put in force: call containers NAME\.home\.arpa, and the host host\.home\.arpa' echo "$says"
prints "at once: a guest finds another under the new domain" "^$two " inside one getent ahostsv4 two.home.arpa
prints "  and the host" "^${server//./\\.} " inside one getent ahostsv4 host.home.arpa
prints "  and by its name alone" "^$two " inside one getent ahostsv4 two
prints "  and by the address" 'two\.home\.arpa' inside one getent hosts "$two"
prints "  the host finds it" "^$two " getent -s nspawn ahostsv4 two.home.arpa
fails "  no more under the domain before" 2 '' getent -s nspawn ahosts two.internal
prints "  a guest's search list" '^search home\.arpa$' cat /var/lib/machines/one/etc/resolv.conf
prints "  and what its networkd is told" '^Domains=home\.arpa$' cat /run/nixos-nspawn/containers/one/guest/20-host0.network
refused "  nothing of it was asked of the host's resolver" asked 'home|(^|\.)(one|two)\.?$'
kill -9 "$(pgrep -x nspawn-netd)"
need "a container of its own domain starts" nixos-nspawn restart two
prints "a new daemon knows it" "^$two " inside one getent ahostsv4 two.home.arpa
prints "a container that starts later knows it" '^search home\.arpa$' inside two cat /etc/resolv.conf
fails "a domain of others is refused" 10 'host\.nix:1:.*nameSuffix: names under .local. are asked of the link' \
        apply '{ nixos.containers.nameSuffix = "office.local"; }'
prints "  and the one before stays" "^$two " inside one getent ahostsv4 two.home.arpa

says=$(apply '{ }')
prints "back to the default" 'take away: call containers NAME\.home\.arpa' echo "$says"
prints "  a guest finds another" "^$two " inside one getent ahostsv4 two.internal
prints "  the host finds it" "^$two " getent -s nspawn ahostsv4 two.internal
prints "  a guest's search list" '^search internal$' cat /var/lib/machines/one/etc/resolv.conf
done_testing
