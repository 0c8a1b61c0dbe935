# Guests with network managers of their own. Sourced after network.sh; GUEST_TREE: test/lib/guest-tree.

inside() { nixos-nspawn run "$1" -- "${@:2}"; }
service() { # service ROOT NAME COMMAND: runs from the start
        cat >"$1/etc/systemd/system/$2.service" <<U
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
[Service]
ExecStart=$3
[Install]
WantedBy=multi-user.target
U
        ln -s "../$2.service" "$1/etc/systemd/system/multi-user.target.wants/$2.service"
}
enable() { ln -s "/usr/lib/systemd/system/$2.service" "$1/etc/systemd/system/multi-user.target.wants/$2.service"; }

# What a person would put into the guest's /etc.
configure() { # configure KIND ROOT
        local root=$2
        mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
        case $1 in
        networkd) enable "$root" systemd-networkd ;;
        networkd-dhcp)
                enable "$root" systemd-networkd
                printf '[Match]\nName=host0\n[Network]\nDHCP=yes\n' >"$root/etc/systemd/network/10-own.network"
                ;;
        networkmanager)
                enable "$root" NetworkManager
                cat >"$root/etc/NetworkManager/system-connections/own.nmconnection" <<'C'
[connection]
id=own
type=ethernet
interface-name=host0
[ipv4]
method=auto
[ipv6]
method=auto
C
                chmod 600 "$root/etc/NetworkManager/system-connections/own.nmconnection"
                ;;
        ifupdown)
                enable "$root" networking
                printf 'auto lo\niface lo inet loopback\nauto host0\niface host0 inet dhcp\niface host0 inet6 dhcp\n' \
                        >"$root/etc/network/interfaces"
                ;;
        ifupdown-static)
                local v4 v6
                v4=$(nixos-nspawn show-ip -4 "${root##*/}") v6=$(nixos-nspawn show-ip -6 "${root##*/}")
                enable "$root" networking
                cat >"$root/etc/network/interfaces" <<I
auto lo
iface lo inet loopback
auto host0
iface host0 inet static
        pre-up ip -4 address flush dev host0
        address $v4/28
        gateway ${v4%.*}.$((${v4##*.} - 1))
iface host0 inet6 static
        pre-up ip -6 address flush dev host0 scope global
        address $v6/64
I
                ;;
        udhcpc) service "$root" udhcpc '/usr/bin/busybox udhcpc -f -i host0 -s /etc/udhcpc/default.script' ;;
        dhcpcd) service "$root" dhcpcd '/usr/sbin/dhcpcd -B host0' ;;
        static) ;; # systemd, and nobody who looks at links
        none) ;;
        esac
}
# The guest's first program looks, and keeps looking, then goes on as the init; of `none`, it is all there is.
first_program() { # first_program KIND ROOT
        local next='exec /usr/lib/systemd/systemd'
        [[ $1 != none ]] || next='while :; do sleep 1000 & wait; done'
        cat >"$2/opt/init" <<P
#!/bin/bash
{ ip -o addr show dev host0; ip route; ip -6 route; } >/opt/seen 2>&1
trap '' HUP # until setsid has taken effect: systemd lets go of the console, which hangs up those that have it
setsid ip -ts monitor address route >/opt/monitor 2>&1 &
trap - HUP
$next
P
        chmod 755 "$2/opt/init"
        sed -i -E 's|^(Parameters=.*) /usr/lib/systemd/systemd|\1 /opt/init|' "$(readlink -f "/etc/systemd/nspawn/$3.nspawn")"
        [[ $1 != none ]] || sed -i 's|^NotifyReady=yes|NotifyReady=no|' "$(readlink -f "/etc/systemd/nspawn/$3.nspawn")"
}
make_guest() { # make_guest NAME KIND USERNS [ZONE]
        echo "{\"nixosContainer\": {\"userNamespacing\": $3${4:+, \"zone\": \"$4\"}}}" >"/run/$1.json"
        nixos-nspawn create --config "/run/$1.json" --image "$GUEST_TREE" --no-start "$1" || return
        configure "$2" "/var/lib/machines/$1" && first_program "$2" "/var/lib/machines/$1" "$1"
}

v4() { inside "$1" ip -4 -o addr show dev host0 | awk '{ print $4 }' | sort | xargs; }
v6() { inside "$1" ip -6 -o addr show dev host0 scope global | awk '{ sub("/.*", "", $4); print $4 }' | sort -u | xargs; }
export -f inside v4 v6
settled() { # settled NAME KIND: its network manager says that it is done
        case $2 in
        networkd | networkd-dhcp) inside "$1" networkctl status host0 | grep -q 'State: routable (configured)' ;;
        networkmanager) inside "$1" nmcli -t -f DEVICE,STATE device | grep -q '^host0:connected' ;;
        ifupdown) inside "$1" sh -c 'ifquery --state host0 && ip -6 addr show dev host0 scope global | grep -q inet6 && pgrep -f "dhclient.* -6"' ;;
        ifupdown-static) inside "$1" sh -c 'ifquery --state host0 && systemctl is-active networking' ;;
        udhcpc) grep -q . "/var/lib/machines/$1/opt/monitor" ;;
        dhcpcd) inside "$1" sh -c 'dhcpcd -U host0 2>/dev/null | grep -q ip_address' ;;
        *) ;;
        esac
}
export -f settled
# The link goes down and comes up again, by whoever looks after it; what is lost by that, he has to bring back.
again() { # again NAME KIND
        case $2 in
        networkd | networkd-dhcp) inside "$1" sh -c 'networkctl down host0 && networkctl up host0' ;;
        networkmanager) inside "$1" nmcli --wait 30 connection up own ;;
        ifupdown | ifupdown-static) inside "$1" sh -c 'ifdown host0 && ifup host0' ;;
        udhcpc | dhcpcd) inside "$1" sh -c "systemctl stop $2 && ip link set host0 down && ip link set host0 up && systemctl start $2" ;;
        esac
}
complete() { # complete NAME WHAT [LENGTH]: addresses, routes, names
        local name=$1 what=$2
        within 20 "$what: its IPv4 address and no other" bash -c "[[ \$(v4 $name) == $(nixos-nspawn show-ip -4 "$name")/${3:-28} ]]"
        within 20 "$what: its IPv6 address and no other" bash -c "[[ \$(v6 $name) == $(nixos-nspawn show-ip -6 "$name") ]]"
        within 10 "$what: IPv4 to another machine" inside "$name" ping -4 -c1 -W1 $peer4
        within 10 "$what: IPv6 to another machine" inside "$name" ping -6 -c1 -W1 $peer6
        within 10 "$what: a name of others" bash -c "inside $name getent ahostsv4 machine.demo.test | grep -q '^$peer4 '"
        prints "$what: a name of ours, without its domain" "^$(nixos-nspawn show-ip -4 sibling) " \
                inside "$name" getent ahostsv4 sibling
        prints "$what: the host reaches it" '1 received' ping -c1 -W2 "$name"
}
flapped() { # flapped NAME: what was deleted for a moment of what it had before its first program
        local root=/var/lib/machines/$1
        grep -oE 'Deleted.*' "$root/opt/monitor" | grep -E '10\.233|fd[0-9a-f]{2}:|default' | grep -v -E 'proto ra|dynamic|multicast'
}
