# fish completion for devrun. What may stand at the cursor is devrun's to say: `devrun complete`, see
# src/cli/complete of its sources.

function __devrun_complete
    command -q devrun; or return
    set -l words (commandline -opc)
    set -l word (commandline -ct | string trim --left --chars '"\'')
    set -l lines (command devrun complete fish -- $words[2..-1] "$word" 2>/dev/null)
    test (count $lines) -ge 3; or return
    set -l prefix $lines[2]
    set -l typed $lines[3]
    for line in $lines[4..-1]
        echo -- $prefix$line
    end
    switch $lines[1]
        case files
            for path in (__fish_complete_path "$typed")
                echo -- $prefix$path
            end
        case directories
            for path in (__fish_complete_directories "$typed" "")
                echo -- $prefix$path
            end
        case commands
            __fish_complete_command
    end
end

complete -c devrun -f -k -a '(__devrun_complete)'
