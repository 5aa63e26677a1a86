# One line's way from the write of a process to the manager's reader: alone, and beside two floods.

scenario() {
  local all ticks=2000 limit=20
  if [ "$FORM" = full ]; then ticks=10000 limit=60; fi
  mapfile -t all < <(present floor floor-big devrun devrun-store "${PEERS[@]}")
  workload 1 tick @ "$ticks" 1000
  turns "quiet" "-n 1 -t $limit" "${all[@]}"
  workload 2 flood @ 9999999999 100
  echo "p3: $BIN/work tick 3 $ticks 1000" >>Procfile
  # Who does not slow the floods down runs out of time, or of memory, and has failed.
  turns "beside two floods" "-n 1 -t $limit" "${all[@]}"
}

tables() {
  table "A line's way, median, µs (times the floor)" way_p50_us floor
  table "99 of 100 lines, µs (times the floor)" way_p99_us floor
  table "The longest, µs: whether a quiet process is starved" way_max_us
}
