//! The words for what devrun answers to what was typed.

use std::time::Duration;

use crate::render::text::{Page, Text};
use crate::words::answer::{Answer, ProcessRow};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::WaitedFor;
use crate::words::stand_in::Program;
use crate::words::wording::{self, counted, duration, listed};

/// Each with its letter.
const COMMANDS: [(&str, &str); 11] = [
    ("r [NAME…]", "restart; alone: what failed"),
    ("x NAME…", "stop"),
    ("s [NAME…]", "start; alone: what was stopped"),
    ("a [NAME]", "its terminal; alone: of who waits for input"),
    ("m [NAME…]", "mute, or no more; alone: show all"),
    ("f [NAME…]", "focus: only these; alone: show all"),
    ("o [NAME]", "open its URL in the browser"),
    ("u [NAME…]", "URLs"),
    ("l [NAME…]", "list"),
    ("q", "quit, as Ctrl-C does"),
    ("h or ?", "help"),
];

/// What each command does, for when a name is missing.
const EXAMPLES: [(char, &str); 3] = [
    ('x', "x web stops web, x all stops all; q quits"),
    ('a', "a web shows web's terminal"),
    ('m', "m web mutes web"),
];

/// The lines of an answer, as [`Page::lines`] lays them out.
pub(crate) fn lines(answer: &Answer, page: &Page<'_>) -> Vec<String> {
    page.lines(texts(answer, page))
}

fn texts(answer: &Answer, page: &Page<'_>) -> Vec<Text> {
    match answer {
        Answer::Help { detach_keys } => help(detach_keys, page),
        Answer::List(rows) => list(rows, page),
        Answer::Urls(rows) => urls(rows, page),
        Answer::UnknownCommand { .. }
        | Answer::NameMissing { .. }
        | Answer::QuitTakesNoName
        | Answer::UnknownProcess { .. }
        | Answer::Ambiguous { .. }
        | Answer::NothingFailed
        | Answer::NothingStopped
        | Answer::RunsAlready(_)
        | Answer::NotRunning(_)
        | Answer::RunsElsewhere { .. }
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
        | Answer::StoodIn { .. }
        | Answer::AttachedEnded(_)
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
        Answer::QuitTakesNoName => "q quits all and takes no name; x web stops web".into(),
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
        Answer::RunsElsewhere { process, directory } => {
            format!("{process} is not this session's: it belongs to {directory}")
        }
        Answer::NotRunning(process) => {
            format!("{process} does not run; s {} starts it", process.short())
        }
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
            format!("{process} has no terminal to be shown: it runs with `--tty never`")
        }
        Answer::StoodIn { process, by } => {
            let Program { pid, command } = by;
            format!("{process} is run by `{command}` (pid {pid}), in a terminal of its own")
        }
        Answer::Detached { process, waits } => {
            let does = if *waits { "waits for input" } else { "goes on" };
            format!("left {process}'s terminal; it {does}")
        }
        Answer::AttachedEnded(process) => {
            format!("{process} has ended: what you type is for devrun again")
        }
        Answer::Help { .. } | Answer::List(_) | Answer::Urls(_) => String::new(),
    }
}

