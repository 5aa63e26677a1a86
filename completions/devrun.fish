# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_devrun_global_optspecs
    string join \n h/help V/version
end

function __fish_devrun_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_devrun_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_devrun_using_subcommand
    set -l cmd (__fish_devrun_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c devrun -n "__fish_devrun_needs_command" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_needs_command" -s V -l version -d 'Print version'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "start" -d 'Run the processes of a Procfile'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "ps" -d 'Show the processes that run, what they wait for, and why one failed'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "logs" -d 'Show what the processes wrote, in this session or an earlier one'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "check" -d 'Report every mistake in the app\'s files, starting nothing'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "link" -d 'Say what is behind a variable: another app, a process, a URL'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "unlink" -d 'Take a variable out of the app\'s uses'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "run" -d 'Run a command in the app\'s environment'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "open" -d 'Open a process\'s URL in the browser, once it is served'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "env" -d 'Show the environment of a process, and where each value comes from'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "url" -d 'Print the URL of a process, or of what is behind a variable'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "uses" -d 'List what the app uses, in which state that is, and who uses the app'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "schema" -d 'Print the JSON Schema of devrun.yaml, for editors'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c devrun -n "__fish_devrun_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c devrun -n "__fish_devrun_using_subcommand start" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand start" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand start" -s e -l env -d 'Env files to read in place of .env' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand start" -l set -d 'Set a variable, above all files' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -l use -d 'What is behind a variable, in place of what devrun.yaml says' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -l unuse -d 'Do without what devrun.yaml says of a variable' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -s m -l formation -d 'How many of each; types left out get none, or what all= says: all=1,web=2' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -l without -d 'Leave a process out' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -s p -l port -d 'The first process\'s PORT (5000); 0 takes any free ones' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -l restart -d 'When to start again what ended: always, on-failure (the default) or never' -r -f -a "always\t''
on-failure\t''
never\t''"
complete -c devrun -n "__fish_devrun_using_subcommand start" -l on-exit -d 'When one has ended for good: keep the others (the default) or shutdown' -r -f -a "keep\t''
shutdown\t''"
complete -c devrun -n "__fish_devrun_using_subcommand start" -s t -l timeout -d 'Seconds from SIGTERM to SIGKILL (5)' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -l tty -d 'A terminal for each process, else a pipe: auto (the default: if the output is one), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c devrun -n "__fish_devrun_using_subcommand start" -l detach-keys -d 'What leaves a process\'s terminal (ctrl-])' -r
complete -c devrun -n "__fish_devrun_using_subcommand start" -l timestamp -d 'In front of each line: short (the default), ms, iso, elapsed or none' -r -f -a "short\t''
ms\t''
iso\t''
elapsed\t''
none\t''"
complete -c devrun -n "__fish_devrun_using_subcommand start" -l color -d 'Colours: auto (the default), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c devrun -n "__fish_devrun_using_subcommand start" -l strict-ports -d 'A taken port is an error'
complete -c devrun -n "__fish_devrun_using_subcommand start" -l fail-fast -d 'The first failure ends all, with its status'
complete -c devrun -n "__fish_devrun_using_subcommand start" -l no-timestamp -d 'No time in front of each line'
complete -c devrun -n "__fish_devrun_using_subcommand start" -s q -l quiet -d 'Leave out devrun\'s own lines'
complete -c devrun -n "__fish_devrun_using_subcommand start" -l json -d 'Events for programs: one JSON object a line'
complete -c devrun -n "__fish_devrun_using_subcommand start" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand ps" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand ps" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand ps" -l all -d 'Every app that runs, wherever it is'
complete -c devrun -n "__fish_devrun_using_subcommand ps" -l json -d 'One JSON object, for programs'
complete -c devrun -n "__fish_devrun_using_subcommand ps" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand logs" -s n -l lines -d 'The last N lines' -r
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l since -d 'From this time on: 90s, 5m, 2h ago, 10:07, 2026-03-01T10:07' -r
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l until -d 'Up to this time' -r
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l grep -d 'Those that this regular expression matches' -r
complete -c devrun -n "__fish_devrun_using_subcommand logs" -s C -l context -d 'And so many lines of the same process around each' -r
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l session -d '0 is this session or the last one (the default), -1 the one before' -r
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l timestamp -d 'In front of each line: short (the default), ms, iso, elapsed or none' -r -f -a "short\t''
ms\t''
iso\t''
elapsed\t''
none\t''"
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l color -d 'Colours: auto (the default), always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand logs" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand logs" -s f -l follow -d 'The last 10 lines, and what is written from now on'
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l invert -d 'Those that it does not match'
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l no-timestamp -d 'No time in front of each line'
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l raw -d 'The bytes as the processes wrote them'
complete -c devrun -n "__fish_devrun_using_subcommand logs" -l json -d 'For programs: one JSON object a line'
complete -c devrun -n "__fish_devrun_using_subcommand logs" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand check" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand check" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand check" -s e -l env -d 'Env files to read in place of .env' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand check" -l set -d 'Set a variable, above all files' -r
complete -c devrun -n "__fish_devrun_using_subcommand check" -l use -d 'What is behind a variable, in place of what devrun.yaml says' -r
complete -c devrun -n "__fish_devrun_using_subcommand check" -l unuse -d 'Do without what devrun.yaml says of a variable' -r
complete -c devrun -n "__fish_devrun_using_subcommand check" -s m -l formation -d 'How many of each; types left out get none, or what all= says: all=1,web=2' -r
complete -c devrun -n "__fish_devrun_using_subcommand check" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand link" -l as -d 'The variable that the code reads (by default the name of what is behind it, and _URL)' -r
complete -c devrun -n "__fish_devrun_using_subcommand link" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand link" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand link" -l save -d 'Into devrun.yaml, for all, not into devrun.local.yaml'
complete -c devrun -n "__fish_devrun_using_subcommand link" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand unlink" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand unlink" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand unlink" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand run" -s p -l process -d 'Whose environment, PORT included' -r
complete -c devrun -n "__fish_devrun_using_subcommand run" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand run" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand run" -s e -l env -d 'Env files to read in place of .env' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand run" -l set -d 'Set a variable, above all files' -r
complete -c devrun -n "__fish_devrun_using_subcommand run" -l use -d 'What is behind a variable, in place of what devrun.yaml says' -r
complete -c devrun -n "__fish_devrun_using_subcommand run" -l unuse -d 'Do without what devrun.yaml says of a variable' -r
complete -c devrun -n "__fish_devrun_using_subcommand run" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand open" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand open" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand open" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand env" -l format -d 'text (the default), dotenv, shell or json' -r -f -a "text\t''
dotenv\t''
shell\t''
json\t''"
complete -c devrun -n "__fish_devrun_using_subcommand env" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand env" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand env" -s e -l env -d 'Env files to read in place of .env' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand env" -l set -d 'Set a variable, above all files' -r
complete -c devrun -n "__fish_devrun_using_subcommand env" -l use -d 'What is behind a variable, in place of what devrun.yaml says' -r
complete -c devrun -n "__fish_devrun_using_subcommand env" -l unuse -d 'Do without what devrun.yaml says of a variable' -r
complete -c devrun -n "__fish_devrun_using_subcommand env" -l explain -d 'Where each value comes from, and all that it hides'
complete -c devrun -n "__fish_devrun_using_subcommand env" -l reveal -d 'Show secrets on a terminal, too'
complete -c devrun -n "__fish_devrun_using_subcommand env" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand url" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand url" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand url" -s e -l env -d 'Env files to read in place of .env' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand url" -l set -d 'Set a variable, above all files' -r
complete -c devrun -n "__fish_devrun_using_subcommand url" -l use -d 'What is behind a variable, in place of what devrun.yaml says' -r
complete -c devrun -n "__fish_devrun_using_subcommand url" -l unuse -d 'Do without what devrun.yaml says of a variable' -r
complete -c devrun -n "__fish_devrun_using_subcommand url" -l reveal -d 'Show a password on a terminal, too'
complete -c devrun -n "__fish_devrun_using_subcommand url" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand uses" -s f -l procfile -d 'The Procfile, if not Procfile.dev or Procfile' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand uses" -s d -l root -d 'The directory of the app and of its processes' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand uses" -s e -l env -d 'Env files to read in place of .env' -r -F
complete -c devrun -n "__fish_devrun_using_subcommand uses" -l set -d 'Set a variable, above all files' -r
complete -c devrun -n "__fish_devrun_using_subcommand uses" -l use -d 'What is behind a variable, in place of what devrun.yaml says' -r
complete -c devrun -n "__fish_devrun_using_subcommand uses" -l unuse -d 'Do without what devrun.yaml says of a variable' -r
complete -c devrun -n "__fish_devrun_using_subcommand uses" -l json -d 'One JSON object, for programs'
complete -c devrun -n "__fish_devrun_using_subcommand uses" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand schema" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand completions" -s h -l help -d 'Print help'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "start" -d 'Run the processes of a Procfile'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "ps" -d 'Show the processes that run, what they wait for, and why one failed'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "logs" -d 'Show what the processes wrote, in this session or an earlier one'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "check" -d 'Report every mistake in the app\'s files, starting nothing'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "link" -d 'Say what is behind a variable: another app, a process, a URL'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "unlink" -d 'Take a variable out of the app\'s uses'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "run" -d 'Run a command in the app\'s environment'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "open" -d 'Open a process\'s URL in the browser, once it is served'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "env" -d 'Show the environment of a process, and where each value comes from'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "url" -d 'Print the URL of a process, or of what is behind a variable'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "uses" -d 'List what the app uses, in which state that is, and who uses the app'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "schema" -d 'Print the JSON Schema of devrun.yaml, for editors'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "completions" -d 'Print completions for a shell'
complete -c devrun -n "__fish_devrun_using_subcommand help; and not __fish_seen_subcommand_from start ps logs check link unlink run open env url uses schema completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
