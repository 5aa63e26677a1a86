# Who is measured: how each manager is told to run a Procfile, and which of them are here.

FLOORS=(floor floor-big)
DEVRUNS=(devrun devrun-looks devrun-store devrun-all)
# Those that can be asked to run a Procfile, or the same commands, and write one stream.
PEERS=(hivemind process-compose goreman overmind foreman honcho node-foreman concurrently supervisord)
# Those that do not.
SILENT_PEERS=(mprocs pitchfork)

# Sets COMMAND to what runs the Procfile in the current directory, and exports what it needs.
command_of() {
  case $1 in
    floor) COMMAND=("$BIN/floor" Procfile) ;;
    floor-big) COMMAND=("$BIN/floor" -b Procfile) ;;
    floor-pty) COMMAND=("$BIN/floor" -p Procfile) ;;
    # The bare log path: nothing in front of a line but its name, and nothing stored.
    devrun) without_store; COMMAND=("$DEVRUN" start --no-timestamp --color never --tty never) ;;
    devrun-looks) without_store; COMMAND=("$DEVRUN" start --timestamp short --color always --tty never) ;;
    devrun-store) COMMAND=("$DEVRUN" start --no-timestamp --color never --tty never) ;;
    devrun-all) COMMAND=("$DEVRUN" start --timestamp short --color always --tty never) ;;
    devrun-pty) without_store; COMMAND=("$DEVRUN" start --no-timestamp --color never --tty always) ;;
    hivemind) COMMAND=(hivemind Procfile) ;;
    overmind) COMMAND=(overmind start -f Procfile) ;;
    goreman) COMMAND=(goreman -set-ports=false start) ;;
    process-compose) compose_file; COMMAND=(process-compose up -t=false --no-server -f process-compose.yaml) ;;
    foreman) COMMAND=(foreman start --no-timestamp) ;;
    honcho) COMMAND=(honcho start) ;;
    node-foreman) COMMAND=(nf start) ;;
    concurrently) concurrently_command ;;
    supervisord) supervisord_file; COMMAND=(supervisord -n -s -c supervisord.conf) ;;
    mprocs) mprocs_command ;;
    pitchfork) pitchfork_file; COMMAND=(sh -c '(sleep 1; pitchfork start --local) & exec pitchfork supervisor run') ;;
    version) COMMAND=("$DEVRUN" --version) ;;
  esac
}

# A state directory that is none: nothing is stored.
without_store() { export XDG_STATE_HOME=/dev/null; }

program_of() {
  case $1 in
    floor* | devrun*) echo true ;;
    node-foreman) echo nf ;;
    *) echo "$1" ;;
  esac
}

# Those of the named managers that are here, and asked for by MANAGERS.
present() {
  local name
  for name in "$@"; do
    [ -z "${MANAGERS:-}" ] || [[ " $MANAGERS " == *" $name "* ]] || continue
    ! command -v "$(program_of "$name")" >/dev/null || echo "$name"
  done
}

# What a manager gets of a load that keeps the floor busy for a second: 1 in so many lines.
share_of() {
  case $1 in
    floor* | devrun*) echo 1 ;;
    hivemind | process-compose | goreman | node-foreman | concurrently | supervisord) echo 20 ;;
    overmind | foreman) echo 50 ;;
    *) echo 200 ;;
  esac
}

version_of() {
  case $1 in
    floor*) cc --version | head -1 ;;
    devrun*) "$DEVRUN" --version ;;
    goreman) goreman version ;;
    process-compose) process-compose version | grep -i version ;;
    node-foreman) npm ls --prefix "$PEERS_HOME" foreman 2>/dev/null | grep -o 'foreman@.*' ;;
    concurrently) concurrently --version ;;
    *) "$1" --version 2>/dev/null ;;
  esac | head -1
}

compose_file() {
  {
    echo 'version: "0.5"'
    echo 'processes:'
    sed -E 's/^([^:]+): (.*)$/  \1:\n    command: "exec \2"/' Procfile
  } >process-compose.yaml
}

concurrently_command() {
  local names commands
  names=$(sed 's/:.*//' Procfile | paste -sd,)
  mapfile -t commands < <(sed -E 's/^[^:]+: /exec /' Procfile)
  COMMAND=(concurrently --names "$names" "${commands[@]}")
}

supervisord_file() {
  {
    printf '[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=supervisord.pid\n'
    sed -E 's|^([^:]+): (.*)$|[program:\1]\ncommand=\2\nautorestart=false\nredirect_stderr=true\nstdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0|' Procfile
  } >supervisord.conf
}

# It draws a screen, and wants one, with somebody who may type.
mprocs_command() {
  local commands
  mapfile -t commands < <(sed -E 's/^[^:]+: /exec /' Procfile)
  rm -f typed
  mkfifo typed
  COMMAND=(bash -c 'exec script -qfc "stty rows 40 cols 120; exec $0" /dev/null <>typed'
    "$(printf '%q ' mprocs "${commands[@]}")")
}

# A supervisor in the background, which writes into files, and a command that tells it what to start.
pitchfork_file() {
  export HOME=$XDG_RUNTIME_DIR/pitchfork
  mkdir -p "$HOME"
  sed -E 's|^([^:]+): (.*)$|[daemons.\1]\nrun = "exec \2"|' Procfile >pitchfork.toml
}
