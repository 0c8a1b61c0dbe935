#!/usr/bin/env bash
# The socket speaks Varlink as varlink.org describes it, to root alone, whatever a peer does.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

need "the daemon starts" "$netd" ensure
need "define" "$netd" define example '[{"hostPort":8181}]'
socket=/run/nixos-nspawn/io.nixos.Nspawn
# peer.py: reads Python statements that use send(text), receive() -> parsed message or None at the end, half_close().
cat >/run/peer.py <<'P'
import json, os, socket, sys, time
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/nixos-nspawn/io.nixos.Nspawn")
left = b""
def send(m): s.sendall((m if isinstance(m, str) else json.dumps(m)).encode())
def call(method, end="\0", **more): send(json.dumps(dict(method=method, **more)) + end)
def receive():
    global left
    while b"\0" not in left:
        try: d = s.recv(65536)
        except ConnectionResetError: d = b""
        if not d: return None
        left += d
    m, left = left.split(b"\0", 1)
    return json.loads(m)
def half_close(): s.shutdown(socket.SHUT_WR)
def expect(what, wanted):
    if what != wanted: sys.exit(f"expected {wanted!r}\ngot {what!r}")
exec(sys.stdin.read())
P
speaks() { # speaks WHAT <<< STATEMENTS
        local statements seen status=0
        statements=$(cat)
        seen=$(python3 /run/peer.py <<<"$statements" 2>&1) || status=$?
        if [[ $status -eq 0 ]]; then ok "$1"; else not_ok "$1" "$statements
$seen"; fi
}
ping=io.nixos.Nspawn.Ping
same "the socket is root's alone" "600 root" "$(stat -c '%a %U' $socket)"
speaks "GetInfo" <<'E'
call("org.varlink.service.GetInfo")
r = receive()["parameters"]
expect(r["interfaces"], ["org.varlink.service", "io.nixos.Nspawn"]); expect(r["product"], "nspawn-netd"); expect(sorted(r), ["interfaces", "product", "url", "vendor", "version"])
E
speaks "GetInterfaceDescription: the source's text" <<E
call("org.varlink.service.GetInterfaceDescription", parameters=dict(interface="io.nixos.Nspawn"))
expect(receive()["parameters"]["description"], open("src/netd/io.nixos.Nspawn.varlink").read())
call("org.varlink.service.GetInterfaceDescription", parameters=dict(interface="org.varlink.service"))
expect(receive()["parameters"]["description"].split("\n")[1], "interface org.varlink.service")
E
speaks "  of an unknown interface" <<'E'
call("org.varlink.service.GetInterfaceDescription", parameters=dict(interface="io.nixos.Other"))
expect(receive(), dict(error="org.varlink.service.InterfaceNotFound", parameters=dict(interface="io.nixos.Other")))
E
speaks "every method that is described exists, and the other way round" <<'E'
import re
text = open("src/netd/io.nixos.Nspawn.varlink").read()
described = set(re.findall(r"^method (\w+)\(", text, re.M)) - {"Stop"}
for m in described:
    call("io.nixos.Nspawn." + m)
    r = receive()
    if r.get("error") == "org.varlink.service.MethodNotFound": sys.exit(m)
table = set(re.findall(r'^\s+\{"([A-Z]\w+)"', open("src/netd/service.c").read(), re.M)) - {"Stop"}
expect(table, described)
E
speaks "unknown interface, unknown method, no method at all" <<'E'
call("io.nixos.Other.Ping"); expect(receive(), dict(error="org.varlink.service.InterfaceNotFound", parameters=dict(interface="io.nixos.Other")))
call("io.nixos.Nspawn.Pong"); expect(receive(), dict(error="org.varlink.service.MethodNotFound", parameters=dict(method="io.nixos.Nspawn.Pong")))
call("Ping"); expect(receive()["error"], "org.varlink.service.InterfaceNotFound")
call("org.varlink.service.Pong"); expect(receive(), dict(error="org.varlink.service.MethodNotFound", parameters=dict(method="org.varlink.service.Pong")))
E
speaks "missing, wrong and unknown parameters are named" <<'E'
for p, wrong in ((None, "name"), (dict(), "name"), (dict(name=1), "name"), (dict(name=None), "name"), (dict(name="x", nam="y"), "nam")):
    call("io.nixos.Nspawn.Describe", parameters=p)
    expect(receive(), dict(error="org.varlink.service.InvalidParameter", parameters=dict(parameter=wrong)))
