#!/usr/bin/env bash
# A container without a user namespace, whose root may make device nodes, gets at no devices of the host's but those that
# are given to it.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

inside() { nixos-nspawn run example -- "$@"; }
write_config() { # write_config BIND-MOUNTS
        cat >/run/example.json <<J
{ "system": { "stateVersion": "26.05" }, "nixosContainer": { "userNamespacing": false, "bindMounts": $1 } }
J
}
# A loop device, of which nothing is read.
need "a device node on the host" mknod -m 600 /run/given b 7 0
need "  that the host may open" bash -c 'exec 3</run/given'
need "setup" nixos-nspawn setup
write_config '[]'
need "create" nixos-nspawn create --config /run/example.json example

restricted() { # restricted WHEN
        succeeds "$1: /dev/null, and one made anew" inside sh -c 'rm -f /root/null; mknod /root/null c 1 3 && echo x >/root/null'
        succeeds "  randomness" inside sh -c 'head -c 1 /dev/urandom'
        succeeds "  terminals" inside sh -c 'script -qc true /dev/null || exec 3<>/dev/ptmx'
        prints "  no node of a block device can be made" 'Operation not permitted' inside mknod /root/disk b 7 0
        prints "  nor of a character device" 'Operation not permitted' inside mknod /root/memory c 1 1
        # One that was there before, as in an image.
        rm -f /var/lib/machines/example/root/there
        need "  a node made from outside" mknod -m 666 /var/lib/machines/example/root/there b 7 0
        prints "  it cannot be opened, either" 'Operation not permitted' inside sh -c 'exec 3</root/there'
        prints "  not even for writing only" 'Operation not permitted' inside sh -c 'exec 3>>/root/there'
}
restricted "created"
need "restart" nixos-nspawn restart example
restricted "restarted"

write_config '["/run/given:/root/given"]'
need "update" nixos-nspawn update --config /run/example.json example
succeeds "a device that is bound into it can be opened" inside sh -c 'exec 3</root/given'
prints "  no new node of it can be made" 'Operation not permitted' inside mknod /root/disk b 7 0
prints "  others can still not be made" 'Operation not permitted' inside mknod /root/memory c 1 1
succeeds "remove" nixos-nspawn remove --delete-state example
done_testing
