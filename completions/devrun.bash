# bash completion for devrun. What may stand at the cursor is devrun's to say: `devrun complete`, see
# src/cli/complete of its sources.

_devrun() {
    local also prefix typed word what
    COMPREPLY=()
    {
        IFS= read -r also && IFS= read -r prefix && IFS= read -r typed || return 0
        # bash replaces only what stands behind the last = or : of a word.
        prefix=${prefix##*[=:]}
        while IFS=$'\t' read -r word what; do
            COMPREPLY+=("$prefix$word")
        done
    } < <(command devrun complete bash -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
    case $also in
        files) what=-f ;;
        directories) what=-d ;;
        commands) what=-c ;;
        *) return 0 ;;
    esac
    if [[ $also != commands ]]; then
        compopt -o filenames 2>/dev/null
    fi
    while IFS= read -r word; do
        COMPREPLY+=("$prefix$word")
    done < <(compgen "$what" -- "$typed")
}

complete -F _devrun devrun
