#!/usr/bin/env bash
# The host's configuration on hosts with systemd: NAT is in force after a boot without anybody asking for it, and while the
# daemon is replaced; NetworkManager leaves alone what it is told to.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-netd.sh"
on_hosts "$0" trixie/networkd bookworm/networkd trixie/nm bookworm/nm

link=/etc/systemd/system/multi-user.target.wants/nspawn-netd.service
file=/etc/NetworkManager/conf.d/91-nixos-nspawn-host.conf
mkdir -p "$host_root/etc/nixos-nspawn"
configure() { echo "{\"networking\": {$1}}" >"$host_root/etc/nixos-nspawn/host.json"; }

python3 "$(dirname "$0")/../net/answer.py" outside /run/outside.log tcp:80 &
cat >/run/ask <<'END'
exec 3<>"/dev/tcp/$1/$2" && timeout 2 cat <&3
END
# Somebody inside: 10.233.1.2, to whom nobody outside knows the way.
make_inside() {
        ip route del default
        in_host sh -c 'ip netns add foo && ip link add inner type veth peer name eth0 netns foo && ip addr add 10.233.1.1/24 dev inner &&
                ip link set inner up && ip -n foo addr add 10.233.1.2/24 dev eth0 && ip -n foo link set eth0 up &&
                ip -n foo route add default via 10.233.1.1'
}
reaches() { [[ $(namespace_net foo timeout 3 bash /run/ask $peer4 80) == "outside $peer_host4" ]]; }

need "boot" boot_host
need "setup" in_host nixos-nspawn setup
need "somebody inside" make_inside
if [[ $HOST_VARIANT == networkd ]]; then
        refused "the outside is not reached" reaches
        configure '"nat": {"enable": true, "internalInterfaces": ["inn+"], "externalInterface": "uplink"}'
        prints "apply" 'put in force: give IPv4 that comes in by inn\*' in_host nixos-nspawn apply
        succeeds "the outside is reached" reaches
        succeeds "systemd starts the daemon at boot" in_host test -e $link
        before=$(in_host pgrep -x nspawn-netd)
        in_host pkill -9 -x nspawn-netd
        succeeds "while the daemon is dead it is, too" reaches
        within 10 "  systemd starts another one" in_host bash -c "pid=\$(pgrep -x nspawn-netd) && [[ \$pid != $before ]]"
        in_host nft flush ruleset
        within 3 "after 'nft flush ruleset' that one puts it back" reaches
        need "the host reboots" reboot_host
        need "somebody inside" make_inside
        within 10 "the outside is reached, and nobody asked" reaches
        echo '{"nixos": {"containers": {"zones": {"lan": {"persistent": true}}}}}' >"$host_root/etc/nixos-nspawn/host.json"
        for k in 2 3 4 5; do
                refused "another configuration, with a zone: step $k fails" in_host env NIXOS_NSPAWN_FAIL_AT=$k nixos-nspawn apply
                refused "  networkd is told nothing of the zone" in_host test -e /etc/systemd/network/20-vz-lan.network
                refused "  and has no bridge" in_host ip link show vz-lan
        done
        need "the configuration goes" rm "$host_root/etc/nixos-nspawn/host.json"
        prints "apply" 'take away: give IPv4 that comes in by inn\*' in_host nixos-nspawn apply
        refused "the outside is not reached any more" reaches
        refused "  and nothing starts the daemon at boot" in_host test -L $link
        refused "  and there is no table" in_host nft list table inet nixos_nspawn_nat
        done_testing
fi

# Debian's rules and ours, which leave containers' links to others, and systemd 257's .link files are out of the way.
in_host sh -c 'mkdir -p /run/udev/rules.d; for f in 85-nm-unmanaged.rules 84-nixos-nspawn.rules; do ln -sf /dev/null /run/udev/rules.d/$f; done
        mkdir -p /run/systemd/network; for k in ve vb vz; do ln -sf /dev/null /run/systemd/network/80-container-$k.link; done; udevadm control --reload
        rm -f /etc/NetworkManager/conf.d/90-nixos-nspawn.conf; nmcli general reload conf'
state_of() { in_host nmcli -t -f device,state device | sed -n "s/^$1://p"; }
is_taken() { state_of "$1" | grep -q '^connecting'; }
make_link() { in_host sh -c 'ip link add "$1" type veth peer name "p$1"; ip link set "p$1" up; ip link set "$1" up' - "$1"; }
remove_links() { for l in "$@"; do in_host ip link delete "$l"; done; }
make_link ve-foo
within 15 "without the option NetworkManager takes ve-foo" is_taken ve-foo
remove_links ve-foo
configure '"networkmanager": {"unmanaged": ["interface-name:ve-*"]}'
prints "apply" '^put in force: have NetworkManager leave interface-name:ve-\* alone$' in_host nixos-nspawn apply
make_link ve-foo
make_link other
within 15 "with it, it takes another link" is_taken other
same "  and leaves ve-foo alone" unmanaged "$(state_of ve-foo)"
need "the configuration goes" rm "$host_root/etc/nixos-nspawn/host.json"
prints "apply" '^take away: have NetworkManager leave interface-name:ve-\* alone$' in_host nixos-nspawn apply
refused "  the file is gone" in_host test -e $file
remove_links ve-foo other
make_link ve-foo
within 15 "  and NetworkManager takes ve-foo again" is_taken ve-foo
done_testing
