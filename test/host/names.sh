#!/usr/bin/env bash
# The host resolves containers beside machined's module, in either order, with and without nscd; and what nscd remembers
# of a name does not outlive the container's start and end.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd trixie/ifupdown

order() { in_host sed -i "s/^hosts:.*/hosts: $1/" /etc/nsswitch.conf; }
hosts_line() { in_host sed -n 's/^hosts: *//p' /etc/nsswitch.conf; }
with_nscd() { in_host systemctl start nscd; }
without_nscd() { in_host systemctl stop nscd 2>/dev/null; }
unknown() { ! in_host getent "$1" web; }

need "boot" boot_host
need "setup" in_host nixos-nspawn setup
prints "ours stands before machined's" '^files nspawn .*mymachines' hosts_line
was=$(hosts_line)
mkdir -p "$host_root/root/c"
echo '{ "nixosContainer": { "forwardPorts": [ { "hostPort": 8181, "containerPort": 80 } ] } }' >"$host_root/root/c/web.json"
need "create" in_host nixos-nspawn create --config /root/c/web.json web
v4=$(in_host nixos-nspawn show-ip web)
v6=$(in_host nixos-nspawn show-ip --ipv6 web)

resolves() {
        prints "  getent ahosts: IPv4" "^$v4 +STREAM" in_host getent ahosts web
        prints "  IPv6" "^$v6(%[0-9]+)? +STREAM" in_host getent ahosts web
        prints "  getent hosts" "^$v6 +web" in_host getent hosts web
        succeeds "  ping -6" in_host ping -6 -n -c1 -W2 web
        succeeds "  ping -4" in_host ping -4 -n -c1 -W2 web
        prints "  the address's name" "^$v4 +web" in_host getent hosts "$v4"
        prints "  of IPv6, too" "^$v6 +web" in_host getent hosts "$v6"
}
for cache in without_nscd with_nscd; do
        for list in "files nspawn mymachines dns" "files mymachines nspawn dns" "$was"; do
                order "$list"
                $cache
                ok "$cache, $list"
                resolves
        done
        [[ $list == *"nspawn"* ]] && silent_about "  ours first: no link-local address" '^fe80' in_host getent ahosts web
done

need "stop" in_host nixos-nspawn stop web
within 5 "nscd: a container that ended is unknown, getaddrinfo" unknown ahosts
within 5 "  gethostbyname" unknown hosts
need "start" in_host nixos-nspawn start web
within 5 "nscd: a container that was unknown is known when it runs, getaddrinfo" in_host getent ahosts web
within 5 "  gethostbyname" in_host getent hosts web
without_nscd
need "remove" in_host nixos-nspawn remove web
need "setup --undo" in_host nixos-nspawn setup --undo
silent_about "nsswitch.conf is as before" nspawn hosts_line
done_testing
