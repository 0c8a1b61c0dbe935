#!/usr/bin/env bash
# An update of a running container whose network alone is different: exactly that changes, and what goes through the rest
# goes on. Streams from another machine, over IPv4 and IPv6, and from the host itself never end; UDP follows.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/../lib/streams.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /run/config
udp=$PWD/test/lib/udp.py
cd /run/config || exit 1

config() { # config FORWARDS [MORE]: as JSON
        cat <<J
{ "system": { "stateVersion": "26.05" },
  "networking": { "firewall": { "allowedTCPPorts": [ 7000, 7001 ], "allowedUDPPorts": [ 5000, 5001 ] } },
  "nixosContainer": { "forwardPorts": [ $1 ]${2-} } }
J
}
a='{ "hostPort": 9000, "containerPort": 7000 }'
b='{ "hostPort": 9001, "containerPort": 7000 }'
b2='{ "hostPort": 9001, "containerPort": 7001 }'
u='{ "hostPort": 9053, "containerPort": 5000, "protocol": "udp" }'
u2='{ "hostPort": 9053, "containerPort": 5001, "protocol": "udp" }'
status() { nixos-nspawn status --json one | python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }
update() { # update WHAT FORWARDS [OPTION...]
        local what=$1 forwards=$2
        shift 2
        config "$forwards" >one.json
        succeeds "update: $what" nixos-nspawn update --config one.json "$@" one
}
elements() { nft list map ip io.systemd.nat map_port_ipport | grep -oE '(tcp|udp) \. [0-9]+ : [0-9.]+ \. [0-9]+' | sed -E 's/ : [0-9.]+ \. / to /' | sort | paste -sd, -; }

config "$a, $u" >one.json
need "create" nixos-nspawn create --config one.json one
leader=$(status leader)
inside() { nsenter -t "$leader" -n "$@"; }
inside python3 "$stream" serve 7000 /run/quiet &
inside python3 "$stream" serve 7001 /run/quiet &
inside python3 "$udp" serve 5000 first &
inside python3 "$udp" serve 5001 second &
within 5 "servers inside" bash -c "nsenter -t $leader -n ss -Hlntu | grep -c ':\(7000\|7001\|5000\|5001\) ' | grep -qx 4"

flow far4 $peer_host4 9000 peer
flow far6 $peer_host6 9000 peer
flow near4 127.0.0.1 9000 env
flow near6 ::1 9000 env
goes_on() {
        succeeds "  the streams go on" advanced
        same "  the same first process" "$leader" "$(status leader)"
}
succeeds "streams through the first forward" advanced

# Ports.
config "$a, $b, $u" >one.json
prints "--dry-run: what is changed live" '^  change the network of the running container: nixosContainer.forwardPorts$' \
        nixos-nspawn update --dry-run --config one.json one
prints "  and the operations" '^  network: forward tcp 9001 to 10\.233\.[0-9]+\.[0-9]+:7000$' nixos-nspawn update --dry-run --config one.json one
prints "  as JSON" '"activation": "live", "changes": \[\{"option": "nixosContainer.forwardPorts", "effect": "live"\}\]' \
        nixos-nspawn update --dry-run --json --config one.json one
same "  nothing is done" "tcp . 9000 to 7000,udp . 9053 to 5000" "$(elements)"
update "a forward comes" "$a, $b, $u"
goes_on
prints "  it leads inside" '^1$' peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/9001; head -n1 <&3"
prints "  over IPv6" '^1$' peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host6/9001; head -n1 <&3"
prints "  from localhost" '^1$' timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9001; head -n1 <&3'
flow second $peer_host4 9001 peer
succeeds "  a stream through it" advanced
update "it leads elsewhere" "$a, $b2, $u"
goes_on # also the one that it had led to where it led
forget_flow second
update "it goes" "$a, $u"
goes_on
refused "  nobody gets in" peer timeout 2 bash -c "exec 3<>/dev/tcp/$peer_host4/9001; head -n1 <&3"
refused "  nor from localhost" timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9001; head -n1 <&3'
same "  what is left" "tcp . 9000 to 7000,udp . 9053 to 5000" "$(elements)"
for i in $(seq 5); do
        config "$a, $u, { \"hostPort\": 910$i, \"count\": 20 }" >one.json
        nixos-nspawn update --config one.json one >/dev/null 2>&1 || not_ok "update $i of five"
