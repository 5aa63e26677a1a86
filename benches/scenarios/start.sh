# From the start of the manager until the last of its processes runs, by the processes' own clocks.

scenario() {
  local all peers count
  mapfile -t all < <(present floor devrun devrun-store)
  mapfile -t peers < <(present "${PEERS[@]}")
  for count in 1 10 100; do
    workload "$count" beat @ 0
    turns "$count" "-u begun -n $count" "${all[@]}" "${peers[@]}"
  done
  # By the rule of the ports, 100 for each type, there are none for so many.
  workload 1000 beat @ 0
  without_ports
  turns "1000" "-u begun -n 1000" "${all[@]}"
  SCENARIO=version one "--version" "-u end" version 1
}

tables() {
  table "Start of the last process, ms (times posix_spawn one after the other)" begun_ms floor
  table "All of them stopped, ms (times the floor)" stop_ms floor
  SCENARIO=version table 'CPU of `devrun --version`, s' cpu_s
}
