#!/usr/bin/env bash
# Installs what package registries have of the peers: `benches/peers.sh DIRECTORY`. Others are measured where they are on PATH.
set -euo pipefail

directory=$1
mkdir -p "$directory"
python3 -m venv "$directory"
# supervisord asks for pkg_resources, which newer ones do not have.
"$directory/bin/pip" install --quiet --disable-pip-version-check honcho supervisor 'setuptools<80'
# Some minutes.
command -v pitchfork >/dev/null || cargo install --quiet --locked --root "$directory" pitchfork-cli ||
  echo "pitchfork: could not be built" >&2
npm install --prefix "$directory" --no-audit --no-fund --loglevel=error foreman concurrently mprocs
if ! command -v foreman >/dev/null; then
  gem install --install-dir "$directory/gems" --bindir "$directory/bin" foreman ||
    echo "foreman: neither installed nor to be had as a gem; Debian has it as ruby-foreman" >&2
fi
