#!/usr/bin/env bash
# What list, status, show-ip, ports and the dry runs print, as text and as JSON, for containers that do not run: byte for
# byte. To renew: write what the test shows to test/golden/cli/.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/empty.json" >&2
in_sandbox "$@"

golden=$(realpath "$(dirname "$0")/../golden/cli")
echo fedcba9876543210fedcba9876543210 >/etc/machine-id
mkdir -p /run/config
cd /run/config || exit 1
printf '{\n  "version": 1,\n  "ula": "fd12:3456:789a::/48",\n  "containers": {}\n}\n' >/var/lib/nixos-nspawn/addresses.json
need "setup" nixos-nspawn setup

agrees() { # agrees FILE COMMAND...: it succeeds and prints what the golden file has
        local file=$golden/$1 out
        shift
        if ! out=$("$@" 2>/run/stderr </dev/null); then
                not_ok "$*" "$(cat /run/stderr)"
                return
        fi
        [[ -z ${RENEW-} ]] || echo "$out" >"$file"
        same "$*" "$(cat "$file")" "$out"
}

agrees list-none.txt nixos-nspawn list
agrees list-none.json nixos-nspawn list --json
same "no ports" "No ports are forwarded." "$(nixos-nspawn ports)"

echo '{ nixosContainer.forwardPorts = [{ hostPort = 8181; containerPort = 80; }]; }' >example.nix
agrees create-dry-run.txt nixos-nspawn create --dry-run --config example.nix example
agrees create-dry-run.json nixos-nspawn create --dry-run --json --config example.nix example
agrees list-none.txt nixos-nspawn list
agrees create.txt nixos-nspawn create --no-start --config example.nix example
cat >many.nix <<'N'
{
  nixosContainer.forwardPorts = [
    { hostPort = 5353; containerPort = 53; protocol = "udp"; bindAddress = "127.0.0.1"; }
    { hostPort = 9000; count = 10; }
    { hostPort = 443; bindAddress = "2001:db8::1"; }
  ];
  nixosContainer.ephemeral = true;
  nixosContainer.activation.autoStart = false;
}
N
agrees create.json nixos-nspawn create --json --no-start --config many.nix really-long-name
touch /etc/systemd/nspawn/foreign.nspawn
mkdir -p /etc/nixos-nspawn/declarative.d
touch /etc/systemd/nspawn/host-made.nspawn
echo '{}' >/etc/nixos-nspawn/declarative.d/host-made.json
agrees list.txt nixos-nspawn list
agrees list.json nixos-nspawn list --json
agrees list-unmanaged.json nixos-nspawn list --type unmanaged --json
agrees list-declarative.txt nixos-nspawn list --type declarative
agrees status.txt nixos-nspawn status
agrees status.json nixos-nspawn status --json example
agrees ports.txt nixos-nspawn ports
agrees ports.json nixos-nspawn ports --json really-long-name
agrees show-ip.txt nixos-nspawn show-ip example
agrees show-ip-6.txt nixos-nspawn show-ip -6 example
agrees show-ip.json nixos-nspawn show-ip --json example
agrees start-dry-run.txt nixos-nspawn start --dry-run example
agrees stop-dry-run.txt nixos-nspawn stop --dry-run example
sed 's/8181/8282/' example.nix >other.nix
agrees update-dry-run.txt nixos-nspawn update --dry-run --config other.nix example
agrees remove-dry-run.txt nixos-nspawn remove --dry-run --delete-state example
agrees autostart-dry-run.txt nixos-nspawn autostart -n
agrees autostart-dry-run.json nixos-nspawn autostart --dry-run --json
fails "a declarative container is not removed" 10 "^nixos-nspawn: cannot remove host-made: it is declared by this host's configuration, change it there$" \
        nixos-nspawn remove host-made

# As wide as the terminal, no wider.
narrow=$(script -qec 'stty cols 72; nixos-nspawn list' /dev/null </dev/null | tr -d '\r')
if [[ $(wc -L <<<"$narrow") -le 72 ]] && grep -q '^example' <<<"$narrow"; then ok "a narrow terminal"; else not_ok "a narrow terminal" "$narrow"; fi

# What is left of a run that nobody looks after any more, half of it or all: it does not run.
left=/run/nixos-nspawn/containers/example
mkdir -p $left /run/nixos-nspawn/containers/.hidden /run/nixos-nspawn/containers/gone
prints "an empty folder of a run" '^example +powered off ' nixos-nspawn list
printf '{"version":1,"state":"runn' >$left/state.json
prints "half a state" '^example +powered off ' nixos-nspawn list
printf '{"boot":"%s","state":"running","supervisor":{"pid":1,"start":1},"nspawn":{"pid":1,"start":1}}' \
        "$(cat /proc/sys/kernel/random/boot_id)" >$left/state.json
prints "a state whose processes are others by now" '^example +powered off ' nixos-nspawn list
rm $left/state.json
mkdir $left/state.json
prints "a state that cannot be read" '^example +unknown ' nixos-nspawn list
prints "  with what is wrong" '"name": "example", .*"problem": "Cannot read the state of example: ' nixos-nspawn list --json
prints "  the others are known" '^really-long-name +powered off ' nixos-nspawn list
rm -r $left /run/nixos-nspawn/containers/gone

# What cannot be read is said of the container that it concerns; the others are listed.
echo '{' >/var/lib/nixos-nspawn/profiles/example/system-1/nixos-nspawn/spec.json
prints "a damaged definition: listed" '^example ' nixos-nspawn list
prints "  with what is wrong" 'Problem: .*spec.json' nixos-nspawn status example
prints "  the others are whole" '^really-long-name +powered off +imperative +10\.233\.' nixos-nspawn list
succeeds "  it can be removed" nixos-nspawn remove --delete-state example

# Other places for unit files are only looked at.
mkdir /run/units
touch /run/units/elsewhere.nspawn
prints "--unit-file-dir" '^elsewhere +unknown +unmanaged' nixos-nspawn --unit-file-dir /run/units list
fails "  nothing is changed there" 1 "^nixos-nspawn: 'create' does not work with --unit-file-dir /run/units: systemd-nspawn looks for its settings in /etc/systemd/nspawn only$" \
        nixos-nspawn --unit-file-dir /run/units create --config example.nix x
done_testing
