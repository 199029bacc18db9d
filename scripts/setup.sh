#!/usr/bin/env bash
# Installs what Frontdesk needs and this machine lacks, and says what it does. Run again it finds
# everything in place and does nothing.
#
#   scripts/setup.sh [--packages] [run|test|ci]
#
# run   what `make run` needs: compiler, speech libraries, PostgreSQL, livekit-server, Rust
# test  and what the tests need: Chromium, sox, telephones, a Node.js that is new enough
# ci    and what the checks need: shellcheck
# --packages  only the system's packages; for an administrator, where the user is not one
#
# A server that is already there is left alone: the PostgreSQL package is kept from making a
# cluster of its own, and nothing is started.
set -euo pipefail

script=setup
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

livekit=1.11.0      # what the participant is tested against
go_needed=1.25      # by livekit-server's go.mod
go_toolchain=1.25.14 # fetched through the Go module proxy where the machine's Go is older
postgres_needed=15
node_needed=20.19    # by playwright-core and Vite
node_fetched=22.23.3 # from the npm package `node` where the machine's Node.js is older

packages_only=
if [ "${1:-}" = --packages ]; then
    packages_only=1
    shift
fi
mode=${1:-run}
case $mode in
run | test | ci) ;;
*) die "unknown mode $mode" "usage: scripts/setup.sh [--packages] [run|test|ci]" ;;
esac
started=$SECONDS
did=

# --- What the system lacks -------------------------------------------------------------------

lacks=()    # what, in words
packages=() # the Debian package that brings it

# want WHAT PACKAGE CHECK…: notes the package if the check fails.
want() {
    local what=$1 package=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        lacks+=("$what")
        packages+=("$package")
    fi
}

header() { printf '#include <%s>\n' "$1" | cc -E -x c - >/dev/null; }

any() {
    local command
    for command; do if have "$command"; then return 0; fi; done
    return 1
}

yaml() { python3 -c 'import yaml' || /usr/bin/python3 -c 'import yaml'; }

certificates() { [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -d /etc/pki/tls/certs ]; }

# The bin folders where distributions put PostgreSQL's server programs, newest last.
postgres_bins() {
    local bin
    for bin in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
        if [ -x "$bin/initdb" ]; then printf '%s\n' "$bin"; fi
    done | sort -V
    bin=$(command -v initdb || true)
    if [ -n "$bin" ]; then dirname -- "$(readlink -f -- "$bin")"; fi
}

postgres() {
    local bin
    for bin in $(postgres_bins); do
        if [[ $("$bin/postgres" --version) =~ [0-9]+ ]] &&
            [ "${BASH_REMATCH[0]}" -ge "$postgres_needed" ]; then return 0; fi
    done
    return 1
}

find_lacks() {
    lacks=()
    packages=()
    want "a C and C++ compiler and make" build-essential have cc c++ make
    want cmake cmake have cmake
    want pkg-config pkg-config have pkg-config
    want "root certificates" ca-certificates certificates
    want "flite with its headers (speech output)" flite1-dev header flite/flite.h
    want "pocketsphinx with its headers (speech input)" libpocketsphinx-dev \
        pkg-config --exists pocketsphinx
    want "sphinxbase with its headers" libsphinxbase-dev pkg-config --exists sphinxbase
    want "the English model of pocketsphinx" pocketsphinx-en-us \
        test -e /usr/share/pocketsphinx/model/en-us/en-us/mdef
    if [ "$mode" != run ] || [ -z "${DATABASE_URL:-}" ]; then
        want "PostgreSQL $postgres_needed or newer, the server programs" postgresql postgres
    fi
    if [ "$mode" != run ]; then
        want "Chromium (browser tests)" chromium \
            any "${CHROMIUM_BIN:-chromium}" chromium chromium-browser google-chrome
        want "sox (audio tests)" sox have sox
        want "baresip, a telephone (telephone tests)" baresip-core have baresip
        want "sipp, many telephones (telephone tests)" sip-tester have sipp
        want "flite, the program (browser tests)" flite have flite
        want "Python 3 with PyYAML (tests of understanding)" python3-yaml yaml
        want "psql (the same)" postgresql-client have psql
        # Of any version: `fetch_node` brings a newer one.
        want "Node.js (browser tests, and to build the patient's page)" nodejs have node
        want "npm (the same)" npm have npm
    fi
    if [ "$mode" = ci ]; then want shellcheck shellcheck have shellcheck; fi
    if needs_livekit && [ -z "$(find_go)" ]; then want Go golang-go false; fi
    if ! have cargo; then want "rustup (installs the pinned Rust)" rustup false; fi
}

