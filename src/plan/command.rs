//! Takes a command line apart as a shell would, without running it: its simple commands, their words, and
//! whether it is so simple that the program can take the shell's place.

use std::borrow::Cow;
use std::ops::Range;

/// What the shell does itself, or gives a meaning of its own: no program follows.
const NOT_PROGRAMS: &[&str] = &[
    "!",
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "break",
    "builtin",
    "case",
    "cd",
    "chdir",
    "command",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
];

/// The command as the shell gets it: a simple one with `exec` behind its assignments, so that the
/// program takes the shell's place and signals and exit statuses are its own (dash does not do that).
pub(crate) fn with_exec(command: &str) -> Cow<'_, str> {
    let Some(words) = simple_words(command) else {
        return Cow::Borrowed(command);
    };
    let program = words.iter().find(|word| !is_assignment(word.text));
    match program {
        Some(word) if !is_dynamic_or_builtin(word.text) => {
            let (assignments, rest) = command.split_at(word.start);
            Cow::Owned(format!("{assignments}exec {rest}"))
        }
        Some(_) | None => Cow::Borrowed(command),
    }
}

/// `None`: it is more than one program and its arguments.
fn simple_words(command: &str) -> Option<Vec<Word<'_>>> {
    let mut reader = Reader::new(command);
    let mut commands = reader.commands()?;
    let is_simple = reader.is_plain && commands.len() == 1;
    commands.pop().filter(|_| is_simple)
}

fn is_dynamic_or_builtin(word: &str) -> bool {
    // `$CMD` may turn out to be nothing, or a builtin.
    word.contains(['$', '"', '\'', '\\', '~', '*', '?', '[']) || NOT_PROGRAMS.contains(&word)
}

/// `NAME=…`.
pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The variables that the shell sets for the program: `FOO=1 BAR=x node`, in their order. `None`: only the
/// shell can tell the value. Of a command that is more than one program, none: they would be for its first.
pub(crate) fn assignments(command: &str) -> Vec<(String, Option<String>)> {
    let words = match commands(command).as_deref() {
        Some([words]) => words.clone(),
        Some(_) | None => return Vec::new(),
    };
    let length = words.iter().position(|word| !is_assignment(word.text));
    // Without a program they are for nobody.
    let assignments = words.iter().take(length.unwrap_or(0));
    let parts = assignments.filter_map(|word| word.text.split_once('='));
    parts
        .map(|(name, value)| (name.to_string(), unquoted(value)))
        .collect()
}

/// What the shell makes of a value that is only quoted, nowhere escaped and nowhere replaced.
fn unquoted(value: &str) -> Option<String> {
    let is_home = value.starts_with('~') || value.contains(":~");
    if is_home || value.contains('\\') {
        return None;
    }
    let mut plain = String::new();
    let mut quote = None;
    for c in value.chars() {
        match (quote, c) {
            (Some('\''), c) if c != '\'' => plain.push(c),
            (_, '$' | '`') => return None,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (_, c) => plain.push(c),
        }
    }
    Some(plain)
}

/// A word as it is written, quotes included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Its place in the command line.
    pub(super) start: usize,
}

impl Word<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The simple commands of a line, in its order: what stands between `;`, `&`, `|` and parentheses. Of each
/// the words in front of its first redirection; never an empty one. `None`: the shell would not take the
/// line either (a quote is open).
pub(super) fn commands(line: &str) -> Option<Vec<Vec<Word<'_>>>> {
    Reader::new(line).commands()
}

