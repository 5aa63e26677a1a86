//! What is offered at the cursor: devrun's own words, and what the shell itself is to add.

use std::fmt;

use clap::{Arg, Command, CommandFactory};

use crate::cli::args::Args;
use crate::cli::complete::cursor::{At, Cursor};
use crate::cli::complete::names;

/// What the shell knows better how to complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Also {
    Nothing,
    Files,
    Directories,
    Commands,
}

/// A word, and what it is; that may be empty.
pub(super) type Word = (String, String);

/// Displayed as the scripts read it: what the shell is to add, what of the word at the cursor comes before a
/// value, what is typed of it, each in a line; then the values, with a tab and what they are behind each.
#[derive(Debug)]
pub(super) struct Offer {
    also: Also,
    prefix: String,
    typed: String,
    words: Vec<Word>,
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let also = match self.also {
            Also::Nothing => "nothing",
            Also::Files => "files",
            Also::Directories => "directories",
            Also::Commands => "commands",
        };
        writeln!(f, "{also}\n{}\n{}", self.prefix, self.typed)?;
        let mut words = self.words.iter();
        words.try_for_each(|(word, what)| writeln!(f, "{word}\t{what}"))
    }
}

pub(super) fn at(cursor: &Cursor<'_>) -> Offer {
    let mut offer = Offer {
        also: Also::Nothing,
        prefix: cursor.prefix.clone(),
        typed: cursor.typed.clone(),
        words: Vec::new(),
    };
    match cursor.at {
        At::Command => offer.words = commands(cursor.command),
        At::Flag => offer.words = flags(cursor.command),
        At::Value(value) => offer.add_values(cursor, value),
        At::Nothing => {}
    }
    let typed = &offer.typed;
    offer.words.retain(|(word, _)| word.starts_with(typed));
    offer
}

impl Offer {
    /// By what a value is called in the help: whoever adds a `PROCESS` has it completed.
    fn add_values(&mut self, cursor: &Cursor<'_>, value: &Arg) {
        let possible = value.get_possible_values();
        if !possible.is_empty() {
            let shown = possible.iter().filter(|one| !one.is_hide_set());
            self.words = shown.map(|one| bare(one.get_name())).collect();
            return;
        }
        let taken = match value.get_value_delimiter() {
            Some(comma) => self.split_at(comma),
            None if value.is_positional() => cursor.arguments.clone(),
            None => Vec::new(),
        };
        match value_name(value).trim_end_matches(",…") {
            "PROCESS" => self.words = names::processes(cursor),
            "NAME" if value.is_positional() => {
                self.words = names::processes(cursor);
                self.words.extend(names::variables(cursor));
            }
            "NAME" | "VARIABLE" => self.words = names::variables(cursor),
            "NAME=DIR|URL" => self.add_use(cursor),
            "DIR|URL|PROCESS" => {
                self.words = names::process_types(cursor);
                self.add_apps();
            }
            "DIR" => self.add_apps(),
            "FILE" => self.also = Also::Files,
            "TYPE=N" => self.add_formation(cursor),
            "CMD" if cursor.arguments.is_empty() => {
                self.words = names::process_types(cursor);
                self.also = Also::Commands;
            }
            "CMD" => self.also = Also::Files,
            "COMMAND" => self.words = commands_of_devrun(),
            _ => {}
        }
        self.words.retain(|(word, _)| !taken.contains(word));
    }

    /// Goes to the last member of a list; those before it.
    fn split_at(&mut self, comma: char) -> Vec<String> {
        let Some((before, last)) = self.typed.rsplit_once(comma) else {
            return Vec::new();
        };
        let taken = before.split(comma).map(str::to_string).collect();
        self.prefix.extend([before, &comma.to_string()]);
        self.typed = last.to_string();
        taken
    }

    fn add_use(&mut self, cursor: &Cursor<'_>) {
        let Some((variable, target)) = self.typed.split_once('=') else {
            self.words = assigned(names::variables(cursor));
            return;
        };
        self.prefix.extend([variable, "="]);
        self.typed = target.to_string();
        self.add_apps();
    }

    /// Of those that the shell lists itself here, none is offered twice.
    fn add_apps(&mut self) {
        let here = self.typed.rfind('/').map_or(0, |at| at + 1);
        let is_far = |app: &str| app.get(here..).is_some_and(|rest| rest.contains('/'));
        let apps = names::running_apps().into_iter();
        self.words.extend(apps.filter(|(app, _)| is_far(app)));
        self.also = Also::Directories;
    }

    fn add_formation(&mut self, cursor: &Cursor<'_>) {
        let is_taken = |taken: &[String], word: &str| taken.iter().any(|it| it.starts_with(word));
        let taken = self.split_at(',');
        self.words = assigned(names::process_types(cursor));
        self.words.push(bare("all="));
        self.words.retain(|(word, _)| !is_taken(&taken, word));
    }
}

fn value_name(value: &Arg) -> &str {
    let names = value.get_value_names().unwrap_or_default();
    names.first().map_or("", |name| name.as_str())
}

fn bare(word: &str) -> Word {
    (word.to_string(), String::new())
}

fn assigned(words: Vec<Word>) -> Vec<Word> {
    let words = words.into_iter();
    words.map(|(word, what)| (word + "=", what)).collect()
}

fn commands(of: &Command) -> Vec<Word> {
    let shown = of
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let about = |command: &Command| command.get_about().map(ToString::to_string);
    let word = |command: &Command| {
        let name = command.get_name().to_string();
        (name, about(command).unwrap_or_default())
    };
    shown.map(word).collect()
}

fn commands_of_devrun() -> Vec<Word> {
    commands(&Args::command())
}

fn flags(of: &Command) -> Vec<Word> {
    let mut words = Vec::new();
    let shown = of.get_arguments().filter(|flag| !flag.is_hide_set());
    for flag in shown {
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        if let Some(long) = flag.get_long() {
            words.push((format!("--{long}"), help.clone()));
        }
        if let Some(short) = flag.get_short() {
            words.push((format!("-{short}"), help));
        }
    }
    words
}
