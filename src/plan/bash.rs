//! What only bash takes in a command line, though `/bin/sh` is to run it.

use crate::plan::command::{self, is_assignment};

/// Something of bash's, and what any shell takes for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bashism {
    pub(crate) what: &'static str,
    pub(crate) instead: Option<&'static str>,
}

const WORDS: [Bashism; 8] = [
    bashism("[[", Some("[")),
    bashism("source", Some(".")),
    bashism("function", Some("name() { …; }")),
    bashism("declare", None),
    bashism("shopt", None),
    bashism("pushd", Some("cd")),
    bashism("popd", None),
    bashism("mapfile", None),
];
const OPERATORS: [Bashism; 5] = [
    bashism("&>", Some("> file 2>&1")),
    bashism("|&", Some("2>&1 |")),
    bashism("<<<", Some("echo … |")),
    bashism("<(", None),
    bashism(">(", None),
];
/// A command follows them.
const BEFORE_COMMANDS: [&str; 9] = [
    "!", "{", "do", "elif", "else", "if", "then", "until", "while",
];

const fn bashism(what: &'static str, instead: Option<&'static str>) -> Bashism {
    Bashism { what, instead }
}

/// The first one; nothing of what stands in quotes: that is for somebody else.
pub(crate) fn find(line: &str) -> Option<Bashism> {
    let (commands, operators) = command::commands_and_operators(line)?;
    let is_first = |word: &&str| !is_assignment(word) && !BEFORE_COMMANDS.contains(word);
    let first = commands.iter().filter_map(|words| {
        let mut words = words.iter().map(|word| word.text);
        words.find(is_first)
    });
    let words = first.filter_map(|first| WORDS.into_iter().find(|word| word.what == first));
    // They may stand right behind another one.
    let has = |of_bash: &Bashism| {
        let mut operators = operators.iter();
        operators.any(|operator| operator.contains(of_bash.what))
    };
    words.chain(OPERATORS.into_iter().filter(has)).next()
}

/// The same, where `last_lines`, which the shell wrote, show that it did not take that.
pub(crate) fn refused(line: &str, last_lines: &[String]) -> Option<Bashism> {
    let found = find(line)?;
    let not_found = format!("{}: not found", found.what);
    let mut lines = last_lines.iter();
    let is_refused = lines.any(|line| line.contains("Syntax error") || line.contains(&not_found));
    is_refused.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bashs_is_found_outside_of_quotes() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(find(line).map(|found| found.what), expected, "{line}");
        };
        check("[[ -n $A ]] && node x", Some("[["));
        check("A=1; if [[ a == b ]]; then c; fi", Some("[["));
        check("while ! [[ -e x ]]; do sleep 1; done", Some("[["));
        check("source .env && exec node x", Some("source"));
        check("function f { a; }; f", Some("function"));
        check("node x &> log", Some("&>"));
        check("node x |& tee log", Some("|&"));
        check("cat <<< $A", Some("<<<"));
        check("diff <(a) <(b)", Some("<("));
        check("node x > >(tee log)", Some(">("));
        for line in [
            "[ -n $A ] && node x",
            "bash -c '[[ a ]] && b &> c'",
            "node source [[",
            "a 2>&1 | b & c > d",
            "a >&2",
            "(a; b) < c",
            "cat <<x",
            "node 'open",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn the_shell_has_to_have_said_so() {
        let refused = |line: &str, said: &str| refused(line, &[said.into()]).is_some();
        assert!(refused("[[ a ]]", "/bin/sh: 1: [[: not found"));
        assert!(refused(
            "a <(b)",
            "/bin/sh: 1: Syntax error: \"(\" unexpected"
        ));
        assert!(!refused("[[ a ]] || b", "/bin/sh: 1: b: not found"));
        assert!(!refused("a", "/bin/sh: 1: a: not found"));
    }
}
