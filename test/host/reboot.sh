#!/usr/bin/env bash
# The host goes down with containers on it, and up again: everything is back by itself, with the same addresses; each is
# taken down while those whom it needs are there, so nothing waits for what is gone. The same when the power is cut.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd trixie/nm trixie/ifupdown

mkdir -p "$host_root/root/c" "$host_root/var/log/journal"
config() { # config HOST-PORT AUTO-START
        cat <<C
{ "nixosContainer": { "activation": { "autoStart": $2 }, "forwardPorts": [ { "hostPort": $1, "containerPort": 80 } ] },
  "networking": { "firewall": { "allowedTCPPorts": [ 80 ] } },
  "services": { "nginx": { "enable": true, "virtualHosts": { "localhost": { "default": true } } } } }
C
}
config 8181 true >"$host_root/root/c/web.json"
config 8282 false >"$host_root/root/c/later.json"
# Whatever the web server says, it is it.
get='curl -sS -o /dev/null -w %{http_code} --max-time 3'
is_there() { grep -qE '^[1-5][0-9][0-9]$' <<<"$("$@")"; }
addresses() {
        in_host nixos-nspawn show-ip "$1"
        in_host nixos-nspawn show-ip -6 "$1"
}
works() {
        within 10 "  from another machine" is_there $get http://$peer_host4:8181
        within 10 "  by IPv6" is_there $get "http://[$peer_host6]:8181"
        within 10 "  from the host itself" is_there in_host $get http://127.0.0.1:8181
        within 10 "  by IPv6" is_there in_host $get 'http://[::1]:8181'
        succeeds "  its name" in_host getent -s nspawn ahosts web
}
# The journal of the boot before: nothing had to wait until systemd lost its patience.
went_down_well() {
        prints "it went down, the container too" 'Stopped systemd-nspawn@web.service' in_host journalctl -b -1 --no-pager
        same "  nothing of ours hung or failed" "" "$(in_host journalctl -b -1 --no-pager |
                grep -E '(nspawn-(netd|proxy|unit)|systemd-nspawn@).*(timed out|SIGKILL|Failed|[Cc]annot|did not)')"
}

need "boot" boot_host
need "setup" in_host nixos-nspawn setup
need "a container that starts at boot" in_host nixos-nspawn create --config /root/c/web.json web
need "one that does not" in_host nixos-nspawn create --config /root/c/later.json later
need "  it runs now" in_host nixos-nspawn start later
works
web=$(addresses web) later=$(addresses later)

need "the host reboots" reboot_host
went_down_well
prints "the container is there" '^web +running' in_host nixos-nspawn list
prints "  the other one is not" '^later +powered off' in_host nixos-nspawn list
same "  the addresses are the same" "$web" "$(addresses web)"
works
need "the other one" in_host nixos-nspawn start later
same "  has its addresses" "$later" "$(addresses later)"
within 10 "  its forward" is_there $get http://$peer_host4:8282

cut_host
need "the power is cut, the host boots" boot_host
prints "the container is there" '^web +running' in_host nixos-nspawn list
same "  the addresses are the same" "$web" "$(addresses web)"
works
for name in web later; do need "remove $name" in_host nixos-nspawn remove --delete-state $name; done
need "setup --undo" in_host nixos-nspawn setup --undo
same "no unit of ours is left" "" "$(in_host systemctl list-units --all --plain --no-legend 'nspawn-*' 'systemd-nspawn@*')"
done_testing
