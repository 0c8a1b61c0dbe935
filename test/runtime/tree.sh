#!/usr/bin/env bash
# OS trees and containers' roots: a guest booted by systemd-nspawn alone does what its spec says; an update keeps what it
# must and takes away what it must; and what goes wrong leaves nothing behind. The network here is made by hand.
here=$(dirname "$(realpath "$0")")
source "$here/../lib/tap.sh"
: "${BUILD:=$(realpath "$here/../../build")}"
tool=$BUILD/test/runtime/tree-tool
specs=$here/tree
export BUILD
[[ -n ${SANDBOX-} ]] || need "the OS trees" "$here/../lib/trees" "$specs/first.json" "$specs/second.json"
in_sandbox "$@"

name=t1
root=/var/lib/machines/$name
guest=/run/nixos-nspawn/containers/$name/guest
trees=/var/lib/nixos-nspawn/trees

boot() { # boot SPEC: to READY, with 10.9.9.2 and fd99::2
        mkdir -p "$guest" /etc/systemd/nspawn
        cat >"$guest/first" <<'F'
#!/bin/sh
ip link set lo up
ip addr add 10.9.9.2/28 dev host0
ip addr add fd99::2/64 dev host0 nodad
ip link set host0 up
exec "$@"
F
        chmod 755 "$guest/first"
        "$tool" nspawn $name "$1" >/etc/systemd/nspawn/$name.nspawn
        rm -f /run/notify /run/notified
        socat -u UNIX-RECV:/run/notify OPEN:/run/notified,creat,append &
        notify=$!
        within 5 "a notify socket" test -S /run/notify
        group=/sys/fs/cgroup/guest-$RANDOM
        mkdir $group
        (
                echo "$BASHPID" >$group/cgroup.procs
                NOTIFY_SOCKET=/run/notify SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --register=no \
                        --keep-unit --settings=override --machine=$name -D $root --console=pipe >/run/console 2>&1 </dev/null
        ) &
        nspawn=$!
        within 10 "a link to the guest" test -e /sys/class/net/ve-$name
        ip addr add 10.9.9.1/28 dev ve-$name
        ip addr add fd99::1/64 dev ve-$name nodad
        ip link set ve-$name up
        within 30 "the guest is ready" grep -q READY=1 /run/notified
        leader=$(grep -ao 'X_NSPAWN_LEADER_PID=[0-9]*' /run/notified | cut -d= -f2)
        if [[ -z $leader ]]; then
                not_ok "the guest started" "$(cat /run/console)"
                done_testing
        fi
}
stop_guest() {
        kill -s RTMIN+3 "$leader" || kill -9 $nspawn
        wait $nspawn
        status=$?
        kill $notify 2>/dev/null
        if [[ $status -eq 0 ]]; then ok "the guest stops cleanly"; else not_ok "the guest stops cleanly" "ended with $status
$(cat /run/console)"; fi
}
inside() { nsenter -t "$leader" -U -m -u -i -n -p -C env -i PATH=/usr/sbin:/usr/bin "$@"; }
web() { curl -s -g --max-time 2 "$@"; }

