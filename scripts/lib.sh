# shellcheck shell=bash
# Shared by the scripts: where things are kept, and how the scripts speak. Sourced, not run.

# shellcheck disable=SC2034 # used by those who source this
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d : -f 6)}
# Tools that are slow to build are kept outside the clone, so that the next clone finds them.
# shellcheck disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/frontdesk/tools
# What the set-up brought for this clone, before the machine's own.
PATH=$root/.tools/bin:$PATH
# Where the shell's start-up files would have put these, had they been read.
PATH=$PATH:$HOME/.cargo/bin:/usr/local/go/bin

say() { printf '%s: %s\n' "${script:-frontdesk}" "$*"; }

die() {
    printf '%s: %s\n' "${script:-frontdesk}" "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
    exit 1
}

have() {
    local command
    for command; do command -v "$command" >/dev/null || return 1; done
}

# at_least HAVE WANT: whether the dotted version HAVE is WANT or newer.
at_least() { printf '%s\n%s\n' "$2" "$1" | sort -V -C; }
