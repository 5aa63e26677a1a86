#!/usr/bin/env bash
# Tries the packages from outside: what is in them, and whether it runs where it has been unpacked.
#
#   packaging/test.sh            packs the debug build for this machine, and tries that, the crate, the formula and the
#                                workflows
#   packaging/test.sh TARGET     tries what build.sh has made for TARGET, which is one that this machine runs
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "$0")/lib.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

say() { printf '%s\n' "$*"; }

sums() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

has() { [ -f "$1/$2" ] || fail "$1 has no $2"; }

# `said EXPECTED COMMAND…`: the command succeeds and says so.
said() {
  local expected=$1 output
  shift
  output=$("$@" 2>&1) || fail "$*: status $?: $output"
  [[ $output == *"$expected"* ]] || fail "$*: no \`$expected\` in: $output"
}

refused() {
  local expected=$1 output
  shift
  if output=$("$@" 2>&1); then fail "$*: not refused"; fi
  [[ $output == *"$expected"* ]] || fail "$*: no \`$expected\` in: $output"
}

# Its version, its manual, and a Procfile that is soon through, by a user without any files.
try_program() {
  local program=$1 home=$WORK/home
  mkdir -p "$home"
  # shellcheck disable=SC2016
  printf 'hello: echo "my port is $PORT"\n' >"$home/Procfile"
  local alone=(env -u XDG_RUNTIME_DIR -u XDG_STATE_HOME -u XDG_CONFIG_HOME HOME="$home" "$program")
  said "devrun $VERSION" "${alone[@]}" --version
  said devrun-start "${alone[@]}" man start
  (cd "$home" && said 'hello.1 | my port is ' "${alone[@]}" start -p 0)
}

try_archive() {
  local name file
  name=$(archive_name "$1")
  tar -xzf "$PACKAGES/$name.tar.gz" -C "$WORK"
  for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE THIRD-PARTY-LICENSES docs/wiring.md \
    completions/{devrun.bash,_devrun,devrun.fish}; do
    has "$WORK/$name" "$file"
  done
  diff -r "$ROOT/man" "$WORK/$name/man"
  grep -q '^hyper [0-9.]*: MIT$' "$WORK/$name/THIRD-PARTY-LICENSES" || fail "hyper's licence is not in $name"
  try_program "$WORK/$name/devrun"
  say "$name.tar.gz"
}

