# Through pseudo-terminals, against a bare reader of the same ones.

scenario() {
  local all count
  mapfile -t all < <(present floor-pty devrun-pty)
  for count in 1 4 16; do
    LINES_EACH=$((200 * AMOUNT * 1000 / 100 / count))
    workload "$count" flood @ LINES 100
    turns "$count × 100 B" "-n $count -t 120" "${all[@]}"
  done
}

tables() {
  table "Through pseudo-terminals, MB/s (times the bare reader)" mb_s floor-pty
  table "CPU seconds for a GB (times the bare reader)" cpu_s_gb floor-pty
}