done
goes_on

# UDP clients that keep their ports.
udp_gets() { # udp_gets WHAT ANSWER
        local address
        for address in $peer_host4 $peer_host6; do
                same "$1, to $address" "$2" "$(peer python3 "$udp" ask $address 9053 4000)"
        done
}
update "back" "$a, $u"
udp_gets "UDP" first
update "UDP leads elsewhere" "$a, $u2"
udp_gets "  the same port of the client" second
update "UDP goes" "$a"
udp_gets "  the same port of the client" nothing
update "UDP comes, to who asked before" "$a, $u"
udp_gets "  the same port of the client" first
peer python3 "$udp" ask $peer_host4 9053 4001 >/dev/null
flow=$(conntrack -L -p udp --orig-port-src 4001 2>/dev/null)
update "another forward" "$a, $b, $u"
same "  flows of the others stay" 1 "$(conntrack -L -p udp --orig-port-src 4001 2>/dev/null | grep -c dport=9053)"
[[ -n $flow ]] || not_ok "  there was one"
goes_on

# Addresses and MTU, on both sides; what stays is not taken away for a moment.
addresses() { ip -br addr show ve-one; inside ip -br addr show host0; ip link show ve-one; inside ip link show host0; }
before=$(addresses)
config "$a, $b, $u" ', "containerNetworkConfig": { "address": [ "10.99.0.2/24", "2001:db8:77::2/64" ], "linkConfig": { "MTUBytes": "1400" } },
        "hostNetworkConfig": { "address": [ "10.99.0.1/24" ], "linkConfig": { "MTUBytes": "1400" } }' >one.json
inside ip monitor address >/run/monitor &
monitor=$!
succeeds "update: addresses and MTU" nixos-nspawn update --config one.json one
goes_on
prints "  the host's address" ' 10\.99\.0\.1/24( |$)' ip -br addr show ve-one
prints "  the container's" ' 10\.99\.0\.2/24 ' inside ip -br addr show host0
prints "  of IPv6" ' 2001:db8:77::2/64 ' inside ip -br addr show host0
prints "  the MTU" ' mtu 1400 ' ip link show ve-one
prints "  inside" ' mtu 1400 ' inside ip link show host0
succeeds "  it is reached there" ping -c1 -W2 10.99.0.2
prints "  the guest's networkd has taken all over" 'routable \(configured\)' nixos-nspawn run one -- networkctl status host0
same "  nothing was deleted inside" "" "$(grep ^Deleted /run/monitor)"
update "back" "$a, $b, $u"
goes_on
same "  all as it was" "$before" "$(addresses)"
same "  what had come was deleted inside, alone" "10.99.0.2/24 2001:db8:77::2/64" \
        "$(grep ^Deleted /run/monitor | grep -oE '[0-9a-f.:]+/[0-9]+' | sort | paste -sd' ')"
kill $monitor

# The first address of a range goes, and takes no other along, whatever the host has new links do.
sysctl -qw net.ipv4.conf.default.promote_secondaries=0 net.ipv4.conf.all.promote_secondaries=0
more() { echo ", \"hostNetworkConfig\": { \"address\": [ $1 ] }, \"containerNetworkConfig\": { \"address\": [ $2 ] }"; }
config "$a, $b, $u" "$(more '"10.99.0.1/24", "10.99.0.3/24"' '"10.99.0.2/24", "10.99.0.4/24"')" >one.json
: >/run/monitor.first
ip monitor address dev ve-one >>/run/monitor.first &
monitor="$!"
inside ip monitor address >>/run/monitor.first &
monitor="$monitor $!"
succeeds "update: two addresses of a range on each side" nixos-nspawn update --config one.json one
same "  promote_secondaries of the link" "1 1" "$(cat /proc/sys/net/ipv4/conf/ve-one/promote_secondaries) $(nixos-nspawn run one -- cat /proc/sys/net/ipv4/conf/host0/promote_secondaries)"
flow second 10.99.0.4 7000 env SOURCE=10.99.0.3
goes_on
config "$a, $b, $u" "$(more '"10.99.0.3/24"' '"10.99.0.4/24"')" >one.json
succeeds "update: the first of each side goes" nixos-nspawn update --config one.json one
goes_on # the one between the addresses that stay, too
same "  the other one stays" "10.99.0.3/24" "$(ip -4 -o addr show dev ve-one | grep -oE '10\.99\.[0-9./]+' | grep /)"
same "  inside" "10.99.0.4/24" "$(inside ip -4 -o addr show dev host0 | grep -oE '10\.99\.[0-9./]+' | grep /)"
same "  what was deleted" "10.99.0.1/24 10.99.0.2/24" "$(grep -a ^Deleted /run/monitor.first | grep -oE '[0-9a-f.:]+/[0-9]+' | sort | paste -sd' ')"
forget_flow second
# shellcheck disable=SC2086
kill $monitor
update "back" "$a, $b, $u"
same "  all as it was" "$before" "$(addresses)"

