# A minute's worth of all ways through devrun, for CI: whether lines are lost, torn or reordered, and nothing about time.

scenario() {
  local length all count=4
  sees_what_it_looks_for
  ROUNDS=1
  mapfile -t all < <(present floor devrun devrun-looks devrun-store devrun-all devrun-pty)
  for length in 20 100 65536; do
    LINES_EACH=$((10 * 1000 * 1000 / length))
    workload "$count" flood @ LINES "$length"
    turns "$count × $length B" "-n $count -t 300" "${all[@]}"
  done
  LINES_EACH=100000
  workload 16 flood @ LINES 100
  turns "16 × 100 B, file" "-n 16 -t 300 -o out.txt" devrun devrun-all
  rm -f out.txt
  workload 2 flood @ 9999999999 100
  echo "p3: $BIN/work tick 3 1000 1000" >>Procfile
  turns "beside two floods" "-n 1 -t 300" devrun
  workload 100 beat @ 100
  turns "100 × 10 a second" "-u begun -n 100 -q 2 -t 300" devrun
}

# The meter fails where a line is left out, glued to the next, torn or in the wrong place.
sees_what_it_looks_for() {
  local fault status
  workload 1 flood @ 1000 100
  for fault in 500d '500{N;s/\n//}' '500s/xx/x\nx/' '500{h;d};501G'; do
    status=0
    # shellcheck disable=SC2016
    FAULT=$fault "$BIN/meter" -n 1 -- sh -c '"$0" Procfile | sed -u "$FAULT"' "$BIN/floor" >/dev/null || status=$?
    if [ "$status" != 1 ]; then
      say "the meter does not see what \`sed '$fault'\` does to the lines"
      exit 1
    fi
  done
}

tables() { :; }
