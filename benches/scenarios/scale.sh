# 1,000 and 3,000 processes with one line a second each.

# Thousands of processes as devrun has them: instances of a few types. The floor has a line for each.
crowd() {
  local type
  workload "$1" beat @ "$2"
  printf 'procfile: Procfile.types\nformation: { all: 1000 }\nprocesses:\n' >devrun.yaml
  for type in $(seq $(($1 / 1000))); do
    printf '  p%s: { port: false }\n' "$type" >>devrun.yaml
    printf 'p%s: %s/work beat $PS %s\n' "$type" "$BIN" "$2"
  done >Procfile.types
}

scenario() {
  local all count window=5
  if [ "$FORM" = full ]; then window=10; fi
  mapfile -t all < <(present floor devrun devrun-store)
  for count in 1000 3000; do
    crowd "$count" 1000
    turns "$count" "-u begun -n $count -q 3 -w $window -t 90" "${all[@]}"
  done
}

tables() {
  table "CPU within the window, ms (times the floor)" window_cpu_ms floor
  table "A line's way, median, µs" way_p50_us
  table "Memory (RSS), kB" rss_kb
  table "Start of the last process, ms (times the floor)" begun_ms floor
  table "Stop, ms (times the floor)" stop_ms floor
}
