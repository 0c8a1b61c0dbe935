#!/usr/bin/env bash
# Where systemd is PID 1 it listens for the daemons and starts them for who connects: nothing is forked here, the socket
# is left alone, and whoever listens is not taken for the daemon. test/host/units.sh has the real one.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

# As systemd does with our units: listens, starts for the first who connects, and again when it died, but not after 77.
cat >/run/manager.py <<'P'
import os, select, socket, sys, time
folder = "/usr/local/libexec/nixos-nspawn/"
units = {"nspawn-netd": "/run/nixos-nspawn/io.nixos.Nspawn", "nspawn-proxy": "/run/nixos-nspawn/proxy"}
options = {"nspawn-netd": ["--idle", "2"], "nspawn-proxy": []}
sockets, running = {}, {}
os.makedirs("/run/nixos-nspawn", exist_ok=True)
for name, path in units.items():
    sockets[name] = socket.socket(socket.AF_UNIX); sockets[name].bind(path); os.chmod(path, 0o600); sockets[name].listen(64)
def start(name):
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open("/run/%s.log" % name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        os.dup2(sockets[name].fileno(), 3); os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
        os.execv(folder + name, [name] + options[name])
    running[pid] = name
print("ready", flush=True)
while True:
    idle = [name for name in units if name not in running.values()]
    ready, _, _ = select.select([sockets[name] for name in idle], [], [], 0.02)
    for name in idle:
        if sockets[name] in ready: start(name)
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0: break
        name = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        open("/run/%s.ends" % name, "a").write("%d\n" % code)
        if code != 77: time.sleep(0.1); start(name)
P
proxy_pid() { pgrep -x nspawn-proxy; }
fetched() { [[ $(fetch "http://$1") == "$2" ]]; }
new_proxy() { [[ -n $(proxy_pid) && $(proxy_pid) != "$1" ]]; }
new_daemon() { [[ -n $(pgrep -x nspawn-netd) && $(pgrep -x nspawn-netd) != "$1" ]]; }

mkdir -p /run/systemd/system
fails "nobody listens: the command says what to do" 1 "nspawn-netd.socket.*not active: run 'nixos-nspawn setup'" "$netd" ensure
refused "  and starts nothing" pgrep -x nspawn-netd
fails "setup without systemd says what is missing" 1 "Cannot reach systemd on " nixos-nspawn setup

python3 /run/manager.py >/run/manager.log &
within 5 "somebody listens" grep -q ready /run/manager.log
inodes=$(stat -c %i /run/nixos-nspawn/io.nixos.Nspawn /run/nixos-nspawn/proxy)
refused "nothing runs yet" pgrep -x nspawn-netd
for _ in $(seq 10); do "$netd" ensure & pids+=($!); done
for pid in "${pids[@]}"; do wait "$pid" || not_ok "one of ten commands at once"; done
same "ten commands at once start one daemon" 1 "$(pgrep -cx nspawn-netd)"
refused "no proxy without a forward" proxy_pid
# The proxy's: its socket is there, and nobody behind it.
need "define" "$netd" define example '[{"hostPort":8181,"containerPort":80}]'
need "detaching what is not attached" of Detach example
refused "  starts no proxy" proxy_pid
run_guest example '[{"hostPort":8181,"containerPort":80}]'
serve example 80 welcome
same "localhost" welcome "$(fetch http://localhost:8181)"
old=$(proxy_pid)
kill -9 "$old"
within 3 "kill -9 of the proxy: there again" new_proxy "$old"
within 3 "  with its forward" fetched localhost:8181 welcome
old=$(proxy_pid)
daemon=$(daemon_pid)
kill -9 "$daemon"
within 3 "kill -9 of the daemon: there again" new_daemon "$daemon"
same "  the proxy is still that one" "$old" "$(proxy_pid)"
same "  and forwards" welcome "$(fetch http://localhost:8181)"
succeeds "  the daemon has the network" of Describe example
kill -9 "$old"
within 3 "it watches the proxy, too" fetched localhost:8181 welcome
call Stop >/dev/null
within 3 "stopped by hand, it comes back" new_daemon 0

need "detached" of Detach example
within 30 "with nothing to do both end" bash -c '! pgrep -x "nspawn-netd|nspawn-proxy"'
same "  in their own way" "77 77" "$(tail -qn 1 /run/nspawn-netd.ends /run/nspawn-proxy.ends | paste -sd' ')"
same "the sockets were nobody's but the manager's" "$inodes" "$(stat -c %i /run/nixos-nspawn/io.nixos.Nspawn /run/nixos-nspawn/proxy)"
succeeds "the next command starts it again" "$netd" ensure
refused "no log of its own" test -e /var/log/nixos-nspawn/netd.log
done_testing
