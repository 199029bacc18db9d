#!/usr/bin/env bash
# The crate phonenumber 0.3.10, asked to read an international number with the United States as the
# default country, takes the first 1 of the national part away, as if it were the national prefix of
# the US: an Egyptian mobile number (+20 1…) and a Paris number (+33 1…) become numbers that do not
# exist. With the number's own country, or none, as the default they are read well. A clinic in the US
# would store wrong numbers of callers from abroad; Frontdesk reads numbers by a table of its own
# (pipelines/src/dialogue/phone.rs).
#
# Seen: US +20001234567 EG +201001234567 none +201001234567
#       US +3323456789 FR +33123456789 none +33123456789
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "foreign"
version = "0.1.0"
edition = "2024"
[dependencies]
phonenumber = "=0.3.10"
TOML
cat >src/main.rs <<'RUST'
use phonenumber::{Mode, country::Id, parse};

fn main() {
    for (number, own) in [("+20 100 123 4567", Id::EG), ("+33 1 23 45 67 89", Id::FR)] {
        let read = |country| parse(country, number).expect("a number").format().mode(Mode::E164).to_string();
        println!("US {} {} {} none {}", read(Some(Id::US)), own.as_ref(), read(Some(own)), read(None));
    }
}
RUST
said=$(cargo run --quiet)
printf '%s\n' "$said"
expected='US +20001234567 EG +201001234567 none +201001234567
US +3323456789 FR +33123456789 none +33123456789'
if [ "$said" != "$expected" ]; then
    echo "this has changed: the crate may be usable now"
    exit 1
fi
