#!/usr/bin/env bash
# Hosts on which somebody else configures links: NetworkManager and ifupdown leave those of containers alone, and the
# daemon makes their networks.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib-netd.sh"
on_hosts "$0" trixie/nm bookworm/nm trixie/ifupdown bookworm/ifupdown

ours=84-nixos-nspawn.rules
# Debian's rules, which leave all veths to others, and systemd 257's .link files, which say that these links are networkd's,
# are out of the way throughout.
masked() { in_host sh -c 'mkdir -p /run/udev/rules.d; cd /run/udev/rules.d; rm -f *; for f in 85-nm-unmanaged.rules "$@"; do ln -s /dev/null "$f"; done
        mkdir -p /run/systemd/network; for k in ve vb vz; do ln -sf /dev/null /run/systemd/network/80-container-$k.link; done; udevadm control --reload' - "$@"; }
state_of() { in_host nmcli -t -f device,state device | sed -n "s/^$1://p"; }
uplink_is_up() { [[ $(state_of uplink) == connected ]]; }
is_taken() { state_of "$1" | grep -q '^connecting'; }
remove_links() {
        for link in "$@"; do in_host ip link delete "$link" 2>/dev/null; done
}
# Up and without addresses: one that is down, or has addresses when it comes up, NetworkManager leaves alone for itself.
# Another one, of no container, says when NetworkManager has seen both.
make_links() { # make_links LINK
        in_host sh -c 'ip link add "$1" type veth peer name host0 netns pod; ip -n pod link set host0 up; ip link set "$1" up
                ip link add control type veth peer name other; ip link set other up; ip link set control up' - "$1"
        within 15 "  NetworkManager takes a link that is nobody's" is_taken control
}
left_alone() { # left_alone WHAT LINK
        make_links "$2"
        same "$1: left alone" unmanaged "$(state_of "$2")"
        remove_links "$2" control
}
taken() {
        make_links ve-x
        within 15 "$1" is_taken ve-x
        remove_links ve-x control
}

need "boot" boot_host
make_namespace pod
if [[ $HOST_VARIANT == nm ]]; then
        need "nobody's rules" masked $ours
        taken "without rules NetworkManager takes a container's link"
        need "our udev rule" masked
        for link in ve-x vb-x vz-x; do left_alone "the udev rule, $link" $link; done
        need "nobody's rules" masked $ours
        prints "setup says what it does" '^link /etc/NetworkManager/conf.d/90-nixos-nspawn.conf to /usr/local' in_host nixos-nspawn setup
        for link in ve-x vb-x vz-x; do left_alone "the configuration, $link" $link; done
        prints "setup twice" '^Nothing to do\.$' in_host nixos-nspawn setup
else
        need "setup" in_host nixos-nspawn setup
        refused "nothing for NetworkManager, which has never run" in_host test -e /run/NetworkManager
fi

need "a network" attach pod '[{"protocol":"tcp","hostPort":8181,"containerPort":80}]'
serve pod 80
succeeds "from another machine" says $peer_host4 8181
succeeds "  by IPv6" says $peer_host6 8181
stream localhost host_net 127.0.0.1 8181
stream direct host_net "$(in_host ip -n pod -4 -o addr show dev eth0 | awk '{ print $4 }' | cut -d/ -f1)" 80
was=$(in_host ip -o addr show dev ve-pod)
if [[ $HOST_VARIANT == nm ]]; then
        same "NetworkManager leaves it alone" unmanaged "$(state_of ve-pod)"
        need "NetworkManager again" in_host systemctl restart NetworkManager
        within 20 "  it has its uplink" uplink_is_up
        need "  all reloaded" in_host nmcli general reload
        same "  left alone" unmanaged "$(state_of ve-pod)"
else
        need "ifupdown again" in_host systemctl restart networking
fi
same "the link is as it was" "$was" "$(in_host ip -o addr show dev ve-pod)"
alive direct
alive localhost
within 10 "from another machine" says $peer_host4 8181
within 10 "  by IPv6" says $peer_host6 8181

need "detached" detach pod
need "setup --undo" in_host nixos-nspawn setup --undo
refused "the link in /etc is gone" in_host test -L /etc/NetworkManager/conf.d/90-nixos-nspawn.conf
[[ $HOST_VARIANT != nm ]] || taken "and NetworkManager knows"
prints "--undo twice" '^Nothing to do\.$' in_host nixos-nspawn setup --undo
done_testing
