#!/usr/bin/env bash
# Places the typed calls of tests/understanding/probes.yaml to a runtime of its own and judges them.
# Ends as tests do: `# pass N`, `# fail N`. A call fails if it is misunderstood and is not listed in
# tests/understanding/known.txt, the ones that are known to be; that list may only become shorter.
#
#   scripts/understanding.sh [PROGRAM] [arguments of understanding.py, such as --only dates --verbose]
#
# PROBES  another set (tests/understanding/probes.yaml)
set -euo pipefail

script='understanding'
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$root"
export LIVEKIT_SERVER_BIN=${LIVEKIT_SERVER_BIN:-$root/.tools/bin/livekit-server}
program=${1:-${CARGO_TARGET_DIR:-target}/debug/frontdesk}
if [ $# -gt 0 ]; then shift; fi
[ -x "$program" ] || die "there is no $program" "build it first: cargo build -p frontdesk"
# The distribution's package is for its own Python, which need not be the first one in PATH.
for python in python3 /usr/bin/python3 ''; do
    if [ -z "$python" ]; then die "python3 with PyYAML is needed" "apt-get install python3-yaml"; fi
    if "$python" -c 'import yaml' 2>/dev/null; then break; fi
done

# Short and open: the embedded PostgreSQL does not run as root, and its socket's path has a limit.
folder=$(mktemp -d /tmp/fdu.XXXXXX)
chmod 755 "$folder"
FRONTDESK=$(realpath -- "$program")
export FRONTDESK FRONTDESK_DATA_DIR=$folder/data
FRONTDESK_ALLOW_CALL_CLOCK=1 FRONTDESK_ANNOUNCE=1 FRONTDESK_LISTEN=127.0.0.1:0 \
    "$FRONTDESK" serve >"$folder/out" 2>"$folder/log" &
runtime=$!
finish() {
    kill -TERM "$runtime" 2>/dev/null || true
    wait "$runtime" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
until [ -e "$FRONTDESK_DATA_DIR/runtime.json" ]; do
    kill -0 "$runtime" 2>/dev/null || die "the runtime did not start: $(tail -n 3 "$folder/log")"
    sleep 0.2
done

status=0
"$python" tests/understanding/understanding.py \
    "${PROBES:-tests/understanding/probes.yaml}" --jobs 8 \
    --tsv "$folder/judged.tsv" "$@" || status=$?
if [ "$status" -gt 1 ]; then die "nothing could be judged: $(tail -n 3 "$folder/log")"; fi
awk -F '\t' '
    FILENAME == ARGV[1] { if ($1 !~ /^#/ && $1 != "") known[$1]; next }
    $3 == "yes" && $1 in known { better = better " " $1 }
    $3 == "yes" { passed++ }
    $3 == "no" && $1 in known { skipped++ }
    $3 == "no" && !($1 in known) { failed++; print "not ok " $1 " [" $2 "]: " $4 }
    END {
        if (better) print "understood now, to be taken out of known.txt:" better
        printf "# pass %d\n# fail %d\n# skipped %d\n", passed, failed, skipped
        exit failed > 0
    }' tests/understanding/known.txt "$folder/judged.tsv"
