#!/usr/bin/env bash
# Nixos-containers of other kinds: where they were before NixOS 22.05, in a user namespace, with a built system of NixOS'
# shape; and which of them become containers of nixos-nspawn.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

need "setup" nixos-nspawn setup
inside() { nixos-container run "$1" -- "${@:2}"; }
profile=/var/lib/nixos-nspawn/profiles
tree_of() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["path"])' "$profile/$1/system/nixos-nspawn/tree.json"; }

# Before 22.05: conf in /etc/containers, files in /var/lib/containers; what podman keeps there is not ours.
need "create" nixos-container create new
tree=$(tree_of new)
mkdir -p /etc/containers
touch /etc/containers/{registries,containers,libpod}.conf
printf '# mine\nSYSTEM_PATH=%s\nPRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.2.1\nLOCAL_ADDRESS=10.233.2.2\n' "$tree" >/etc/containers/old.conf
same "list" "new old" "$(nixos-container list | tr '\n' ' ' | sed 's/ $//')"
need "start" nixos-container start old
same "  status" "up" "$(nixos-container status old)"
succeeds "  its address answers" ping -c1 -W2 "$(nixos-container show-ip old)"
succeeds "  its files are in /var/lib/containers" test -s /var/lib/containers/old/etc/machine-id
refused "  and not in the other place" test -e /var/lib/nixos-containers/old
need "  a file" inside old touch /var/lib/kept
need "restart" nixos-container restart old
succeeds "  it is there" inside old test -e /var/lib/kept
fails "update: it has no configuration" 1 "SYSTEM_PATH in /etc/containers/old.conf says" nixos-container update old
fails "its name is taken" 1 "container 'old' already exists" nixos-container create old
same "  a unique one is another" "old-0" "$(nixos-container create old --ensure-unique-name 2>/dev/null)"
same "  its addresses are taken: the next number" "10.233.3.2" "$(nixos-container show-ip old-0)"
fails "  and are not given by hand" 1 "container 'old' has this address already" \
        nixos-container create hand --host-address 10.233.2.1 --local-address 10.233.2.2
printf 'SYSTEM_PATH=%s\nPRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.9.1\nLOCAL_ADDRESS=10.233.9.2\n' "$tree" >/etc/containers/new.conf
same "a name in both places: the newer one counts" "10.233.1.2" "$(nixos-container show-ip new)"
rm /etc/containers/new.conf
need "destroy, running" nixos-container destroy old
same "  its conf and files are gone, podman's stay" "containers.conf libpod.conf registries.conf" \
        "$(ls /etc/containers /var/lib/containers | grep -v : | tr '\n' ' ' | sed 's/^ *//; s/ *$//')"

# A user namespace.
printf 'PRIVATE_USERS=pick\n' >>/etc/nixos-containers/new.conf
need "PRIVATE_USERS=pick: start" nixos-container start new
refused "  its root is nobody of the host's" test "$(stat -c %u /var/lib/nixos-containers/new)" = 0
same "  and root inside" "0" "$(inside new id -u)"
prints "  with a range of users" '^ *0 +[1-9][0-9]+ +65536$' inside new cat /proc/self/uid_map
same "  its /etc is its own" "0" "$(inside new stat -c %u /etc/machine-id)"
prints "  eth0 has its address" 'inet 10\.233\.1\.2/32' inside new ip -o -4 addr show eth0
succeeds "  which answers" ping -c1 -W2 10.233.1.2
succeeds "  it writes" inside new touch /var/lib/kept
need "  stop" nixos-container stop new
need "  start" nixos-container start new
succeeds "  its file is there" inside new test -e /var/lib/kept
need "  destroy, running" nixos-container destroy new

# The shape of a built NixOS: init, etc and sw in a store path, in a store that the machine has not; its init is a program that says what it finds.
store=/nix/store/00000000000000000000000000000000
system=$store-nixos-system-shape
mount -t tmpfs tmpfs /nix
mkdir -p $system/etc /nix/var/nix/{db,daemon-socket,profiles,gcroots}
echo host >/nix/var/nix/db/mark
printf 'ID=nixos\nNAME=NixOS\n' >$system/etc/os-release
echo 1 >$system/nixos-version
need "an init that needs nothing" cc -static -o $system/init test/system/nixos-shape.c
need "create --system-path: a built system" nixos-container create shape --system-path $system
need "  start" nixos-container start shape
seen() { cat /var/lib/nixos-containers/shape/seen; }
prints "  its init is the first process" '^pid 1$' seen
prints "  /nix/store is read-only" '^store read-only$' seen
prints "  so is Nix' database" '^db read-only$' seen
prints "  the daemon's socket" '^daemon there$' seen
prints "  profiles of its own" '^profiles own$' seen
prints "  and roots" '^gcroots own$' seen
succeeds "  which are the host's for that container" test -e /nix/var/nix/profiles/per-container/shape/mine -a -e /nix/var/nix/gcroots/per-container/shape/mine
prints "  what a start makes is there" '^release there$' seen
prints "  root's folder, too" '^root there$' seen
same "  the conf says which system" "$system" "$(sed -n 's/^SYSTEM_PATH=//p' /etc/nixos-containers/shape.conf)"
prints "  eth0 is up, with its address" "inet $(nixos-container show-ip shape)/32" nsenter -n -t "$(nixos-nspawn status shape --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])')" ip -o -4 addr show eth0
succeeds "  the host reaches it" ping -c1 -W2 "$(nixos-container show-ip shape)"
need "  stop" nixos-container stop shape
need "  destroy" nixos-container destroy shape
succeeds "  the store is as it was" test -x $system/init
refused "  no profiles are left" test -e /nix/var/nix/profiles/per-container/shape -o -e /nix/var/nix/gcroots/per-container/shape
umount /nix

# Migration: what nixos-nspawn's containers do not have is refused, and the reason is in the words.
need "create" nixos-container create move --port tcp:8080:80
refusal() { # refusal KEY=VALUE...
        cp /etc/nixos-containers/move.conf /run/move.conf
        printf '%s\n' "$1" >>/etc/nixos-containers/move.conf
        fails "migrate refuses ${1%%=*}" 10 "cannot migrate move: /etc/nixos-containers/move.conf says ${1%%=*}, which a container of nixos-nspawn does not have" \
                nixos-nspawn migrate move
        succeeds "  and did nothing" test -d /var/lib/nixos-containers/move -a ! -e /var/lib/machines/move
        cp /run/move.conf /etc/nixos-containers/move.conf
}
refusal 'EXTRA_NSPAWN_FLAGS="--tmpfs=/x"'
refusal PRIVATE_USERS=identity
need "start" nixos-container start move
ip=$(nixos-container show-ip move) id=$(inside move cat /etc/machine-id)
need "  a file of root's, and one of somebody else's" inside move sh -c 'echo mine >/var/lib/mine; echo theirs >/srv/theirs; chown 33:33 /srv/theirs'
need "migrate --stop" nixos-nspawn migrate --stop move
need "  start" nixos-nspawn start move
prints "  the same address" "inet $ip/" nixos-nspawn run move -- ip -o -4 addr show host0
succeeds "  answers" ping -c1 -W2 "$ip"
same "  the same files and owners" "mine theirs 33 $id" "$(nixos-nspawn run move -- sh -c 'echo $(cat /var/lib/mine /srv/theirs) $(stat -c %u /srv/theirs) $(cat /etc/machine-id)')"
prints "  the same port" 8080 nixos-nspawn ports move
done_testing
