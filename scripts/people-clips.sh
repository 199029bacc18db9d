#!/usr/bin/env bash
# Fetches recordings of people to measure hearing with, and prints the path of a table of them: on
# each line a file of 16 kHz, what was asked, and the words, with tabs between.
#
# They are the test data of the Python package pocketsphinx, fetched by pip; they are not committed
# (its licence is BSD, where each recording comes from it does not say). Nothing is fetched if they
# are there.
set -euo pipefail

script=people-clips
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

version=5.1.1
folder=${XDG_CACHE_HOME:-$HOME/.cache}/frontdesk/people-$version
table=$folder/clips.tsv
if [ -s "$table" ]; then
    printf '%s\n' "$table"
    exit 0
fi
have python3 sox || die "python3 with pip and sox are needed; scripts/setup.sh test installs sox"
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A source package: pip asks its build system for its facts, and builds nothing of it.
python3 -m pip download --quiet --no-deps --no-binary pocketsphinx --disable-pip-version-check \
    -d "$work" "pocketsphinx==$version" >&2 || die "pip could not fetch pocketsphinx $version"
tar -xzf "$work/pocketsphinx-$version.tar.gz" -C "$work"
data=$work/pocketsphinx-$version/test/data

# clip NAME ASKED WORDS FILE: 16 kHz, one channel, 16 bits; raw files are that already.
clip() {
    local name=$1 asked=$2 words=$3 file=$4 raw=()
    case $file in *.raw) raw=(-t raw -r 16000 -e signed -b 16 -c 1) ;; esac
    sox "${raw[@]}" "$file" -r 16000 -b 16 -c 1 "$folder/$name.wav"
    printf '%s\t%s\t%s\n' "$name.wav" "$asked" "$words"
}

# The words as the package's own lists and tests have them.
{
    while read -r file words; do
        clip "card-$file" request "$words" "$data/cards/$file.wav"
    done < <(sed -n 's|^<s> \(.*[^ ]\) *</s> (\(.*\))|\2 \1|p' "$data/cards/cards.transcription")
    while read -r file words; do
        clip "book-${file##*-}" request "$words" "$data/librivox/$file.wav"
    done < <(sed -n 's|^<s> \(.*[^ ]\) *</s> (\(.*\))|\2 \1|p' "$data/librivox/transcription")
    clip forward request "go forward ten meters" "$data/goforward.raw"
    clip digits phone_number "two nine three four zero" "$data/tidigits/dhd.2934z.raw"
} >"$work/clips.tsv"
mv -- "$work/clips.tsv" "$table"
printf '%s\n' "$table"
