#!/usr/bin/env bash
# Nixos-containers that Nix builds: --flake, --nixos-path, update. Real Nix builds in a store of the test's own, without
# nixpkgs, of which there is none: what it builds has the shape of a system of NixOS, and its init is a program of ours.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

mkdir -p /nix/store /nix/var/nix
export NIX_CONFIG=$'sandbox = false\nbuild-users-group =\nsubstituters ='
mkdir -p /run/flake /run/nixpkgs/nixos
need "setup" nixos-nspawn setup
need "an init that needs nothing" cc -static -o /run/init test/system/nixos-shape.c
derivation() { # derivation VERSION MORE
        cat <<N
derivation {
  name = "nixos-system-$1";
  system = "x86_64-linux";
  builder = "/bin/sh";
  args = [ "-c" "/bin/mkdir -p \$out/etc \$out/bin && /bin/cp /run/init \$out/init && echo $1 >\$out/nixos-version ${2-}" ];
}
N
}
flake() { # flake ATTR VERSION MORE
        echo "{ outputs = { self }: { nixosConfigurations.\"$1\".config.system.build.toplevel = $(derivation "$2" "${3-}"); }; }" >/run/flake/flake.nix
}
conf() { sed -n "s/^$2=//p" "/etc/nixos-containers/$1.conf" | tr -d '"'; }
kept() { cat "/etc/nixos-containers/$1.conf" "/var/lib/nixos-nspawn/configurations/$1.nix" 2>/dev/null; readlink -f "$profile/$1/system"; }
profile=/nix/var/nix/profiles/per-container
# Without the trees, which tests that run beside this one make as well.
left() { find /etc/nixos-containers /var/lib/nixos-containers /var/lib/nixos-nspawn $profile -name trees -prune -o -print 2>/dev/null | sort; }

flake container one
before=$(left)
fails "a flake that is not there" 1 "cannot find --flake /run/nothing" nixos-container create web --flake /run/nothing
fails "an attribute that is not there" 1 "cannot build the flake /run/flake#other: nix failed with exit code" \
        nixos-container create web --flake /run/flake#other
fails "an attribute with quotes" 1 "name without quotes" nixos-container create web --flake '/run/flake#a"b' --dry-run
fails "a flake without a name" 1 "is no flake" nixos-container create web --flake ''
fails "  one that would be an option of Nix" 1 "'--help' is no flake" nixos-container create web --flake --help
prints "a flake with a query" "FLAKE=/run/flake[?]dir=x#a" nixos-container create web --flake '/run/flake?dir=x#a' --dry-run
fails "a flake and a configuration" 1 "has its configuration" nixos-container create web --flake /run/flake --config '{}'
fails "a flake and a system" 1 "leave --flake" nixos-container create web --flake /run/flake --system-path /run
prints "--dry-run" 'build /run/flake#container with Nix' nixos-container create web --flake /run/flake --dry-run
same "  none of it left anything" "$before" "$(left)"
for ((k = 1; k < 30; k++)); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container create web --flake /run/flake >/dev/null 2>&1 && break
        [[ -e /etc/nixos-containers/web.conf || -e $profile/web || -e /var/lib/nixos-containers/web ]] &&
                not_ok "create, failing at step $k, leaves nothing" "$(left)"
done
same "create --flake, after it failed at every step" "yes" "$([[ $k -gt 4 && $k -lt 30 ]] && echo yes || echo "$k steps")"
same "  the conf says from what" "/run/flake#container" "$(conf web FLAKE)"
system=$(conf web SYSTEM_PATH)
same "  and what was built" "one" "$(cat "$system/nixos-version")"
same "  which the profile keeps" "$system" "$(readlink -f $profile/web/system)"
need "start" nixos-container start web
prints "  the built init is the first process" '^pid 1$' cat /var/lib/nixos-containers/web/seen
succeeds "  the host reaches it" ping -c1 -W2 "$(nixos-container show-ip web)"

