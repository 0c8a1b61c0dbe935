#!/usr/bin/env bash
# setup: what it changes, that it can run again, and that --undo takes exactly that away.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

rm -rf /etc/systemd/nspawn /etc/systemd/network /var/log/nixos-nspawn /var/lib/nixos-nspawn/profiles
rm -f /etc/machine-id /var/lib/dbus/machine-id
printf '# a comment\npasswd: files\nhosts:          files dns # tail\n' >/etc/nsswitch.conf
chmod 640 /etc/nsswitch.conf
files() { # the host's files, with their content
        find /etc/systemd /var/lib/nixos-nspawn /var/log/nixos-nspawn /etc/machine-id -maxdepth 2 2>/dev/null | grep -v setup.json | sort
        stat -c '%a %U' /etc/nsswitch.conf
        cat /etc/nsswitch.conf /etc/machine-id 2>/dev/null
}
before=$(files)

same "--dry-run says what would be done" "make /var/lib/nixos-nspawn/profiles
make /var/log/nixos-nspawn
make /etc/systemd/nspawn
make /etc/systemd/network
write a machine id to /etc/machine-id
add nspawn to the hosts of /etc/nsswitch.conf, so that this host resolves containers
  -hosts:          files dns # tail
  +hosts:          files nspawn dns # tail" "$(nixos-nspawn setup --dry-run)"
same "  and does nothing" "$before" "$(files)"
same "setup says what it does" "$(nixos-nspawn setup --dry-run)" "$(nixos-nspawn setup)"
prints "  machine id" '^[0-9a-f]{32}$' cat /etc/machine-id
prints "  nsswitch.conf" '^hosts:          files nspawn dns # tail$' cat /etc/nsswitch.conf
same "  its mode is kept" "640" "$(stat -c %a /etc/nsswitch.conf)"
after=$(files)
same "again: nothing to do" "Nothing to do." "$(nixos-nspawn setup)"
same "  and nothing changes" "$after" "$(files)"
same "  as JSON" '{"dryRun": false, "changes": [], "missing": []}' "$(nixos-nspawn setup --json)"
prints "--undo --dry-run says what would be taken away" '^remove /etc/systemd/nspawn, if it is empty$' nixos-nspawn setup --undo --dry-run
same "  and does nothing" "$after" "$(files)"
succeeds "--undo" nixos-nspawn setup --undo
same "  all is as before" "$before" "$(files)"
succeeds "  no record is left" test ! -e /var/lib/nixos-nspawn/setup.json
succeeds "--undo again is harmless" nixos-nspawn setup --undo
same "  and changes nothing" "$before" "$(files)"
succeeds "setup by somebody with a strict umask" bash -c 'umask 077; nixos-nspawn setup'
same "  everybody may look" "755 755 755" "$(stat -c %a /etc/systemd/nspawn /var/log/nixos-nspawn /var/lib/nixos-nspawn/profiles | xargs)"
need "--undo" nixos-nspawn setup --undo

# What others did stays.
printf 'hosts: files nspawn dns\n' >/etc/nsswitch.conf
echo fedcba9876543210fedcba9876543210 >/etc/machine-id
mkdir /etc/systemd/network
before=$(files)
succeeds "setup where most is there" nixos-nspawn setup
touch /etc/systemd/nspawn/foreign.nspawn
prints "--undo keeps what is not empty" '^keep /etc/systemd/nspawn, which is not empty$' nixos-nspawn setup --undo
prints "  an entry that was there stays" '^hosts: files nspawn dns$' cat /etc/nsswitch.conf
prints "  a machine id that was there stays" '^fedcba9876543210fedcba9876543210$' cat /etc/machine-id
rm /etc/systemd/nspawn/foreign.nspawn
succeeds "--undo once more" nixos-nspawn setup --undo
same "  all is as before" "$before" "$(files)"

# A file that was changed meanwhile keeps the change.
printf 'hosts: files dns\n' >/etc/nsswitch.conf
succeeds "setup" nixos-nspawn setup
sed -i 's/dns/mdns4 dns/' /etc/nsswitch.conf
succeeds "--undo" nixos-nspawn setup --undo
same "  keeps the other change" "hosts: files mdns4 dns" "$(cat /etc/nsswitch.conf)"

# No nsswitch.conf, an empty machine id, D-Bus's.
rm /etc/nsswitch.conf
: >/etc/machine-id
mkdir -p /var/lib/dbus
echo 0123456789abcdef0123456789abcdef >/var/lib/dbus/machine-id
succeeds "setup without nsswitch.conf" nixos-nspawn setup
prints "  it is made" '^hosts:.*nspawn' cat /etc/nsswitch.conf
same "  the machine id is that of D-Bus" 0123456789abcdef0123456789abcdef "$(cat /etc/machine-id)"
succeeds "--undo" nixos-nspawn setup --undo
succeeds "  no nsswitch.conf again" test ! -e /etc/nsswitch.conf
succeeds "  the machine id is empty again" test -e /etc/machine-id -a ! -s /etc/machine-id

# What ran: the daemon, the proxy, and what they keep until the next boot.
need "setup" nixos-nspawn setup
need "create" nixos-nspawn create --config examples/example.nix example
kill -9 "$(pgrep -x nspawn-netd)" "$(pgrep -x nspawn-proxy)"
within 5 "a supervisor starts a daemon that was killed, and that one the proxy" bash -c 'pgrep -x nspawn-netd && pgrep -x nspawn-proxy && nixos-nspawn ports | grep -q nspawn-proxy'
need "remove" nixos-nspawn remove --delete-state example
prints "after a container, the daemon and the proxy may run" 'nspawn-netd' ps -eo args
proxy=$(pgrep -x nspawn-proxy)
succeeds "  the proxy does" test -n "$proxy"
refused "  the folder of the control groups is gone with the last container" ls -d /sys/fs/cgroup/nixos-nspawn
prints "--undo --dry-run says that they end" '^end nspawn-netd and nspawn-proxy, remove their firewall tables and /run/nixos-nspawn,' nixos-nspawn setup --undo --dry-run
same "  and does nothing" "$proxy" "$(pgrep -x nspawn-proxy)"
succeeds "--undo" nixos-nspawn setup --undo
silent_about "  no daemon, no proxy" 'nspawn-' ps -eo args
succeeds "  nothing in /run" test ! -e /run/nixos-nspawn
silent_about "  no table" nixos_nspawn nft list tables
succeeds "--undo again is harmless" nixos-nspawn setup --undo
succeeds "  and leaves nothing" test ! -e /run/nixos-nspawn

# What is wrong is said.
echo nonsense >/etc/machine-id
fails "a broken machine id" 1 '^nixos-nspawn: /etc/machine-id does not hold a machine id: empty it and run setup again$' nixos-nspawn setup
echo fedcba9876543210fedcba9876543210 >/etc/machine-id
mkdir /run/path
for program in bash cat sed ldconfig; do ln -s "$(command -v $program)" /run/path/; done
fails "missing programs are named with their packages" 1 'mmdebstrap is missing, to make Debian trees: install the package mmdebstrap' \
        env PATH=/run/path /usr/local/bin/nixos-nspawn setup
fails "  one without which nothing works is an error" 1 'install the package systemd-container$' \
        env PATH=/run/path /usr/local/bin/nixos-nspawn setup
echo '{' >/var/lib/nixos-nspawn/setup.json
fails "a damaged record" 1 '^nixos-nspawn: /var/lib/nixos-nspawn/setup.json cannot be read' nixos-nspawn setup --undo
done_testing
