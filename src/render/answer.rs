//! The words for what devrun answers to what was typed.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::render::text::{self, Text};
use crate::words::answer::{Answer, ProcessRow};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::wording::{self, counted, duration, listed};

/// Each with its letter.
const COMMANDS: [(&str, &str); 11] = [
    ("r [NAME…]", "restart; alone: what failed"),
    ("x NAME…", "stop"),
    ("s [NAME…]", "start; alone: what was stopped"),
    ("a NAME", "its terminal: keys go to it"),
    ("m [NAME…]", "mute, or no more; alone: show all"),
    ("f [NAME…]", "focus: only these; alone: show all"),
    ("o [NAME]", "open its URL in the browser"),
    ("u", "URLs"),
    ("l", "list"),
    ("q", "quit, as Ctrl-C does"),
    ("h", "help"),
];

/// What each command does, for when a name is missing.
const EXAMPLES: [(char, &str); 3] = [
    ('x', "x web stops web, x all stops all; q quits"),
    ('a', "a web shows web's terminal"),
    ('m', "m web mutes web"),
];

/// The lines of an answer. Rows of a table are cut to `columns`, prose is wrapped.
pub(crate) fn lines(answer: &Answer, columns: usize) -> Vec<String> {
    text::lines(texts(answer, columns), columns)
}

fn texts(answer: &Answer, columns: usize) -> Vec<Text> {
    match answer {
        Answer::Help { detach_keys } => help(detach_keys),
        Answer::List(rows) => list(rows, columns),
        Answer::Urls(rows) => urls(rows),
        Answer::UnknownCommand { .. }
        | Answer::NameMissing { .. }
        | Answer::UnknownProcess { .. }
        | Answer::Ambiguous { .. }
        | Answer::NothingFailed
        | Answer::NothingStopped
        | Answer::RunsAlready(_)
        | Answer::NotRunning(_)
        | Answer::Muted(_)
        | Answer::Unmuted { .. }
        | Answer::NobodyMuted
        | Answer::Focused(_)
        | Answer::NotServed(_)
        | Answer::NobodyServes
        | Answer::Opening { .. }
        | Answer::CannotOpen { .. }
        | Answer::Attached { .. }
        | Answer::HasNoTerminal(_)
        | Answer::Detached { .. } => vec![Text::Prose(sentence(answer))],
    }
}

/// The answers that are one sentence.
fn sentence(answer: &Answer) -> String {
    match answer {
        Answer::UnknownCommand { typed } => {
            format!("`{typed}` is no command; h + Enter shows them, Ctrl-C stops all")
        }
        Answer::NameMissing { command } => {
            let mut examples = EXAMPLES.iter().filter(|(letter, _)| letter == command);
            let example = examples.next().map_or("", |(_, example)| *example);
            format!("which process? {example}")
        }
        Answer::UnknownProcess { asked, names } => {
            let near = wording::did_you_mean(asked, names);
            let near = near.map_or_else(String::new, |near| format!("; {near}"));
            format!(
                "no process is called `{asked}`: there are {}{near}",
                listed(names)
            )
        }
        Answer::Ambiguous { asked, names } => {
            format!(
                "`{asked}` could be {}: type more of it",
                wording::choice(names)
            )
        }
        Answer::NothingFailed => {
            "nothing has failed; r web restarts web, r all restarts all".into()
        }
        Answer::NothingStopped => "nothing was stopped by hand; s web starts web".into(),
        Answer::RunsAlready(process) => format!("{process} runs already; r restarts it"),
        Answer::NotRunning(process) => format!("{process} does not run"),
        Answer::Muted(processes) => format!("muted: {}; m shows all again", listed(processes)),
        Answer::Unmuted { processes, hidden } => unmuted(processes, *hidden),
        Answer::NobodyMuted => "nobody is muted; m web mutes web".into(),
        Answer::Focused(processes) => format!("only {}; f shows all again", listed(processes)),
        Answer::NotServed(process) => format!("{process} serves no URL"),
        Answer::NobodyServes => "nobody serves a URL".into(),
        Answer::Opening { url } => format!("opening {url}"),
        Answer::CannotOpen { url, cause } => format!("{url} could not be opened: {cause}"),
        Answer::Attached {
            process,
            detach_keys,
        } => {
            format!("this is {process}'s terminal, Ctrl-C too is for it; {detach_keys} leaves")
        }
        Answer::HasNoTerminal(process) => {
            format!(
                "{process} has no terminal to be shown: it does not run, or runs with `--tty never`"
            )
        }
        Answer::Detached { process } => format!("left {process}'s terminal; it goes on"),
        Answer::Help { .. } | Answer::List(_) | Answer::Urls(_) => String::new(),
    }
}