need "update: nothing is different" nixos-container update web
same "  it is the same" "$system" "$(conf web SYSTEM_PATH)"
leader() { nixos-nspawn status web --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])'; }
was=$(leader)
flake container two '&& /bin/cp /run/init $out/bin/switch-to-configuration'
prints "update: another system" 'reloading container' sh -c 'nixos-container update web 2>&1'
same "  the conf has it" "two" "$(cat "$(conf web SYSTEM_PATH)/nixos-version")"
same "  its own program switched to it, inside" "$(conf web SYSTEM_PATH)/bin/switch-to-configuration" "$(cat /var/lib/nixos-containers/web/switched)"
same "  the container went on" "$was" "$(leader)"
rm /var/lib/nixos-containers/web/switched
prints "  the same again, after it may have failed" 'reloading container' sh -c 'nixos-container update web 2>&1'
succeeds "    switches again" test -e /var/lib/nixos-containers/web/switched
# Killed while it waits for the daemon, with most of it done.
netd=$(pgrep -x nspawn-netd)
kill -STOP "$netd"
nixos-container create killed --flake /run/flake --port tcp:8080:80 >/dev/null 2>&1 &
within 20 "create is at work" test -e $profile/killed
sleep 0.3
kill -9 $!
wait $! 2>/dev/null
kill -CONT "$netd"
need "killed: the next command" nixos-container list
same "  takes back all of it" "" "$(find /etc/nixos-containers /var/lib/nixos-containers /var/lib/nixos-nspawn/configurations $profile -name 'killed*')"
flake container three
prints "update: one without such a program" 'restarting container: its system has no' sh -c 'nixos-container update web 2>&1'
refused "  another first process" test "$was" = "$(leader)"
flake container four '&& exit 1'
fails "update: one that does not build" 1 "nix failed" nixos-container update web
same "  changes nothing" "three" "$(cat "$(conf web SYSTEM_PATH)/nixos-version")"
flake other five
prints "update --flake: another one" 'restarting' sh -c 'nixos-container update web --flake /run/flake#other 2>&1'
same "  which is remembered" "/run/flake#other" "$(conf web FLAKE)"
fails "update --config: a flake has its configuration" 1 "is what the flake /run/flake#other says" nixos-container update web --config 'x = 1;'
fails "update --nixos-path without a configuration" 1 "give --config" nixos-container update web --nixos-path /run/nixpkgs/nixos
# As NixOS writes it.
sed -i 's/^FLAKE=.*/FLAKE=\/run\/flake/' /etc/nixos-containers/web.conf
flake container six
need "update: a conf without an attribute" nixos-container update web
same "  means container" "/run/flake#container six" "$(conf web FLAKE) $(cat "$(conf web SYSTEM_PATH)/nixos-version")"
# Each step of an update fails once, and takes back what was done.
need "stop" nixos-container stop web
flake container seven
was=$(kept web)
for ((k = 1; k < 30; k++)); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container update web >/dev/null 2>&1 && break
        [[ $(kept web) == "$was" ]] || not_ok "update, failing at step $k, changes nothing" "$(kept web)"
done
same "update, after it failed at every step" "yes seven" "$([[ $k -gt 3 && $k -lt 30 ]] && echo yes || echo "$k steps") $(cat "$(conf web SYSTEM_PATH)/nixos-version")"
# One that the program of NixOS made: its system is what the profile says, and the rest of the folder is its own.
need "create --system-path" nixos-container create own --system-path "$(conf web SYSTEM_PATH)"
sed -i '/^SYSTEM_PATH=/d' /etc/nixos-containers/own.conf
mkdir -p $profile/own
nix-env -p $profile/own/system --set "$(conf web SYSTEM_PATH)"
echo mine >$profile/own/mine
flake container eight
was=$(kept own; ls $profile/own)
for ((k = 1; k < 30; k++)); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container update own --flake /run/flake >/dev/null 2>&1 && break
        [[ $(kept own; ls $profile/own) == "$was" ]] || not_ok "update --flake, failing at step $k, changes nothing" "$(kept own; ls $profile/own)"
done
same "update --flake of one that has its profile alone, after it failed at every step" "yes eight" "$([[ $k -gt 3 && $k -lt 30 ]] && echo yes || echo "$k steps") $(cat "$(conf own SYSTEM_PATH)/nixos-version")"
same "  what it has there itself stays" mine "$(cat $profile/own/mine)"
need "destroy" nixos-container destroy own
prints "destroy --dry-run names the profile" "delete $profile/web" nixos-container destroy web --dry-run
need "destroy" nixos-container destroy web
refused "  the profile is gone" test -e $profile/web

# With nixpkgs: the folder nixos of one that has nothing but what `nix-build -A system` asks for.
cat >/run/nixpkgs/nixos/default.nix <<N
let
  none = { config = { }; pkgs = { }; lib.mkDefault = x: x; };
  module = import <nixos-config> none;
  own = builtins.head module.imports;
  inner = if builtins.isFunction own then own none else own;
in
{
  system =
    assert module.boot.isContainer && module.networking.hostName == "nix";
    $(derivation '${inner.version}');
}
N
need "create --nixos-path" nixos-container create nix --nixos-path /run/nixpkgs/nixos --config 'version = "six";'
same "  built with the configuration" "six" "$(cat "$(conf nix SYSTEM_PATH)/nixos-version")"
need "  start" nixos-container start nix
succeeds "  the host reaches it" ping -c1 -W2 "$(nixos-container show-ip nix)"
prints "update --config" 'restarting' sh -c 'nixos-container update nix --config "version = \"seven\";" 2>&1'
same "  built again" "seven" "$(cat "$(conf nix SYSTEM_PATH)/nixos-version")"
need "update, from what is kept" nixos-container update nix
was=$(kept nix)
for ((k = 1; k < 30; k++)); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container update nix --config 'version = "eight";' >/dev/null 2>&1 && break
        [[ $(kept nix) == "$was" ]] || not_ok "update --config, failing at step $k, changes nothing" "$(kept nix)"
done
same "update --config, after it failed at every step" "yes" "$([[ $k -gt 4 && $k -lt 30 ]] && echo yes || echo "$k steps")"
need "  back to what it was" nixos-container update nix --config 'version = "seven";'
same "  is the same" "seven" "$(cat "$(conf nix SYSTEM_PATH)/nixos-version")"
need "destroy" nixos-container destroy nix
same "  nothing is left" "" "$(find /var/lib/nixos-nspawn/configurations /etc/nixos-containers /var/lib/nixos-containers $profile -mindepth 1)"
umount /nix
done_testing