# A first boot.
prints "a new root" '^new$' "$tool" instantiate $name $specs/first.json
prints "the host directory of a bind mount is made, 0755" '^755 /srv/shared/deep$' stat -c '%a %n' /srv/shared/deep
boot $specs/first.json
prints "no unit failed" '^running$' inside systemctl is-system-running
prints "nginx inside, 127.0.0.1: the welcome page" 'Welcome to nginx' inside curl -s http://127.0.0.1
prints "nginx inside, ::1: the welcome page" 'Welcome to nginx' inside curl -s -g 'http://[::1]'
prints "nginx from outside, IPv4" 'Welcome to nginx' web http://10.9.9.2
prints "nginx from outside, IPv6" 'Welcome to nginx' web 'http://[fd99::2]'
prints "a port of an allowed range from outside" '^more$' web http://10.9.9.2:8083
prints "a port that is not allowed answers inside" '^more$' inside curl -s http://127.0.0.1:8081
refused "a port that is not allowed is closed outside, IPv4" web http://10.9.9.2:8081
refused "a port that is not allowed is closed outside, IPv6" web 'http://[fd99::2]:8081'
prints "the guest answers pings, IPv4" '1 received' ping -c1 -W2 10.9.9.2
prints "the guest answers pings, IPv6" '1 received' ping -c1 -W2 fd99::2
prints "host name" '^tree-test$' inside uname -n
prints "the host name resolves inside" '^127.0.0.2 ' inside getent ahostsv4 tree-test
prints "environment.etc: a text" '^welcome$' inside cat /etc/motd
prints "environment.etc: mode and owner" '^640 root www-data$' inside stat -c '%a %U %G' /etc/deep/er/secret
prints "environment.etc: sysctl.d takes effect" '^77$' inside cat /proc/sys/net/ipv4/ip_default_ttl
prints "environment.etc: fstab is mounted" ' /srv/scratch tmpfs .*size=1024k' inside cat /proc/mounts
prints "a service's script ran, after preStart, as root, with its environment" '^before it.s "so" 100% root *$' \
        inside sh -c 'tr "\n" " " </var/lib/hello; echo' 
prints "/usr is read-only" 'Read-only file system' inside touch /usr/x
prints "/usr belongs to root in the user namespace" '^root$' inside stat -c %U /usr/bin/bash
prints "packages are listed" '^ii  nginx ' inside dpkg -l
prints "the user namespace is there" '^ *0 +[1-9]' inside cat /proc/self/uid_map
inside sh -c 'echo kept >/etc/kept; echo kept >/var/lib/kept; echo mine >/etc/profile; echo shared >/shared/file; rm /etc/motd'
prints "the guest writes to its bind mount as the host's root" '^root shared$' \
        sh -c 'echo $(stat -c %U /srv/shared/deep/file) $(cat /srv/shared/deep/file)'
