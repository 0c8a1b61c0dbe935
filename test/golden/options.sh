#!/usr/bin/env bash
# What is made from the portable options is as it would be made now; their library does what nixpkgs' does.
source "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.."

succeeds "options.json, the manual page and spec.md are up to date" nix/update-options --check
library_is_right() {
        local wrong
        wrong=$(HOME=/nonexistent NIX_CONF_DIR=/nonexistent nix-instantiate --eval --strict --json --store dummy:// \
                test/golden/lib.nix) || return 1
        [[ $wrong == "[]" ]] || { echo "$wrong"; return 1; }
}
succeeds "the functions of lib give what nixpkgs' give" library_is_right
done_testing
