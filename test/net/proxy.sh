#!/usr/bin/env bash
# The localhost proxy: real traffic from the host's loopback addresses to a guest in a namespace of its own.
. "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
here=$(dirname "$0")
. "$here/../lib/network.sh"

client=$BUILD/test/net/proxy-client
traffic=$here/proxy-traffic.py
guest4=10.233.0.2 guest6=fd12:3456:789a::2
both=(tcp,10007,7 tcp,10009,9 tcp,10019,19 tcp,10004,4 tcp,10006,6 tcp,10010,10 tcp,10011,11 tcp,10012,12 tcp,10013,13
      udp,10007,7 udp,10004,4)
proxies() { pgrep -c -x nspawn-proxy; }
set_web() { "$client" set web $guest4 $guest6 "$@"; }
# start NAME COMMAND...: in the background, until it says "ready"; `ask NAME LINE` sends it a line, prints its answer
start() {
        local name=$1 line
        shift
        mkfifo "/run/$name.in" "/run/$name.out"
        "$@" <"/run/$name.in" >"/run/$name.out" 2>/dev/null &
        eval "${name}_pid=$!"
        eval "exec {${name}_in}>/run/$name.in {${name}_out}</run/$name.out"
        eval "read -r -t 20 -u \$${name}_out line"
        [[ $line == ready ]] || { not_ok "$name starts"; done_testing; }
}
ask() {
        local line=silent
        eval "echo '$2' >&\$$1_in; read -r -t 20 -u \$$1_out line"
        echo "$line"
}

make_peer
ip netns add web
ip link add ve-web type veth peer name host0 netns web
ip addr add 10.233.0.1/28 dev ve-web
ip addr add fd12:3456:789a::1/64 dev ve-web nodad
ip link set ve-web up
ip -n web addr add $guest4/28 dev host0
ip -n web addr add $guest6/64 dev host0 nodad
ip -n web link set host0 up
ip -n web link set lo up
start guest ip netns exec web python3 "$traffic" serve

prints "no proxy runs: nothing is listed" '^\[\]$' "$client" list
succeeds "no proxy runs: nothing to clear" "$client" clear web
same "none of these starts one" 0 "$(proxies)"
succeeds "a forward that is bound to another address needs none" set_web tcp,10007,7,1,198.51.100.1
same "and starts none" 0 "$(proxies)"

# Several at once find nobody there.
for i in 1 2 3 4 5; do "$client" set "c$i" $guest4 $guest6 "tcp,$((11000 + i)),7" & started[i]=$!; done
for i in 1 2 3 4 5; do
        if wait "${started[i]}"; then ok "one of several that start it at once ($i)"; else not_ok "one of several ($i)"; fi
done
within 5 "one proxy runs" bash -c '[[ $(pgrep -c -x nspawn-proxy) -eq 1 ]]'
for i in 1 2 3 4 5; do "$client" clear "c$i"; done

succeeds "it listens" set_web "${both[@]}"
succeeds "twice is harmless" set_web "${both[@]}"
prints "its socket is root's alone" '^srw------- .* root root' ls -l /run/nixos-nspawn/proxy
chmod 666 /run/nixos-nspawn/proxy
succeeds "others are not answered even when they can connect" \
        setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 "$traffic" stranger
chmod 600 /run/nixos-nspawn/proxy

succeeds "TCP, both families" python3 "$traffic" echo
succeeds "a service with one family is reached from both" python3 "$traffic" fallback
succeeds "64 MiB to the guest, both families, checksummed" python3 "$traffic" upload
succeeds "96 MiB from the guest, both families, checksummed" python3 "$traffic" download
succeeds "streams of many sizes: the end of each arrives" python3 "$traffic" ends
succeeds "both directions at once" python3 "$traffic" both_ways
succeeds "half-close, either side first" python3 "$traffic" half_close
succeeds "a reset and a closed port reset the client" python3 "$traffic" reset
succeeds "a receiver that stalls holds only its sender up" python3 "$traffic" backpressure
succeeds "500 connections at once" python3 "$traffic" many
succeeds "clients that go away leave nothing" python3 "$traffic" aborted
succeeds "UDP, both families, many clients, large datagrams" python3 "$traffic" udp
succeeds "every address of 127.0.0.0/8, and the answer comes from it" python3 "$traffic" other_loopback
succeeds "a UDP service with one family is reached from the other" python3 "$traffic" udp_fallback
succeeds "more UDP clients than there is room for" python3 "$traffic" udp_flood

