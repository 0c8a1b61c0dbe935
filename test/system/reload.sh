#!/usr/bin/env bash
# update of a nixos-container that runs: what changed is restarted in it and nothing else; a connection to another service
# goes on. What takes a restart says so; what fails leaves all as it was.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

need "setup" nixos-nspawn setup
inside() { nixos-container run web -- "$@"; }
pid() { inside systemctl show -P MainPID "$1"; }
leader() { nixos-nspawn status web --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])'; }
# configuration OTHER-SCRIPT [MORE]: nginx, and a service beside it
configuration() {
        cat >/run/web.nix <<N
{ lib, ... }: {
  services.nginx = { enable = true; virtualHosts.localhost.default = true; };
  networking.firewall.allowedTCPPorts = lib.mkForce [ 80 ${PORT-} ];
  systemd.services.other = {
    wantedBy = [ "multi-user.target" ];
    script = "$1";
  };
  ${2-}
}
N
}
update() { nixos-container update web; }
# One connection to nginx, over which one request after the other goes.
connect() { exec 3<>"/dev/tcp/$(nixos-container show-ip web)/80"; }
asks() {
        local line length=0
        printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3 && IFS= read -r -t 5 line <&3 && [[ $line == HTTP/1.1\ * ]] || return 1
        while IFS= read -r -t 5 line <&3 && [[ $line != $'\r' ]]; do
                [[ $line != Content-Length:* ]] || length=${line//[^0-9]/}
        done
        [[ $length -gt 0 ]] && IFS= read -r -N "$length" -t 5 line <&3
}
untouched() { # untouched WHAT: since `first` and `server`
        same "$1: it was not restarted" "$first" "$(leader)"
        same "  nor was nginx" "$server" "$(pid nginx)"
        succeeds "  an open connection goes on" asks
}

configuration 'echo one >/run/other; exec sleep infinity'
need "create" nixos-container create web --config-file /run/web.nix
need "start" nixos-container start web
within 5 "connect" connect
connect
succeeds "a connection" asks
first=$(leader) server=$(pid nginx) other=$(pid other)

# A service changes.
configuration 'echo two >/run/other; exec sleep infinity'
says 0 "reloading container..." update
same "the other service has changed" "two" "$(inside cat /run/other)"
refused "  it is another process" test "$other" = "$(pid other)"
untouched "a service that changed"
other=$(pid other)
says 0 "reloading container..." update
same "nothing changed: the service is the same" "$other" "$(pid other)"

# Services come and go; files change.
configuration 'echo two >/run/other; exec sleep infinity' 'systemd.services.third = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; serviceConfig.ExecStop = "/bin/sh -c \"echo gone >/run/third\""; };
  environment.etc.motto.text = "first\n"; environment.etc."tmpfiles.d/web.conf".text = "d /run/made 0750\n";'
need "update" update
same "a new service runs" "active" "$(inside systemctl is-active third)"
same "  a new file is there" "first" "$(inside cat /etc/motto)"
same "  and a folder of tmpfiles.d" "750" "$(inside stat -c %a /run/made)"
configuration 'echo two >/run/other; exec sleep infinity' 'environment.etc.motto.text = "second\n";'
need "update" update
same "a service that is gone was stopped, as it asked for" "inactive gone" "$(inside systemctl is-active third) $(inside cat /run/third)"
same "  a changed file is there" "second" "$(inside cat /etc/motto)"
same "  the service that did not change is the same" "$other" "$(pid other)"
untouched "services that came and went"

# What services read again.
refused "a port that the firewall closes" timeout 2 bash -c "exec 4<>/dev/tcp/$(nixos-container show-ip web)/8000"
PORT=8000 configuration 'echo two >/run/other; exec sleep infinity' 'services.nginx.virtualHosts.localhost.listen = [ { addr = "0.0.0.0"; port = 80; } { addr = "0.0.0.0"; port = 8000; } ];'
need "update" update
within 5 "nginx listens on another port, and the firewall lets it" bash -c "exec 4<>/dev/tcp/$(nixos-container show-ip web)/8000"
same "  neither was restarted" "$first $server" "$(leader) $(pid nginx)"
exec 3>&-
connect
succeeds "  a new connection" asks

# Left alone.
configuration 'echo three >/run/other; exec sleep infinity' 'systemd.services.other.restartIfChanged = false;'
need "update" update
same "restartIfChanged = false" "two $other" "$(inside cat /run/other) $(pid other)"
configuration 'echo two >/run/other; exec sleep infinity'
need "update" update
other=$(pid other)
inside systemctl stop other
configuration 'echo three >/run/other; exec sleep infinity'
need "update" update
same "one that somebody stopped starts when it is changed, as it is wanted" "three" "$(inside cat /run/other)"
server=$(pid nginx)
exec 3>&-
connect
succeeds "a connection" asks

# What fails leaves all as it was.
configuration 'echo three >/run/other; exec sleep infinity' 'systemd.services.bad = { wantedBy = [ "multi-user.target" ]; serviceConfig = { Type = "oneshot"; ExecStart = "/bin/false"; }; }; environment.etc.motto.text = "bad\n";'
fails "a service that does not start" 1 "'systemctl start bad.service' in web ended with status 1" update
refused "  its file is gone" inside test -e /etc/systemd/system/bad.service
same "  nor is it listed as failed" "inactive" "$(inside systemctl is-active bad)"
refused "  the others, too" inside test -e /etc/motto
configuration 'echo four >/run/other; exec sleep infinity' 'systemd.services.bad = { wantedBy = [ "multi-user.target" ]; serviceConfig = { Type = "oneshot"; ExecStart = "/bin/false"; }; };'
refused "a service that does not start beside one that changes" update
same "  the other is as it was" "three active" "$(inside cat /run/other) $(inside systemctl is-active other)"
untouched "what failed"
configuration 'echo four >/run/other; exec sleep infinity' 'environment.etc.motto.text = "four\n";
  systemd.services.fourth = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; };'
