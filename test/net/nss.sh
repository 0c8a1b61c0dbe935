#!/usr/bin/env bash
# Programs of the host resolve containers' names through libnss_nspawn.so.2 and nsswitch.conf, as installed.
. "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

names=/run/nixos-nspawn/names
publish() { # publish NAME ADDRESS...: as nspawn-netd does it
        local name=$1 address
        shift
        mkdir -p $names/.by-address
        for address in "$@"; do
                [[ $address == *%* ]] || ln -sfn "$name" "$names/.by-address/$address"
        done
        printf '%s\n' "$@" >"$names/.$name.new"
        mv "$names/.$name.new" "$names/$name"
}
echo 'hosts: files nspawn dns' >/etc/nsswitch.conf
: >/etc/resolv.conf
printf '127.0.0.1 localhost\n' >/etc/hosts
# getent asks for the families that the host has an address of; loopback addresses do not count.
ip link add uplink type veth peer name far
ip addr add 198.51.100.1/24 dev uplink
ip addr add 2001:db8:1::1/64 dev uplink nodad
ip link set uplink up
ip link set far up
index=$(cat /sys/class/net/uplink/ifindex)

fails "an unknown name is not found" 2 '' getent ahosts example
publish example 10.233.0.2 fd00::2
publish local "fe80::2%$index"
publish four 10.233.0.18 "fe80::12%$index"

prints "getent ahosts gives the IPv4 address" '^10\.233\.0\.2 +STREAM' getent ahosts example
prints "getent ahosts gives the IPv6 address" '^fd00::2 +STREAM' getent ahosts example
prints "getent -s nspawn asks nothing else" '^fd00::2 +STREAM' getent -s nspawn ahosts example
prints "NAME.internal is the same container" '^[^ ]+ +STREAM example\.internal$' getent ahosts example.internal
prints "names have no case" '^[^ ]+ +STREAM example$' getent ahosts EXAMPLE
prints "getent ahostsv4" '^10\.233\.0\.2 +STREAM' getent ahostsv4 example
prints "getent ahostsv6" '^fd00::2 +STREAM' getent ahostsv6 example
prints "getent hosts" '^fd00::2 +example$' getent hosts example
prints "reverse, IPv4" '^10\.233\.0\.2 +example$' getent hosts 10.233.0.2
prints "reverse, IPv6" '^fd00::2 +example$' getent hosts fd00::2
fails "an address that nobody has" 2 '' getent hosts 10.233.0.3
prints "a link-local address carries its scope" "^fe80::2%$index +STREAM local\$" getent ahosts local
prints "a name with a link-local address has its IPv4 address" '^10\.233\.0\.18 +STREAM' getent ahostsv4 four
silent_about "no link-local address where no scope can be said and there is another address" fe80 getent ahostsv6 four
prints "files come first" '^127\.0\.0\.1 +STREAM localhost$' getent ahostsv4 localhost

for order in 'nspawn files' 'mymachines nspawn files' 'files nspawn resolve [!UNAVAIL=return] dns' 'files mymachines nspawn'; do
        echo "hosts: $order" >/etc/nsswitch.conf
        prints "with 'hosts: $order'" '^10\.233\.0\.2 +STREAM' getent ahosts example
done
echo 'hosts: files nspawn dns' >/etc/nsswitch.conf

ip addr add 10.233.0.2/32 dev lo
ip addr add fd00::2/128 dev lo nodad
succeeds "ping -4 by name" ping -4 -c1 -W2 example
succeeds "ping -6 by name" ping -6 -c1 -W2 example
succeeds "ping by name" ping -c1 -W2 example

# A program with other user rights sees the names too, and one without the right to read them just gets no answer.
prints "an unprivileged program" '^10\.233\.0\.2 +STREAM' setpriv --reuid=65534 --regid=65534 --clear-groups \
        getent ahosts example
chmod 700 /run/nixos-nspawn
fails "an unprivileged program that may not look" 2 '' setpriv --reuid=65534 --regid=65534 --clear-groups \
        getent ahosts example
chmod 755 /run/nixos-nspawn

# Nothing but what is always there is loaded into other people's programs.
prints "the module needs only the C library" '^1$' \
        bash -c "objdump -p /usr/local/lib/*/libnss_nspawn.so.2 | grep -c NEEDED"
prints "the module's name" 'SONAME +libnss_nspawn\.so\.2' bash -c 'objdump -p /usr/local/lib/*/libnss_nspawn.so.2'

rm -r $names
fails "nothing is left when names are gone" 2 '' getent ahosts example
done_testing
