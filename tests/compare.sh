#!/usr/bin/env bash
# Holds replay against oha and wrk on this machine: when requests arrive, what each costs, and a
# closed loop flat out. Prints tables; asserts nothing.
#
#   tests/compare.sh            some ten minutes; run it on a quiet machine
#   tests/compare.sh --quick    a look
#
# Needs a Rust toolchain and
#   oha   cargo install oha --locked
#   wrk   the Debian package, apt-get install wrk
#
# Runs the benchmarks that have another program beside replay. Those of replay alone are run apart,
# each with or without `-- --quick`:
#   cargo bench -p integration --bench streams        10,000 streams at once
#   cargo bench -p integration --bench request_cost   allocations and system calls (needs strace)
#   cargo bench -p integration --bench conduct        sessions, cancellations, failures, closed loop
set -euo pipefail
cd "$(dirname "$0")/.."

flags=()
case "${1:-}" in
    "") ;;
    --quick) flags=(--quick) ;;
    *) echo "usage: tests/compare.sh [--quick]" >&2 && exit 2 ;;
esac

missing=0
need() {
    if ! command -v "$1" >/dev/null; then
        echo "$1 is not installed: $2" >&2
        missing=1
    fi
}
need cargo "see https://rustup.rs"
need oha "cargo install oha --locked"
need wrk "apt-get install wrk"
if ((missing)); then exit 3; fi

# First of all everything is built, so that nothing compiles while something is measured.
cargo bench --locked --package integration --no-run --bench firing_error --bench closed_loop

printf '\n%s, %s CPUs\n' "$(uname -sr)" "$(nproc)"
oha --version
wrk -v 2>&1 | head -n 1 || true
for bench in firing_error closed_loop; do
    printf '\n== %s\n' "$bench"
    cargo bench --locked --quiet --package integration --bench "$bench" -- "${flags[@]}"
done