fn help(detach_keys: &str, page: &Page<'_>) -> Vec<Text> {
    let commands = COMMANDS.map(|(keys, does)| (page.prose(keys), does));
    let widest = commands.iter().map(|(keys, _)| keys.chars().count());
    let widest = widest.max().unwrap_or(0);
    let beside = |(keys, does): &(String, &str)| vec![format!("  {keys:widest$}  {does}")];
    let running_on =
        |(keys, does): &(String, &str)| page.lines(vec![Text::Prose(format!("{keys}: {does}"))]);
    let rows = page.table(&commands, &[&beside, &running_on]).concat();
    let about = format!(
        "a name may be shortened, `web` means all its instances, `all` all; \
         {detach_keys} leaves a terminal"
    );
    std::iter::once(Text::Prose("a letter, then Enter:".into()))
        .chain(rows.into_iter().map(Text::Verbatim))
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

/// A process as its row has it.
struct Row {
    label: String,
    state: &'static str,
    up: String,
    pid: String,
    /// Its URL, or where it listens in its place.
    place: Option<String>,
}

impl Row {
    fn new(row: &ProcessRow, page: &Page<'_>) -> Self {
        Self {
            label: page.label(&row.process),
            state: row.state.word(),
            up: row.up.map_or_else(String::new, age),
            pid: row.pid.map_or_else(String::new, |pid| format!("pid {pid}")),
            place: place(row),
        }
    }

    fn place(&self) -> &str {
        self.place.as_deref().unwrap_or_default()
    }
}

/// Where it is reached, and what else makes it special.
fn place(row: &ProcessRow) -> Option<String> {
    let place = wording::place(row.url.as_deref(), row.elsewhere);
    let stand_in = row.stand_in.then(|| "(stand-in)".to_string());
    match (place, stand_in) {
        (Some(place), Some(stand_in)) => Some(format!("{place} {stand_in}")),
        (place, stand_in) => {
            let waits = || row.waits.then(|| "(waits for input)".into());
            place.or(stand_in).or_else(waits)
        }
    }
}

/// What there is no room for is left out, the least important first.
fn list(rows: &[ProcessRow], page: &Page<'_>) -> Vec<Text> {
    let shown: Vec<Row> = rows.iter().map(|row| Row::new(row, page)).collect();
    let label_width = widest(&shown);
    let states = shown.iter().map(|row| row.state.len());
    let state_width = states.max().unwrap_or(0);
    let begun = |row: &Row| format!("{:label_width$}  {:state_width$}", row.label, row.state);
    let line = |line: String| vec![line.trim_end().to_string()];
    let whole = |row: &Row| {
        let Row { up, pid, .. } = row;
        line(format!(
            "{}  {up:>4}  {pid:11}  {}",
            begun(row),
            row.place()
        ))
    };
    let without_pid = |row: &Row| line(format!("{}  {:>4}  {}", begun(row), row.up, row.place()));
    let without_age = |row: &Row| line(format!("{}  {}", begun(row), row.place()));
    let with_place_below = |first: String, row: &Row| {
        let mut lines = line(first);
        lines.extend(row.place.iter().map(|place| format!("  {place}")));
        lines
    };
    let place_below = |row: &Row| with_place_below(format!("{}  {:>4}", begun(row), row.up), row);
    let least = |row: &Row| with_place_below(begun(row), row);
    let table = page.table(
        &shown,
        &[&whole, &without_pid, &without_age, &place_below, &least],
    );
    let with_cause = |(lines, row): (Vec<String>, &ProcessRow)| {
        let cause = row.failure.as_ref().map(cause);
        let waits_for = waits_for(&row.waits_for);
        let not_ready = row.not_ready.as_ref();
        let not_ready = not_ready.map(|why| Text::Prose(format!("  {}", why.words())));
        let lines = lines.into_iter().map(Text::Verbatim);
        lines.chain(cause).chain(waits_for).chain(not_ready)
    };
    table.into_iter().zip(rows).flat_map(with_cause).collect()
}

fn waits_for(waits_for: &[WaitedFor]) -> Option<Text> {
    let all = listed(waits_for.iter().map(wording::waited_for));
    (!waits_for.is_empty()).then(|| Text::Prose(format!("  waits for {all}")))
}

fn cause((exit, ago, last_line): &(Exit, Duration, Option<String>)) -> Text {
    let line = last_line
        .as_deref()
        .map_or_else(String::new, |line| format!(": {line}"));
    Text::Prose(format!("  {exit}, {} ago{line}", duration(*ago)))
}

fn urls(rows: &[ProcessRow], page: &Page<'_>) -> Vec<Text> {
    let rows: Vec<Row> = rows.iter().map(|row| Row::new(row, page)).collect();
    let widest = widest(&rows);
    let beside = |row: &Row| {
        let state = format!("({})", row.state);
        vec![format!(
            "{:widest$}  {}",
            row.label,
            row.place.as_deref().unwrap_or(&state)
        )]
    };
    let below = |row: &Row| match &row.place {
        Some(place) => vec![row.label.clone(), format!("  {place}")],
        None => beside(row),
    };
    let table = page.table(&rows, &[&beside, &below]).concat();
    table.into_iter().map(Text::Verbatim).collect()
}

fn widest(rows: &[Row]) -> usize {
    let widths = rows.iter().map(|row| row.label.chars().count());
    widths.max().unwrap_or(0)
}

/// "12 s", "3 m", "2 h": in four columns.
pub(super) fn age(up: Duration) -> String {
    match up.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} m", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests;