try_deb() {
  local deb root page file
  deb=$PACKAGES/devrun_$(deb_version)_$(deb_architecture "$1").deb
  root=$WORK/deb
  dpkg-deb -x "$deb" "$root"
  said "$VERSION" dpkg-deb -f "$deb" Version
  said "$(deb_architecture "$1")" dpkg-deb -f "$deb" Architecture
  said 'libc6 (>= 2.' dpkg-deb -f "$deb" Depends
  for page in "$ROOT"/man/*.1; do
    gzip -dc "$root/usr/share/man/man1/$(basename "$page").gz" | cmp - "$page"
  done
  for file in bash-completion/completions/devrun zsh/vendor-completions/_devrun fish/vendor_completions.d/devrun.fish \
    doc/devrun/{copyright,changelog.gz,changelog.Debian.gz,README.md,THIRD-PARTY-LICENSES.gz,docs/wiring.md}; do
    has "$root/usr/share" "$file"
  done
  dpkg-deb -e "$deb" "$root/DEBIAN"
  (cd "$root" && md5sum --quiet -c DEBIAN/md5sums)
  try_installable "$deb"
  # It closes no bug of Debian's: it is not uploaded there.
  if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error --suppress-tags initial-upload-closes-no-bugs "$deb"
  fi
  try_program "$root/usr/bin/devrun"
  say "$(basename "$deb")"
}

# apt's own opinion, which knows what a package depends on and whether that is to be had.
try_installable() {
  said 'Conf devrun' apt-get --simulate install "$1"
}

# The crate as it would be published, away from the repository: it builds from itself, and installs.
try_crate() {
  (cd "$ROOT" && cargo package --quiet --offline --allow-dirty --no-verify)
  tar -xzf "$TARGET_DIR/package/devrun-$VERSION.crate" -C "$WORK"
  local crate=$WORK/devrun-$VERSION other
  other=$(cd "$crate" && find . -mindepth 1 -maxdepth 1 \( -name tests -o -name fuzz -o -name benches -o -name packaging \))
  [ -z "$other" ] || fail "the crate has $other"
  # All in a crate is of 2006, which cargo would take for what it has built already.
  find "$crate" -type f -exec touch {} +
  # With the dependencies that the tests have built, and devrun itself without debug information: half the time.
  cargo install --quiet --debug --config 'profile.dev.package.devrun.debug=false' --locked --offline \
    --path "$crate" --root "$WORK/installed" --target-dir "$TARGET_DIR"
  try_program "$WORK/installed/bin/devrun"
  say "devrun-$VERSION.crate, by cargo install"
}

# By the archive of this machine under the name of each.
try_formula() {
  local here archives=$WORK/archives target
  here=$(archive_name "$1")
  mkdir "$archives"
  for target in {aarch64,x86_64}-{apple-darwin,unknown-linux-musl}; do
    cp "$PACKAGES/$here.tar.gz" "$archives/$(archive_name "$target").tar.gz"
  done
  (cd "$archives" && sums -- * >"$WORK/SHA256SUMS")
  "$ROOT/packaging/formula.sh" https://example.org/devrun "$WORK/SHA256SUMS" >"$WORK/devrun.rb"
  ruby -wc "$WORK/devrun.rb" >/dev/null
  ruby "$ROOT/packaging/homebrew/try.rb" "$WORK/devrun.rb" "$archives" "$WORK/$here"
  refused 'has no sum of' "$ROOT/packaging/formula.sh" https://example.org/devrun /dev/null
  say "the Homebrew formula"
}

try_notes() {
  export CHANGELOG=$WORK/CHANGELOG.md
  printf '# Changelog\n\n## Unreleased\n\n## %s\n\n### Added\n\n- A thing.\n\n## 0.0.1\n\n- Old.\n' "$VERSION" >"$CHANGELOG"
  [ "$("$ROOT/packaging/notes.sh" "v$VERSION")" = $'### Added\n\n- A thing.' ] || fail "other notes than the section has"
  refused 'the tag is v9.9.9' "$ROOT/packaging/notes.sh" v9.9.9
  printf '# Changelog\n\n## Unreleased\n\n- A thing.\n' >"$CHANGELOG"
  refused 'has no section' "$ROOT/packaging/notes.sh" "v$VERSION"
  unset CHANGELOG
  say "the notes of a release"
}

# The scripts that they name are there, and nobody else's code runs in them but by the hash of a commit.
try_workflows() {
  local file script checker=$TARGET_DIR/servers/python/bin/check-jsonschema
  for file in "$ROOT"/.github/workflows/*.yml; do
    ruby -ryaml -e 'YAML.load_file(ARGV[0]).fetch("jobs")' "$file"
    { grep -oE '(packaging|benches|\.ci)/[a-z]+(\.sh)?( |$)' "$file" || true; } | while read -r script; do
      [ -x "$ROOT/$script" ] || fail "$file names $script"
    done
    if grep -E 'uses:' "$file" | grep -vE 'uses: [a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9.]+$'; then
      fail "$file uses an action that is not pinned"
    fi
    if [ -x "$checker" ]; then "$checker" --quiet --builtin-schema vendor.github-workflows "$file"; fi
  done
  say "the workflows"
}

try_packages() {
  try_archive "$1"
  if is_for_debian "$1" && command -v dpkg-deb >/dev/null; then try_deb "$1"; fi
}

# Without the debug information, which is larger than all else.
pack_debug_build() {
  (cd "$ROOT" && cargo build --quiet --bin devrun)
  cp "$TARGET_DIR/debug/devrun" "$WORK/devrun"
  strip "$WORK/devrun"
  "$ROOT/packaging/build.sh" "$1" "$WORK/devrun" >/dev/null
}

if [ $# -gt 0 ]; then
  try_packages "$1"
  exit
fi
HOST=$(host)
# Not where a release's are.
export PACKAGES=$WORK/packages
pack_debug_build "$HOST"
try_packages "$HOST"
try_crate
try_formula "$HOST"
try_notes
try_workflows
