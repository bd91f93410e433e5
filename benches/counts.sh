#!/usr/bin/env bash
# Counts instructions per decision with callgrind and compares them with counts.json; `--record` rewrites that file.
# Always built in the same way, whatever the profile says otherwise, so that counts can be compared.
set -euo pipefail
cd "$(dirname "$0")"
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 0; }
export CARGO_INCREMENTAL=0 CARGO_PROFILE_BENCH_LTO=off CARGO_PROFILE_BENCH_CODEGEN_UNITS=16
exec cargo bench --locked --bench counts -- --compare "$@"
