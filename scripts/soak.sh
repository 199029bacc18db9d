#!/usr/bin/env bash
# Soaks a runtime of its own: a mixed day of calls while everything that they need is broken in turn.
# What is broken, what is judged and how to read the report: docs/soak.md.
#
#   scripts/soak.sh [options of `frontdesk soak`]
#
# SOAK_MINUTES  how long calls come in (5); 180 for a night
# SOAK_REPORT   folder for soak.md, soak.json and the runtime's log (target/soak)
# PROGRAM_UNDER_TEST  program that is built already, instead of building it
# SOAK_DISK     size of the disk that is filled, a tmpfs; `none` fills none (1g)
set -euo pipefail

script=soak
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$root"
export LIVEKIT_SERVER_BIN=${LIVEKIT_SERVER_BIN:-$root/.tools/bin/livekit-server}
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "${SOAK_REPORT:-$target/soak}"
report=$(realpath -- "${SOAK_REPORT:-$target/soak}")

program=${PROGRAM_UNDER_TEST:-}
if [ -z "$program" ]; then
    # A development build: stages of calls die on purpose, which a release refuses.
    cargo build --locked -p frontdesk --features fault-injection
    program=$target/debug/frontdesk
fi
program=$(realpath -- "$program")

scratch=$(mktemp -d)
data=$scratch/data
mkdir "$data"
# The embedded PostgreSQL does not run as root; its user must be able to enter.
chmod 755 "$scratch" "$data"
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    if mountpoint --quiet "$data"; then umount "$data" || umount --lazy "$data"; fi
    rm -rf "$scratch"
}
trap clean_up EXIT
if [ "${SOAK_DISK:-1g}" != none ] &&
    ! mount -t tmpfs -o "size=${SOAK_DISK:-1g},mode=755" frontdesk-soak "$data" 2>/dev/null; then
    say "no file system can be mounted here (it takes root): the disk is not filled"
fi

# Nothing of this machine's configuration is broken.
for name in $(compgen -e); do
    case $name in
    LIVEKIT_SERVER_BIN | FRONTDESK_POSTGRES_BIN) ;;
    FRONTDESK_* | LIVEKIT_* | DATABASE_URL | RUST_LOG) unset "$name" ;;
    esac
done
export FRONTDESK_DATA_DIR=$data
# Not the ports of a runtime that serves.
export FRONTDESK_RTP_PORTS=${SOAK_RTP_PORTS:-26000-26999}
cd -- "$scratch"
status=0
"$program" soak --minutes "${SOAK_MINUTES:-5}" --report "$report" "$@" || status=$?
say "the report is $report/soak.md"
exit "$status"