# What is in the way, and steps that fail: everything as before.
python3 -c 'import socket; s = socket.create_server(("0.0.0.0", 9200)); s.accept()' &
within 5 "a process has a port" bash -c "ss -Hlnt 'sport = 9200' | grep -q ."
before=$(readlink /var/lib/nixos-nspawn/profiles/one/system)
config "$a, $u, { \"hostPort\": 9200 }" >one.json
fails "a port that is taken is refused" 10 '9200.*python3' nixos-nspawn update --config one.json one
same "  the definition" "$before" "$(readlink /var/lib/nixos-nspawn/profiles/one/system)"
same "  the forwards" "tcp . 9000 to 7000,tcp . 9001 to 7000,udp . 9053 to 5000" "$(elements)"
goes_on
config "$a, $b2, $u2" >one.json
before=$(everything)
for k in $(seq 20); do
        NIXOS_NSPAWN_FAIL_AT=$k nixos-nspawn update --config one.json one >/run/output 2>&1 && break
        [[ $(everything) == "$before" ]] || not_ok "update, failing at step $k: everything as before" "$(cat /run/output; diff <(echo "$before") <(everything))"
done
if [[ $k -gt 6 && $k -lt 20 ]]; then ok "update failed at each of $((k - 1)) steps, and did nothing"; else not_ok "update failed at each step" "$k"; fi
goes_on
same "  then it is done" "tcp . 9000 to 7000,tcp . 9001 to 7001,udp . 9053 to 5001" "$(elements)"

# Strategies.
update "none: left for the next start" "$a, $u" --strategy none
same "  the forwards stay" "tcp . 9000 to 7000,tcp . 9001 to 7001,udp . 9053 to 5001" "$(elements)"
goes_on
prints "  what runs is compared with" '^  change the network of the running container: nixosContainer.forwardPorts$' \
        nixos-nspawn update --dry-run --config one.json one
update "  the same again" "$a, $u"
same "  now it is in force" "tcp . 9000 to 7000,udp . 9053 to 5000" "$(elements)"
config "$a, $u, $b" ', "activation": { "strategy": "none" }' >one.json
succeeds "the configuration says none" nixos-nspawn update --config one.json one
same "  the forwards stay" "tcp . 9000 to 7000,udp . 9053 to 5000" "$(elements)"
goes_on
config "$a, $u, $b" ', "activation": { "strategy": "dynamic" }' >one.json
fails "dynamic is refused" 10 "'dynamic' is currently not supported for imperative containers!$" nixos-nspawn update --config one.json one
fails "so is --strategy dynamic" 10 "'dynamic' is currently not supported for imperative containers!$" \
        nixos-nspawn update --config one.json --strategy dynamic one
config "$a, $u, $b" >one.json
fails "an unknown one" 2 '^nixos-nspawn: --strategy resart is unknown: restart, reload or none' nixos-nspawn update --config one.json --strategy resart one
config "$a, $u" ', "timeoutStartSec": "60s"' >one.json
prints "what the next start reads: left as it is" '^  leave the running container as it is$' nixos-nspawn update --dry-run --config one.json one
succeeds "  update" nixos-nspawn update --config one.json one
goes_on

