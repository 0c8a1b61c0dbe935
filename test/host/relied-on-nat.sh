#!/usr/bin/env bash
# What sharing the tables io.systemd.nat with systemd-nspawn and networkd relies on, whoever makes them first: a container of
# somebody else's has its Port= and its masquerade, elements that are not theirs stay, and what is whole stays whole.
# Of the project only base.nft is here.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

echo_at_7777() { # echo_at_7777 NAME: it says hello to whoever connects
        local guest=$host_root/var/lib/machines/$1
        printf '[Socket]\nListenStream=7777\nAccept=yes\n' >"$guest/etc/systemd/system/hello.socket"
        printf '[Service]\nExecStart=echo hello from %s\nStandardOutput=socket\n' "$1" >"$guest/etc/systemd/system/hello@.service"
        mkdir -p "$guest/etc/systemd/system/sockets.target.wants"
        ln -s ../hello.socket "$guest/etc/systemd/system/sockets.target.wants/"
}
for n in one two; do
        make_plain $n $'[Exec]\nNotifyReady=yes\n[Network]\nPort=tcp:'$([[ $n == one ]] && echo 8081 || echo 8082)':7777'
        echo_at_7777 $n
done
cp "$(dirname "$0")/../../src/firewall/base.nft" "$host_root/root/"
talk() { timeout 5 bash -c "exec 3<>/dev/tcp/$peer_host4/$1; cat <&3" 2>/dev/null; }
answers() { talk "$1" | grep -qx "hello from $2"; }
host_answers() { in_host timeout 5 bash -c "exec 3<>/dev/tcp/$peer_host4/$1; cat <&3" 2>/dev/null | grep -qx "hello from $2"; }
way_out() { in_host systemd-run -M "$1" --quiet --pipe --wait ping -4 -c1 -W1 $peer4; }
stop() { in_host systemctl stop systemd-nspawn@"$1"; }
rules() { in_host sh -c 'for f in ip ip6; do nft -y list table $f io.systemd.nat; done' | grep -cE 'dnat|masquerade'; }
add_ours() {
        in_host nft add element ip io.systemd.nat map_port_ipport '{ tcp . 9999 : 10.233.0.2 . 80 }' &&
                in_host nft add element ip6 io.systemd.nat map_port_ipport '{ tcp . 9999 : fd12:3456:789a:5::2 . 80 }' &&
                in_host nft add element ip io.systemd.nat masq_saddr '{ 10.233.0.0/28 }'
}
ours() {
        in_host nft -y get element ip io.systemd.nat map_port_ipport '{ 6 . 9999 }' &&
                in_host nft -y get element ip6 io.systemd.nat map_port_ipport '{ 6 . 9999 }' &&
                in_host nft get element ip io.systemd.nat masq_saddr '{ 10.233.0.0/28 }'
}

need "the host boots" boot_host
need "our tables" in_host nft -f /root/base.nft
need "our elements" add_ours
same "ours first: six rules" 6 "$(rules)"
need "start" in_host machinectl start one
within 30 "  a forward of somebody else's from another machine" answers 8081 one
within 10 "  and from the host" host_answers 8081 one
within 20 "  and its masquerade" way_out one
same "  still six rules" 6 "$(rules)"
need "start" in_host machinectl start two
within 30 "  another one's" answers 8082 two
need "stop" stop two
within 10 "  goes with it" bash -c "! timeout 2 bash -c 'exec 3<>/dev/tcp/$peer_host4/8082'"
succeeds "  and ours stays" ours
in_host networkctl reload
in_host systemctl restart systemd-networkd
succeeds "  ours stays" ours
same "  still six rules" 6 "$(rules)"
need "stop" stop one

in_host nft delete table ip io.systemd.nat
in_host nft delete table ip6 io.systemd.nat
need "start" in_host machinectl start one
within 30 "theirs first: the forward" answers 8081 one
same "  six rules" 6 "$(rules)"
succeeds "  our elements fit in" add_ours
need "stop" stop one
succeeds "  and stay" ours

# The same port: ours is there first.
in_host nft add element ip io.systemd.nat map_port_ipport '{ tcp . 8081 : 10.233.0.2 . 80 }'
need "start" in_host machinectl start one
element_8081() { in_host nft -y get element ip io.systemd.nat map_port_ipport '{ 6 . 8081 }' 2>&1; }
within 30 "the same port, ours first: theirs has its address" way_out one
prints "  ours is not replaced" ': 10\.233\.0\.2 \. 80' element_8081
need "stop" stop one
refused "  but goes when theirs ends: who owns it has to put it back" element_8081

# A table that is there but empty: they do not complete it, so ours must never be like that.
in_host nft flush ruleset
in_host nft add table ip io.systemd.nat
need "start" in_host machinectl start one
failed() { in_host journalctl -b -u systemd-networkd -o cat --no-pager | grep 've-one: Could not enable IP masquerading'; }
within 20 "half a table: they fail" failed
refused "  no forward" answers 8081 one
done_testing
