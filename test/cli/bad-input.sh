#!/usr/bin/env bash
# Bad configurations and names: each is refused with a message that says what, where, why and what to do, with the
# right exit code, and nothing is left behind.
source "$(dirname "$0")/../lib/tap.sh"
# The smallest tree, made with the machine's own network.
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/empty.json" >&2
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

mkdir -p /run/config
cd /run/config || exit 1
need "setup" nixos-nspawn setup
before=$(everything)

# refuses STATUS MESSAGE COMMAND...: that exit status and message, nothing else printed, nothing left behind
refuses() {
        local status=$1 message=$2 got=0 out err
        shift 2
        out=$("$@" 2>/run/stderr </dev/null) || got=$?
        err=$(cat /run/stderr)
        if [[ $got -eq $status && $err == "nixos-nspawn: $message" && -z $out ]]; then ok "$message"; else not_ok "$message" "\$ $*
status $got, expected $status
$err
$out"; fi
        same "  nothing is left behind" "$before" "$(everything)"
}
create() { refuses "$1" "$2" nixos-nspawn create --no-start --config "$3" "${4-x}"; }

# Names.
letters="a name consists of the letters a to z and A to Z, digits, '-' and '_'"
echo '{ }' >empty.nix
create 10 "'a b' cannot be a container's name: $letters" empty.nix 'a b'
create 10 "'../x' cannot be a container's name: $letters" empty.nix ../x
create 10 "'ä' cannot be a container's name: $letters" empty.nix ä
refuses 10 "'' cannot be a container's name: a name must not be empty" nixos-nspawn create --config empty.nix ''
long=$(printf 'a%.0s' {1..64})
refuses 10 "'$long' cannot be a container's name: a name has at most 63 characters, the length of a host name label" nixos-nspawn create --config empty.nix "$long"
refuses 10 "'-x' cannot be a container's name: a name begins with a letter or a digit" nixos-nspawn create --config empty.nix -- -x

# Everything that is wrong is told at once, in the order of the file; as JSON in one list.
printf '{\n  nixosContainer.mountDaemonSocket = true;\n  nixosContainer.ephemeral = 3;\n}\n' >several.nix
create 10 "several.nix:2:3: nixosContainer.mountDaemonSocket is not yet supported by this version; remove it
nixos-nspawn: several.nix:3:3: nixosContainer.ephemeral: expected true or false, found the number 3" several.nix
prints "  as JSON" '"problems": \["several.nix:2:3: nixosContainer.mountDaemonSocket [^"]*", "several.nix:3:3: [^"]*"\]' \
        nixos-nspawn create --json --config several.nix x

# Files.
refuses 1 "reading the config 'none.nix': No such file or directory; name a .nix or .json file that is there" nixos-nspawn create --config none.nix x
echo '{ services.nginx.enable = true;' >syntax.nix
create 10 "syntax.nix:1:32: syntax error, unexpected end of file" syntax.nix
echo '{"services": {' >syntax.json
create 10 "syntax.json:2:1: not JSON: string or '}' expected near end of file" syntax.json

printf '\xef\xbb\xbf{ }\n' | tee bom.json >bom.nix
for file in bom.nix bom.json; do
        create 10 "$file:1: begins with a byte order mark, which neither Nix nor JSON knows; save it as UTF-8 without one" $file
done
mkdir directory.nix
mkfifo fifo.json
for file in directory.nix fifo.json; do
        create 1 "reading the config '$file': it is not a file; name a .nix or .json file" $file
done
exec 9< <(echo '{ }')
create 1 "reading the config '/dev/fd/9': it is not a file; name a .nix or .json file" /dev/fd/9
exec 9<&-