fn help(detach_keys: &str) -> Vec<Text> {
    let row = |(keys, does): &(&str, &str)| Text::Verbatim(format!("  {keys:9}  {does}"));
    let about = format!(
        "a name may be shortened, `web` means all its instances, `all` all; \
         {detach_keys} leaves a terminal"
    );
    let first = Text::Prose("a letter, then Enter:".into());
    let rows = COMMANDS.iter().map(row);
    std::iter::once(first)
        .chain(rows)
        .chain([Text::Prose(about)])
        .collect()
}

fn unmuted(processes: &[ProcessName], hidden: u64) -> String {
    let lines = counted(
        usize::try_from(hidden).unwrap_or(usize::MAX),
        "line was",
        "lines were",
    );
    match hidden {
        0 => format!("shown again: {}", listed(processes)),
        _ => format!("shown again: {}; {lines} left out", listed(processes)),
    }
}

fn list(rows: &[ProcessRow], columns: usize) -> Vec<Text> {
    let widest = widest(rows);
    let states = rows.iter().map(|row| row.state.word().len());
    let widest_state = states.max().unwrap_or(0);
    let row = |row: &ProcessRow| {
        let (name, state) = (row.process.to_string(), row.state.word());
        let known = format!("{name:widest$}  {state:widest_state$}");
        let up = row.up.map_or_else(String::new, age);
        let pid = row.pid.map_or_else(String::new, |pid| format!("pid {pid}"));
        let url = row.url.as_deref().unwrap_or_default();
        // What there is no room for is left out, the least important first.
        let rows = [
            format!("{known}  {up:>4}  {pid:11}  {url}"),
            format!("{known}  {up:>4}  {url}"),
            format!("{known}  {url}"),
            format!("{name:widest$}  {state}"),
        ];
        let rows = rows.map(|row| row.trim_end().to_string());
        let fits = rows.iter().find(|row| row.width() <= columns);
        let row_text = fits.unwrap_or(&rows[3]).clone();
        let cause = row.failure.as_ref().map(cause);
        std::iter::once(Text::Verbatim(row_text)).chain(cause)
    };
    rows.iter().flat_map(row).collect()
}

fn cause((exit, ago, last_line): &(Exit, Duration, Option<String>)) -> Text {
    let line = last_line
        .as_deref()
        .map_or_else(String::new, |line| format!(": {line}"));
    Text::Prose(format!("  {exit}, {} ago{line}", duration(*ago)))
}

fn urls(rows: &[ProcessRow]) -> Vec<Text> {
    let widest = widest(rows);
    let row = |row: &ProcessRow| {
        let about = match &row.url {
            Some(url) => url.clone(),
            None => format!("({})", row.state.word()),
        };
        Text::Verbatim(format!("{:widest$}  {about}", row.process.to_string()))
    };
    rows.iter().map(row).collect()
}

fn widest(rows: &[ProcessRow]) -> usize {
    let widths = rows.iter().map(|row| row.process.to_string().len());
    widths.max().unwrap_or(0)
}

/// "12 s", "3 m", "2 h": in four columns.
fn age(up: Duration) -> String {
    match up.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} m", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests;
