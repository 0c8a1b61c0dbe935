#!/usr/bin/env bash
# The section about container networking of the NixOS manual, word for word, and what the tests of NixOS say of containers
# that a command makes.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/dialogue.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /run/config /run/data
echo kept >/run/data/file
cat >/run/config/web.nix <<'N'
{ config, pkgs, lib, ... }:
{
  services.nginx = { enable = true; virtualHosts.localhost.default = true; };
  networking.firewall.allowedTCPPorts = lib.mkForce [ 80 ];
  environment.etc.motto.text = "first\n";
}
N

# "When you create a container using nixos-container create, it gets its own private IPv4 address in the range
# 10.233.0.0/16. You can get the container's IPv4 address as follows"
need "nixos-container create foo" nixos-container create foo
need "nixos-container start foo" nixos-container start foo
same "nixos-container show-ip foo" "10.233.1.2" "$(nixos-container show-ip foo)"
prints "ping -c1 answers" '^64 bytes from 10.233.1.2: icmp_seq=1' ping -c1 -W2 10.233.1.2
# "The network interface in the container is called eth0, while the matching interface in the host is called ve-foo"
prints "eth0 in the container" '^[0-9]+: eth0 +inet 10.233.1.2/32 ' nixos-container run foo -- ip -o -4 address show eth0
prints "ve-foo on the host" 'inet 10.233.1.1/32 ' ip -o -4 address show ve-foo
# "it can perform arbitrary network configuration such as setting up firewall rules, without affecting or having access to
# the host's network"
succeeds "CAP_NET_ADMIN: a link of its own" nixos-container run foo -- ip link add inside type veth peer name inside2
succeeds "  a firewall of its own" nixos-container run foo -- nft add table inet inside
refused "  the host sees no such link" ip link show inside
silent_about "  nor such a table" inside nft list tables
# "By default, containers cannot talk to the outside network."
refused "the outside does not answer" nixos-container run foo -- timeout 2 bash -c "exec 3<>/dev/tcp/$peer4/80"

# Of imperative containers.
same "run" "Linux" "$(nixos-container run foo -- uname)"
fails "run passes the exit status on" 7 '' nixos-container run foo -- sh -c 'exit 7'
same "words stay words" "a b 'c' \$d" "$(nixos-container run foo -- echo "a b 'c' \$d")"
same "status" "up" "$(nixos-container status foo)"
fails "login needs a terminal" 1 "a login needs a terminal" nixos-container login foo
need "  a password" nixos-container run foo -- sh -c 'echo root:secret | chpasswd'
prints "login, on one" 'I am root at foo' dialogue 'login:' 'root\n' 'assword:' 'secret\n' '#' 'echo I am $(id -un) at $(hostname)\n' '#' 'exit\n' \
        -- script -qec 'nixos-container login foo' /dev/null
succeeds "  ^] three times leaves it" dialogue 'login:' '\035\035\035' -- script -qec 'nixos-container login foo' /dev/null
refused "  nothing of it is left inside" nixos-container run foo -- pgrep -x login
prints "root-login" '^0 /root$' bash -c "echo 'echo \$(id -u) \$PWD' | nixos-container root-login foo"
prints "nixos-nspawn list shows it" '^foo +running +imperative +10.233.1.2 .*nixos-container$' nixos-nspawn list
prints "nixos-nspawn run enters it, too" '^Linux$' nixos-nspawn run foo -- uname
need "stop" nixos-container stop foo
same "  status" "down" "$(nixos-container status foo)"
refused "  no answer" ping -c1 -W1 10.233.1.2
fails "  run" 1 "is not running" nixos-container run foo -- true
need "start again" nixos-container start foo
prints "  the same address" '^64 bytes' ping -c1 -W2 10.233.1.2
need "restart" nixos-container restart foo
need "terminate" nixos-container terminate foo
same "  status" "down" "$(nixos-container status foo)"

same "two of one name: unique ones" "foo-0" "$(nixos-container create foo --ensure-unique-name 2>/dev/null)"
refused "  with different addresses" test "$(nixos-container show-ip foo)" = "$(nixos-container show-ip foo-0)"
nixos-container destroy foo-0

