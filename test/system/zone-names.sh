#!/usr/bin/env bash
# Names that members of a zone ask each other for, where they run systemd-resolved: LLMNR as it comes, mDNS when the config
# turns it on, live; each only as far as the guest's firewall and the zone let it.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || GUEST_TREE=$("$(dirname "$0")/../lib/guest-tree") || exit 1
export GUEST_TREE
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-guests.sh"

config() { # config NAME PORTS MDNS
        cat >"/run/$1.nix" <<N
{
  nixosContainer.zone = "foo";
  networking.firewall.allowedUDPPorts = [ $2 ];
  environment.etc."systemd/resolved.conf.d/mdns.conf".text = "[Resolve]\nMulticastDNS=yes\n";
  nixosContainer.containerNetworkConfig.networkConfig.MulticastDNS = $3;
}
N
}
member() { # member NAME PORTS MDNS
        config "$@"
        nixos-nspawn create --config "/run/$1.nix" --image "$GUEST_TREE" --no-start "$1" || return
        configure networkd "/var/lib/machines/$1"
        enable "/var/lib/machines/$1" systemd-resolved
        nixos-nspawn start "$1"
}
ask() { # ask FROM PROTOCOL NAME
        inside "$1" resolvectl flush-caches
        inside "$1" resolvectl query --protocol="$2" "$3"
}
export -f ask

make_peer
need "setup" nixos-nspawn setup
need "zone create" nixos-nspawn zone create foo
need "a member" member one '5353 5355' true
need "another" member two '5353 5355' false
need "one whose firewall takes neither" member closed '' true
v4=$(nixos-nspawn show-ip -4 two)
within 20 "LLMNR: a member finds another by IPv4" bash -c "ask one llmnr-ipv4 two | grep -q '^two: .*$v4 '"
within 10 "  by IPv6" bash -c "ask one llmnr-ipv6 two | grep -q '$(nixos-nspawn show-ip -6 two) '"
within 10 "  and the other way round" bash -c "ask two llmnr one | grep -q 'LLMNR'"
refused "  not one whose firewall does not take 5355" ask one llmnr closed
refused "  nor one that is not there" ask one llmnr nobody
prints "  whom DNS of the host finds all the same" "$(nixos-nspawn show-ip -4 closed) " inside one resolvectl query closed

refused "mDNS: not of a member whose config does not turn it on" ask one mdns two.local
config two '5353 5355' true
succeeds "  update turns it on" nixos-nspawn update --config /run/two.nix --image "$GUEST_TREE" two
within 20 "  and a member finds it by IPv4" bash -c "ask one mdns-ipv4 two.local | grep -q '^two.local: .*$v4 '"
within 10 "  by IPv6" bash -c "ask one mdns-ipv6 two.local | grep -q '$(nixos-nspawn show-ip -6 two) '"
refused "  not one whose firewall does not take 5353" ask one mdns closed.local

need "zone update --isolated" nixos-nspawn zone update foo --isolated
refused "isolated: no LLMNR" ask one llmnr two
refused "  no mDNS" ask one mdns two.local
need "zone update --no-isolated --internal" nixos-nspawn zone update foo --no-isolated --internal
within 10 "internal: LLMNR stays within" bash -c "ask one llmnr two | grep -q LLMNR"
within 10 "  and so does mDNS" bash -c "ask one mdns two.local | grep -q mDNS"
done_testing