# Only the host itself: another machine that sends 127.0.0.0/8 here gets nothing, nor does the guest.
peer ip route add 127.0.0.0/8 via $peer_host4 table 100
peer ip rule add pref 0 from all lookup 100
peer ip rule del pref 0 from all lookup local 2>/dev/null
refused "another machine cannot reach 127.0.0.1" peer nc -w 1 -z 127.0.0.1 10007
refused "another machine finds nothing on the host's address" peer nc -w 1 -z $peer_host4 10007
refused "the guest finds nothing on the host's address" ip netns exec web nc -w 1 -z 10.233.0.1 10007

# Changes touch what changes.
start kept python3 "$traffic" hold 7
start lost python3 "$traffic" hold 4
same "a connection before the change" alive "$(ask kept one)"
succeeds "another forward is added, one is taken away" set_web "${both[@]/tcp,10004,4/tcp,10104,7}"
same "the connection through an unchanged forward goes on" alive "$(ask kept two)"
same "the connection through the one that is gone is gone" gone "$(ask lost two)"
refused "its port is closed" nc -w 1 -z 127.0.0.1 10004
succeeds "the new port is open" nc -w 1 -z ::1 10104
succeeds "another container comes" "$client" set db $guest4 $guest6 tcp,12000,7,3 udp,12000,7,3,127.0.0.1
same "the connection goes on" alive "$(ask kept three)"
prints "a range listens on each port" '12002' ss -Hltn 'sport = :12002'
prints "a forward that is bound to a loopback address listens there" '^UNCONN .* 127\.0\.0\.1:12001 ' ss -Hlun
silent_about "and on no other" '\[::1\]:12001 ' ss -Hlun
prints "both are listed" '"name": "db".*|"name": "web"' "$client" list
prints "with their connections" '"connections": [1-9][0-9]*, .*"name": "web"' "$client" list

# Ports that cannot be had: everything stays as it was.
listening=$(ss -Hltun | awk '{ print $1, $5 }' | sort)
start taken python3 "$traffic" listen tcp 127.0.0.1 13001
start taken6 python3 "$traffic" listen tcp :: 13002
start takenudp python3 "$traffic" listen udp ::1 13003
after=$(ss -Hltun | awk '{ print $1, $5 }' | sort)
fails "a TCP port of a process is refused, and the process named" 10 \
        "^tcp port 13001 of the host is taken by python3 \(process $taken_pid\); stop it or choose another hostPort" \
        set_web "${both[@]}" tcp,13000,7 tcp,13001,7
fails "one that listens on every address too" 10 "tcp port 13002 .* by python3 \(process $taken6_pid\)" set_web tcp,13002,7
fails "a UDP port of a process is refused" 10 "udp port 13003 .* by python3 \(process $takenudp_pid\)" set_web udp,13003,7
fails "a port of another container is refused, and the container named" 10 \
        "^tcp port 12001 of the host is taken by container 'db'; choose another hostPort for container 'web'" set_web tcp,12001,7
same "after all refusals the same ports listen" "$after" "$(ss -Hltun | awk '{ print $1, $5 }' | sort)"
same "and the connection goes on" alive "$(ask kept four)"
kill "$taken_pid" "$taken6_pid" "$takenudp_pid"
within 5 "the port can be had when it is free" set_web "${both[@]}" tcp,13001,7

succeeds "a container goes" "$client" clear web
same "its connections go" gone "$(ask kept five)"
refused "its ports are closed" nc -w 1 -z 127.0.0.1 10007
succeeds "the other container's are not" nc -w 1 -z 127.0.0.1 12000

# Ten thousand forwards.
forwards=()
for i in $(seq 20000 29999); do forwards+=("tcp,$i,7"); done
set_many() { "$client" set many $guest4 $guest6 "${forwards[@]}"; }
succeeds "ten thousand forwards" set_many
succeeds "the last of them works" nc -w 1 -z ::1 29999
succeeds "they go" "$client" clear many
fails "more than there is room for are refused" 10 "more ports than localhost can listen on" \
        "$client" set many $guest4 $guest6 tcp,1,1,65535
same "and nothing of them listens" "" "$(ss -Hltn 'sport = :29999')"

# It is killed: the next call starts it anew.
pkill -KILL -x nspawn-proxy
within 5 "it is dead" bash -c '! pgrep -x nspawn-proxy'
succeeds "after kill -9, a clear finds nothing to do" "$client" clear db
succeeds "after kill -9, a set starts it again" set_web "${both[@]}"
succeeds "and traffic flows" python3 "$traffic" echo

"$client" clear web
within 60 "with nothing to do it ends by itself" bash -c '! pgrep -x nspawn-proxy'
refused "and leaves no socket" test -e /run/nixos-nspawn/proxy
same "its log tells of the stranger and of nothing else" "nspawn-proxy: a process that is not root's tried to connect, refusing it" \
        "$(sed 's/^[0-9TZ:-]* //' /var/log/nixos-nspawn/proxy.log)"
done_testing
