# 50 processes that sleep: what the manager does meanwhile, and what memory it keeps.

scenario() {
  local all window=3
  if [ "$FORM" = full ]; then window=10; fi
  mapfile -t all < <(present floor devrun devrun-store "${PEERS[@]}")
  workload 50 beat @ 0
  without_ports
  turns "50" "-u begun -n 50 -q 3 -w $window" "${all[@]}"
  # Their processes begin unseen.
  mapfile -t all < <(present "${SILENT_PEERS[@]}")
  turns "50" "-u begun -n 0 -q 8 -w $window" "${all[@]}"
}

tables() {
  table "Wake-ups of all threads, within the window" wakeups
  table "CPU within the window, ms" window_cpu_ms
  table "Its processes and their threads" threads
  table "PSS of all processes of the manager, kB" pss_kb
}
