# How much can be written through a manager, and what that costs: 1, 4 and 16 processes at full speed.

LENGTHS=(20 100 65536)
COUNTS=(1 4 16)

# In bytes, all processes together: about a second of the floor, so that starting counts for nothing.
amount() {
  case $1 in
    20) echo $((1000 * AMOUNT * 1000)) ;;
    100) echo $((1500 * AMOUNT * 1000)) ;;
    *) echo $((3000 * AMOUNT * 1000)) ;;
  esac
}

through() {
  local case=$1 count=$2 length=$3 options=$4
  shift 4
  LINES_EACH=$(($(amount "$length") / length / count))
  workload "$count" flood @ LINES "$length"
  turns "$case" "-n $count -t 120 $options" "$@"
}

scenario() {
  local count length all peers
  mapfile -t all < <(present "${FLOORS[@]}" "${DEVRUNS[@]}")
  mapfile -t peers < <(present "${PEERS[@]}")
  for length in "${LENGTHS[@]}"; do
    for count in "${COUNTS[@]}"; do
      if [ "$FORM" = quick ] && [ "$count" = 16 ]; then continue; fi
      through "$count × $length B" "$count" "$length" "" "${all[@]}"
    done
  done
  # No more than the system keeps in memory without waiting for the disk.
  AMOUNT=$((AMOUNT / 2)) through "4 × 100 B, file" 4 100 "-o out.txt" "${all[@]}"
  rm -f out.txt
  SCENARIO=peers through "4 × 100 B" 4 100 "" "${all[@]}" "${peers[@]}"
}

tables() {
  table "Throughput, MB/s (times the floor)" mb_s floor
  table "Million lines a second (times the floor)" mlines_s floor
  table "CPU seconds of the manager for a GB (times the floor)" cpu_s_gb floor
  table "PSS at the end, all processes of the manager together, kB" pss_kb
  table "Most memory (the sum of each process's most, shared pages counted twice), kB" peak_rss_kb
  SCENARIO=peers table "Beside the peers: MB/s (times the floor)" mb_s floor
  SCENARIO=peers table "Beside the peers: CPU seconds for a GB (times the floor)" cpu_s_gb floor
}
