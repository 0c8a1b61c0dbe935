#!/usr/bin/env bash
# nixos-container without starting anything: messages, streams and exit codes, conf files, addresses, names across both
# programs, dry runs, and that a create that fails leaves nothing.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/empty.json" >&2
in_sandbox "$@"

key() { sed -n "s/^$2=//p" "/etc/nixos-containers/$1.conf"; }
everything() {
        find /etc/nixos-containers /var/lib/nixos-containers /var/lib/nixos-nspawn/profiles /etc/systemd -mindepth 1 2>/dev/null | sort
        cat /var/lib/nixos-nspawn/addresses.json
}
need "setup" nixos-nspawn setup
cd /run || exit 1

# Wrong use.
says 1 "nixos-container: no command given; 'nixos-container --help' lists them" nixos-container
says 1 "nixos-container: unknown command 'frob'; 'nixos-container --help' lists them" nixos-container frob
says 1 "nixos-container: list: unknown option --frob; --help lists those that there are" nixos-container list --frob
says 1 "nixos-container: 'create' needs an argument: nixos-container create NAME" nixos-container create
says 1 "nixos-container: 'run' needs more arguments: nixos-container run NAME -- COMMAND [ARGUMENT...]" nixos-container run foo --
says 1 "nixos-container: create: option --option needs two values: --option NAME VALUE" nixos-container create a --option b
says 1 "nixos-container: --config and --config-file exclude each other" nixos-container create a --config x --config-file y
says 1 "nixos-container: --host-address and --local-address belong together: the two ends of the link" \
        nixos-container create a --local-address 10.1.1.2
says 1 "nixos-container: --host-address and --local-address belong together: the two ends of the link" \
        nixos-container create a --host-address 10.1.1.2
prints "help" '^Usage: nixos-container \[OPTION...\] COMMAND' nixos-container --help
prints "  its second column begins behind the longest name" '^  list           list the names' nixos-container --help
prints "    which stands before it" '^  show-host-key  print the public key' nixos-container --help
for command in create destroy start stop restart terminate status update login root-login run show-ip show-host-key list; do
        succeeds "$command --help" nixos-container $command --help
done
silent_about "no line of help is wider than 80 columns" '^.{81}' bash -c \
        "for c in create list run update; do nixos-container help \$c; done; nixos-container --help"
for command in start stop restart terminate update login root-login show-ip show-host-key; do
        says 1 "nixos-container: container 'nosuch' does not exist" nixos-container $command nosuch
done
says 1 "nixos-container: container 'nosuch' does not exist" nixos-container run nosuch -- true
says 0 "" nixos-container destroy nosuch
same "status of what does not exist" "gone" "$(nixos-container status nosuch 2>/dev/null)"
refused "  fails" nixos-container status nosuch
same "nothing to list" "" "$(nixos-container list)"
same "  as JSON" "[]" "$(nixos-container list --json)"

# Names.
says 1 "nixos-container: container name 'twelve-chars' is too long: at most 11 characters, so that the name of its link, ve-NAME, has room" \
        nixos-container create twelve-chars
fails "a bad name" 1 "container name 'a.b' is invalid" nixos-container create a.b

# What is for Nix that builds (test/system/nixos-container-nix.sh has the builds).
fails "create --flake, not there" 1 "cannot find --flake ./x#y: No such file" nixos-container create a --flake ./x#y
fails "create --nixos-path, not there" 1 "cannot find --nixos-path /x: No such file" nixos-container create a --nixos-path /x
fails "create --flake, a quoted name" 1 "a name without quotes" nixos-container create a --flake '/run#a"b'
for option in "--impure" "--override-input a b" "--log-format raw" "--option cores 1"; do
        # shellcheck disable=SC2086
        fails "create $option, nothing to build" 1 "is for what Nix builds, with --flake or --nixos-path" nixos-container create a $option
done
succeeds "--signal is accepted" nixos-container create a --signal TERM --dry-run
fails "an option that does not exist, by line" 1 "^nixos-container: --config:2:.*services.openssh.enabel" \
        nixos-container create a --config $'\nservices.openssh.enabel = true;'