E
speaks "an error has message, exit status and errno" <<'E'
call("io.nixos.Nspawn.Describe", parameters=dict(name="nobody"))
r = receive()
expect(r["error"], "io.nixos.Nspawn.NotFound"); expect(r["parameters"]["exitStatus"], 2); expect(r["parameters"]["errno"], 2)
expect("nobody" in r["parameters"]["message"], True)
E
speaks "calls in one packet are answered in order" <<'E'
send("".join(json.dumps(dict(method="io.nixos.Nspawn.Describe", parameters=dict(name=f"n{i}"))) + "\0" for i in range(500)))
for i in range(500): expect(f"'n{i}'" in receive()["parameters"]["message"], True)
E
speaks "a call in many packets is one call" <<'E'
for c in json.dumps(dict(method="io.nixos.Nspawn.Ping")) + "\0": send(c)
expect(receive()["parameters"]["pid"] > 0, True)
E
speaks "oneway is not answered, the next call is" <<'E'
call("io.nixos.Nspawn.Describe", oneway=True, parameters=dict(name="nobody"))
call("io.nixos.Nspawn.Pong", oneway=True)
call("org.varlink.service.GetInfo", oneway=True)
call("io.nixos.Nspawn.Ping"); expect("pid" in receive()["parameters"], True)
E
speaks "more, of a method with one answer: one answer, no 'continues'" <<'E'
call("io.nixos.Nspawn.List", more=True)
r = receive(); expect(r.get("continues", False), False); expect(r["parameters"], dict(networks=[]))
E
speaks "a peer that has said everything still gets its answers, then the end" <<'E'
for _ in range(3): call("io.nixos.Nspawn.Ping")
half_close()
for _ in range(3): expect("pid" in receive()["parameters"], True)
expect(receive(), None)
E
speaks "what is no call ends the connection" <<'E'
call("io.nixos.Nspawn.Ping"); receive()
send("this is no JSON\0"); expect(receive(), None)
E
for text in '[]' '{}' '{"method":1}' '{"method":"a.b.C","parameters":[]}' '{"method":"a.b.C","upgrade":true}' '' '{"method":"a","method":"b"}'; do
        speaks "  $text" <<E
send('$text' + "\0"); expect(receive(), None)
E
done
speaks "a message without an end is not read for ever" <<'E'
try:
    for _ in range(200): send("x" * 65536)
except (BrokenPipeError, ConnectionResetError): sys.exit(0)
expect(receive(), None)
E
speaks "a peer that never reads holds nobody up" <<'E'
s.setblocking(False)
try:
    while True: call("org.varlink.service.GetInterfaceDescription", parameters=dict(interface="io.nixos.Nspawn"))
except BlockingIOError: pass
s = socket.socket(socket.AF_UNIX); s.settimeout(2); s.connect("/run/nixos-nspawn/io.nixos.Nspawn")
call("io.nixos.Nspawn.Ping"); expect("pid" in receive()["parameters"], True)
E
speaks "a thousand idle connections hold nobody up longer than they last" <<'E'
idle = [socket.socket(socket.AF_UNIX) for _ in range(1000)]
for i in idle: i.connect("/run/nixos-nspawn/io.nixos.Nspawn")
call("io.nixos.Nspawn.Ping"); expect("pid" in receive()["parameters"], True)
more = [socket.socket(socket.AF_UNIX) for _ in range(100)]
for i in more: i.connect("/run/nixos-nspawn/io.nixos.Nspawn")
more[99].send(b'{"method":"io.nixos.Nspawn.Ping"}\0')
for i in idle: i.close()
more[99].settimeout(5); expect(b'"pid"' in more[99].recv(1000), True)
call("io.nixos.Nspawn.Ping"); expect("pid" in receive()["parameters"], True)
E
chmod 666 $socket
speaks "somebody who is not root is not answered, whatever the socket's mode" <<'E'
if os.fork() == 0:
    os.setuid(65534)
    s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/nixos-nspawn/io.nixos.Nspawn")
    try: call("io.nixos.Nspawn.Ping"); r = receive()
    except (BrokenPipeError, ConnectionResetError): r = None
    os._exit(0 if r is None else 1)
expect(os.wait()[1], 0)
E
speaks "all the same daemon, all the time" <<'E'
call("io.nixos.Nspawn.Ping"); expect(receive()["parameters"]["version"] != "", True)
E
descriptors() { ls "/proc/$1/fd" | wc -l; }
before=$(descriptors "$(daemon_pid)")
speaks "thousands of connections, ended in the middle" <<'E'
for i in range(3000):
    s = socket.socket(socket.AF_UNIX); s.connect("/run/nixos-nspawn/io.nixos.Nspawn"); s.send(b'{"method":"io.nixos.Nspawn.Ping"}\0{"met'); s.close()
E
pid=$(daemon_pid)
within 2 "  leave nothing behind" bash -c "[[ \$(ls /proc/$pid/fd | wc -l) -eq $before ]]"
pid=$(daemon_pid)
speaks "Stop is answered, then it ends" <<'E'
call("io.nixos.Nspawn.Stop"); expect(receive(), dict(parameters={})); expect(receive(), None)
E
within 2 "  its process is gone" bash -c "! kill -0 $pid"
refused "  its socket, too" test -e $socket
done_testing
