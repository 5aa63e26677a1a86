# What the scenarios share: a workload, runs of several managers in turns, and tables of the medians.

say() { printf '%s\n' "$*" >&2; }

# A Procfile of COUNT processes; `@` in a command is the number of the process.
#   workload COUNT COMMAND…
workload() {
  local count=$1 number
  shift
  for number in $(seq "$count"); do
    echo "p$number: $BIN/work ${*//@/$number}"
  done >Procfile
  rm -f devrun.yaml
}

# devrun gives each of them no port: nothing is to be found out about a server.
without_ports() {
  {
    echo 'processes:'
    sed -E 's/^([^:]+):.*/  \1: { port: false }/' Procfile
  } >devrun.yaml
}

# Runs each manager once, round by round, and keeps what the meter says. LINES in the Procfile is each one's share of
# `$LINES`.
#   turns CASE "METER OPTIONS" MANAGER…
turns() {
  local case=$1 options=$2 round manager share
  shift 2
  cp Procfile Procfile.all
  for round in $(seq "$ROUNDS"); do
    for manager in "$@"; do
      share=$(share_of "$manager")
      sed "s/LINES/$((${LINES_EACH:-1} / share + 1))/" Procfile.all >Procfile
      say "$SCENARIO, $case, round $round of $ROUNDS: $manager"
      one "$case" "$options" "$manager" "$round"
    done
  done
}

one() {
  local case=$1 options=$2 manager=$3 round=$4 status=0 found
  found=$(
    command_of "$manager"
    # shellcheck disable=SC2086
    exec "$BIN/meter" $options ${TRIGGER:+-x "$TRIGGER"} -- "${COMMAND[@]}" 2>stderr
  ) || status=$?
  printf '%s\t%s\t%s\t%s\t%s\n' "$SCENARIO" "$case" "$manager" "$round" "${found# }" >>"$RESULTS"
  if [ "$status" != 0 ]; then
    say "  status $status: $found"
    case $manager in floor* | devrun*) FAILED=1 ;; esac
  fi
}

# A table of the medians of KEY, a row for each manager and a column for each case; with BASE, how many times
# that one's in the same round, in parentheses (the median of these).
#   table TITLE KEY [BASE]
table() {
  printf '\n**%s**\n\n' "$1"
  awk -F '\t' -v scenario="$SCENARIO" -v key="$2" -v base="${3:-}" -f "$HERE/table.awk" "$RESULTS"
}
