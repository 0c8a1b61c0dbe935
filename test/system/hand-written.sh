#!/usr/bin/env bash
# A container that a person wrote: /etc/systemd/nspawn/old.nspawn and a system in /var/lib/machines/old. It is run by that
# file, which changes here from one start to the next as a person would change it; the file itself nobody else changes.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || GUEST_TREE=$("$(dirname "$0")/../lib/guest-tree") || exit 1
export GUEST_TREE
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /etc/systemd/nspawn
file=/etc/systemd/nspawn/old.nspawn root=/var/lib/machines/old
inside() { nixos-nspawn run old -- "$@"; }
write() { # write LINE...: a booted guest with a user's settings, and these; a start waits for it
        printf '# mine\n[Exec]\nBoot=yes\nNotifyReady=yes\nEnvironment=COLOUR=green\n' >$file
        printf '%s\n' "$@" >>$file
}

write '[Network]' 'Port=tcp:8080:80' 'Bogus=1'
fails "a key that there is not: refused by file, line and key" 10 "$file:8: Bogus: systemd.nspawn.5. has no such key" nixos-nspawn start old
prints "  and listed" "old: .*$file:8: Bogus" nixos-nspawn list
write '[Network]' 'Port=tcp:8080:80'
fails "no system for it: refused" 10 "Cannot use the root folder $root.*the container's system has to be in that folder" nixos-nspawn start old
refused "  with nothing left behind" test -e /run/nixos-nspawn/containers/old

cp -a "$GUEST_TREE" $root
mkdir -p $root/etc/systemd/system/{multi-user,sockets}.target.wants
printf '[Socket]\nListenStream=80\nAccept=yes\n[Install]\nWantedBy=sockets.target\n' >$root/etc/systemd/system/hello.socket
printf '[Service]\nExecStart=/bin/echo hello\nStandardOutput=socket\n' >$root/etc/systemd/system/hello@.service
ln -s ../hello.socket $root/etc/systemd/system/sockets.target.wants/hello.socket
cat >$root/etc/systemd/system/look.service <<'U'
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip -o addr show dev host0 >/opt/seen 2>&1'
U
ln -s ../look.service $root/etc/systemd/system/multi-user.target.wants/look.service
echo hand-written >$root/etc/hostname
hello() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2; cat <&3"; }
export -f hello
echo 0123456789abcdef0123456789abcdef >$root/etc/machine-id # not its first boot
ln -s /usr/lib/systemd/system/systemd-networkd.service $root/etc/systemd/system/multi-user.target.wants/
text=$(cat $file)
left() { everything | grep -v -e "^$root/" -e '^{'; } # its own files, and its addresses, are there to stay
before=$(left)

need "start" nixos-nspawn start old
v4=$(nixos-nspawn show-ip -4 old)
prints "list" "^old +running +unmanaged +$v4 .*tcp 8080 -> 80" nixos-nspawn list
prints "list --json" "\"type\": \"unmanaged\".*\"state\": \"running\".*\"ipv4\": \"$v4\"" nixos-nspawn list --json
prints "status" "Unit File: $file" nixos-nspawn status old
prints "ports" 'tcp.*8080.*old.*80' nixos-nspawn ports
prints "its first program had its address" "$v4/28" cat $root/opt/seen
prints "  and that of IPv6" "$(nixos-nspawn show-ip -6 old)/64" cat $root/opt/seen
prints "the host reaches it" '1 received' ping -c1 -W2 "$v4"
prints "  by its name" "^$v4 " getent -s nspawn ahostsv4 old
prints "it reaches other machines" '1 received' inside ping -4 -c1 -W2 $peer4
prints "  over IPv6" '1 received' inside ping -6 -c1 -W2 $peer6
prints "its first process is the one that it always was" '^/usr/lib/systemd/systemd$' inside readlink /proc/1/exe
prints "  with the environment of the file" '^COLOUR=green$' sh -c "nixos-nspawn run old -- cat /proc/1/environ | tr '\\0' '\\n'"
prints "  in a user namespace" '^ *0 +[1-9][0-9]+ +65536' inside cat /proc/self/uid_map
prints "logs" 'Reached target' nixos-nspawn logs old
within 10 "systemd-nspawn forwards its port" bash -c "hello $v4 80 | grep -q hello"
prints "  from other machines" '^hello' peer bash -c "$(declare -f hello); hello $peer_host4 8080"
echo '{"nixosContainer": {"forwardPorts": [{"hostPort": 8080, "containerPort": 80}]}}' >/run/other.json
fails "  which nobody else gets" 10 "host port 8080/tcp of container 'other' is already forwarded to container 'old'" \
        nixos-nspawn create --config /run/other.json other
for command in update remove migrate; do
        [[ $command == update ]] && words=(--config /run/other.json) || words=()
        fails "$command is refused" 10 "$file was not made by nixos-nspawn" nixos-nspawn $command "${words[@]}" old
done
need "restart" nixos-nspawn restart old
same "  with the same address" "$v4" "$(nixos-nspawn show-ip -4 old)"
prints "  which is there" "$v4/28" inside ip -o addr show dev host0
inside systemctl reboot >/dev/null 2>&1
within 30 "it reboots itself" sh -c "nixos-nspawn list | grep -q '^old *running' && ping -c1 -W1 $v4"
need "stop" nixos-nspawn stop old
same "nothing is left behind" "$before" "$(left)"
same "the file is as it was" "$text" "$(cat $file)"

