#!/usr/bin/env bash
# A container of the user's own, plain systemd-nspawn@ with Port= and networkd's own files, beside ours: each keeps what it
# has, whatever the other does.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
on_hosts "$0" trixie/networkd bookworm/networkd

welcome='Welcome to nginx'
sh() { in_host sh -c "cd; $1"; }
need "the host boots" boot_host
cp examples/example.nix "$host_root/root"
need "setup" in_host nixos-nspawn setup
need "create example" in_host nixos-nspawn create --config /root/example.nix example
address=$(in_host nixos-nspawn show-ip -4 example)

# The user's: the same system, nothing of it known to us.
make_users() { # make_plain NAME PORT
        local tree=$host_root/var/lib/machines/$1 usr
        usr=$(sed -n 's/^BindReadOnly=\([^:]*\):\/usr:.*/\1/p' "$host_root/var/lib/nixos-nspawn/profiles/example/system/nixos-nspawn/example.nspawn")
        in_host cp -a --one-file-system /var/lib/machines/example "/var/lib/machines/$1"
        in_host chown -R --from="$(stat -c %u:%g "$tree")" 0:0 "/var/lib/machines/$1"
        echo "$1" >"$tree/etc/hostname"
        rm -f "$tree/etc/machine-id"
        md5sum <<<"$1" | cut -c1-32 >"$tree/etc/machine-id"
        rm -f "$tree"/etc/systemd/network/*
        cat >"$host_root/etc/systemd/nspawn/$1.nspawn" <<N
[Exec]
Boot=no
Parameters=/usr/lib/systemd/systemd
NotifyReady=yes
PrivateUsers=no
ResolvConf=off
Timezone=off
LinkJournal=no
[Files]
BindReadOnly=$usr:/usr:norbind
[Network]
VirtualEthernet=yes
Port=tcp:$2:80
N
}
make_users plain 8282
files=$(sh 'cd / && sha256sum /etc/systemd/nspawn/plain.nspawn; ls -A /etc/systemd/network')
http() { curl -sf -o /dev/null --max-time 2 "http://$1"; }
ours_well() {
        local at
        for at in $peer_host4:8181 "[$peer_host6]:8181"; do
                prints "  ours by $at from another machine" "$welcome" curl -s --max-time 5 "http://$at"
        done
        prints "  ours by localhost" "$welcome" in_host curl -s --max-time 5 http://localhost:8181
        prints "  ours is masqueraded" "elements.*${address%.*}\." in_host nft list set ip io.systemd.nat masq_saddr
}
reaches_out() { in_guest "$1" ping -4 -c1 -W1 $peer4; }
plain_well() {
        within 20 "  the user's by $peer_host4:8282 from another machine" http $peer_host4:8282
        within 5 "  the user's reaches another machine" reaches_out plain
}

succeeds "the user's starts" in_host machinectl start plain
plain_well
prints "  its link is networkd's, by networkd's own file" 'Network File: (/usr)?/lib/systemd/network/80-container-ve.network' in_host networkctl status ve-plain
prints "  with an address of networkd's" 'inet (192\.168|172\.(1[6-9]|2[0-9]|3[01])|10)\.[0-9.]+/28' in_host ip -4 addr show dev ve-plain
ours_well
prints "  machined has both" 'plain' in_host machinectl list
prints "  ours lists it as not managed" '"name": "plain",[^}]*"type": "unmanaged"' in_host nixos-nspawn list --json

sed 's/8181/8282/' examples/example.nix >"$host_root/root/third.nix"
fails "ours does not take the user's port" 10 "8282.*already forwarded to container 'plain'" in_host nixos-nspawn create --config /root/third.nix third
in_host nixos-nspawn remove --delete-state third >/dev/null 2>&1
prints "  the user's forward is as it was" '(tcp|6) \. 8282 : ' in_host nft list map ip io.systemd.nat map_port_ipport
plain_well

succeeds "ours stops" in_host nixos-nspawn stop example
plain_well
silent_about "  nothing of ours is left" "$address|8181" sh 'nft list map ip io.systemd.nat map_port_ipport; nft list set ip io.systemd.nat masq_saddr'
succeeds "ours starts" in_host nixos-nspawn start example
ours_well
plain_well
succeeds "the user's stops" in_host systemctl stop systemd-nspawn@plain
succeeds "  starts by nixos-nspawn, too" in_host nixos-nspawn start plain
plain_well
prints "  its link is networkd's as before" 'Network File: (/usr)?/lib/systemd/network/80-container-ve.network' in_host networkctl status ve-plain
prints "  it is listed as running" '^plain +running +unmanaged' in_host nixos-nspawn list
succeeds "  and stops" in_host nixos-nspawn stop plain
ours_well
silent_about "  nothing of it is left" 8282 in_host nft list map ip io.systemd.nat map_port_ipport
succeeds "the user's starts again" in_host machinectl start plain
plain_well
succeeds "ours is removed" in_host nixos-nspawn remove --delete-state example
plain_well
need "ours is made again" in_host nixos-nspawn create --config /root/example.nix example
address=$(in_host nixos-nspawn show-ip -4 example)
ours_well

# The user takes a port of ours: systemd-nspawn is refused, only says so, and at its end deletes what is ours.
make_users taker 8181
succeeds "a container of the user's with our port starts" in_host machinectl start taker
within 20 "  its network is there" reaches_out taker
ours_well
succeeds "  it stops" in_host systemctl stop systemd-nspawn@taker
within 1 "  our forward is there" sh "nft list map ip io.systemd.nat map_port_ipport | grep -q '8181 : $address'"
ours_well
same "the user's files are as they were" "$files" "$(sh 'cd / && sha256sum /etc/systemd/nspawn/plain.nspawn; ls -A /etc/systemd/network')"
stop_host
done_testing
