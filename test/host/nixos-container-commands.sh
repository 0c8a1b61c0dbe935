#!/usr/bin/env bash
# Every command of nixos-container on a booted host, with a configuration that Nix evaluates there; a container that starts
# with the host has its address back after a reboot, and a destroyed one leaves nothing.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-unit.sh"
source "$(dirname "$0")/../lib/dialogue.sh"
on_hosts "$0" ${TEST_HOSTS:-trixie/networkd bookworm/ifupdown trixie/nm}

container() { in_host nixos-container "$@"; }
unit() { in_host systemctl show -P "$1" container@foo.service; }
# As the networks' own managers see the host's end of the link.
untouched() {
        local addresses
        addresses=$(in_host ip -o addr show dev ve-foo)
        same "  nobody else configures ve-foo" "10.233.1.1/32" "$(in_host ip -o -4 addr show dev ve-foo | awk '{ print $4 }')"
        if [[ $HOST_VARIANT == nm ]]; then
                prints "  NetworkManager leaves it alone" '^ve-foo:unmanaged$' in_host nmcli -t -f DEVICE,STATE device
        elif [[ $HOST_VARIANT == networkd ]]; then
                need "networkd reads its files again" in_host networkctl reload
                same "  which changes nothing" "$addresses" "$(in_host ip -o addr show dev ve-foo)"
        fi
}
answers() { succeeds "$1" in_host ping -c1 -W2 10.233.1.2; }

need "the host boots" boot_host
need "setup" in_host nixos-nspawn setup
mkdir -p "$host_root/root/c" "$host_root/var/lib/data"
echo kept >"$host_root/var/lib/data/file"
cat >"$host_root/root/c/foo.nix" <<'N'
{ config, pkgs, lib, ... }:
let port = 80; in
{
  services.nginx = { enable = true; virtualHosts.localhost.default = true; };
  networking.firewall.allowedTCPPorts = lib.mkForce [ port ];
  environment.etc."tmpfiles.d/foo.conf".text = "d /foo 0750 root root -\n";
}
N
before=$(settled)

# create, start, show-ip, ping.
prints "create --config-file" '^host IP is 10\.233\.1\.1, container IP is 10\.233\.1\.2$' container create foo --config-file /root/c/foo.nix
same "  it does not run" "down" "$(container status foo)"
same "  nor is anything in the way of its unit" "loaded inactive" "$(unit LoadState) $(unit ActiveState)"
need "start" container start foo
same "  status" "up" "$(container status foo)"
same "show-ip" "10.233.1.2" "$(container show-ip foo)"
answers "it answers"
untouched
prints "HTTP" '^[1-5][0-9][0-9]$' in_host curl -sS -o /dev/null -w '%{http_code}\n' --max-time 5 http://10.233.1.2
prints "machinectl list" '^foo +container' in_host machinectl list --no-legend
same "  its leader is where the unit is" "$(in_host machinectl show foo -p Unit --value)" "container@foo.service"
same "list" "foo" "$(container list)"
prints "nixos-nspawn list" '^foo +running +imperative +10\.233\.1\.2 .*nixos-container$' in_host nixos-nspawn list

# run and the two logins.
same "run" "Linux" "$(container run foo -- uname)"
fails "  passes the status on" 7 '' container run foo -- sh -c 'exit 7'
same "  and standard input" "a b" "$(echo 'a b' | container run foo -- cat)"
prints "  the tmpfiles of the configuration" '^750 root /foo$' container run foo -- stat -c '%a %U %n' /foo
same "  systemd-tmpfiles-setup is active" "active" "$(container run foo -- systemctl is-active systemd-tmpfiles-setup)"
same "  cgroup v2" "cgroup2fs" "$(container run foo -- stat -f -c %T /sys/fs/cgroup)"
same "root-login" "0 /root foo" "$(echo 'echo $(id -u) $PWD $(hostname)' | container root-login foo)"
prints "root-login, on a terminal" 'I am root on pts/' dialogue '#' 'echo I am $(id -un) on $(tty | cut -c6-)\n' '#' 'exit\n' \
        -- in_host script -qec 'nixos-container root-login foo' /dev/null