# A reload: what is different inside, and the network, and nothing else.
etc() { # etc TEXT SLEEP
        python3 -c '
import json, sys
c = json.load(open("one.json"))
c["environment"] = {"etc": {"motto": {"text": sys.argv[1]}}}
c["systemd"] = {"services": {"worker": {"wantedBy": ["multi-user.target"], "serviceConfig": {"ExecStart": "/bin/sleep " + sys.argv[2]}}}}
json.dump(c, open("one.json", "w"))' "$@"
}
worker() { nixos-nspawn run one -- systemctl show -P MainPID worker; }
config "$a, $u, $b" ', "activation": { "strategy": "reload" }' >one.json
etc first 1000
prints "reload, dry" '^  reload the running container: environment.etc, systemd.services$' nixos-nspawn update --dry-run --config one.json one
prints "  what it does without the strategy" '^  restart the container: environment.etc, systemd.services$' \
        bash -c 'sed s/reload/restart/ one.json >other.json; nixos-nspawn update --dry-run --config other.json one'
succeeds "a reload by the configuration" nixos-nspawn update --config one.json one
goes_on
same "  the file" first "$(nixos-nspawn run one -- cat /etc/motto)"
same "  the service" "/bin/sleep 1000" "$(nixos-nspawn run one -- cat /proc/"$(worker)"/cmdline | tr '\0' ' ' | sed 's/ $//')"
same "  the forward" "tcp . 9000 to 7000,tcp . 9001 to 7000,udp . 9053 to 5000" "$(elements)"
before=$(worker)
config "$a, $u" >one.json
etc second 1000
succeeds "--strategy reload" nixos-nspawn update --strategy reload --config one.json one
goes_on
same "  the file" second "$(nixos-nspawn run one -- cat /etc/motto)"
same "  the service is the same process" "$before" "$(worker)"
same "  the forward" "tcp . 9000 to 7000,udp . 9053 to 5000" "$(elements)"
config "$a, $u" ', "bindMounts": [ "/run/shared:/mnt/shared" ]' >one.json
etc second 1000
before=$(readlink /var/lib/nixos-nspawn/profiles/one/system)
fails "what needs a restart is refused" 10 'this needs a restart: nixosContainer.bindMounts; use --strategy restart' \
        nixos-nspawn update --strategy reload --config one.json one
same "  the definition is as before" "$before" "$(readlink /var/lib/nixos-nspawn/profiles/one/system)"
goes_on
config "$a, $u" >one.json
etc third 1000
python3 -c '
import json
c = json.load(open("one.json"))
c["systemd"]["services"]["worker"]["serviceConfig"] = {"Type": "oneshot", "ExecStart": "/bin/false"}
c["nixosContainer"]["forwardPorts"].append({"hostPort": 9300})
json.dump(c, open("one.json", "w"))'
refused "a service that fails" nixos-nspawn update --strategy reload --config one.json one
same "  the file is as before" second "$(nixos-nspawn run one -- cat /etc/motto)"
same "  the forwards" "tcp . 9000 to 7000,udp . 9053 to 5000" "$(elements)"
prints "  the service" "/bin/sleep" bash -c "nixos-nspawn run one -- cat /proc/$(worker)/cmdline | tr \"\\0\" \" \""
goes_on

config "$a, $u" ', "bindMounts": [ "/run/shared:/mnt/shared" ]' >one.json
prints "what needs a restart is told" '^  restart the container: .*nixosContainer.bindMounts' nixos-nspawn update --dry-run --config one.json one
goes_on
succeeds "  and is restarted" nixos-nspawn update --config one.json one
if [[ $(status leader) != "$leader" ]]; then ok "  another first process"; else not_ok "  another first process"; fi
leader=$(status leader)
prints "--strategy restart" '^  restart the container$' nixos-nspawn update --dry-run --strategy restart --config one.json one
succeeds "  restarts whatever changed" nixos-nspawn update --strategy restart --config one.json one
if [[ $(status leader) != "$leader" ]]; then ok "  another first process"; else not_ok "  another first process"; fi
done_testing
