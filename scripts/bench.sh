#!/usr/bin/env bash
# Measures what docs/performance.md states, in release, one part after the other, and ends with one
# table. Everything shares the machine's cores, so only figures of one run may be compared.
#
#   scripts/bench.sh [PART…]     (all parts but `people` and `many` if none is named)
#
#   calls    greeted callers; the bench profile with 1, 10 and BENCH_CALLS callers
#   spoken   twelve scenarios spoken in two voices, BENCH_RUNS times
#   codec    what effort and bits of Opus cost and bring
#   booking  bookings, refusals and searches, beside pgbench
#   text     replies to typed turns, one call and 500 at once, and beside 2,000 connections that say
#            nothing; a telephone call's greeting; how soon who finds no place hears why
#            (a development build)
#   browser  a call from Chromium
#   people   the recognizers on recordings of people and on spoken closed answers, turn taking on
#            recordings with pauses in them, and the agent's voices: fetches the recordings and all
#            weights (not in the table; an hour)
#   many     10,000 short calls: memory and open files before and after (15 minutes)
#
# BENCH_CALLS  calls at once of the bench profile in the part `calls` (100)
# BENCH_RUNS   times that the part `spoken` says each scenario in each voice (3)
# BENCH_JOBS   spoken calls at once (2)
set -euo pipefail

script=bench
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$root"
export LIVEKIT_SERVER_BIN=${LIVEKIT_SERVER_BIN:-$root/.tools/bin/livekit-server}
if [ $# -eq 0 ]; then set -- calls spoken codec booking text browser; fi
for part in "$@"; do
    # Before anything is measured: a wrong name at the end would lose the table.
    case $part in
    calls | spoken | codec | booking | text | browser | people | many) ;;
    *)
        say "no such part: $part"
        exit 2
        ;;
    esac
done
target=${CARGO_TARGET_DIR:-$root/target}
calls=${BENCH_CALLS:-100}
# Twelve of the library: bookings in many words, a move, a cancellation, questions, an emergency.
spoken=(
    books_a_cardiologist_tomorrow books_a_doctor_by_name wants_an_evening
    wants_it_as_soon_as_possible registers_a_new_patient corrects_a_wrong_date_of_birth
    changes_the_time_before_booking moves_an_appointment cancels_an_appointment
    asks_about_insurance_and_hours asks_for_a_person emergency_at_the_start
)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The embedded PostgreSQL does not run as root; its user must be able to enter.
chmod 755 "$scratch"
export FRONTDESK_DATA_DIR=$scratch/data FRONTDESK_MAX_CALLS=$((calls + 10))

say "$(nproc) cores, $(uname -m), load $(cut -d' ' -f1 /proc/loadavg) before; commit $(git rev-parse --short HEAD)"
cargo build --locked --release -p frontdesk
frontdesk=$target/release/frontdesk

# One part of the run; what it prints is kept for the table at the end.
measure() {
    case $1 in
    calls)
        say "greeted callers with the real engines, 50 at once, who listen"
        "$frontdesk" load --calls 50 --turns 0 --seconds 20 --ramp 300 --json "$scratch/load-greeted.json"
        for count in 1 10 "$calls"; do
            say "bench profile: $count callers, three turns each, answers interrupted"
            "$frontdesk" load --profile bench --calls "$count" --turns 3 --barge --speaking 0.3 \
                --seconds 15 --json "$scratch/load-$count.json"
        done
        ;;
    spoken)
        files=("${spoken[@]/#/scenarios/}")
        for voice in slt rms; do
            for ((run = 1; run <= ${BENCH_RUNS:-3}; run++)); do
                say "twelve scenarios spoken by $voice, run $run"
                # Calls that are not as expected are what is measured, not a fault of the script.
                "$frontdesk" call --channel web --voice "$voice" --jobs "${BENCH_JOBS:-2}" \
                    --json "$scratch/spoken-$voice-$run.json" --scenario "${files[@]/%/.yaml}" || true
            done
        done
        python3 scripts/spoken-figures.py "$scratch"/spoken-*.json
        ;;
    codec) cargo run --locked --release -p frontdesk-bench ;;
    booking)
        # An example of this crate has fault injection in it, which a release refuses without these.
        cargo run --locked --release -p frontdesk-actors --example booking_bench \
            --config profile.release.package.frontdesk-actors.debug-assertions=true
        ;;
    text)
        # They arm nothing, but their crate's tests have fault injection, which a release refuses.
        cargo test --locked --workspace --test it bench_ -- --ignored --nocapture --test-threads 1 |
            grep -E ' (replies|MiB)|^INVITE to|^end of speech|^token that|^no place to'
        ;;
    people)
        "$frontdesk" models get
        local clips people weights=$FRONTDESK_DATA_DIR/models
        clips=$(scripts/people-clips.sh)
        people=(cargo run --locked --release -p frontdesk-pipelines --features whisper --example people --)
        "${people[@]}" "$clips" "$weights/whisper-base-q8_0.bin"
        "${people[@]}" turns "$clips"
        "${people[@]}" voices "$weights/heart.voice" "$scratch" "$weights/whisper-base-q8_0.bin"
        ;;
    many)
        # Calls that their callers have left are held for some seconds, beside the next ones.
        FRONTDESK_MAX_CALLS=500 "$frontdesk" load --profile bench --calls 50 --rounds 200 --turns 0 --seconds 1 --ramp 40
        ;;
    browser)
        if [ ! -d tests/browser/node_modules ]; then
            npm --prefix tests/browser ci --no-audit --no-fund
        fi
        PROGRAM_UNDER_TEST=$(realpath -- "$frontdesk") \
            node --test --test-timeout=600000 tests/browser/call.test.mjs | grep -E '^(#|ok|not ok)'
        ;;
    esac
}

for part in "$@"; do
    printf '\n=== %s\n' "$part"
    measure "$part" | tee "$scratch/$part.out"
done
printf '\n=== all of it; times and rates depend on the machine, ratios less\n'
python3 scripts/bench-table.py "$scratch"