fails "  and by column" 1 "^nixos-container: --config:1:3: services.nginx.enable: expected true or false" \
        nixos-container create a --config '  services.nginx.enable = 1;'
fails "nothing to share" 1 "neither a directory with usr/ nor a built NixOS system" nixos-container create a --system-path /etc
for option in bindMounts='[ "/srv:/srv" ]' forwardPorts='[ { hostPort = 80; } ]' activation.autoStart=false; do
        fails "nixosContainer.${option%%=*}: of the other kind" 1 "nixosContainer.${option%%=*} is for nixos-nspawn" \
                nixos-container create a --config "nixosContainer.${option%%=*} = ${option#*=};"
done
fails "systemd.nspawn: likewise" 1 "systemd.nspawn.a is for nixos-nspawn" \
        nixos-container create a --config 'systemd.nspawn.a.execConfig.Hostname = "x";'
fails "a wrong port" 1 "^nixos-container: --port tcp:99999: expected forwards" nixos-container create a --port tcp:99999
fails "a wrong bridge" 1 "^nixos-container: --bridge a/b: expected the name of a bridge" nixos-container create a --bridge a/b
same "none of it left anything" "" "$(find /etc/nixos-containers /var/lib/nixos-containers -mindepth 1 2>/dev/null)"

# The seed's numbers.
says 0 "host IP is 10.233.1.1, container IP is 10.233.1.2" nixos-container create foo
same "show-ip" "10.233.1.2" "$(nixos-container show-ip foo)"
same "status" "down" "$(nixos-container status foo)"
same "the conf" "PRIVATE_NETWORK=1
HOST_BRIDGE=
HOST_PORT=
COPY_RESOLV_CONF=1
AUTO_START=0
HOST_ADDRESS=10.233.1.1
LOCAL_ADDRESS=10.233.1.2" "$(cat /etc/nixos-containers/foo.conf)"
same "state is root's alone" "700" "$(stat -c %a /var/lib/nixos-containers)"
says 1 "nixos-container: container 'foo' already exists" nixos-container create foo
same "the first of a kind" "bar" "$(nixos-container create bar --ensure-unique-name 2>/dev/null)"
same "the second" "bar-0" "$(nixos-container --verbose create --ensure-unique-name bar 2>/dev/null)"
same "different addresses" "10.233.2.2 10.233.3.2" "$(nixos-container show-ip bar) $(nixos-container show-ip bar-0)"
same "list: names, sorted" "bar bar-0 foo" "$(nixos-container list | tr '\n' ' ' | sed 's/ $//')"
succeeds "destroy" nixos-container destroy bar
says 0 "host IP is 10.233.2.1, container IP is 10.233.2.2" nixos-container create new --auto-start --port tcp:8080:80,udp:53
same "a number that was freed is used again" "1 tcp:8080:80,udp:53" "$(key new AUTO_START) $(key new HOST_PORT)"
before=$(everything)
fails "a port that another container has" 1 "8080" nixos-container create other --port 8080:1
same "  left nothing" "$before" "$(everything)"

# Addresses and bridges.
says 0 "host IP is 10.9.0.1, container IP is 10.9.0.2/24" nixos-container create own --host-address 10.9.0.1 --local-address 10.9.0.2/24
same "show-ip without the length" "10.9.0.2" "$(nixos-container show-ip own)"
fails "an address twice" 1 "container 'own' has this address already" \
        nixos-container create own2 --host-address 10.9.0.1 --local-address 10.9.0.2
fails "  nor does the host have a container's" 1 "--host-address 10.233.1.2: container 'foo' has this address already" \
        nixos-container create own2 --host-address 10.233.1.2 --local-address 10.9.1.2
ip addr add 192.0.2.7/32 dev lo
before=$(everything)
for more in "" --dry-run; do
        fails "one of the host's own $more" 1 "--local-address 192.0.2.7: the host has this address itself, on its link lo" \
                nixos-container create own2 --host-address 10.9.0.1 --local-address 192.0.2.7 $more