for k in $(seq 20); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-container update web >/dev/null 2>/run/stderr && break
        [[ $(inside cat /run/other) == three && $(inside systemctl is-active other) == active ]] && ! inside test -e /etc/motto &&
                ! grep -E 'Failed|while starting' /run/stderr ||
                not_ok "update, failing at step $k, leaves all as it was" "$(cat /run/stderr; inside cat /run/other)"
done
same "update, after it failed at every step" "yes four" "$([[ $k -gt 5 && $k -lt 20 ]] && echo yes || echo "$k steps") $(inside cat /run/other)"
untouched "every step that failed"
configuration 'echo five >/run/other; exec sleep infinity' 'systemd.services.slow = { wantedBy = [ "multi-user.target" ]; serviceConfig = { Type = "oneshot"; ExecStart = "/bin/sleep 600"; }; };'
hangs() { within 20 "an update that hangs" bash -c "[[ \$(nixos-container run web -- systemctl is-active slow) == activating ]]"; }
set -m
nixos-container update web >/dev/null 2>/run/stderr &
killed=$!
set +m
hangs
kill -INT -- -$killed
wait $killed
same "  Ctrl-C: its status" 130 $?
prints "    it says so" "^nixos-container: interrupted while 'systemctl start .*slow.service.*' ran in web\$" cat /run/stderr
same "    all is as it was" "four inactive $first" "$(inside cat /run/other) $(inside systemctl is-active slow) $(leader)"
nixos-container update web >/dev/null 2>&1 &
killed=$!
hangs
kill -KILL $killed
wait $killed 2>/dev/null
prints "  killed: the next command takes it back" 'took back what an interrupted command had done to web' nixos-container list
within 5 "  all is as it was, after a restart" bash -c '[[ $(nixos-container run web -- cat /run/other) == four ]]'
exec 3>&-
first=$(leader)

# What takes a restart.
configuration 'echo four >/run/other; exec sleep infinity' 'networking.hostName = "elsewhere";'
fails "restarting container: networking.hostName" 0 "^restarting container: networking.hostName\$" update
same "  it has the name" "elsewhere" "$(inside hostname)"
refused "  it was restarted" test "$first" = "$(leader)"
echo 'EXTRA_NSPAWN_FLAGS="--setenv=A=b"' >>/etc/nixos-containers/web.conf
fails "restarting container: its conf was changed after its start" 0 "^restarting container: its conf was changed after its start\$" update
says 0 "reloading container..." update
echo 'EPHEMERAL=1' >>/etc/nixos-containers/web.conf
need "a root that is thrown away" nixos-container restart web
fails "restarting container: its root is made anew at each start" 0 "^restarting container: its root is made anew at each start\$" update
sed -i /EPHEMERAL/d /etc/nixos-containers/web.conf
need "restart" nixos-container restart web
echo '{ }' >/run/web.nix
fails "restarting container: .*the system and its packages" 0 "^restarting container: .*the system and its packages\$" update
refused "  they have" inside test -e /usr/sbin/nginx
need "stop" nixos-container stop web
says 0 "" update
same "one that does not run stays so" "down" "$(nixos-container status web)"
need "destroy" nixos-container destroy web
done_testing
