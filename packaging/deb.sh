#!/usr/bin/env bash
# Makes a .deb of the directory that build.sh has filled for a target. With dpkg-deb alone: cargo-deb would have to be
# compiled on each machine that makes or tries a package, for what is a copied tree and twelve lines.
#
#   packaging/deb.sh TARGET DIRECTORY
#
# DEVRUN_MAINTAINER is who answers for the package, `Name <address>`: without it, whoever made the last commit.
# DEVRUN_REPOSITORY is its home page, if there is one.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "$0")/lib.sh"

TARGET=${1:?a target, such as $(host)}
FROM=${2:?the directory that build.sh fills}
MAINTAINER=${DEVRUN_MAINTAINER:-$(git -C "$ROOT" log -1 --format='%an <%ae>')}
REPOSITORY=${DEVRUN_REPOSITORY:-}
SHARE=usr/share
DOC=$SHARE/doc/devrun

# The packages with the libraries that the program asks for.
depends() {
  local libraries newest
  libraries=$(LC_ALL=C readelf -d "$FROM/devrun" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
  newest=$(LC_ALL=C readelf -V "$FROM/devrun" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
  printf '%s\n' "$libraries" | while read -r library; do
    case $library in
      libgcc_s.so.1) echo libgcc-s1 ;;
      libc.so.6 | libm.so.6 | libdl.so.2 | librt.so.1 | libpthread.so.0 | libutil.so.1 | ld-linux-*)
        echo "libc6 (>= ${newest#GLIBC_})" ;;
      *) fail "no package is known that has $library" ;;
    esac
  done | LC_ALL=C sort -u | paste -sd , - | sed 's/,/, /g'
}

control() {
  local needed
  needed=$(depends)
  cat <<CONTROL
Package: devrun
Version: $(deb_version)
Architecture: $(deb_architecture "$TARGET")
Maintainer: $MAINTAINER
Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$1" | cut -f 1)
Depends: $needed
Section: devel
Priority: optional
${REPOSITORY:+Homepage: $REPOSITORY
}Description: Procfile runner that wires apps to each other
 devrun runs a project's processes while you develop. It reads a Procfile,
 gives each process a free PORT, starts and restarts them, puts the URL of each
 into the environment of the others, and shows all their output in one stream.
 .
 When it ends, however it ends, nothing that it started is left.
CONTROL
}

# The package's own changes; those of devrun are in changelog.gz.
changelog() {
  printf 'devrun (%s) unstable; urgency=medium\n\n  * devrun %s; changelog.gz has what is new.\n\n -- %s  %s\n' \
    "$(deb_version)" "$VERSION" "$MAINTAINER" "$(LC_ALL=C date -uR -d "@$SOURCE_DATE_EPOCH")"
}

fill() {
  local into=$1
  install -D -m 755 "$FROM/devrun" "$into/usr/bin/devrun"
  install -D -m 644 -t "$into/$SHARE/man/man1" "$FROM"/man/*.1
  gzip -9n "$into/$SHARE/man/man1"/*.1
  install -D -m 644 "$FROM/completions/devrun.bash" "$into/$SHARE/bash-completion/completions/devrun"
  install -D -m 644 "$FROM/completions/_devrun" "$into/$SHARE/zsh/vendor-completions/_devrun"
  install -D -m 644 "$FROM/completions/devrun.fish" "$into/$SHARE/fish/vendor_completions.d/devrun.fish"
  install -D -m 644 -t "$into/$DOC" "$FROM/README.md" "$FROM/THIRD-PARTY-LICENSES" "$ROOT/packaging/debian/copyright"
  cp -R "$FROM/docs" "$into/$DOC"
  install -m 644 "$FROM/CHANGELOG.md" "$into/$DOC/changelog"
  changelog >"$into/$DOC/changelog.Debian"
  gzip -9n "$into/$DOC"/{changelog,changelog.Debian,THIRD-PARTY-LICENSES}
}

control_files() {
  local into=$1
  mkdir "$into/DEBIAN"
  control "$into" >"$into/DEBIAN/control"
  (cd "$into" && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
}

umask 022
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
chmod 755 "$WORK"
fill "$WORK"
control_files "$WORK"
set_times "$WORK"
DEB=$PACKAGES/devrun_$(deb_version)_$(deb_architecture "$TARGET").deb
mkdir -p "$PACKAGES"
dpkg-deb --root-owner-group -Zxz --build "$WORK" "$DEB" >/dev/null
echo "$DEB"
