#!/usr/bin/env bash
# Containers that the host's configuration declares, on a booted host: units of systemd, names in /etc/hosts, back after a
# reboot, gone when they are no longer declared.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-unit.sh"
on_hosts "$0" ${TEST_HOSTS:-trixie/networkd bookworm/ifupdown}

unit() { in_host systemctl show -P "$2" "container@$1.service"; }
declare_() { # declare_ WEB DB: options of the two containers
        mkdir -p "$host_root/etc/nixos-nspawn"
        cat >"$host_root/etc/nixos-nspawn/host.nix" <<N
{
  containers.web = {
    autoStart = true;
    privateNetwork = true;
    hostAddress = "10.231.136.1";
    localAddress = "10.231.136.2";
    bindMounts."/srv/zero" = { hostPath = "/dev/zero"; isReadOnly = false; };
    config = { services.nginx = { enable = true; virtualHosts.localhost.default = true; }; networking.firewall.allowedTCPPorts = [ 80 ]; };
    $1
  };
  containers.db = { privateNetwork = true; config = { }; $2 };
}
N
}

need "the host boots" boot_host
need "setup" in_host nixos-nspawn setup
before=$(settled)
hosts=$(cat "$host_root/etc/hosts")
declare_ "" ""
prints "apply" '^create: container web, and start it$' in_host nixos-nspawn apply
same "the unit of one with autoStart is active" "active" "$(unit web ActiveState)"
same "  the other one's is not" "inactive" "$(unit db ActiveState)"
same "  its start may take the minute of NixOS" "1min" "$(unit web TimeoutStartUSec)"
prints "machinectl list" '^web +container' in_host machinectl list --no-legend
succeeds "it answers by its name" in_host ping -c1 -W2 web.containers
prints "  which is in /etc/hosts" '^10.231.136.2 web.containers' cat "$host_root/etc/hosts"
within 10 "  and serves" in_host curl -sf -m2 -o /dev/null http://web.containers
succeeds "a device of its bind mounts is open to it" in_host nixos-container run web -- sh -c "head -c 1 /srv/zero | wc -c"
prints "  by its unit" '/dev/zero' in_host systemctl show -P DeviceAllow container@web.service
fails "destroy is refused" 1 'cannot destroy declarative container' in_host nixos-container destroy web
pid=$(unit web MainPID)
prints "a second apply changes nothing" '^Nothing changes.$' in_host nixos-nspawn apply
same "  indeed" "$pid" "$(unit web MainPID)"

need "the host reboots" reboot_host
same "it is up again" "active up" "$(unit web ActiveState) $(in_host nixos-container status web)"
succeeds "  with its address" in_host ping -c1 -W2 web.containers
same "  the other one is not" "down" "$(in_host nixos-container status db)"
prints "  and nothing is left to apply" '^Nothing changes.$' in_host nixos-nspawn apply

declare_ 'timeoutStartSec = "2min";' 'autoStart = true;'
prints "changed" '^change: container web \(timeoutStartSec\), and restart it$' in_host nixos-nspawn apply
same "  systemd knows" "2min" "$(unit web TimeoutStartUSec)"
same "  both run" "up up" "$(in_host nixos-container status web) $(in_host nixos-container status db)"
rm "$host_root/etc/nixos-nspawn/host.nix"
prints "no longer declared" '^take away: container web; its files stay' in_host nixos-nspawn apply
same "  no unit runs" "inactive inactive" "$(unit web ActiveState) $(unit db ActiveState)"
same "  /etc/hosts is as it was" "$hosts" "$(cat "$host_root/etc/hosts")"
need "  its files can be deleted" in_host rm -r /var/lib/nixos-containers/web /var/lib/nixos-containers/db
same "  nothing else is left" "$before" "$(settled)"
done_testing
