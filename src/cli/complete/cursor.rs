//! Where the cursor stands, by the definitions of the command line: what is typed need not be right.

use clap::{Arg, Command};

/// What may stand at the cursor.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'a> {
    /// A command of [`Cursor::command`].
    Command,
    /// A flag of it.
    Flag,
    Value(&'a Arg),
    /// Nothing that devrun knows.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// What is typed belongs to it.
    pub(super) command: &'a Command,
    pub(super) at: At<'a>,
    /// Of the word at the cursor, what comes before the value: `--root=`.
    pub(super) prefix: String,
    /// What is there of the value.
    pub(super) typed: String,
    /// The values of flags before it, by their ids.
    pub(super) flags: Vec<(&'a str, String)>,
    /// The arguments before it.
    pub(super) arguments: Vec<String>,
}

/// Finds it behind the last of the words behind `devrun`.
pub(super) fn find<'a>(devrun: &'a Command, words: &[String]) -> Cursor<'a> {
    let (typed, before) = words
        .split_last()
        .map_or(("", words), |(last, before)| (last.as_str(), before));
    let mut walk = Walk {
        cursor: Cursor {
            command: devrun,
            at: At::Nothing,
            prefix: String::new(),
            typed: typed.to_string(),
            flags: Vec::new(),
            arguments: Vec::new(),
        },
        open: None,
        is_literal: false,
    };
    for word in before {
        if !walk.pass(word) {
            return walk.cursor;
        }
    }
    walk.arrive();
    walk.cursor
}

struct Walk<'a> {
    cursor: Cursor<'a>,
    /// The flag whose value comes next.
    open: Option<&'a Arg>,
    /// No flags come any more.
    is_literal: bool,
}

impl<'a> Walk<'a> {
    /// Goes on behind a word. `false`: there is no such command.
    fn pass(&mut self, word: &str) -> bool {
        if let Some(flag) = self.open.take() {
            self.give(flag, word);
        } else if !self.is_literal && word == "--" {
            self.is_literal = true;
        } else if !self.is_literal && word.starts_with("--") {
            self.pass_long(&word[2..]);
        } else if !self.is_literal && word.starts_with('-') && word != "-" {
            self.pass_shorts(&word[1..]);
        } else if self.cursor.command.has_subcommands() {
            let Some(command) = self.cursor.command.find_subcommand(word) else {
                return false;
            };
            self.cursor.command = command;
        } else {
            self.is_literal |= self.argument().is_some_and(Arg::is_trailing_var_arg_set);
            self.cursor.arguments.push(word.to_string());
        }
        true
    }

    fn pass_long(&mut self, word: &str) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let Some(flag) = self.long(name) else { return };
        match value {
            Some(value) => self.give(flag, value),
            None if takes_value(flag) => self.open = Some(flag),
            None => {}
        }
    }

    /// `-q`, `-qp`, `-p3000`.
    fn pass_shorts(&mut self, word: &str) {
        for (at, c) in word.char_indices() {
            let mut flags = self.cursor.command.get_arguments();
            let is_it = |flag: &&Arg| {
                let aliases = flag.get_all_short_aliases().unwrap_or_default();
                flag.get_short() == Some(c) || aliases.contains(&c)
            };
            let flag = flags.find(is_it).filter(|flag| takes_value(flag));
            if let Some(flag) = flag {
                match &word[at + c.len_utf8()..] {
                    "" => self.open = Some(flag),
                    value => self.give(flag, value.strip_prefix('=').unwrap_or(value)),
                }
                return;
            }
        }
    }

    fn give(&mut self, flag: &'a Arg, value: &str) {
        let id = flag.get_id().as_str();
        self.cursor.flags.push((id, value.to_string()));
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        let mut flags = self.cursor.command.get_arguments();
        flags.find(|flag| {
            let aliases = flag.get_all_aliases().unwrap_or_default();
            flag.get_long() == Some(name) || aliases.contains(&name)
        })
    }

    /// The argument that comes next.
    fn argument(&self) -> Option<&'a Arg> {
        let all: Vec<&Arg> = self.cursor.command.get_positionals().collect();
        let last = all.last().copied();
        let takes_more = |argument: &&Arg| {
            let is_repeated = matches!(argument.get_action(), clap::ArgAction::Append);
            is_repeated || argument.is_trailing_var_arg_set()
        };
        let next = all.get(self.cursor.arguments.len()).copied();
        next.or(last.filter(takes_more))
    }

    /// Decides what the last word is.
    fn arrive(&mut self) {
        let typed = self.cursor.typed.clone();
        if let Some(flag) = self.open {
            self.cursor.at = At::Value(flag);
        } else if !self.is_literal && typed.starts_with("--") && typed.contains('=') {
            let (name, value) = typed.split_once('=').expect("just seen");
            self.cursor.prefix = format!("{name}=");
            self.cursor.typed = value.to_string();
            let flag = self.long(&name[2..]).filter(|flag| takes_value(flag));
            self.cursor.at = flag.map_or(At::Nothing, At::Value);
        } else if !self.is_literal && typed.starts_with('-') {
            self.cursor.at = At::Flag;
        } else if self.cursor.command.has_subcommands() {
            self.cursor.at = At::Command;
        } else {
            self.cursor.at = self.argument().map_or(At::Nothing, At::Value);
        }
    }
}

fn takes_value(flag: &Arg) -> bool {
    flag.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Args;

    /// The command, what stands at the cursor, and the two halves of its word.
    fn found(line: &str) -> String {
        let mut devrun = Args::command();
        devrun.build();
        let words: Vec<String> = line.split(' ').map(str::to_string).collect();
        let cursor = find(&devrun, &words);
        let at = match cursor.at {
            At::Command => "command".into(),
            At::Flag => "flag".into(),
            At::Value(value) => value.get_id().to_string(),
            At::Nothing => "nothing".into(),
        };
        let command = cursor.command.get_name();
        format!("{command} {at} {}|{}", cursor.prefix, cursor.typed)
    }

    #[test]
    fn the_cursor_is_found_by_the_definitions() {
        let check = |line: &str, expected: &str| assert_eq!(found(line), expected, "{line}");
        check("", "devrun command |");
        check("sta", "devrun command |sta");
        check("nothing we", "devrun nothing |we");
        check("start we", "start processes |we");
        check("up we", "start processes |we");
        check("start web ", "start processes |");
        check("start --fail", "start flag |--fail");
        check("start -d ", "start root |");
        check("start --root=x", "start root --root=|x");
        check("start -qd x", "start root |x");
        check("start -p3000 ", "start processes |");
        check("start -p 3000 w", "start processes |w");
        check("start --concurrency w", "start formation |w");
        check("start --use A=../b -- -x", "start processes |-x");
        check("start --nothing=", "start nothing --nothing=|");
        check("env web w", "env nothing |w");
        check("run -p w", "run process |w");
        check("run ra", "run command |ra");
        check("run rails -d ", "run command |");
        check("help sta", "help command |sta");
        check("help start x", "start nothing |x");
    }

    #[test]
    fn the_flags_before_it_are_remembered() {
        let mut devrun = Args::command();
        devrun.build();
        let words = ["start", "--root=a b", "-fx", "web", ""].map(str::to_string);
        let cursor = find(&devrun, &words);
        let flags = [("root", "a b".to_string()), ("procfile", "x".to_string())];
        assert_eq!(cursor.flags, flags);
        assert_eq!(cursor.arguments, ["web"]);
    }
}
