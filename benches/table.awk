# A Markdown table of the medians of one key of one scenario, and of the ratios to a base in the same round.

function number(value) {
    if (value == "") return "–"
    if (value >= 100 || value == int(value)) return sprintf("%.0f", value)
    if (value >= 10) return sprintf("%.1f", value)
    return value >= 0.1 ? sprintf("%.2f", value) : sprintf("%.2g", value)
}

# Of a list of numbers with blanks between them.
function median(list,    values, count, at, other, value) {
    count = split(list, values, " ")
    for (at = 2; at <= count; at++) {
        value = values[at]
        for (other = at - 1; other > 0 && values[other] + 0 > value + 0; other--) values[other + 1] = values[other]
        values[other + 1] = value
    }
    if (count == 0) return ""
    return count % 2 ? values[(count + 1) / 2] + 0 : (values[count / 2] + values[count / 2 + 1]) / 2
}

$1 == scenario {
    if (!($2 in is_case)) { is_case[$2] = 1; cases[++case_count] = $2 }
    if (!($3 in is_manager)) { is_manager[$3] = 1; managers[++manager_count] = $3 }
    fields = split($5, pairs, " ")
    is_failed = index($5, " failed=0") == 0
    for (at = 1; at <= fields; at++) {
        split(pairs[at], pair, "=")
        if (pair[1] != key || is_failed) continue
        all[$2, $3] = all[$2, $3] " " pair[2]
        by_round[$2, $3, $4] = pair[2]
        if ($4 > rounds) rounds = $4
    }
    if (is_failed) failures[$2, $3]++
}

END {
    header = "| |"; rule = "|---|"
    for (at = 1; at <= case_count; at++) { header = header " " cases[at] " |"; rule = rule "---|" }
    print header; print rule
    for (row = 1; row <= manager_count; row++) {
        line = "| " managers[row] " |"
        for (at = 1; at <= case_count; at++) {
            place = cases[at] SUBSEP managers[row]
            text = number(median(all[place]))
            if (failures[place] && text == "–") text = "failed"
            if (base != "" && managers[row] != base && all[place] != "") {
                ratios = ""
                for (round = 1; round <= rounds; round++) {
                    of_base = by_round[cases[at], base, round]
                    own = by_round[cases[at], managers[row], round]
                    if (of_base > 0 && own != "") ratios = ratios " " own / of_base
                }
                if (ratios != "") text = text " (" sprintf("%.2f", median(ratios)) ")"
            }
            line = line " " text " |"
        }
        print line
    }
}
