//! The words for runs that have ended by themselves, with what they wrote last, and for those that did not begin.

use std::time::Duration;

use crate::render::notice::elapsed;
use crate::render::text::{Page, Text};
use crate::words::name::ProcessName;
use crate::words::notice::{Ended, FirstFailure, Next, NotStarted};
use crate::words::policy::KeyHints;
use crate::words::wording::{self, duration};

pub(super) fn exited(ended: &Ended, page: &Page<'_>) -> Vec<Text> {
    let Ended {
        process,
        exit,
        after,
        next,
        last_lines,
        hints,
    } = ended;
    let ended = format!("{process} {exit} {}", elapsed("after", *after));
    let (mut sentences, is_final) = match next {
        Next::Restart { number, delay } => (vec![restarted(&ended, *number, *delay)], false),
        Next::Completed => (vec![format!("{ended}; completed")], false),
        Next::NotRestarted => (vec![format!("{ended}; not restarted")], true),
        Next::Unstartable => {
            let why = if exit.status() == 127 {
                "command not found"
            } else {
                "not executable"
            };
            (vec![format!("{ended} ({why}); not restarted")], true)
        }
        Next::GivenUp { failures, within } => {
            (vec![ended, given_up(process, *failures, *within)], true)
        }
    };
    let shown = if is_final { last_lines.as_slice() } else { &[] };
    let last = sentences.pop().into_iter().map(|last| match shown {
        [] => Text::Prose(last),
        [..] => Text::Fitting(vec![format!("{last}. Its last lines:"), format!("{last}:")]),
    });
    let sentences = sentences.into_iter().map(Text::Prose).chain(last);
    let hint = is_final.then(|| cure(process, *hints, page)).flatten();
    sentences.chain(quoted(shown)).chain(hint).collect()
}

pub(super) fn not_started(failed: &NotStarted, page: &Page<'_>) -> Vec<Text> {
    let NotStarted {
        process,
        run: _,
        cause,
        next,
        hints,
    } = failed;
    let failed = format!("{process} could not be started: {cause}");
    let (sentences, is_given_up) = match next {
        Next::Restart { number, delay } => (vec![restarted(&failed, *number, *delay)], false),
        Next::NotRestarted => (vec![format!("{failed}; not restarted")], true),
        Next::Completed | Next::Unstartable => (vec![failed], false),
        Next::GivenUp { failures, within } => {
            (vec![failed, given_up(process, *failures, *within)], true)
        }
    };
    let hint = is_given_up.then(|| cure(process, *hints, page)).flatten();
    sentences.into_iter().map(Text::Prose).chain(hint).collect()
}

fn restarted(end: &str, number: u32, delay: Duration) -> String {
    format!("{end}; restart {number} {}", elapsed("in", delay))
}

fn given_up(process: &ProcessName, failures: u32, within: Duration) -> String {
    let within = duration(within);
    let times = wording::counted(failures as usize, "time", "times");
    format!("{process} failed {times} in {within}, given up")
}

/// What starts a process again that was given up.
fn cure(process: &ProcessName, hints: KeyHints, page: &Page<'_>) -> Option<Text> {
    let name = process.short();
    let (keys, command) = (
        format!("r {name} + Enter"),
        format!("devrun restart {name}"),
    );
    let usual = "failed; waiting for a change or";
    let before = match page.has_room_for(usual) {
        true => usual,
        false => "waits for a change, or:",
    };
    let both = format!("{keys}, or {command}");
    let text = match hints {
        KeyHints::None => return None,
        KeyHints::CtrlC | KeyHints::Clients => command,
        KeyHints::Commands if page.has_room_for(&format!("{before} {both}")) => both,
        KeyHints::Commands => keys,
    };
    let before = before.into();
    Some(Text::Typed { before, text })
}

/// What a process wrote.
fn quoted(lines: &[String]) -> impl Iterator<Item = Text> {
    lines.iter().map(|line| Text::Verbatim(format!("  {line}")))
}

pub(super) fn failed_first(failure: &FirstFailure) -> Vec<Text> {
    let FirstFailure {
        process,
        exit,
        ago,
        last_lines,
        took_down,
    } = failure;
    let ago = elapsed_since(*ago);
    let colon = if last_lines.is_empty() { "" } else { ":" };
    let first = format!("first failure: {process} {exit}{ago}{colon}");
    let took_down = (!took_down.is_empty())
        .then(|| Text::Prose(format!("it took down {}", wording::listed(took_down))));
    [Text::Prose(first)]
        .into_iter()
        .chain(quoted(last_lines))
        .chain(took_down)
        .collect()
}

/// ", 12 s ago"; nothing where that was just now.
fn elapsed_since(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        return String::new();
    }
    format!(", {} ago", duration(time))
}
