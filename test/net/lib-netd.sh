# For the daemon's tests: containers without systemd-nspawn, their links made by hand as nspawn makes them. Sourced after
# lib/tap.sh and lib/network.sh, in a sandbox.

netd=$BUILD/test/net/netd
call() { "$netd" call "$@"; }
of() { call "$1" "{\"name\":\"$2\"}"; } # of METHOD NAME
# field PATH: of JSON on standard input, "network.hostAddresses.0"
field() {
        python3 -c 'import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1].split("."):
    v = v[int(k)] if k.isdigit() else v.get(k)
print("" if v is None else v)' "$1"
}
about() { of Describe "$1" | field "network.$2"; } # about NAME PATH
state_is() { [[ $(about "$1" state) == "$2" ]]; }
daemon_pid() { call Ping | field pid; }
daemon_log() { cat /var/log/nixos-nspawn/netd.log; }

# The link as nspawn makes it: down, without addresses, its other end in the guest's namespace.
make_link() {
        local name=$1 host_mac guest_mac
        read -r host_mac guest_mac < <("$netd" macs "$name")
        [[ -e /run/netns/$name ]] || ip netns add "$name"
        ip link add "ve-$name" address "$host_mac" type veth peer name host0 address "$guest_mac" netns "$name"
}
guest() { ip netns exec "$@"; } # guest NAME COMMAND...

# What the first process does.
start_guest() {
        local name=$1 host_mac network host4 host6 host_local
        network=$(of Describe "$name")
        get() { field "network.$1" <<<"$network"; }
        read -r host_mac _ < <("$netd" macs "$name")
        host4=$(get hostAddresses.0) host6=$(get hostAddresses.1)
        host_local=$(ip -6 -o addr show dev "ve-$name" scope link | awk '{ print $4 }')
        ip -n "$name" link set lo up
        ip -n "$name" link set host0 addrgenmode eui64
        guest "$name" sysctl -qw net.ipv6.conf.host0.accept_dad=0
        ip -n "$name" addr add "$(get containerAddresses.0)" dev host0
        ip -n "$name" addr add "$(get containerAddresses.1)" dev host0 nodad
        ip -n "$name" neigh replace "${host4%/*}" lladdr "$host_mac" dev host0 nud permanent
        ip -n "$name" neigh replace "${host6%/*}" lladdr "$host_mac" dev host0 nud permanent
        ip -n "$name" link set host0 up
        ip -n "$name" route replace default via "${host4%/*}"
        ip -n "$name" route replace default via "${host_local%/*}" dev host0
}
guest4() { about "$1" containerAddresses.0 | cut -d/ -f1; }
guest6() { about "$1" containerAddresses.1 | cut -d/ -f1; }
host4() { about "$1" hostAddresses.0 | cut -d/ -f1; }
host6() { about "$1" hostAddresses.1 | cut -d/ -f1; }

# A container from definition to a guest that talks: run_guest NAME [FORWARDS]
run_guest() {
        need "$1: define" "$netd" define "$@"
        need "$1: attach" of Attach "$1"
        need "$1: link" make_link "$1"
        within 2 "$1: its link is complete" state_is "$1" linked
        need "$1: guest" start_guest "$1"
}

# serve NAME PORT TEXT: an HTTP server in the guest that answers TEXT; what is asked of it over UDP comes back.
serve() {
        cat >/run/serve.py <<'P'
import http.server, socket, socketserver, sys, threading
port, text = int(sys.argv[1]), sys.argv[2].encode()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", str(len(text))); self.end_headers(); self.wfile.write(text)
    def log_message(self, *a): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self) # HTTPServer's asks DNS for our name
def echo():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    while True:
        d, a = s.recvfrom(2000); s.sendto(d, a)
threading.Thread(target=echo, daemon=True).start()
Server(("::", port), Handler).serve_forever()
P
        guest "$1" python3 /run/serve.py "$2" "$3" &
        disown
        within 5 "$1: serves on port $2" guest "$1" bash -c "exec 3<>/dev/tcp/127.0.0.1/$2"
}
fetch() { curl -sS --max-time 2 "$@"; }

# udp HOST PORT TEXT: sends it and prints what comes back.
udp() {
        python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2); s.connect((sys.argv[1], int(sys.argv[2]))); s.send(sys.argv[3].encode()); print(s.recv(2000).decode())' "$@"
}
# As when the container ends: its processes, then its namespace, and the link with it.
end_guest() {
        ip netns pids "$1" | xargs -r kill -9
        ip netns delete "$1"
}

# Sorted, as the kernel lists the elements of a set in any order.
rules() { nft list ruleset | sed 's/elements = {/&\n/; s/[,}]/\n&\n/g' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | grep . | sort; }
export -f rules
# Everything of ours that could be left: links, elements, names, records, listening sockets.
left() {
        ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort
        rules
        find /run/nixos-nspawn/networks /run/nixos-nspawn/names -mindepth 1 ! -name .by-address 2>/dev/null | sort
        ss -Hlntu | awk '{ print $1, $5 }' | sort
}
export -f left