# --- Installing packages ---------------------------------------------------------------------

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

may_become_root() {
    if [ "$(id -u)" = 0 ]; then return 0; fi
    have sudo || return 1
    # With a terminal sudo may ask for the password; without one it must not need it.
    [ -t 0 ] || sudo -n true 2>/dev/null
}

lacks_list() {
    local index
    for index in "${!lacks[@]}"; do
        printf '%s (Debian, Ubuntu: %s)\n' "${lacks[index]}" "${packages[index]}"
    done
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@"
}

# has_package NAME: whether a package of that name can be installed.
has_package() { [[ $(apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [^\(] ]]; }

# The versioned server package behind the distribution's `postgresql`.
postgres_package() {
    local version=0
    if [[ $(apt-cache depends postgresql 2>/dev/null) =~ postgresql-([0-9]+) ]]; then
        version=${BASH_REMATCH[1]}
    fi
    if [ "$version" -lt "$postgres_needed" ]; then
        die "this distribution offers PostgreSQL $version; $postgres_needed or newer is needed" \
            "Install a newer one from the PostgreSQL project's own packages," \
            "or set DATABASE_URL to a server elsewhere."
    fi
    printf '%s\n' "postgresql-$version"
}

rust_help() {
    die "Rust is missing" \
        "Install rustup as the Rust project's home page says; it brings the version that" \
        "rust-toolchain.toml pins by itself. Then run this again in a new shell." \
        "(Debian 13, Ubuntu 24.04 and newer have it as the package rustup.)"
}

install_packages() {
    local list=() package index log drop_in=/etc/postgresql-common/createcluster.d/frontdesk.conf
    if ! have apt-get; then
        mapfile -t list < <(lacks_list)
        die "this machine has no apt-get; please install by its own means, then run this again:" \
            "${list[@]}"
    fi
    if ! may_become_root; then
        if [ "${packages[*]}" = rustup ]; then rust_help; fi
        mapfile -t list < <(lacks_list)
        list+=("Ask an administrator to run: scripts/setup.sh --packages $mode")
        if [[ " ${packages[*]} " == *" rustup "* ]]; then
            list+=("(rustup alone needs no root: see the Rust project's home page.)")
        fi
        die "these are missing, and installing them needs root:" "${list[@]}"
    fi
    say "asking the distribution for: ${packages[*]}"
    apt_get update || die "apt-get update failed; is the network there?"
    for index in "${!packages[@]}"; do
        package=${packages[index]}
        if [ "$package" = postgresql ]; then package=$(postgres_package) || exit 1; fi
        if has_package "$package"; then
            list+=("$package")
        elif [ "$package" = rustup ]; then
            # Rust is the user's own affair; an administrator's part goes on without it.
            if [ -z "$packages_only" ]; then rust_help; fi
        elif [ "$package" = chromium ]; then
            say "this distribution has no chromium package; the browser tests need Chromium or" \
                "Chrome: install one and set CHROMIUM_BIN to its path"
        else
            die "the distribution has no package $package, for: ${lacks[index]}" \
                "Install it by other means, then run this again."
        fi
    done
    if [ ${#list[@]} -eq 0 ]; then return; fi
    say "installing ${list[*]}"
    # The runtime keeps a database of its own in its data folder. Without this the package would
    # make and start another one; existing clusters stay as they are either way.
    as_root mkdir -p "$(dirname -- "$drop_in")"
    printf 'create_main_cluster = false\n' | as_root tee "$drop_in" >/dev/null
    log=$(mktemp)
    # shellcheck disable=SC2064 # the paths as they are now
    trap "as_root rm -f '$drop_in' '$log'" EXIT
    if ! apt_get install --no-install-recommends "${list[@]}" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "apt-get could not install: ${list[*]}"
    fi
    as_root rm -f "$drop_in" "$log"
    trap - EXIT
    hash -r
    did=1
}

# --- Rust ------------------------------------------------------------------------------------

check_rust() {
    local needed version='' output
    needed=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    have cargo || rust_help
    # With rustup, this installs the pinned toolchain if it is not there.
    if ! output=$(cargo --version 2>&1); then
        die "cargo does not work: $output" \
            "With rustup: rustup toolchain install $needed"
    fi
    if [[ $output =~ cargo\ ([0-9.]+) ]]; then version=${BASH_REMATCH[1]}; fi
    at_least "${version:-0}" "$needed" ||
        die "cargo is ${version:-of an unknown version}, $needed or newer is needed" \
            "Install rustup as the Rust project's home page says, and put its cargo first in PATH."
}

# --- livekit-server --------------------------------------------------------------------------

is_livekit() { [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "livekit-server version $livekit" ]; }

needs_livekit() {
    if [ "$mode" = run ] && [ -n "${LIVEKIT_URL:-}" ]; then return 1; fi
    ! is_livekit "$root/.tools/bin/livekit-server" && [ -z "$(find_livekit)" ]
}

# A livekit-server of the right version that is already somewhere.
find_livekit() {
    local path
    for path in "${LIVEKIT_SERVER_BIN:-}" "$cache/livekit-server-$livekit/livekit-server" \
        "$(command -v livekit-server || true)" "$HOME/.local/bin/livekit-server" \
        "${GOPATH:-$HOME/go}/bin/livekit-server"; do
        if [ -n "$path" ] && is_livekit "$path"; then
            printf '%s\n' "$path"
            return
        fi
    done
}

find_go() { command -v go || true; }

# The Go that is new enough, fetched by one that is too old to do so by itself (before 1.21): its
# toolchains are modules, checked against the checksum database like any other.
fetch_go() {
    local old=$1 into=$cache/go-$go_toolchain modules=$cache/go-modules arch tree file
    if [ -x "$into/bin/go" ]; then return; fi
    case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64 ;;
    *) die "no Go toolchain is known for $(uname -m); install Go $go_needed or newer" ;;
    esac
    say "fetching Go $go_toolchain (livekit-server needs $go_needed, this machine has an older one)"
    tree=golang.org/toolchain@v0.0.1-go$go_toolchain.linux-$arch
    (cd / && GOMODCACHE=$modules GOFLAGS=-modcacherw "$old" mod download "$tree") ||
        die "Go $go_toolchain could not be fetched; install Go $go_needed or newer by hand"
    # A module carries neither the execute bits nor nested go.mod files under their own name.
    while IFS= read -r -d '' file; do
        mv -- "$file" "${file%/_go.mod}/go.mod"
    done < <(find "$modules/$tree" -name _go.mod -print0)
    chmod -R u+w "$modules/$tree"
    chmod +x "$modules/$tree"/bin/* "$modules/$tree"/pkg/tool/*/*
    mkdir -p "$cache"
    mv -- "$modules/$tree" "$into"
    rm -rf -- "$modules"
}

build_livekit() {
    local go version=0 toolchain=local out=$cache/livekit-server-$livekit work
    go=$(find_go)
    if [ -z "$go" ]; then die "Go is missing; install Go $go_needed or newer"; fi
    if [[ $("$go" version) =~ go([0-9]+\.[0-9.]+) ]]; then version=${BASH_REMATCH[1]}; fi
    if at_least "$version" "$go_needed"; then
        say "building livekit-server $livekit with Go $version"
    elif at_least "$version" 1.21; then
        # From 1.21 on Go fetches a newer toolchain by itself.
        toolchain=go$go_toolchain
        say "building livekit-server $livekit with Go $go_toolchain, fetched by Go $version"
    else
        fetch_go "$go"
        go=$cache/go-$go_toolchain/bin/go
        say "building livekit-server $livekit with Go $go_toolchain"
    fi
    mkdir -p "$out"
    work=$(mktemp -d "$out/build.XXXXXX")
    # No cgo: nothing but Go is needed to build it, and the program runs anywhere.
    if ! (cd / && GOBIN=$work GOTOOLCHAIN=$toolchain CGO_ENABLED=0 GOFLAGS='' \
        "$go" install -trimpath -ldflags='-s -w' \
        "github.com/livekit/livekit-server/cmd/server@v$livekit") >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        rm -rf -- "$work"
        die "livekit-server $livekit could not be built" \
            "Go $go_needed or newer and the network are needed, or a livekit-server $livekit in PATH."
    fi
    mv -- "$work/server" "$out/livekit-server"
    rm -rf -- "$work"
    is_livekit "$out/livekit-server" || die "what was built is not livekit-server $livekit"
}

link_livekit() {
    local link=$root/.tools/bin/livekit-server found
    if is_livekit "$link"; then return; fi
    if [ "$mode" = run ] && [ -n "${LIVEKIT_URL:-}" ]; then return; fi
    found=$(find_livekit)
    if [ -z "$found" ]; then
        build_livekit
        found=$cache/livekit-server-$livekit/livekit-server
    fi
    mkdir -p "$root/.tools/bin"
    ln -sf -- "$found" "$link"
    say "livekit-server $livekit: $found"
    did=1
}

# --- Node.js ---------------------------------------------------------------------------------

is_node() { [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "v$node_fetched" ]; }

node_new() { at_least "$(node --version 2>/dev/null | tr -d v)" "$node_needed"; }

# A Node.js that is new enough, where the distribution's is not. Kept outside the clone and linked
# from the tools, which lib.sh puts first in PATH; the machine's own stays as it is.
link_node() {
    local out=$cache/node-$node_fetched work
    if [ "$mode" = run ] || node_new; then return; fi
    if ! is_node "$out/bin/node"; then
        say "fetching Node.js $node_fetched ($node_needed or newer is needed, this machine has" \
            "$(node --version))"
        mkdir -p "$cache"
        work=$(mktemp -d "$cache/node.XXXXXX")
        # The package asks npm for that of this processor when it is installed.
        if ! (cd "$work" && npm install --prefix "$work" --no-save --no-audit --no-fund \
            --ignore-scripts=false "node@$node_fetched") >"$work/log" 2>&1 ||
            ! is_node "$work/node_modules/node/bin/node"; then
            tail -n 20 "$work/log" >&2
            rm -rf -- "$work"
            die "Node.js $node_fetched could not be fetched by npm; is the network there?" \
                "Or install Node.js $node_needed or newer and put it first in PATH."
        fi
        mkdir -p "$out/bin"
        mv -- "$work/node_modules/node/bin/node" "$out/bin/node"
        rm -rf -- "$work"
    fi
    mkdir -p "$root/.tools/bin"
    ln -sf -- "$out/bin/node" "$root/.tools/bin/node"
    hash -r
    node_new || die "$root/.tools/bin is not first in PATH"
    say "Node.js $node_fetched: $out/bin/node"
    did=1
}

# ---------------------------------------------------------------------------------------------

cd -- "$root"
[ "$(uname -s)" = Linux ] ||
    die "this is $(uname -s); Frontdesk runs on Linux (in a virtual machine or a container elsewhere)"
find_lacks
if [ ${#packages[@]} -gt 0 ]; then
    install_packages
    find_lacks
    for index in "${!lacks[@]}"; do
        case ${packages[index]} in
        chromium | rustup) ;;
        *) die "still missing after the installation: ${lacks[index]}" ;;
        esac
    done
fi
if [ -n "$packages_only" ]; then exit 0; fi
check_rust
link_livekit
link_node
if [ -n "$did" ]; then say "ready after $((SECONDS - started)) s"; fi
