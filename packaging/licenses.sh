#!/usr/bin/env bash
# Prints the licences of the crates that are in the program for a target, as these ask of whoever hands it on.
#
#   packaging/licenses.sh TARGET
#
# Of a crate under MIT or another licence the MIT text is printed; otherwise all that it has.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "$0")/lib.sh"

TARGET=${1:?a target, such as $(host)}
# The texts are in any encoding.
export LC_ALL=C
cd "$ROOT"
cargo fetch --quiet --locked --target "$TARGET"

# `name version licence`, a line for each crate of the program itself.
crates() {
  cargo tree --locked --offline --edges normal,no-proc-macro --target "$TARGET" --prefix none --format '{p} {l}' \
    | sed -e '/ v[^ ]* (\//d' -e 's/ (\*)$//' -e 's/^\([^ ]*\) v/\1 /' | sort -u
}

# The files with the texts of `name-version`.
texts() {
  local directory text
  directory=$(printf '%s\n' "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$1" | head -1)
  for text in "$directory"/LICENSE-MIT*; do
    if [ -f "$text" ]; then
      echo "$text"
      return
    fi
  done
  find "$directory" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'unlicense*' \) | sort
}

cat <<HEAD
The devrun program contains the Rust standard library (MIT OR Apache-2.0, the
Rust Project Developers)$(case $TARGET in *-musl) echo ', musl (MIT, Rich Felker and others)' ;; esac)
and these crates, each under its own licence.
HEAD
crates | while read -r name version license; do
  printf '\n%s\n%s %s: %s\n\n' "$(printf '=%.0s' {1..80})" "$name" "$version" "$license"
  found=$(texts "$name-$version")
  if [ -z "$found" ]; then
    echo "(the crate has no text of its licence)"
  else
    printf '%s\n' "$found" | while read -r text; do tr -d '\r' <"$text"; done
  fi
done
