#!/usr/bin/env bash
# Prints the Homebrew formula of a release.
#
#   packaging/formula.sh REPOSITORY SHA256SUMS     REPOSITORY: https://HOST/OWNER/NAME, whose releases have the archives
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "$0")/lib.sh"

REPOSITORY=${1:?the address of the repository}
SUMS=${2:?a file with the checksums of the archives}
FORMULA=$(<"$ROOT/packaging/homebrew/devrun.rb")

put() { FORMULA=${FORMULA//"@$1@"/$2}; }

put VERSION "$VERSION"
put REPOSITORY "$REPOSITORY"
for target in {aarch64,x86_64}-{apple-darwin,unknown-linux-musl}; do
  archive=$(archive_name "$target").tar.gz
  sum=$(awk -v name="$archive" '$2 == name { print $1 }' "$SUMS")
  [ -n "$sum" ] || fail "$SUMS has no sum of $archive"
  put "URL:$target" "$REPOSITORY/releases/download/v$VERSION/$archive"
  put "SHA256:$target" "$sum"
done
# A comment at the top is for whoever edits the template.
printf '%s\n' "$FORMULA" | sed 1d
