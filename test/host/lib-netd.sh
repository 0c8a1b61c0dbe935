# For cases that need the daemons of the host and nothing that runs containers: a network for a namespace of the host's,
# with a service in it. Sourced after lib.sh.

# call METHOD [PARAMETERS]: of io.nixos.Nspawn, from inside the host; prints the reply.
call() {
        in_host python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(30); s.connect("/run/nixos-nspawn/io.nixos.Nspawn")
s.send(b"{\"method\":\"io.nixos.Nspawn.%s\",\"parameters\":%s}\0" % (sys.argv[1].encode(), sys.argv[2].encode()))
reply = b""
while not reply.endswith(b"\0"):
    chunk = s.recv(65536)
    if not chunk: sys.exit("closed")
    reply += chunk
text = reply[:-1].decode(); print(text); sys.exit("\"error\"" in text)' "$1" "${2:-{\}}"
}
# attach NAME FORWARDS: the namespace NAME of the host's.
attach() { call AttachNamespace "{\"name\":\"$1\",\"namespacePath\":\"/run/netns/$1\",\"link\":\"eth0\",\"forwards\":$2}"; }
detach() { call DetachNamespace "{\"name\":\"$1\"}"; }
make_namespace() {
        in_host ip netns add "$1"
        in_host ip -n "$1" link set lo up
}

# Programs of this machine in the host's network, or in that of a namespace there.
host_net() { nsenter -t "$(cat "$HOST_WORK/pid")" -n "$@"; }
namespace_net() { # namespace_net NAME COMMAND...
        local name=$1
        shift
        nsenter --net="/proc/$(cat "$HOST_WORK/pid")/root/run/netns/$name" "$@"
}

# serve NAME PORT: who connects gets back, a line at a time, what it sent.
serve() {
        cat >/run/echo.py <<'P'
import socket, sys, threading
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("::", int(sys.argv[1]))); s.listen(64)
def answer(c):
    try:
        while data := c.recv(4096): c.sendall(data)
    except OSError: pass
    c.close()
while True: threading.Thread(target=answer, args=(s.accept()[0],), daemon=True).start()
P
        namespace_net "$1" python3 /run/echo.py "$2" &
        disown
        within 5 "$1 serves on port $2" namespace_net "$1" bash -c "exec 3<>/dev/tcp/127.0.0.1/$2"
}
# says ADDRESS PORT: a connection on which a line comes back.
says() {
        python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2); s.sendall(b"hello\n"); sys.exit(s.recv(64) != b"hello\n")' "$1" "$2"
}
# Connections that stay open: stream NAME COMMAND... ADDRESS PORT, then `alive NAME`.
stream() {
        local name=$1
        shift
        cat >/run/stream.py <<'P'
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2); s.settimeout(3)
print("ready", flush=True)
for line in sys.stdin:
    try:
        s.sendall(line.encode()); data = s.recv(64).decode()
    except OSError as e: data = str(e)
    print("alive" if data == line else "gone " + data.strip(), flush=True)
P
        mkfifo "/run/$name.in" "/run/$name.out"
        "${@:1:$#-2}" python3 /run/stream.py "${@: -2}" <"/run/$name.in" >"/run/$name.out" 2>&1 &
        disown
        eval "exec {${name}_in}>/run/$name.in {${name}_out}</run/$name.out"
        prints "a connection, $name" '^ready' _answer "$name"
}
_answer() {
        local line=silent
        eval "read -r -t 5 -u \$${1}_out line"
        echo "$line"
}
alive() {
        eval "echo line >&\$${1}_in"
        same "${2:-  the connection goes on}, $1" alive "$(_answer "$1")"
}