done
fails "  in a bridge, too" 1 "the host has this address itself" nixos-container create own2 --bridge br9 --local-address 192.0.2.7/24
same "  left nothing" "$before" "$(everything)"
need "the host may have one elsewhere, too" nixos-container create own2 --host-address 192.0.2.7 --local-address 10.9.1.2
need "  destroy" nixos-container destroy own2
ip addr del 192.0.2.7/32 dev lo
need "the host may have one towards two" nixos-container create own2 --host-address 10.9.0.1 --local-address 10.9.1.2
need "  destroy" nixos-container destroy own2
echo '{ "system": { "stateVersion": "26.05" } }' >/run/nspawn.json
need "one of nixos-nspawn's" nixos-nspawn create --config /run/nspawn.json --no-start theirs
theirs=$(nixos-nspawn show-ip theirs | head -1)
host=${theirs%.*}.$((${theirs##*.} - 1))
fails "its address" 1 "--local-address $theirs: container 'theirs' has this address already" \
        nixos-container create own2 --host-address 10.9.0.1 --local-address "$theirs"
fails "  that of the host there" 1 "--local-address $host: container 'theirs' has" \
        nixos-container create own2 --host-address 10.9.0.1 --local-address "$host"
fails "  nor has the host the container's" 1 "--host-address $theirs: container 'theirs' has" \
        nixos-container create own2 --host-address "$theirs" --local-address 10.9.1.2
need "  but its own" nixos-container create own2 --host-address "$host" --local-address 10.9.1.2
need "  destroy" nixos-container destroy own2
need "a zone" nixos-nspawn zone create taken
zone=$(nixos-nspawn zone list | sed -n 's,^taken .* \([0-9.]*\)/24 .*,\1,p')
fails "  whose range is its own" 1 "--local-address ${zone%.*}.77: zone 'taken' has this address already" \
        nixos-container create own2 --host-address 10.9.0.1 --local-address "${zone%.*}.77"
need "  remove" nixos-nspawn zone remove taken
need "  and the container" nixos-nspawn remove theirs --delete-state
for address in 0.0.0.0 255.255.255.255 224.0.0.1 127.0.0.1; do
        fails "$address is nobody's" 1 "--host-address: expected an IPv4 address" \
                nixos-container create own2 --host-address $address --local-address 10.9.1.2
done
fails "no address" 1 "--host-address 10.9.0.256 is not an IPv4 address" \
        nixos-container create own2 --host-address 10.9.0.256 --local-address 10.9.1.2
printf 'PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.4.1/24\nLOCAL_ADDRESS=10.233.4.2/24\n' >/etc/nixos-containers/hand.conf
says 0 "host IP is 10.233.5.1, container IP is 10.233.5.2" nixos-container create next
succeeds "a bridge, no address" nixos-container create br --bridge br0
same "  none was given" "br0/" "$(key br HOST_BRIDGE)/$(key br LOCAL_ADDRESS)"
fails "  and none is shown" 1 "has no address" nixos-container show-ip br

# Declarative ones.
chmod 444 /etc/nixos-containers/hand.conf
says 1 "nixos-container: cannot destroy declarative container (remove it from your configuration.nix instead)" nixos-container destroy hand

# Both programs.
prints "nixos-nspawn list marks them" '^foo +powered off +imperative +10.233.1.2 .*nixos-container$' nixos-nspawn list
prints "  and what is declared" '^hand +powered off +declarative .*nixos-container$' nixos-nspawn list
echo '{ }' >empty.nix
says 10 "nixos-nspawn: Container foo already exists!" nixos-nspawn create --config empty.nix foo
need "one of nixos-nspawn" nixos-nspawn create --no-start --config empty.nix mine
says 1 "nixos-container: container 'mine' already exists" nixos-container create mine
same "a unique name is unique among both" "mine-0" "$(nixos-container create mine --ensure-unique-name 2>/dev/null)"
says 10 "nixos-nspawn: cannot remove foo: it is a nixos-container; use 'nixos-container destroy foo'" nixos-nspawn remove foo
says 10 "nixos-nspawn: cannot update foo: it is a nixos-container; use 'nixos-container update foo'" \
        nixos-nspawn update --config empty.nix foo
fails "nor the other way" 1 "it is a container of nixos-nspawn" nixos-container destroy mine
silent_about "nixos-container lists its own" '^mine$' nixos-container list

same "completion: its own names" "$(nixos-container list)" "$(nixos-container completion containers)"
prints "  of nixos-nspawn: all" '^mine$' nixos-nspawn completion containers

# Two at once, and systems of one's own.
same "unique names, asked for at once" "race race-0 race-1" "$( (
        for _ in 1 2 3; do nixos-container create race --ensure-unique-name 2>/dev/null & done
        wait
) | sort | tr '\n' ' ' | sed 's/ $//')"
same "  three addresses" 3 "$(for n in race race-0 race-1; do nixos-container show-ip $n; done | sort -u | wc -l)"
for n in race race-0 race-1; do nixos-container destroy $n; done
mkdir -p /run/built
touch /run/built/init
need "create --system-path: a built system" nixos-container create built --system-path /run/built
same "  is in the conf" /run/built "$(key built SYSTEM_PATH)"
fails "  has nothing to update" 1 "was not made from a configuration" nixos-container update built
fails "  has its configuration" 1 "leave --config and --config-file out" nixos-container create built2 --system-path /run/built --config ''
fails "  cannot be migrated" 10 "SYSTEM_PATH" nixos-nspawn migrate built
nixos-container destroy built
mkdir -p /etc/containers /var/lib/containers/old
touch /etc/containers/registries.conf
printf 'PRIVATE_NETWORK=1\nHOST_ADDRESS=10.7.0.1\nLOCAL_ADDRESS=10.7.0.2\n' >/etc/containers/old.conf
same "a conf where it was before 22.05" "10.7.0.2" "$(nixos-container show-ip old)"
silent_about "  files of other programs there are none" registries nixos-container list
need "  destroy" nixos-container destroy old
same "    its files, too; theirs stay" "registries.conf" "$(ls /etc/containers; ls -A /var/lib/containers)"

# What somebody mounted into a container's files is unmounted, and stays.
need "create mounted" nixos-container create mounted
mkdir -p '/run/kept/in it' /var/lib/nixos-containers/mounted/srv/'a b'
touch '/run/kept/in it/file'
mount --bind /run/kept /var/lib/nixos-containers/mounted/srv/'a b'
mount -t tmpfs tmpfs /var/lib/nixos-containers/mounted/srv/'a b/in it'
says 0 "" nixos-container destroy mounted
same "  nothing of it is left" "" "$(ls -A /var/lib/nixos-containers | grep mounted; grep mounted /proc/mounts)"
succeeds "  what was mounted is there" test -e '/run/kept/in it/file'

# --dry-run, and every step failing.
before=$(everything)
prints "create --dry-run" 'LOCAL_ADDRESS=10.233.7.2' nixos-container create dry --dry-run
prints "destroy --dry-run" 'delete /var/lib/nixos-containers/foo' nixos-container destroy foo --dry-run
same "dry runs do nothing" "$before" "$(everything)"
for k in $(seq 40); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container create fault >/dev/null 2>/run/stderr && break
        after=$(everything)
        [[ $after == "$before" ]] || not_ok "create, failing at step $k" "$(diff <(echo "$before") <(echo "$after"))
$(cat /run/stderr)"
done
same "create fails at each of its steps and leaves nothing" "yes" "$([[ $k -gt 5 && $k -lt 40 ]] && echo yes || echo "$k steps")"
before=$(everything)
for k in $(seq 40); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container destroy fault >/dev/null 2>/run/stderr && break
        after=$(everything)
        [[ $after == "$before" ]] || not_ok "destroy, failing at step $k" "$(diff <(echo "$before") <(echo "$after"))
$(cat /run/stderr)"
done
same "destroy fails at each of its steps and takes nothing" "yes" "$([[ $k -gt 2 && $k -lt 40 ]] && echo yes || echo "$k steps")"
refused "in the end it is gone" nixos-container status fault

# No root.
fails "not root" 1 "needs root" setpriv --reuid=65534 --clear-groups nixos-container destroy foo
for name in $(nixos-container list | grep -v hand); do nixos-container destroy "$name"; done
same "all destroyed: nothing is left" "hand.conf" "$(ls /etc/nixos-containers; ls /var/lib/nixos-containers)"
done_testing
