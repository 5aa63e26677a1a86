#!/usr/bin/env bash
# Builds devrun for a target and packs it: a tar.gz, and for *-linux-gnu a .deb as well.
#
#   packaging/build.sh TARGET            builds it first (Linux: cargo-zigbuild and zig, see CONTRIBUTING.md)
#   packaging/build.sh TARGET BINARY     packs that one
#
# The packages are put into target/packages. The same program of the same commit makes the same bytes.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "$0")/lib.sh"

TARGET=${1:?a target, such as $(host)}
BINARY=${2:-}
# The C library of Debian 10, Ubuntu 18.10 and RHEL 8: newer systems take what was linked against an older one, not the
# other way round.
GLIBC=2.28

# zig links for every Linux from any machine, against the C library that is asked for.
build() {
  local command=(cargo build) target=$TARGET
  case $TARGET in
    *-linux-gnu) command=(cargo zigbuild) target=$TARGET.$GLIBC ;;
    *-linux-musl) command=(cargo zigbuild) ;;
  esac
  (cd "$ROOT" && "${command[@]}" --release --locked --bin devrun --target "$target")
  BINARY=$TARGET_DIR/$TARGET/release/devrun
}

fill() {
  local into=$1
  mkdir -p "$into/man" "$into/completions"
  install -m 755 "$BINARY" "$into/devrun"
  cp "$ROOT"/man/*.1 "$into/man"
  cp "$ROOT"/completions/* "$into/completions"
  cp -R "$ROOT/docs" "$into"
  cp "$ROOT"/{README.md,CHANGELOG.md,LICENSE-MIT,LICENSE-APACHE} "$into"
  "$ROOT/packaging/licenses.sh" "$TARGET" >"$into/THIRD-PARTY-LICENSES"
  chmod -R u=rwX,go=rX "$into"
}

# GNU's tar and the one of macOS name the owner each in its way.
pack() {
  local directory=$1 name=$2 owner=(--owner=0 --group=0 --numeric-owner)
  if ! tar --version | grep -q GNU; then owner=(--uid 0 --gid 0 --numeric-owner); fi
  set_times "$directory/$name"
  (
    cd "$directory"
    find "$name" | LC_ALL=C sort | tar --format ustar --no-recursion "${owner[@]}" -cf - -T - | gzip -9n
  ) >"$PACKAGES/$name.tar.gz"
}

if [ -z "$BINARY" ]; then build; fi
[ -x "$BINARY" ] || fail "$BINARY is no program"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
NAME=$(archive_name "$TARGET")
mkdir -p "$PACKAGES"
fill "$WORK/$NAME"
pack "$WORK" "$NAME"
echo "$PACKAGES/$NAME.tar.gz"
if is_for_debian "$TARGET"; then "$ROOT/packaging/deb.sh" "$TARGET" "$WORK/$NAME"; fi
