# How long devrun itself takes where others wait for it: the end, the start of who waits for a server, a restart.

# A server that listens after so many milliseconds, and a process that waits for it.
waiting() {
  printf 'api: %s serve 1 %s\nweb: %s beat 2 0\n' "$BIN/work" "$1" "$BIN/work" >Procfile
  printf 'uses: { API_URL: api }\n' >devrun.yaml
  SCENARIO=listen turns "after $1 ms" "-u begun -n 2" devrun
}

scenario() {
  local all peers after
  mapfile -t all < <(present floor devrun devrun-store)
  mapfile -t peers < <(present "${PEERS[@]}")
  workload 50 beat @ 0
  turns "50" "-u begun -n 50 -q 0.5" "${all[@]}" "${peers[@]}"
  for after in 50 300 1500; do waiting "$after"; done
  workload 1 beat @ 0
  SCENARIO=restart
  TRIGGER='kill -USR1 $MANAGER_PID' turns "1" "-u begun -n 1 -q 0.5 -r 10" floor
  TRIGGER="$DEVRUN restart p1" turns "1" "-u begun -n 1 -q 0.5 -r 10" devrun
  SCENARIO=stop
}

tables() {
  table "Stop of 50 processes that end at once, ms over the last of them" over_ms
  table "From SIGTERM to the manager's end, ms (times the floor)" stop_ms floor
  SCENARIO=listen table "From the listen of a server to the start of who uses it, ms" listen_to_start_ms
  SCENARIO=restart table "Restart, from the end of the old run to the start of the new, ms" restart_gap_ms
  SCENARIO=restart table "Restart, from the command to the start of the new run, ms" restart_ms
}