need "a password" container run foo -- sh -c 'echo root:secret | chpasswd'
prints "login asks for it" 'I am root at foo' dialogue 'login:' 'root\n' 'assword:' 'secret\n' '#' 'echo I am $(id -un) at $(hostname)\n' '#' 'exit\n' \
        -- in_host script -qec 'nixos-container login foo' /dev/null
succeeds "  and refuses another; ^] three times leaves" dialogue 'login:' 'root\n' 'assword:' 'wrong\n' 'ncorrect' '' 'login:' '\035\035\035' \
        -- in_host script -qec 'nixos-container login foo' /dev/null

# stop, terminate, restart.
need "stop" container stop foo
same "  status" "down" "$(container status foo)"
refused "  no answer" in_host ping -c1 -W1 10.233.1.2
refused "  no link" in_host ip link show ve-foo
silent_about "  no machine" '^foo ' in_host machinectl list --no-legend
need "restart, from where it stands" container restart foo
pid=$(unit MainPID)
need "restart, running" container restart foo
refused "  it is another run" test "$pid" = "$(unit MainPID)"
answers "  and answers"
need "terminate" container terminate foo
same "  status" "down inactive" "$(container status foo) $(unit ActiveState)"
refused "  no link" in_host ip link show ve-foo
in_host nixos-container start foo &
until [[ $(unit ActiveState) == activating ]]; do sleep 0.02; done
need "stop while it boots" container stop foo
wait $! || true
same "  status" "down" "$(container status foo)"
same "  no link, no element" "" "$(in_host sh -c 'ip -o link show ve-foo 2>/dev/null; nft list ruleset | grep ve-foo')"
need "  it starts as ever" container start foo
answers "  and answers"
need "machined is stopped" in_host systemctl stop systemd-machined.service
need "  stop" container stop foo
same "  status" "down" "$(container status foo)"

# systemd's and machined's own commands.
need "systemctl start" in_host systemctl start container@foo
answers "  it answers"
need "machinectl terminate" in_host machinectl terminate foo
within 10 "  status" in_host sh -c '[ "$(systemctl show -P ActiveState container@foo)" = inactive ] && [ "$(nixos-container status foo)" = down ]'
fails "a command on one that does not run" 1 "not running: start it with 'nixos-container start foo'" container run foo -- true
fails "  and on one that does not exist" 1 "container 'bar' does not exist" container start bar

# Start with the host.
need "create --auto-start, by a text" container create boot --auto-start --config 'environment.etc.motto.text = "mine\n";'
need "  start" container start boot
same "  its file" "mine" "$(container run boot -- cat /etc/motto)"
same "  its address" "10.233.2.2" "$(container show-ip boot)"
need "  something of its own" container run boot -- touch /var/lib/kept
need "the host reboots" reboot_host
same "it is up" "up" "$(container status boot)"
same "  with its address" "10.233.2.2" "$(container show-ip boot)"
succeeds "  and answers" in_host ping -c1 -W2 10.233.2.2
succeeds "  its file is there" container run boot -- test -e /var/lib/kept
same "the other one is not" "down" "$(container status foo)"
need "start" container start foo
answers "  it answers"
untouched

# destroy, with data of the host's mounted.
echo 'EXTRA_NSPAWN_FLAGS="--bind=/var/lib/data:/mnt"' >>"$host_root/etc/nixos-containers/boot.conf"
need "a mount, and a restart" container restart boot
same "  seen inside" "kept" "$(container run boot -- cat /mnt/file)"
for name in boot foo; do need "destroy $name, running" container destroy $name; done
same "the host's data stays" "kept" "$(cat "$host_root/var/lib/data/file")"
same "nothing is left" "$before" "$(settled)"
same "  no file either" "" "$(in_host find /var/lib/nixos-containers /etc/nixos-containers /etc/systemd/system -name '*foo*' -o -name '*boot.conf')"
done_testing
