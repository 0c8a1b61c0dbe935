#!/usr/bin/env bash
# What a container's life has: reboot, files kept, throw-away roots, bind mounts, update, logs, names, several at once.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
make_peer_resolver
need "setup" nixos-nspawn setup
mkdir -p /run/config
cat >/run/config/one.json <<'J'
{ "system": { "stateVersion": "26.05" },
  "networking": { "hostName": "eins", "firewall": { "allowedTCPPorts": [ 80, 7000 ] } },
  "services": { "nginx": { "enable": true, "virtualHosts": { "localhost": { "default": true } } } },
  "environment": { "etc": { "motto": { "text": "first\n" } } },
  "systemd": { "services": { "greeter": { "wantedBy": [ "multi-user.target" ], "script": "echo greeted > /var/lib/greeter",
      "serviceConfig": { "Type": "oneshot" } } } },
  "nixosContainer": { "forwardPorts": [ { "hostPort": 9001, "containerPort": 80 }, { "hostPort": 9053, "protocol": "udp" } ],
      "bindMounts": [ "/run/shared:/mnt/shared", "/run/back\\" ] } }
J
need "create from JSON" nixos-nspawn create --config /run/config/one.json one
need "create a second" nixos-nspawn create --config examples/example.nix two
inside() { nixos-nspawn run one -- "$@"; }

prints "networking.hostName" '^eins$' inside hostname
prints "environment.etc" '^first$' inside cat /etc/motto
prints "systemd.services.*.script ran" '^greeted$' inside cat /var/lib/greeter
succeeds "no unit failed in the guest" bash -c "! nixos-nspawn run one -- systemctl --failed --no-legend | grep ."
prints "user namespace" '^ *0 +[1-9][0-9]{4,}' inside cat /proc/self/uid_map
echo here >/run/shared/file
echo behind >'/run/back\/file'
prints "bindMounts: the host's folder was made and shows inside" '^here$' inside cat /mnt/shared/file
prints "  one whose name ends with a backslash, too" '^behind$' inside cat '/run/back\/file'
prints "each resolves the other" "$(nixos-nspawn show-ip -4 two)" inside getent ahostsv4 two
prints "  under the private suffix too" "$(nixos-nspawn show-ip -4 two)" inside getent ahostsv4 two.internal
refused "an unknown single label is not found" inside getent hosts nosuchname
refused "one does not reach the other directly" inside timeout 2 bash -c "exec 3<>/dev/tcp/$(nixos-nspawn show-ip -4 two)/80"
prints "  but through its forward" 'Welcome' \
        inside timeout 3 bash -c "exec 3<>/dev/tcp/$peer_host4/8181; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3"

address=$(nixos-nspawn show-ip one)
leader=$(nixos-nspawn status --json one | python3 -c 'import json,sys; print(json.load(sys.stdin)["leader"])')
inside touch /var/lib/kept
inside systemctl reboot >/dev/null 2>&1
within 15 "reboot from inside: a new first process" bash -c \
        "new=\$(nixos-nspawn status --json one | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"leader\"])'); [ \$new != 0 -a \$new != $leader ]"
within 10 "  HTTP again" curl -s -o /dev/null http://one
same "  the same address" "$address" "$(nixos-nspawn show-ip one)"
succeeds "  files are kept" inside test -e /var/lib/kept

sed -i 's/first\\n/second\\n/; s/9001/9002/' /run/config/one.json
prints "update --dry-run says what it would do" '9002' nixos-nspawn update --dry-run --config /run/config/one.json one
prints "  and does nothing" '^first$' inside cat /etc/motto
succeeds "update" nixos-nspawn update --config /run/config/one.json one
prints "  the new file" '^second$' inside cat /etc/motto
succeeds "  files are kept" inside test -e /var/lib/kept
within 5 "  the new port" curl -s -o /dev/null http://localhost:9002
refused "  the old port is closed" curl -s --max-time 2 http://localhost:9001
same "  the same address" "$address" "$(nixos-nspawn show-ip one)"

nixos-nspawn run one -- bash -c 'echo word-for-the-log >/dev/console'
within 5 "logs show the console" bash -c 'nixos-nspawn logs one | grep -q word-for-the-log'
inside poweroff >/dev/null 2>&1
within 15 "poweroff from inside: powered off" bash -c "nixos-nspawn status one | grep -q 'powered off'"
within 2 "  its forwards are gone" bash -c '! nft list map ip io.systemd.nat map_port_ipport | grep -q 9002'
refused "  its name does not resolve" getent -s nspawn hosts one
succeeds "start" nixos-nspawn start one
fails "run in a stopped container: says so" 10 'not running' bash -c 'nixos-nspawn stop two; nixos-nspawn run two -- true'
succeeds "a stop of a stopped one is harmless" nixos-nspawn stop two
succeeds "a start of a running one is harmless" nixos-nspawn start one
succeeds "restart without standard input and error" bash -c 'nixos-nspawn restart one <&- 2>&- >/dev/null'
fails "  without output: it is done, and said that nobody heard of it" 1 'cannot write to standard output: Bad file descriptor' \
        bash -c 'nixos-nspawn restart one <&- >&-'
within 10 "  it runs, with its network" curl -s -o /dev/null http://one
fails "somebody else may not read what it wrote" 1 "Cannot open the log /var/log/nixos-nspawn/one.log, which only root may read: run it with sudo" \
        setpriv --reuid 65534 --regid 65534 --clear-groups nixos-nspawn logs one

gone="the link ve-one is gone, and with it the container's network; 'nixos-nspawn restart one' makes it anew"
silent_about "all is well" "$gone" nixos-nspawn list --json
ip link delete ve-one
prints "somebody deletes its link: list says it, and what to do" "^one: $gone\$" nixos-nspawn list
prints "  in JSON" "\"name\": \"one\", .*\"problem\": \"$gone\"" nixos-nspawn list --json
prints "  status, too" "^  Problem: $gone\$" nixos-nspawn status one
prints "  in JSON" "\"problem\": \"$gone\"" nixos-nspawn status --json one
succeeds "  that helps" nixos-nspawn restart one
within 10 "  HTTP" curl -s -o /dev/null http://one
silent_about "  no word of it" "is gone" nixos-nspawn list

cat >/run/config/e.json <<'J'
{ "system": { "stateVersion": "26.05" }, "nixosContainer": { "ephemeral": true } }
J
need "create a throw-away root" nixos-nspawn create --config /run/config/e.json throwaway
succeeds "  a file" nixos-nspawn run throwaway -- touch /var/lib/gone
succeeds "  restart" nixos-nspawn restart throwaway
refused "  it is gone" nixos-nspawn run throwaway -- test -e /var/lib/gone
cat >/run/config/n.json <<'J'
{ "system": { "stateVersion": "26.05" }, "nixosContainer": { "userNamespacing": false } }
J
need "create without a user namespace" nixos-nspawn create --config /run/config/n.json plain
prints "  root is root" '^ *0 +0 ' nixos-nspawn run plain -- cat /proc/self/uid_map
prints "  it reaches another machine" '1 received' nixos-nspawn run plain -- ping -c1 $peer4
for name in one two throwaway plain; do
        succeeds "remove $name" nixos-nspawn remove --delete-state $name
done
silent_about "no link left" 've-' ip -o link
refused "nothing in /var/lib/machines" bash -c 'ls -A /var/lib/machines | grep .'
done_testing
