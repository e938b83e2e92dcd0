#!/bin/sh
# Prints the licences of all crates that are linked into the program: each text once, with the crates that have it.
# Needs cargo, with the crates' sources as a build leaves them; nothing is downloaded.
set -eu
export LC_ALL=C
source=$(cd "$(dirname "$0")/../.." && pwd)
crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT
trap 'exit 1' HUP INT TERM
cd "$source"
"${CARGO:-cargo}" tree --frozen --package bcdrescue --edges normal --target x86_64-unknown-linux-gnu --prefix none --format '{p}|{l}' |
    sed 's/ ([^)]*)|/|/; s/ ([*])$//' | sort -u >"$texts/all"
while IFS='|' read -r crate licence; do
    name=${crate% v*} version=${crate##* v}
    [ "$name" != bcdrescue ] || continue
    has=
    for folder in "$crates"/*/"$name-$version"; do
        [ -d "$folder" ] || { echo "the sources of $crate are not in $crates" >&2; exit 1; }
        for text in "$folder"/[Ll][Ii][Cc][Ee][Nn][SsCc][Ee]* "$folder"/[Cc][Oo][Pp][Yy]* "$folder"/NOTICE*; do
            [ -f "$text" ] || continue
            sum=$(sha256sum <"$text")
            cp "$text" "$texts/${sum%% *}.text"
            echo "$name $version ($licence)" >>"$texts/${sum%% *}.crates"
            has=yes
        done
        break
    done
    [ -n "$has" ] || echo "$name $version ($licence)" >>"$texts/none"
done <"$texts/all"
echo "The crates that are linked into this program, with their licences."
# By the first crate of each.
for crates in "$texts"/*.crates; do
    printf '%s|%s\n' "$(head -n 1 "$crates")" "$crates"
done | sort | while IFS='|' read -r _ crates; do
    printf '\n%s\n\n' ------------------------------------------------------------------------
    sort -u "$crates"
    echo
    cat "${crates%.crates}.text"
    echo
done
if [ -s "$texts/none" ]; then
    printf '\n%s\n\n' ------------------------------------------------------------------------
    echo "Without a text in their packages, under the licences that are named:"
    echo
    cat "$texts/none"
fi
