#!/usr/bin/env bash
# Each fuzzer over its corpus, and FUZZ_SECONDS (10) of new inputs. They begin alike in every run but do not stay so:
# libFuzzer goes by what it saw compared, too (tried: one seed, a fixed number of runs, setarch -R). What it finds here
# is a defect, old or new, whose input goes into the corpus. FUZZ_SEED=0 FUZZ_SECONDS=300 looks further.
# Builds them with clang into build/clang, or uses $FUZZERS, a folder that has them.
source "$(dirname "$0")/../lib/tap.sh"
cd "$(dirname "$0")/../.."

if [[ -z ${FUZZERS-} ]]; then
        FUZZERS=build/clang/test/fuzz
        if [[ ! -f build/clang/build.ninja ]]; then
                need "configure the fuzzers" env CC=clang meson setup build/clang -Dwerror=true -Dfuzz=true --buildtype=debugoptimized
        fi
        need "build the fuzzers" ninja -C build/clang
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for fuzzer in "$FUZZERS"/fuzz-*; do
        [[ -x $fuzzer && -f $fuzzer ]] || continue
        name=${fuzzer##*/fuzz-}
        mkdir -p "$work/$name"
        succeeds "$name: ${FUZZ_SECONDS:-10} s of hostile input" \
                "$fuzzer" -max_total_time="${FUZZ_SECONDS:-10}" -seed="${FUZZ_SEED:-1}" -timeout=5 -rss_limit_mb=1024 -max_len=4096 \
                -artifact_prefix="$work/" -print_final_stats=1 "$work/$name" "test/fuzz/corpus/$name"
done
done_testing
