#!/usr/bin/env bash
# Runs devrun, the floor and the peers that are here in turns, checks every line, and prints tables in Markdown.
#
#   benches/run.sh [quick|full] [SCENARIO…]   all: throughput latency pty start stop idle scale
#   benches/run.sh check                      only whether lines are lost, torn or reordered; for CI
#   benches/run.sh peers                      installs the peers of the package registries into target/bench
#
# DEVRUN=FILE measures that build. MANAGERS='floor devrun' leaves out the others. Status 1: floor or devrun lost, tore or
# reordered lines, or did not come to an end.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
HOME_OF_ALL=$ROOT/target/bench
BIN=$HOME_OF_ALL/bin
PEERS_HOME=$HOME_OF_ALL/peers
RESULTS=$HOME_OF_ALL/results.tsv
ALL=(throughput latency pty start stop idle scale)
FAILED=0

# shellcheck source=benches/managers.sh
. "$HERE/managers.sh"
# shellcheck source=benches/lib.sh
. "$HERE/lib.sh"

build_tools() {
  mkdir -p "$BIN"
  local flags=(-O2 -Wall -Wextra -Werror)
  (
    cd "$HERE/c"
    cc "${flags[@]}" -o "$BIN/work" work.c
    cc "${flags[@]}" -o "$BIN/floor" floor.c -lutil
    cc "${flags[@]}" -o "$BIN/meter" meter.c check.c tree.c
  )
}

# In CI the one that the tests have built anyway.
build_devrun() {
  local profile=release directory=release
  if [ "$FORM" = check ]; then profile=dev directory=debug; fi
  (cd "$ROOT" && cargo build --quiet --profile "$profile" --bin devrun)
  DEVRUN=${CARGO_TARGET_DIR:-$ROOT/target}/$directory/devrun
}

# As on a new machine: nothing of other sessions is there to be found. The runtime directory is in memory, as the one that
# a login brings; what is stored goes to the disk. Short, for the sockets in it.
own_directories() {
  local memory=/dev/shm
  [ -w "$memory" ] || memory=/tmp
  XDG_RUNTIME_DIR=$(mktemp -d -p "$memory")
  XDG_STATE_HOME=$(mktemp -d)
  export XDG_RUNTIME_DIR XDG_STATE_HOME
  trap 'rm -rf "$XDG_RUNTIME_DIR" "$XDG_STATE_HOME"' EXIT
}

print_machine() {
  local name
  printf '%s, %s cores, Linux %s, %s, load %s\n\n' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
    "$(nproc)" "$(uname -r)" "$(date +%F)" "$(cut -d ' ' -f 1 /proc/loadavg)"
  printf '| manager | version | command |\n|---|---|---|\n'
  mkdir -p "$HOME_OF_ALL/work/versions"
  cd "$HOME_OF_ALL/work/versions"
  workload 1 beat @ 0
  for name in $(present "${FLOORS[@]}" floor-pty "${DEVRUNS[@]}" devrun-pty "${PEERS[@]}" "${SILENT_PEERS[@]}"); do
    (command_of "$name" && printf '| %s | %s | `%s` |\n' "$name" "$(version_of "$name")" "$(shown "${COMMAND[@]}")")
  done
}

# Without our directories, and without the workload.
shown() { printf '%s ' "$@" | sed -e "s|$BIN/||g; s|${DEVRUN%/*}/||g; s|exec.* work.*|…|; s/ $//"; }

print_checked() {
  printf '\n**Lines that were checked**\n\n| | lines | lost | torn or merged | out of order | runs that came to no end |\n|---|---|---|---|---|---|\n'
  awk -F '\t' '
    { split("", at); count = split($5, pairs, " ")
      for (i = 1; i <= count; i++) { split(pairs[i], pair, "="); sum[$3, pair[1]] += pair[2] }
      if (!($3 in seen)) { seen[$3] = 1; names[++last] = $3 } }
    END { for (i = 1; i <= last; i++) { n = names[i]
      printf "| %s | %.0f | %d | %d | %d | %d |\n", n, sum[n, "lines"], sum[n, "lost"], sum[n, "torn"], sum[n, "reordered"], sum[n, "failed"] } }
  ' "$RESULTS"
}

# In a directory of its own, which is an app of its own.
run_scenario() {
  SCENARIO=$1
  # shellcheck source=/dev/null
  . "$HERE/scenarios/$1.sh"
  mkdir -p "$HOME_OF_ALL/work/$1"
  cd "$HOME_OF_ALL/work/$1"
  scenario >&2
  SCENARIO=$1
  tables
}

main() {
  FORM=quick
  case ${1:-} in
    quick | full) FORM=$1; shift ;;
    check) FORM=check; shift; set -- check ;;
    peers) exec "$HERE/peers.sh" "$PEERS_HOME" ;;
  esac
  [ $# -gt 0 ] || set -- "${ALL[@]}"
  # How often each is run, and how much of the full load, in thousandths.
  ROUNDS=${ROUNDS:-3} AMOUNT=400
  if [ "$FORM" = full ]; then ROUNDS=${ROUNDS_FULL:-5} AMOUNT=1000; fi
  export PATH=$PEERS_HOME/bin:$PEERS_HOME/node_modules/.bin:$PATH
  own_directories
  build_tools
  [ -n "${DEVRUN:-}" ] || build_devrun
  mkdir -p "$HOME_OF_ALL"
  : >"$RESULTS"
  [ "$FORM" = check ] || print_machine
  local name
  for name in "$@"; do run_scenario "$name"; done
  print_checked
  return "$FAILED"
}

main "$@"