# A configuration, forwards, update.
need "create --config-file" nixos-container create web --config-file /run/config/web.nix --port tcp:10080:80
need "  start" nixos-container start web
ip=$(nixos-container show-ip web)
within 5 "  HTTP" curl -s -o /dev/null "http://$ip"
within 5 "  by name" curl -s -o /dev/null http://web
within 5 "  --port" curl -s -o /dev/null "http://$peer_host4:10080"
same "  a file" "first" "$(nixos-container run web -- cat /etc/motto)"
fails "a port that is taken" 1 10080 nixos-container create web2 --port 10080:80
nixos-container run web -- touch /var/lib/kept
sed -i 's/first/second/' /run/config/web.nix
prints "update builds it again" '^reloading container...$' bash -c 'nixos-container update web 2>&1'
same "  what the file says now" "second" "$(nixos-container run web -- cat /etc/motto)"
succeeds "  files are kept" nixos-container run web -- test -e /var/lib/kept
sed -i 's/services.nginx/services.nginks/' /run/config/web.nix
fails "an update that cannot be built" 1 "services.nginks" nixos-container update web
same "  changes nothing" "second" "$(nixos-container run web -- cat /etc/motto)"
need "update --config" nixos-container update web --config 'environment.etc.motto.text = "third\n";'
same "  what it says" "third" "$(nixos-container run web -- cat /etc/motto)"
same "show-host-key without a key: nothing" "1" "$(nixos-container show-host-key web; echo $?)"
nixos-container run web -- sh -c 'mkdir -p /etc/ssh; echo ssh-ed25519 AAAA root@web >/etc/ssh/ssh_host_ed25519_key.pub'
same "show-host-key" "ssh-ed25519 AAAA root@web" "$(nixos-container show-host-key web)"
nixos-container run web -- sh -c 'rm /etc/ssh/ssh_host_ed25519_key.pub; ln -s /run/data/file /etc/ssh/ssh_host_ed25519_key.pub'
same "  never a file of the host's" "1" "$(nixos-container show-host-key web; echo $?)"

# Destroyed while it runs, with the host's data mounted.
echo 'EXTRA_NSPAWN_FLAGS=" --bind=/run/data:/mnt"' >>/etc/nixos-containers/web.conf
need "restart with a bind mount" nixos-container restart web
same "  seen inside" "kept" "$(nixos-container run web -- cat /mnt/file)"
need "destroy" nixos-container destroy web
same "  status" "gone" "$(nixos-container status web 2>/dev/null)"
same "  mounted data stays" "kept" "$(cat /run/data/file)"
refused "  no link" ip link show ve-web
same "  its files, conf and definition are gone" "" "$(find /var/lib/nixos-containers /etc/nixos-containers /var/lib/nixos-nspawn/profiles -maxdepth 1 -name '*web*')"
silent_about "  its addresses too" web cat /var/lib/nixos-nspawn/addresses.json

# A system of one's own.
tree=$(find /var/lib/nixos-nspawn/trees -maxdepth 1 -name 'debian-*' | head -n 1)
need "create --system-path" nixos-container create tree --system-path "$tree"
need "  start" nixos-container start tree
same "  its name" "tree" "$(nixos-container run tree -- hostname)"
nixos-container destroy tree

# Start at boot, on a host without systemd.
need "create --auto-start" nixos-container create boot --auto-start
prints "  nixos-nspawn autostart starts it" '^Started 1 of 2 containers:$' nixos-nspawn autostart
same "  status" "up" "$(nixos-container status boot)"

# A create that is killed.
NIXOS_NSPAWN_FAIL_AT=0 timeout -s KILL 0.6 nixos-container create dead >/dev/null 2>&1
nixos-container list >/dev/null 2>&1
same "killed: the next command takes it back, or it was done" "" \
        "$(nixos-container status dead 2>/dev/null | grep -v gone | grep -v down)"
nixos-container destroy dead

# Migration.
nixos-container start foo
nixos-container run foo -- sh -c 'echo mine >/var/lib/mine'
fails "migrate: it runs" 10 "stop it first" nixos-nspawn migrate foo
prints "migrate --dry-run" 'move /var/lib/nixos-containers/foo to /var/lib/machines/foo' nixos-nspawn migrate --stop --dry-run foo
same "  does nothing" "up" "$(nixos-container status foo)"
for k in $(seq 20); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-nspawn migrate --stop foo >/dev/null 2>&1 && break
        [[ $(nixos-container status foo) == up && -d /var/lib/nixos-containers/foo && ! -e /var/lib/machines/foo ]] ||
                not_ok "migrate, failing at step $k, leaves all as it was" "$(nixos-nspawn list)"
done
same "migrate, after it failed at every step" "yes" "$([[ $k -gt 4 && $k -lt 20 ]] && echo yes || echo "$k steps")"
same "  it is nixos-container's no longer" "boot" "$(nixos-container list)"
need "  it starts" nixos-nspawn start foo
prints "  the same addresses" 'inet 10.233.1.2/' nixos-nspawn run foo -- ip -o -4 address show host0
prints "  and answers" '^64 bytes' ping -c1 -W2 10.233.1.2
prints "  its files, root's" '^mine 0$' nixos-nspawn run foo -- sh -c 'echo $(cat /var/lib/mine) $(stat -c %u /var/lib/mine)'
same "  nothing is left where it was" "" "$(find /var/lib/nixos-containers /etc/nixos-containers -maxdepth 1 -name 'foo*')"
fails "  once is enough" 10 "already" nixos-nspawn migrate foo
nixos-nspawn remove --delete-state foo >/dev/null
nixos-container destroy boot
same "nothing is left" "" "$(find /var/lib/nixos-containers /etc/nixos-containers /var/lib/machines /var/lib/nixos-nspawn/profiles -mindepth 1 -maxdepth 1)"
done_testing
