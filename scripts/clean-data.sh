#!/usr/bin/env bash
# Removes the data folder of the embedded servers: database, keys, recordings, logs. Asks first,
# unless FRONTDESK_YES is set; refuses while a runtime uses the folder.
set -euo pipefail

script=clean-data
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$root"

# The order of docs/configuration.md.
if [ -n "${FRONTDESK_DATA_DIR:-}" ]; then
    data=$FRONTDESK_DATA_DIR
elif [ -d .frontdesk ]; then
    data=$root/.frontdesk
elif [ -n "${XDG_DATA_HOME:-}" ]; then
    data=$XDG_DATA_HOME/frontdesk
elif [ "$(id -u)" = 0 ]; then
    data=/var/lib/frontdesk
else
    data=$HOME/.local/share/frontdesk
fi

if [ ! -d "$data" ]; then
    say "there is no $data; nothing to remove"
    exit 0
fi
[ -e "$data/postgres.lock" ] || [ -e "$data/livekit.lock" ] ||
    die "$data does not look like a data folder of Frontdesk: it has no lock of a server"
while IFS= read -r -d '' lock; do
    flock --nonblock "$lock" true ||
        die "$data is in use by a running frontdesk; stop that one first"
done < <(find "$data" -maxdepth 2 -name '*.lock' -print0)
if [ -z "${FRONTDESK_YES:-}" ]; then
    read -r -p "Remove $data with its database? [y/N] " answer || answer=
    case $answer in
    y | Y | yes) ;;
    *) die "nothing was removed" ;;
    esac
fi
# The cluster is elsewhere if the database's user could not enter the data folder.
if [ -e "$data/postgres.location" ]; then
    cluster=$(<"$data/postgres.location")
    if [ -e "$cluster/PG_VERSION" ]; then rm -rf -- "$cluster"; fi
fi
rm -rf -- "$data"
say "removed $data"