ip link add mybridge type bridge
ip link set mybridge up
ip addr add 192.168.77.1/24 dev mybridge
write '[Network]' 'Bridge=nobridge'
fails "a bridge that is not there is refused" 10 'no bridge nobridge' nixos-nspawn start old
write '[Network]' 'Bridge=mybridge'
need "start in a bridge" nixos-nspawn start old
prints "vb-old is a port of it" 'master mybridge' ip link show vb-old
inside ip addr add 192.168.77.2/24 dev host0
prints "  and reaches it" '1 received' ping -c1 -W2 192.168.77.2
need "stop" nixos-nspawn stop old

write '[Network]' 'Zone=myzone'
fails "a zone that is not defined is refused" 10 "Virtual zone 'myzone' does not exist! Make it with 'nixos-nspawn zone create myzone'" \
        nixos-nspawn start old
need "zone create" nixos-nspawn zone create myzone
need "start in a zone" nixos-nspawn start old
prints "vb-old is a port of it" 'master vz-myzone' ip link show vb-old
prints "the zone names it" 'old' nixos-nspawn zone status myzone
prints "the host reaches it" '1 received' ping -c1 -W2 "$(nixos-nspawn show-ip -4 old)"
prints "its first program had its address" "$(nixos-nspawn show-ip -4 old)/24" cat $root/opt/seen
fails "a zone with it stays" 10 "zone 'myzone' has members: old" nixos-nspawn zone remove myzone
need "stop" nixos-nspawn stop old

ip link add eth1 type veth peer name other1
ip link set eth1 up
write '[Network]' 'MACVLAN=eth1'
need "start with a macvlan" nixos-nspawn start old
succeeds "it has that" inside ip link show mv-eth1
refused "  and no host0" inside ip link show host0
need "stop" nixos-nspawn stop old
write '[Network]' 'VirtualEthernet=no'
need "start with the host's network" nixos-nspawn start old
succeeds "it has that" inside ip link show mybridge
need "stop" nixos-nspawn stop old
write '[Network]' 'Private=yes'
need "start without a network" nixos-nspawn start old
refused "it has none" inside ip link show host0
need "stop" nixos-nspawn stop old

printf '[Exec]\nBoot=no\nParameters=sleep "1000000"\n' >$file
need "start a program" nixos-nspawn start old
within 10 "it is the first process" sh -c "nixos-nspawn run old -- cat /proc/1/cmdline | tr '\\0' ' ' | grep -q '^sleep 1000000 \$'"
prints "  with its network" '1 received' ping -c1 -W2 "$v4"
need "  stop" nixos-nspawn stop --timeout 5s old
printf '[Exec]\nProcessTwo=yes\nParameters=sleep 1000000\n' >$file
need "start a program as the second process" nixos-nspawn start old
within 10 "it is that" sh -c "nixos-nspawn run old -- cat /proc/2/cmdline | grep -qa '^sleep'"
prints "  with its network" '1 received' ping -c1 -W2 "$v4"
need "  stop" nixos-nspawn stop --timeout 5s old
printf '[Exec]\nBoot=no\nParameters=sleep 1000000\nUser=nobody\n' >$file
fails "as another user: refused, with what to do" 10 "$file: User=: .*has to be root" nixos-nspawn start old
printf '[Exec]\nBoot=yes\nBoot=no\n' >$file
fails "a contradiction: refused" 10 "$file:3: Boot: contradicts" nixos-nspawn start old

rm $file
fails "without its file it is not there" 2 'Container old does not exist!' nixos-nspawn start old
mkdir -p /run/systemd/nspawn
cp examples/old.nspawn /run/systemd/nspawn/old.nspawn
need "a file of this boot alone" nixos-nspawn start old
same "  has the same address" "$v4" "$(nixos-nspawn show-ip -4 old)"
need "  stop" nixos-nspawn stop old
same "  the file is as it was" "$(cat examples/old.nspawn)" "$(cat /run/systemd/nspawn/old.nspawn)"
printf '[Match]\nName=ve-old\n[Network]\nAddress=10.99.7.1/24\n' >/etc/systemd/network/10-old.network
need "a .network file beside it" nixos-nspawn start old
prints "  counts, too" '10.99.7.1/24' ip addr show dev ve-old
need "  stop" nixos-nspawn stop old
rm /etc/systemd/network/10-old.network
echo '[Exec]
DropCapability=CAP_NET_ADMIN' >/run/systemd/nspawn/old.nspawn
need "without the right to it" nixos-nspawn start old
within 10 "  the network stays incomplete, and the log says so" sh -c "nixos-nspawn logs old | grep -q 'nspawn-first: Cannot'"
need "  stop" nixos-nspawn stop old

cp examples/old.nspawn /run/systemd/nspawn/old.nspawn
before=$(left)
for k in $(seq 30); do
        NIXOS_NSPAWN_SUPERVISOR_FAIL_AT=$k nixos-nspawn start old >/run/out 2>&1 && break
        same "a start that fails at step $k leaves nothing behind" "$before" "$(left)"
done
same "the start after that is whole" "yes" "$([[ $k -gt 8 && $k -lt 30 ]] && echo yes || echo "$k steps")"
nixos-nspawn stop old
same "  nothing is left behind" "$before" "$(left)"
done_testing
