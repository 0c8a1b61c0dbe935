# For scripts that make systems of their own for tests: make_tree SUITE FOLDER PACKAGE... Sourced.
# $NIXOS_NSPAWN_MIRROR: another mirror than Debian's. On failure the whole log stays as FOLDER.log.

make_tree() {
        local suite=$1 folder=$2 log=$2.log work=$2.new.$$
        shift 2
        # A package's scripts see no process of this machine.
        if ! unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc mmdebstrap --mode=root --format=directory \
                --variant=minbase --include="$(
                        IFS=,
                        echo "$*"
                )" --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
                --dpkgopt='path-exclude=/usr/share/doc/*' --aptopt='APT::Install-Recommends "false"' \
                --customize-hook='rm -rf "$1"/var/lib/dpkg/info "$1"/var/cache/*' \
                -- "$suite" "$work" ${NIXOS_NSPAWN_MIRROR:+"$NIXOS_NSPAWN_MIRROR"} >"$log" 2>&1; then
                rm -rf --one-file-system "$work"
                tail -n 5 "$log" >&2
                echo "trees: mmdebstrap could not make $folder ($suite); the whole log is $log" >&2
                return 1
        fi
        mv "$work" "$folder"
}
