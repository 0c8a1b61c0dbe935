# For the scripts here: a container t1 with the tree of tree/first.json, run without the command line. Sourced after tap.sh,
# before in_sandbox; then `make_guest`.
here=$(dirname "$(realpath "$0")")
: "${BUILD:=$(realpath "$here/../../build")}"
export BUILD
rt=$BUILD/test/runtime/runtime-tool
name=t1
root=/var/lib/machines/$name
folder=/run/nixos-nspawn/containers/$name
log=/var/log/nixos-nspawn/$name.log

# Outside of the sandbox, which has no way to a mirror.
[[ -n ${SANDBOX-} ]] || need "the OS tree" "$here/../lib/trees" "$here/tree/first.json"

make_guest() {
        mapfile -t tree < <("$BUILD/test/runtime/tree-tool" prepare "$here/tree/first.json" 2>/dev/null)
        need "a root" "$BUILD/test/runtime/tree-tool" instantiate $name "$here/tree/first.json"
        define /usr/lib/systemd/systemd
}
define() { # define INIT: what is run next
        "$rt" define $name "${tree[1]}" "$1" || not_ok "define"
}
state() { "$rt" status $name; }
field() { state | grep -o "$1=[0-9]*" | cut -d= -f2; }
supervisor() { field supervisor; }
leader() { field leader; }
nspawn() { pgrep -x systemd-nspawn; }
# kill -9, and wait until the kernel has done it.
murder() {
        local pid
        kill -9 "$@"
        for pid in "$@"; do
                while [[ -d /proc/$pid ]] && ! grep -q '^State:.Z' /proc/"$pid"/status 2>/dev/null; do sleep 0.01; done
        done
}
# Generations are the scripts' own doing, and what is inside the root is the guest's.
all() { everything | grep -v -E "/profiles/|$root/"; }
unchanged() { same "$1" "$before" "$(all)"; }