/// The same, and all that stands between words: `;`, `&>`, `<(`.
pub(super) fn commands_and_operators(line: &str) -> Option<(Vec<Vec<Word<'_>>>, Vec<&str>)> {
    let mut reader = Reader::new(line);
    let commands = reader.commands()?;
    let operators = reader.operators.into_iter();
    Some((commands, operators.map(|range| &line[range]).collect()))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Those that stand side by side are one.
    operators: Vec<Range<usize>>,
    /// Nothing so far stands outside of quotes but words and blanks.
    is_plain: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            operators: Vec::new(),
            is_plain: true,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn commands(&mut self) -> Option<Vec<Vec<Word<'a>>>> {
        let mut commands = Vec::new();
        let mut words: Vec<Word<'a>> = Vec::new();
        let mut is_redirected = false;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' => self.at += 1,
                '#' => break,
                '<' | '>' => {
                    // `2>`: the number belongs to it.
                    let is_descriptor = |word: &mut Word<'_>| {
                        word.end() == self.at && word.text.chars().all(|c| c.is_ascii_digit())
                    };
                    if !is_redirected {
                        words.pop_if(is_descriptor);
                    }
                    is_redirected = true;
                    self.operator("<>&|-");
                }
                '&' if self.rest().starts_with("&>") => {
                    is_redirected = true;
                    self.operator("&>");
                }
                ';' | '&' | '|' | '(' | ')' | '\n' => {
                    self.operator(";&|()\n");
                    commands.push(std::mem::take(&mut words));
                    is_redirected = false;
                }
                _ => {
                    let word = self.word()?;
                    if !is_redirected {
                        words.push(word);
                    }
                }
            }
        }
        commands.push(words);
        commands.retain(|words| !words.is_empty());
        Some(commands)
    }

    fn operator(&mut self, characters: &str) {
        self.is_plain = false;
        let (start, rest) = (self.at, self.rest());
        self.at += rest.len() - rest.trim_start_matches(|c| characters.contains(c)).len();
        match self.operators.last_mut().filter(|last| last.end == start) {
            Some(last) => last.end = self.at,
            None => self.operators.push(start..self.at),
        }
    }

    /// To the next blank or operator outside of all that was opened.
    fn word(&mut self) -> Option<Word<'a>> {
        let start = self.at;
        // What closes each thing that is open: not the call stack, for a hostile line.
        let mut open: Vec<char> = Vec::new();
        while let Some(c) = self.peek() {
            match (open.last(), c) {
                (None, ' ' | '\t' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '\n') => break,
                (Some(closer), c) if *closer == c => {
                    open.pop();
                }
                (_, '\\') => {
                    self.at += 1;
                    self.peek()?;
                }
                (Some('"'), '\'') => {}
                (_, '\'') => self.at += 1 + self.rest()[1..].find('\'')?,
                (_, '"' | '`') => {
                    self.is_plain &= c == '"';
                    open.push(c);
                }
                (_, '$') if self.rest().starts_with("$(") => {
                    self.is_plain = false;
                    self.at += 1;
                    open.push(')');
                }
                (_, '$') if self.rest().starts_with("${") => {
                    self.at += 1;
                    open.push('}');
                }
                (Some(')'), '(') => open.push(')'),
                (None, '{' | '}') => self.is_plain = false,
                (_, _) => {}
            }
            self.at += self.peek()?.len_utf8();
        }
        let text = &self.text[start..self.at];
        open.is_empty().then_some(Word { text, start })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_simple_command_gets_exec_behind_its_assignments() {
        let check = |command: &str, expected: &str| assert_eq!(with_exec(command), expected);
        check("bundle exec puma", "exec bundle exec puma");
        check(
            "FOO=bar BAZ='a b' node app.js",
            "FOO=bar BAZ='a b' exec node app.js",
        );
        check("vite --port $PORT", "exec vite --port $PORT");
        check("vite --port ${PORT:-1}", "exec vite --port ${PORT:-1}");
        check("A=${B:-x y} prog", "A=${B:-x y} exec prog");
        check("A=\"${B:-\"x y\"}\" prog", "A=\"${B:-\"x y\"}\" exec prog");
        check("sh -c 'a; b'", "exec sh -c 'a; b'");
        check("echo \"a|b\" 'c;d'", "echo \"a|b\" 'c;d'");
        check("grep a\\;b file", "exec grep a\\;b file");
        check("node x # y; z", "exec node x # y; z");
        check("curl x#y", "exec curl x#y");
    }

    #[test]
    fn whatever_the_shell_does_itself_is_left_alone() {
        let commands = [
            "a; b",
            "a && b",
            "a | b",
            "a &",
            "(a)",
            "{ a; }",
            "a > file",
            "a 2>&1",
            "a &> file",
            "a `b`",
            "a $(b)",
            "a \"$(b)\"",
            "a ${B:-$(c)}",
            "while :; do sleep 1; done",
            "exec a",
            "cd x",
            "builtin cd x",
            "FOO=bar",
            "A=1\u{a0}b",
            "a\nb",
            "$COMMAND x",
            "a 'open",
            "a ${open",
            "# only a comment",
            "a {b,c}",
            "trap x TERM",
            "a \\",
            "",
        ];
        for command in commands {
            assert_eq!(with_exec(command), command);
        }
    }

    #[test]
    fn assignments_stand_in_front_of_the_program() {
        let check = |command: &str, expected: &[(&str, Option<&str>)]| {
            let found = assignments(command);
            let found: Vec<_> = found
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_deref()))
                .collect();
            assert_eq!(found, expected, "{command}");
        };
        check(
            "FOO=1 BAR= node x A=2",
            &[("FOO", Some("1")), ("BAR", Some(""))],
        );
        check("A='a b'\"c'\"d exec x", &[("A", Some("a bc'd"))]);
        check("A='$x`\"' x > log", &[("A", Some("$x`\""))]);
        check("A=x:~/bin:y B=~ x", &[("A", None), ("B", None)]);
        check(
            "A=$B B=a\\b C=\"`c`\" x",
            &[("A", None), ("B", None), ("C", None)],
        );
        check("A=1 make && B=2 run", &[]);
        check("A=1", &[]);
        check("env A=1 x", &[]);
        check("A='1", &[]);
        check("", &[]);
    }

    #[test]
    fn a_line_falls_into_its_simple_commands() {
        let check = |line: &str, expected: &[&str]| {
            let commands = commands(line).unwrap();
            let shown = |words: &Vec<Word<'_>>| {
                let words: Vec<&str> = words.iter().map(|word| word.text).collect();
                words.join(" ")
            };
            assert_eq!(commands.iter().map(shown).collect::<Vec<_>>(), expected);
        };
        check("cd a && (b c; d) | e &", &["cd a", "b c", "d", "e"]);
        check("a b 2>&1 | tee x", &["a b", "tee x"]);
        check("a > log 2>&1 & b", &["a", "b"]);
        check("a x2>log", &["a x2"]);
        check("a &> log; b", &["a", "b"]);
        check("a $(b; c) \"d | e\"", &["a $(b; c) \"d | e\""]);
        check("a # b; c", &["a"]);
        assert_eq!(commands("a 'b"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_taken_apart_and_exec_is_all_that_is_added(
            line in "[ -~é]{0,40}|([a-z=$ '\"`\\\\(){};|&<>#]{0,30})",
        ) {
            for word in commands(&line).into_iter().flatten().flatten() {
                prop_assert!(!word.text.is_empty());
                prop_assert_eq!(&line[word.start..word.end()], word.text);
            }
            let given = with_exec(&line);
            prop_assert!(given == line || given.replacen("exec ", "", 1) == line);
        }
    }

    #[test]
    fn what_opens_without_end_takes_no_stack() {
        assert_eq!(commands(&"$(".repeat(1_000_000)), None);
        assert_eq!(commands(&"a;".repeat(100_000)).unwrap().len(), 100_000);
    }
}
