# What the scripts of this directory share: names, places, and the time that stands on every packed file. Sourced.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
# Where finished packages are put.
# shellcheck disable=SC2034
PACKAGES=${PACKAGES:-$TARGET_DIR/packages}
VERSION=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml" | head -1)
# The same program of the same commit makes the same archive, byte by byte, whenever it is packed.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

host() { rustc -vV | sed -n 's/^host: //p'; }

# x86_64-unknown-linux-gnu → devrun-0.1.0-x86_64-unknown-linux-gnu
archive_name() { printf 'devrun-%s-%s' "$VERSION" "$1"; }

# What dpkg calls the target's processor.
deb_architecture() {
  case $1 in
    x86_64-*) echo amd64 ;;
    aarch64-*) echo arm64 ;;
    *) fail "no Debian architecture is known for $1" ;;
  esac
}

# `~` sorts before everything, as a pre-release does: 1.0.0-rc.1 → 1.0.0~rc.1-1
deb_version() { printf '%s-1' "${VERSION/-/\~}"; }

# Debian's packages are of the binaries that use the system's C library.
is_for_debian() { [[ $1 == *-linux-gnu ]]; }

# Gives every file below DIRECTORY the time of the commit.
set_times() {
  local at
  at=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S 2>/dev/null || date -u -r "$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S)
  find "$1" -exec env TZ=UTC touch -h -t "$at" {} +
}
