#!/usr/bin/env bash
# What is made from the portable options is as it would be made now.
source "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.."

succeeds "options.json, the manual page and spec.md are up to date" nix/update-options --check
done_testing
