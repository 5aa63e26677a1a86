# 1,000 and 3,000 processes with one line a second each.

scenario() {
  local all count window=5
  [ "$FORM" = full ] && window=10
  mapfile -t all < <(present floor devrun devrun-store)
  for count in 1000 3000; do
    workload "$count" beat @ 1000
    without_ports
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
