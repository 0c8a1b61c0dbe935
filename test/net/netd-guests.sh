#!/usr/bin/env bash
# Several guests: they find each other and the host by name, whatever ports one of them has forwarded, and one that
# comes or goes changes nothing for the others.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

make_peer
need "the daemon starts" "$netd" ensure
run_guest web '[{"hostPort":8181,"containerPort":80}]'
run_guest Db
ask() { guest "$1" dig +time=2 +tries=1 +short "@$2" "${@:3}"; }
asks() { same "$1" "$2" "$(ask "${@:3}" 2>&1)"; }
asks "a guest finds another by name" "$(guest4 Db)" web "$(host4 web)" db A
asks "  in any case" "$(guest6 Db)" web "$(host4 web)" DB AAAA
asks "  over IPv6" "$(guest4 Db)" web "$(host6 web)" db A
asks "  over TCP" "$(guest4 web)" Db "$(host4 Db)" web A +tcp
asks "  with the suffix" "$(guest4 web)" Db "$(host4 Db)" web.internal A
asks "  by address" "web.internal." Db "$(host4 Db)" -x "$(guest4 web)"
asks "  by IPv6 address" "web.internal." Db "$(host4 Db)" -x "$(guest6 web)"
asks "the host has a name" "$(host4 web)" web "$(host4 web)" host.internal A
prints "who does not run has none" NXDOMAIN guest web dig +time=2 +tries=1 "@$(host4 web)" other.internal A

# Port 53 of the host is a container's: other machines' questions go there, the guests' do not.
run_guest dns '[{"hostPort":53,"protocol":"udp"},{"hostPort":53}]'
serve dns 53 "from the container"
same "the peer reaches the container's port 53" "hello" "$(export -f udp; peer bash -c "udp $peer_host4 53 hello")"
same "  by TCP" "from the container" "$(peer curl -sS --max-time 2 "http://$peer_host4:53")"
asks "the guests' DNS is the host's" "$(guest4 Db)" web "$(host4 web)" db A
asks "  over IPv6" "$(guest4 Db)" web "$(host6 web)" db A
asks "  over TCP" "$(guest4 Db)" web "$(host4 web)" db A +tcp
asks "  in that container, too" "$(guest4 Db)" dns "$(host4 dns)" db A
same "a guest reaches the container by the host's other address" "from the container" "$(guest web curl -sS --max-time 2 "http://$peer_host4:53")"

of Detach Db >/dev/null
end_guest Db
prints "who went has no name any more" NXDOMAIN guest web dig +time=2 +tries=1 "@$(host4 web)" db.internal A
succeeds "  the others go on" ping -4 -c1 -W1 "$(guest4 web)"
done_testing