# Options.
echo '{ services.ngin.enable = true; }' >unknown.nix
create 10 "unknown.nix:1:3: there is no portable option 'services.ngin.enable'; did you mean 'services.nginx.enable'?" unknown.nix
echo '{"services": {"ngin": {"enable": true}}}' >unknown.json
create 10 "unknown.json:1:15: there is no portable option 'services.ngin.enable'; did you mean 'services.nginx.enable'?" unknown.json
echo '{ services.nginx.enable = "yes"; }' >type.nix
create 10 "type.nix:1:3: services.nginx.enable: expected true or false, found the string \"yes\"" type.nix
echo '{ nixosContainer.mountDaemonSocket = true; }' >pending.nix
create 10 "pending.nix:1:3: nixosContainer.mountDaemonSocket is not yet supported by this version; remove it" pending.nix
for port in 0 70000; do
        echo "{ nixosContainer.forwardPorts = [{ hostPort = $port; }]; }" >port.nix
        create 10 "port.nix:1:36: nixosContainer.forwardPorts[0].hostPort: expected a port from 1 to 65535, found the number $port" port.nix
done
echo '{ nixosContainer.forwardPorts = [{ hostPort = 8181; } { hostPort = 8181; containerPort = 80; }]; }' >twice.nix
create 10 "twice.nix:1:3: nixosContainer.forwardPorts[0] and nixosContainer.forwardPorts[1] both forward tcp port 8181 of the host; give one of them another hostPort or bindAddress" twice.nix

# Taken: a name, and a port, by a container and by a process.
echo '{ nixosContainer.forwardPorts = [{ hostPort = 8181; containerPort = 80; }]; }' >port.nix
need "create one" nixos-nspawn create --no-start --config port.nix one
before=$(everything)
create 10 "Container one already exists!" empty.nix one
create 10 "host port 8181/tcp of container 'x' is already forwarded to container 'one'; choose another hostPort for one of them" port.nix
touch /etc/systemd/nspawn/foreign.nspawn
before=$(everything)
create 10 "Container foreign already exists!" empty.nix foreign
refuses 10 "cannot remove foreign: /etc/systemd/nspawn/foreign.nspawn was not made by nixos-nspawn, which leaves it alone" \
        nixos-nspawn remove foreign
refuses 10 "cannot update foreign: /etc/systemd/nspawn/foreign.nspawn was not made by nixos-nspawn, which leaves it alone" \
        nixos-nspawn update --config empty.nix foreign
refuses 10 "Cannot use the root folder /var/lib/machines/foreign; the container's system has to be in that folder: No such file or directory" \
        nixos-nspawn start foreign
prints "it is listed" '^foreign +powered off +unmanaged ' nixos-nspawn list
need "a process that listens" bash -c 'python3 -m http.server 8282 >/dev/null 2>&1 & for _ in $(seq 100); do ss -Htln "sport = 8282" | grep -q . && exit 0; sleep 0.05; done; exit 1'
listener=$(pgrep -f 'http.server 8282')
echo '{ nixosContainer.forwardPorts = [{ hostPort = 8282; containerPort = 80; }]; }' >process.nix
create 10 "tcp port 8282 of the host is taken by python3 (process $listener), which listens on 0.0.0.0; stop it or choose another hostPort" process.nix
kill "$listener"

# The same mistakes by update leave the container as it was.
refuses 10 "unknown.nix:1:3: there is no portable option 'services.ngin.enable'; did you mean 'services.nginx.enable'?" \
        nixos-nspawn update --config unknown.nix one
need "create two" nixos-nspawn create --no-start --config empty.nix two
before=$(everything)
refuses 10 "host port 8181/tcp of container 'two' is already forwarded to container 'one'; choose another hostPort for one of them" \
        nixos-nspawn update --config port.nix two

# No room, for the container's files and for its definition.
for place in /var/lib/machines /var/lib/nixos-nspawn/profiles; do
        mount -t tmpfs -o size=16k,nr_inodes=5 tmpfs $place
        before=$(everything)
        seen=$(nixos-nspawn create --no-start --config empty.nix x 2>&1)
        status=$?
        if [[ $status -ne 0 ]] && grep -qE "^nixos-nspawn: .*$place.*No space left on device" <<<"$seen"; then ok "no room in $place: says so"; else not_ok "no room in $place: says so" "status $status: $seen"; fi
        same "  nothing is left behind" "$before" "$(everything)"
        umount $place
done

succeeds "remove one" nixos-nspawn remove --delete-state one
succeeds "remove two" nixos-nspawn remove --delete-state two
same "the foreign file is as it was" "" "$(cat /etc/systemd/nspawn/foreign.nspawn)"
done_testing
