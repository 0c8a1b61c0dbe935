#!/usr/bin/env bash
# Where a build installs what others have to find.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
cd "$(dirname "$0")/../.." || exit 2

module() { # module OPTION...: where a fresh build puts the NSS module
        rm -rf /run/build
        meson setup /run/build -Dtests=false "$@" >/run/meson.log 2>&1 || cat /run/meson.log
        meson introspect --installed /run/build | python3 -c '
import json, sys
print(*(where for where in json.load(sys.stdin).values() if "libnss_nspawn" in where))'
}

# Meson asks this program of dpkg-dev, which builds do without, for the name of Debian's folder.
program=$(command -v dpkg-architecture) && mount --bind /dev/null "$program"
where=$(module)
same "without dpkg-dev the NSS module goes to Debian's folder" "/usr/local/lib/$(gcc -print-multiarch)/libnss_nspawn.so.2" "$where"
prints "  in which glibc looks" "^$(dirname "$where"):" /sbin/ldconfig -v
same "  or where one says" "/opt/lib/libnss_nspawn.so.2" "$(module --prefix=/opt -Dnssdir=lib)"

done_testing