id=$(inside cat /etc/machine-id)
journal=$(ls -d $root/var/log/journal/*)
prints "the journal is kept in the root" "/$id$" echo "$journal"
stop_guest

# The same again: what the spec owns is as it says, what the guest owns is as the guest left it.
mkfifo $root/etc/pipe
mv $root/etc/pipe $root/etc/passwd
rm $root/etc/shadow
ln -s shadow $root/etc/shadow
prints "an existing root" '^updated$' timeout 10 "$tool" instantiate $name $specs/first.json
prints "a pipe in place of /etc/passwd, where everybody waits, is replaced" '^root:' timeout 10 cat $root/etc/passwd
prints "  and a link that leads to itself" '^root:' cat $root/etc/shadow
prints "machine-id is kept" "^$id$" cat $root/etc/machine-id
prints "a file of the spec is back" '^welcome$' cat $root/etc/motd
prints "a file of the guest's is kept" '^kept$' cat $root/etc/kept
prints "a file of the tree that the guest changed is kept" '^mine$' cat $root/etc/profile

# Another spec: another tree (with sshd), no firewall.
prints "an update" '^updated$' "$tool" instantiate $name $specs/second.json
refused "files that the spec no longer has are gone" ls $root/etc/systemd/system/hello.service
refused "  with the folders made for them" ls -d $root/etc/deep
refused "  and the firewall" ls $root/etc/nixos-nspawn/firewall.nft
prints "  what the tree has in their place is back" 'Debian' cat $root/etc/motd
prints "a file of the guest's is kept" '^kept$' cat $root/var/lib/kept
prints "the new tree's user is there" '^sshd:' cat $root/etc/passwd
refused "host keys do not come with the tree" ls $root/etc/ssh/ssh_host_ed25519_key
boot $specs/second.json
prints "no unit failed" '^running$' inside systemctl is-system-running
prints "without a firewall, every port is open" 'Welcome to nginx' web http://10.9.9.2:8081
prints "sshd answers" '^SSH-2.0' timeout 2 bash -c 'head -n1 </dev/tcp/10.9.9.2/22'
prints "the host name changed" '^renamed$' inside uname -n
prints "the log of the boot before is there" 'boots|-1 ' inside journalctl --list-boots
stop_guest
key=$(cat $root/etc/ssh/ssh_host_ed25519_key.pub)
"$tool" instantiate $name $specs/second.json >/dev/null
same "host keys are kept" "$key" "$(cat $root/etc/ssh/ssh_host_ed25519_key.pub)"

# A guest that means harm: links out of its root, where the host writes.
mkdir -p /run/outside/d
echo safe >/run/outside/hosts
rm -rf $root/etc/hosts $root/etc/nginx $root/etc/systemd/system/multi-user.target.wants
ln -s /run/outside/hosts $root/etc/hosts
ln -s /run/outside/d $root/etc/nginx
ln -s ../../../../../../../../run/outside/d $root/etc/systemd/system/multi-user.target.wants
mkdir -p $root/run/outside/d
succeeds "an update over links out of the root" "$tool" instantiate $name $specs/first.json
prints "  writes nothing outside: a file" '^safe$' cat /run/outside/hosts
prints "  writes nothing outside: folders" '^0$' sh -c 'ls -A /run/outside/d | wc -l'
printf 'tree x\n/etc/../../run/outside/hosts\n/run/outside/hosts\n/etc/nginx/../../../../../run/outside/hosts\n' >$root/var/lib/nixos-nspawn/files
succeeds "an update with a forged list of files" "$tool" instantiate $name $specs/first.json
prints "  removes nothing outside" '^safe$' cat /run/outside/hosts
for file in var/lib/nixos-nspawn/files etc/machine-id etc/resolv.conf; do
        rm -f $root/$file
        mkfifo $root/$file
        succeeds "an update over a pipe that nobody writes to: $file" timeout 30 "$tool" instantiate $name $specs/first.json
done
rm $root/var/lib/nixos-nspawn/files
ln -s /run/outside/hosts $root/var/lib/nixos-nspawn/files
succeeds "an update over a link in place of the list of files" "$tool" instantiate $name $specs/first.json
prints "  reads and writes nothing outside" '^safe$' cat /run/outside/hosts
rm $root/etc/hosts
mkdir $root/etc/hosts
fails "a folder in a file's place is said" 10 "writing $root/etc/hosts: a directory is in its place" \
        "$tool" instantiate $name $specs/first.json

succeeds "remove" "$tool" remove $name
refused "  the root is gone" ls -d $root
succeeds "remove again" "$tool" remove $name
prints "  nothing else is left" '^0$' sh -c 'ls -A /var/lib/machines | wc -l'

# A failure half-way leaves no root.
python3 - "$specs/first.json" >/run/bad.json <<'P'
import json, sys
spec = json.load(open(sys.argv[1]))
spec['config']['environment']['etc']['motd'] = {'text': '', 'user': 'nobody-of-that-name'}
json.dump(spec, sys.stdout)
P
fails "an owner that the guest does not have" 10 "/etc/motd: should belong to the user 'nobody-of-that-name'" \
        "$tool" instantiate $name /run/bad.json
prints "  leaves no root" '^0$' sh -c 'ls -A /var/lib/machines | wc -l'

plain=/run/plain.json
python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); s["config"]["nixosContainer"]["userNamespacing"] = False
json.dump(s, sys.stdout)' "$specs/first.json" >$plain

# A disk that cannot map owners: said, and the guest runs all the same.
mkdir /run/overlay
mount -t tmpfs tmpfs /run/overlay
mkdir /run/overlay/upper /run/overlay/work
mount -t overlay -o lowerdir=$trees,upperdir=/run/overlay/upper,workdir=/run/overlay/work overlay $trees
prints "a filesystem without ID-mapped mounts is said" '^Warning: owners cannot be mapped on the filesystem of' \
        "$tool" prepare $specs/first.json
silent_about "  not to a container without a user namespace" Warning "$tool" prepare "$plain"
prints "a root there" '^new$' "$tool" instantiate $name $specs/first.json
boot $specs/first.json
prints "  whose guest runs" 'Welcome to nginx' web http://10.9.9.2
prints "  with no unit failed" '^running$' inside systemctl is-system-running
stop_guest
"$tool" remove $name
umount $trees /run/overlay

# Every option at once (the golden test's spec): the guest's own programs take the files.
all=$here/../golden/guest/services.json
need "a root with every option" "$tool" instantiate $name "$all"
in_root() { chroot $root env -i PATH=/usr/sbin:/usr/bin LC_ALL=C "$@"; }
mount --bind "$("$tool" prepare "$all" | sed -n 2p)" $root/usr
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t tmpfs tmpfs $root/run
mount --bind /dev $root/dev
mkdir $root/run/sshd
in_root ssh-keygen -A >/dev/null
succeeds "nginx takes nginx.conf" in_root nginx -t
succeeds "sshd takes sshd_config" in_root sshd -t
succeeds "nft takes the firewall" in_root nft -c -f /etc/nixos-nspawn/firewall.nft
silent_about "systemd takes the units" . in_root systemd-analyze --man=no verify hello.service nginx.service sshd.service \
        sshd-keygen.service firewall.service 'with\x2ddash.service' multi-user.target sysinit.target
umount $root/dev $root/run $root/sys $root/proc $root/usr
succeeds "remove" "$tool" remove $name

# The host's own /usr, and images.
without_services='import json, sys; s = json.load(open(sys.argv[1])); s["config"]["services"] = {}; json.dump(s, sys.stdout)'
bare=/run/bare.json
python3 -c "$without_services" "$specs/first.json" >$bare
fails "services do not come from the host" 10 'needs nginx.*--system debian' env TREE_SYSTEM=host "$tool" prepare $specs/first.json
export TREE_SYSTEM=host
prints "a root for the host's /usr" '^new$' "$tool" instantiate $name $bare
refused "  has none of the host's passwords" grep -vE '^[^:]*:\*:1::::::$' $root/etc/shadow
refused "  and none of its people" awk -F: '$3 >= 1000 && $3 < 65534 { bad = 1 } END { exit !bad }' $root/etc/passwd
boot $bare
prints "no unit failed" '^running$' inside systemctl is-system-running
prints "the host's programs run" '^tree-test$' inside uname -n
prints "  with the guest's own files" '^welcome$' inside cat /etc/motd
prints "  on the host's /usr, read-only" 'Read-only file system' inside touch /usr/x
prints "  and a firewall" 'dport @tcp-ports accept' inside nft list table inet nixos-fw
stop_guest
"$tool" remove $name
export TREE_SYSTEM=image
image=$(TREE_SYSTEM=debian "$tool" prepare $specs/first.json | head -n 1)
prints "a root from a directory" '^new$' env TREE_IMAGE="$image" "$tool" instantiate $name $specs/first.json
"$tool" remove $name
tar -C "$image" -cf /run/image.tar .
export TREE_IMAGE=/run/image.tar
prints "a root from an archive" '^new$' "$tool" instantiate $name $specs/first.json
prints "  which is unpacked once" '^/var/lib/nixos-nspawn/trees/image-[0-9a-f]+$' "$tool" prepare $specs/first.json
boot $specs/first.json
prints "  its guest runs" 'Welcome to nginx' web http://10.9.9.2
stop_guest
"$tool" remove $name
rm -rf $trees/image-* $trees/host-*
mkdir -p /run/empty /run/hostile
ln -s / /run/hostile/usr
mkdir -p /run/whole/usr/lib/systemd
touch /run/whole/usr/lib/systemd/systemd
mkdir /run/whole/bin
head -c 100000 /dev/urandom >/run/noise.tar
image_fails() { # image_fails WHAT STATUS PATTERN IMAGE
        fails "$1" "$2" "$3" env TREE_IMAGE="$4" "$tool" prepare $specs/first.json
}
image_fails "an image that is no system" 10 '--image /run/empty: it is not a whole system' /run/empty
image_fails "an image whose /usr leads elsewhere" 10 'its /usr is a symlink' /run/hostile
image_fails "an image with programs outside /usr" 10 'its /bin does not lead into /usr' /run/whole
image_fails "an archive that is none" 11 'tar could not unpack /run/noise.tar' /run/noise.tar
image_fails "an image that is not there" 10 '--image /run/nothing: No such file' /run/nothing
fails "nixos, not yet" 10 'not yet supported' env -u TREE_IMAGE TREE_SYSTEM=nixos "$tool" prepare $specs/first.json
unset TREE_SYSTEM TREE_IMAGE

# Making trees, with a mmdebstrap of the test's own.
umount $trees
mkdir -p /run/bin
cat >/run/bin/mmdebstrap <<'F'
#!/usr/bin/env bash
target=${*: -1}
echo "I: installing essential packages..." >&2
echo $$ >>/run/builds
mkdir -p "$target/usr/lib/systemd" "$target/etc/ssh" "$target/var"
touch "$target/etc/ssh/ssh_host_rsa_key"
[[ ! -e /run/slow ]] || { echo $$ >/run/slow.pid; while [[ -e /run/slow ]]; do sleep 0.05; done; }
if [[ -e /run/broken ]]; then cat /run/broken >&2; exit 25; fi
touch "$target/usr/lib/systemd/systemd"
F
chmod 755 /run/bin/mmdebstrap
export PATH=/run/bin:$PATH
leftovers() { ls -A $trees | grep -v -E '\.(lock|log)$'; }

printf 'E: Could not resolve host\nE: \033[31mthe end\n' >/run/broken
fails "a mmdebstrap that fails: the end of its log, harmless for a terminal" 11 'E:  \[31mthe end$' "$tool" prepare $specs/first.json
fails "  and advice" 11 'the mirror cannot be reached' "$tool" prepare $specs/first.json
prints "  leaves no tree" '^0$' sh -c "ls -A $trees | grep -v -c -E '\.(lock|log)$'"
rm /run/broken
fails "no mmdebstrap" 11 'apt-get install mmdebstrap' env PATH=/nowhere "$tool" prepare $specs/first.json
mkdir /run/small
mount -t tmpfs -o size=1m tmpfs $trees
fails "no room" 1 "no room to make the container's system: $trees has . MiB free, [0-9]+ MiB are needed" \
        "$tool" prepare $specs/first.json
umount $trees
fails "a release that cannot be one" 2 'NIXOS_NSPAWN_SUITE' env NIXOS_NSPAWN_SUITE=../x "$tool" prepare $specs/first.json

touch /run/slow
"$tool" prepare $specs/first.json >/run/killed 2>&1 &
killed=$!
within 5 "a build under way" test -s /run/slow.pid
kill -9 $killed
wait $killed 2>/dev/null
prints "a killed command leaves nothing that is taken for a tree" '^\.debian' leftovers
: >/run/builds
"$tool" prepare $specs/first.json >/run/one 2>&1 &
one=$!
"$tool" prepare $specs/first.json >/run/two 2>&1 &
two=$!
sleep 0.3
prints "others wait while its mmdebstrap lives" '^0$' sh -c 'wc -l </run/builds'
rm /run/slow
wait $one && wait $two && ok "two commands at once both succeed" || not_ok "two commands at once both succeed" "$(cat /run/one /run/two)"
prints "  and make one tree" '^1$' sh -c 'wc -l </run/builds'
prints "  what the killed one left is gone" '^debian-trixie-[0-9a-f]{16}$' leftovers
prints "  and there is one tree" '^1$' sh -c "ls -A $trees | grep -v -c -E '\.(lock|log)$'"
refused "a tree has no host keys" ls $trees/debian-*/etc/ssh/ssh_host_rsa_key
done_testing
