#!/usr/bin/env bash
# A host port that is taken, by a container or by a process, is refused with a message that says by whom.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

make_peer
need "the daemon starts" "$netd" ensure
need "one" "$netd" define one '[{"hostPort":8181,"containerPort":80},{"hostPort":6000,"protocol":"udp","count":100}]'
need "  attached" of Attach one
before=$(left)
taken() { # taken WHAT FORWARDS PATTERN
        need "$1: define" "$netd" define two "$2"
        fails "$1: Attach is refused" 10 "$3" of Attach two
        fails "$1: so is Check" 10 "$3" of Check two
        same "$1: nothing is left" "$before" "$(left)"
}
allowed() { # allowed WHAT FORWARDS
        need "$1: define" "$netd" define two "$2"
        succeeds "$1: Check" of Check two
        succeeds "$1: Attach" of Attach two
        of Detach two >/dev/null
        same "$1: nothing is left" "$before" "$(left)"
}
taken "a container's port" '[{"hostPort":8181}]' "tcp port 8181 of the host is taken by container 'one'"
taken "inside a container's range" '[{"hostPort":6099,"protocol":"udp"}]' "udp port 6099 .* container 'one'"
taken "a range over a container's port" '[{"hostPort":8000,"count":500}]' "8000 to 8499 .* container 'one'"
taken "a bind address of a port that is everybody's" '[{"hostPort":8181,"bindAddress":"198.51.100.1"}]' "8181 .* container 'one'"
allowed "the same port of another protocol" '[{"hostPort":8181,"protocol":"udp"}]'
allowed "the port after the range" '[{"hostPort":6100,"protocol":"udp"}]'

listen() { # listen PYTHON-EXPRESSION: until the next one
        [[ -z ${listener-} ]] || { kill "$listener"; wait "$listener" 2>/dev/null; }
        rm -f /run/listening
        python3 -c "
import socket, time
$1
open('/run/listening', 'w')
time.sleep(1000)" &
        listener=$!
        until [[ -e /run/listening ]]; do sleep 0.02; done
        before=$(left)
}
listen 's = socket.socket(); s.bind(("0.0.0.0", 7070)); s.listen()'
taken "a listening process" '[{"hostPort":7070}]' "tcp port 7070 of the host is taken by python3 \(process $listener\), which listens on 0\.0\.0\.0"
allowed "  UDP is free" '[{"hostPort":7070,"protocol":"udp"}]'
taken "  of one address, too" '[{"hostPort":7070,"bindAddress":"198.51.100.1"}]' "7070 .* python3"
allowed "  of IPv6 it is free" '[{"hostPort":7070,"bindAddress":"2001:db8:1::1"}]'
listen 's = socket.socket(socket.AF_INET6); s.bind(("::", 7070)); s.listen()'
taken "a process that listens on ::" '[{"hostPort":7070,"bindAddress":"198.51.100.1"}]' "7070 .* python3 .*listens on ::"
listen 's = socket.socket(); s.bind(("127.0.0.1", 7070)); s.listen()'
taken "a process that listens on localhost only" '[{"hostPort":7070}]' "7070 .* listens on 127\.0\.0\.1"
allowed "  another address is free" '[{"hostPort":7070,"bindAddress":"198.51.100.1"}]'
listen 's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("198.51.100.1", 7070))'
taken "a bound UDP socket" '[{"hostPort":7070,"protocol":"udp"}]' "udp port 7070 .* python3 .* 198\.51\.100\.1"
allowed "  not connected, not bound: free" '[{"hostPort":7071,"protocol":"udp"}]'
listen 's = socket.socket(); s.bind(("0.0.0.0", 7070))'
need "a TCP socket that is bound and does not listen" "$netd" define two '[{"hostPort":7070}]'
fails "  nothing can listen on localhost: Attach is refused" 10 "tcp port 7070 of the host is taken" of Attach two
same "  nothing is left" "$before" "$(left)"
listen 's = socket.create_server(("0.0.0.0", 7070)); c = socket.create_connection(("127.0.0.1", 7070)); s.close()'
allowed "a connection is nobody's port" '[{"hostPort":7070}]'

need "a definition that does not run" "$netd" define asleep '[{"hostPort":9090}]'
need "  the same port again" "$netd" define two '[{"hostPort":9090}]'
fails "  Check refuses" 10 "'asleep'" of Check two
fails "Check of a container that does not exist" 2 "nobody" of Check nobody
fails "Attach of one" 2 "nobody" of Attach nobody
fails "Attach of what is no name" 10 "no name for a container" of Attach ../one

# Live.
listen 's = socket.socket(); s.bind(("0.0.0.0", 7070)); s.listen()'
was=$(of Describe one)
need "an update to a taken port" "$netd" define one '[{"hostPort":8181,"containerPort":80},{"hostPort":7070}]'
fails "  is refused" 10 "7070 .* python3" of Update one
same "  nothing has changed" "$was" "$(of Describe one)"
same "  in the kernel, too" "$before" "$(left)"
need "to a free one" "$netd" define one '[{"hostPort":8181,"containerPort":81},{"hostPort":8282}]'
prints "  Plan tells" '8282' of Plan one
same "  without doing it" "$before" "$(left)"
prints "  Update tells what it did" '8282' of Update one
same "  a second one has nothing to do" '{  "operations": []}' "$(of Update one | tr -d '\n')"
prints "  the new port" '8282' nft list map ip io.systemd.nat map_port_ipport
prints "  the other target" '8181 : [0-9.]+ \. 81' nft list map ip io.systemd.nat map_port_ipport
silent_about "  the old ones are gone" '60[0-9][0-9]' nft list map ip io.systemd.nat map_port_ipport
before=$(left)
allowed "  and free" '[{"hostPort":6000,"protocol":"udp"}]'

# Another program's element, of systemd-nspawn's own Port=, say.
nft add element ip io.systemd.nat map_port_ipport '{ tcp . 7575 : 192.0.2.9 . 99 }'
before=$(left)
need "a port that another program forwards" "$netd" define two '[{"hostPort":7575}]'
fails "  is refused" 10 "7575" of Attach two
same "  and its forward stays as it was" "$before" "$(left)"
done_testing
