#!/usr/bin/env bash
# All tests: Rust (unit, integration against real servers, documentation) and, in a browser, the
# call as a caller has it. Ends with one line that counts them: `N passed, N failed, N skipped`.
#
#   scripts/test.sh [arguments of cargo test, instead of --workspace]
#
# TEST_MINUTES       how long the Rust tests may run once they are built (30)
# FRONTDESK_WHISPER  whisper's weights; fetched once per machine where this is not set and they can be
set -euo pipefail

script='test'
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$root"
if [ $# -eq 0 ]; then set -- --workspace; fi
# Also for what is not started by cargo.
export LIVEKIT_SERVER_BIN=${LIVEKIT_SERVER_BIN:-$root/.tools/bin/livekit-server}

# Most of what a test does is wait for a call that lasts as long as people talk.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-6}

# The real weights of whisper, for the tests that hear with them.
weights() {
    local folder=${cache%/tools}/weights file=models/whisper-base-q8_0.bin
    if [ -n "${FRONTDESK_WHISPER:-}" ]; then return; fi
    if [ ! -e "$folder/$file" ]; then
        say "fetching whisper's weights, once (some 130 MB)"
        FRONTDESK_DATA_DIR=$folder timeout 600 \
            "${CARGO_TARGET_DIR:-$root/target}/debug/frontdesk" models get whisper-base || true
    fi
    if [ -e "$folder/$file" ]; then
        export FRONTDESK_WHISPER=$folder/$file
    else
        say "whisper's weights could not be fetched: tests that hear with them do not run"
    fi
}

log=$(mktemp)
understood=$(mktemp)
understanding=
# shellcheck disable=SC2317 # called by the trap
finish() {
    if [ -n "$understanding" ]; then kill -TERM "$understanding" 2>/dev/null || true; fi
    rm -f "$log" "$understood"
}
trap finish EXIT
failed_steps=()

# Built first, so that the time limit is one of running.
cargo test --locked "$@" --no-run
if [ "$*" = --workspace ]; then
    weights
    # Beside the Rust tests, which mostly wait.
    scripts/understanding.sh "${CARGO_TARGET_DIR:-$root/target}/debug/frontdesk" --quiet \
        >"$understood" 2>&1 &
    understanding=$!
fi
timeout --foreground --kill-after=30 "${TEST_MINUTES:-30}m" \
    cargo test --locked "$@" --no-fail-fast 2>&1 | tee -a "$log" ||
    case $? in
    124 | 137) failed_steps+=("cargo test, not done within ${TEST_MINUTES:-30} minutes") ;;
    *) failed_steps+=("cargo test") ;;
    esac

# With arguments, only those Rust tests were asked for.
if [ -n "$understanding" ]; then
    wait "$understanding" || failed_steps+=("the tests of understanding")
    understanding=
    tee -a "$log" <"$understood"
fi
if [ "$*" = --workspace ] && [ -e tests/browser/package.json ]; then
    # What is installed is what the lock file says, unless the lock file is newer.
    if [ ! tests/browser/node_modules/.package-lock.json -nt tests/browser/package-lock.json ]; then
        npm --prefix tests/browser ci --no-audit --no-fund
    fi
    target=${CARGO_TARGET_DIR:-$root/target}
    # The program that `cargo test --workspace` has built for its own tests.
    PROGRAM_UNDER_TEST=${PROGRAM_UNDER_TEST:-$(realpath -- "$target")/debug/frontdesk} \
        timeout --foreground --kill-after=30 15m \
        npm --prefix tests/browser test 2>&1 | tee -a "$log" ||
        failed_steps+=("the browser tests")
fi

# cargo test: "test result: ok. 3 passed; 0 failed; 1 ignored; …"; node: "ℹ pass 3" or "# pass 3".
counts=$(awk '
    /^test result:/ { passed += $4; failed += $6; skipped += $8 }
    /^(ℹ|#) pass /    { passed += $3 }
    /^(ℹ|#) fail /    { failed += $3 }
    /^(ℹ|#) skipped / { skipped += $3 }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$log")
if [ ${#failed_steps[@]} -gt 0 ]; then
    grep -E '^test .* FAILED$|^(not ok|✖) ' "$log" | sort -u || true
    # A run that was cut off counts as a failure, though no test says so.
    say "failed: ${failed_steps[*]}"
    if [[ $counts == *" 0 failed"* ]]; then counts=${counts/ 0 failed/ 1 failed}; fi
    printf '%s\n' "$counts"
    exit 1
fi
printf '%s\n' "$counts"
