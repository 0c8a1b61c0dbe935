#!/usr/bin/env bash
# nspawn-proxy is killed: the daemon brings it back with its forwards within a second, and only when there are any.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

proxy_pid() { pgrep -x nspawn-proxy; }
fetched() { [[ $(fetch "http://$1") == "$2" ]]; }
comes_back() { # comes_back AFTER OLD-PID: both forwards, both families
        within 1 "$1: IPv4" fetched 127.0.0.1:8181 welcome
        within 1 "  IPv6" fetched '[::1]:8181' welcome
        within 1 "  the other container's" fetched localhost:8282 other
        same "  UDP" ping "$(udp 127.0.0.1 8183 ping 2>&1)"
        same "  one new proxy" "1 new" "$(proxy_pid | wc -l) $([[ $(proxy_pid) == "$2" ]] && echo old || echo new)"
}

need "the daemon starts" "$netd" ensure
run_guest example '[{"hostPort":8181,"containerPort":80},{"hostPort":8183,"containerPort":80,"protocol":"udp"}]'
run_guest other '[{"hostPort":8282,"containerPort":80}]'
serve example 80 welcome
serve other 80 other
need "localhost" fetch http://localhost:8181

old=$(proxy_pid)
kill -9 "$old"
comes_back "kill -9" "$old"
old=$(proxy_pid)
kill "$old"
comes_back "SIGTERM" "$old"
for _ in 1 2 3 4 5; do
        old=$(proxy_pid)
        kill -9 "$old"
        within 2 "again and again: there again" bash -c "pid=\$(pgrep -x nspawn-proxy) && [[ \$pid != $old ]]"
done
comes_back "  with everything" "$old"

# One that hangs (here: is stopped) keeps its ports, but nobody from working.
old=$(proxy_pid)
kill -STOP "$old"
succeeds "it hangs: an attachment" of Attach other
comes_back "  another proxy takes over" "$old"
old=$(proxy_pid)
kill -STOP "$old"
succeeds "it hangs: a detachment" of Detach other
succeeds "  and again" of Attach other
comes_back "  another proxy takes over" "$old"

kill -9 "$(daemon_pid)"
need "another daemon" "$netd" ensure
old=$(proxy_pid)
kill -9 "$old"
comes_back "it watches, too" "$old"

kill -9 "$(daemon_pid)" "$(proxy_pid)"
need "both killed: the next daemon" "$netd" ensure
comes_back "  has both" 0
old=$(proxy_pid)
kill -9 "$old"
comes_back "  and watches" "$old"

# Somebody is faster than we: his port stays his, the others come back.
daemon=$(daemon_pid)
kill -STOP "$daemon"
kill -9 "$(proxy_pid)"
python3 -c 'import socket, time; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 8181)); s.listen(); open("/run/taken", "w"); time.sleep(600)' &
taker=$!
within 5 "a port is taken meanwhile" test -e /run/taken
kill -CONT "$daemon"
within 1 "  the other container's comes back" fetched localhost:8282 other
prints "  the daemon says whose the port is" '8181.*python3' daemon_log
kill $taker

# Nothing to listen for: nothing is started.
need "no forward" of Detach example
need "  at all" of Detach other
kill -9 "$(proxy_pid)"
within 1 "killed without a forward" bash -c '! pgrep -x nspawn-proxy'
sleep 1
refused "  it stays away" proxy_pid
silent_about "no complaints" 'cannot|trying again' grep -v taken /var/log/nixos-nspawn/netd.log
done_testing
