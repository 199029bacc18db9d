#!/usr/bin/env bash
# livekit-api 0.10.0 (features services, rustls-tls-webpki-roots) depends on reqwest 0.13 with the
# feature `rustls-no-provider`. Cargo unifies features, so a program that uses reqwest by itself,
# without any TLS feature, gets it too: `reqwest::Client::builder().build()` then panics, also for
# plain HTTP, until the program has installed a rustls provider. Nothing in the program names TLS.
#
# Seen with livekit-api 0.10.0, reqwest 0.13.5, Rust 1.95:
#   without livekit-api: client built
#   with livekit-api: panicked (no rustls provider)
#   with livekit-api, provider installed: client built
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# program NAME DEPENDENCY…: the same small program with further dependencies.
program() {
    local name=$1
    shift
    mkdir -p "$name/src"
    {
        printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\n' "$name"
        printf 'reqwest = { version = "=0.13.5", default-features = false }\n'
        printf '%s\n' "$@"
    } >"$name/Cargo.toml"
    printf 'fn main() {\n%s\n    let built = reqwest::Client::builder().build().is_ok();\n    println!("client built: {built}");\n}\n' \
        "${install:-}" >"$name/src/main.rs"
}

livekit='livekit-api = { version = "=0.10.0", default-features = false, features = ["services", "rustls-tls-webpki-roots"] }'
program alone
program beside "$livekit"
install='    rustls::crypto::ring::default_provider().install_default().expect("the first");'
program installed "$livekit" 'rustls = { version = "0.23", default-features = false, features = ["ring"] }'

# run NAME: what the program says, in one word.
run() {
    local said
    if said=$(cd "$1" && CARGO_TARGET_DIR=$work/target cargo run --quiet 2>"$work/errors"); then
        printf '%s\n' "$said"
    elif grep -q 'panicked at' "$work/errors" && grep -qi 'provider' "$work/errors"; then
        printf 'panicked (no rustls provider)\n'
    else
        cat "$work/errors" >&2
        printf 'failed otherwise\n'
    fi
}

alone=$(run alone)
beside=$(run beside)
installed=$(run installed)
printf 'without livekit-api: %s\nwith livekit-api: %s\nwith livekit-api, provider installed: %s\n' \
    "$alone" "$beside" "$installed"
if [ "$alone/$beside/$installed" != \
    "client built: true/panicked (no rustls provider)/client built: true" ]; then
    echo "this has changed: look at decision 0072 again"
    exit 1
fi
