#!/usr/bin/env bash
# Audits six servers at once, with 4 probes of each kind: one that keeps its promise about seeds, and
# five that each break it in their own way. Says of each how the audit ended and which properties fail.
#
#   cargo build --release && examples/audit.sh
#   examples/audit.sh --set audit.probes=2        options of `wlc compile`
#
# BIN names another directory with the three programs. Takes some 15 seconds.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${BIN:-$root/target/release}
out=$(mktemp -d)
samplers=(per-request shared reset ignore-seed leaky-id greedy-draws)

servers=()
trap '((${#servers[@]})) && kill "${servers[@]}" 2>/dev/null || true' EXIT

"$bin/wlc" compile "$root/examples/audit.yaml" -o "$out/audit.wlc" --set audit.probes=4 "$@"
for sampler in "${samplers[@]}"; do
    "$bin/mock-llm" --port 0 --itl 3ms --sampler "$sampler" --shutdown-after 60s \
        >"$out/$sampler.listening" &
    servers+=($!)
done

runs=()
for sampler in "${samplers[@]}"; do
    # One line of JSON says where the server listens.
    for _ in {1..200}; do
        [[ -s "$out/$sampler.listening" ]] && break
        sleep 0.05
    done
    address=$(sed 's/.*"listening":"\([^"]*\)".*/\1/' "$out/$sampler.listening")
    "$bin/replay" run "$out/audit.wlc" --url "http://$address" --out "$out/$sampler" --quiet \
        >"$out/$sampler.summary" 2>"$out/$sampler.messages" &
    runs+=($!)
done
for n in "${!runs[@]}"; do
    wait "${runs[$n]}" || { cat "$out/${samplers[$n]}.messages" >&2 && exit 3; }
done

for sampler in "${samplers[@]}"; do
    # Status 1 is an audit that found something.
    "$bin/replay" audit "$out/$sampler" >"$out/$sampler.audit" || (($? == 1))
    printf '%-13s %s\n' "$sampler" "$(tail -n 1 "$out/$sampler.audit")"
    grep -E '^[a-z].* FAILS ' "$out/$sampler.audit" | sed 's/^/              /' || true
done
printf '\nfor more: %s audit %s\n' "$bin/replay" "$out/shared"
