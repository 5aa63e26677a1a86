#!/usr/bin/env bash
# Prints what CHANGELOG.md says of the version in Cargo.toml, for the release that TAG makes of it.
#
#   packaging/notes.sh TAG     status 1: the tag names another version, or nothing has been written about it
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "$0")/lib.sh"

TAG=${1:?a tag, such as v$VERSION}
CHANGELOG=${CHANGELOG:-$ROOT/CHANGELOG.md}
[ "$TAG" = "v$VERSION" ] || fail "the tag is $TAG, Cargo.toml has version $VERSION"
# From `## 1.2.0`, also with a date behind it or in brackets, to the next heading of that rank.
SECTION=$(awk -v version="$VERSION" '
  /^## / { name = $2; gsub(/[][]/, "", name); is_in = name == version; next }
  is_in { print }
' "$CHANGELOG" | sed '/./,$!d')
[ -n "$SECTION" ] || fail "$CHANGELOG has no section \`## $VERSION\`, or nothing in it"
printf '%s\n' "$SECTION"
