//! The words for what devrun has to say while processes run.

use std::time::Duration;

use crate::words::name::ProcessName;
use crate::words::notice::{Elsewhere, Ended, Next, Notice, Shown, SummaryRow};
use crate::words::port::Holder;
use crate::words::wording::{self, counted, duration, processes};

/// The lines of a notice. Prose that would be wider than `columns` goes on in another line, two columns
/// further in; a word that is wider alone is not cut. Rows of a table, lines of a process and what is to
/// be copied stay whole.
pub(crate) fn lines(notice: &Notice, columns: usize) -> Vec<String> {
    let rows = |text: Text| match text {
        Text::Prose(text) => wrapped(&wording::escaped(&text), columns),
        Text::Verbatim(text) => vec![wording::escaped(&text).into_owned()],
    };
    texts(notice).into_iter().flat_map(rows).collect()
}

enum Text {
    Prose(String),
    Verbatim(String),
}

fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut rows = Vec::new();
    let mut row = " ".repeat(indent);
    let mut is_empty = true;
    for piece in pieces(line) {
        if !is_empty && row.chars().count() + 1 + piece.chars().count() > columns {
            rows.push(std::mem::replace(&mut row, " ".repeat(indent + 2)));
        } else if !is_empty {
            row.push(' ');
        }
        row.push_str(&piece);
        is_empty = false;
    }
    rows.push(row);
    rows
}

/// The words of a line, each number with its unit: "15 s,".
fn pieces(line: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let is_unit = matches!(word.trim_end_matches([',', ';', ')', ':']), "s" | "m" | "h");
        match pieces.last_mut() {
            Some(number) if is_unit && number.ends_with(|c: char| c.is_ascii_digit()) => {
                number.push(' ');
                number.push_str(word);
            }
            Some(_) | None => pieces.push(word.to_string()),
        }
    }
    pieces
}

fn texts(notice: &Notice) -> Vec<Text> {
    match notice {
        Notice::PortTaken {
            port,
            holder,
            process,
            instead,
        } => {
            let gets = instead.map(|port| Text::Prose(format!("{process} gets {port}")));
            [Text::Prose(taken(*port, holder))]
                .into_iter()
                .chain(gets)
                .collect()
        }
        Notice::Exited(ended) => exited(ended),
        Notice::Stopping {
            processes,
            grace,
            hints,
        } => stopping(*processes, *grace, *hints),
        Notice::AllUp { after, rows, hints } => summary(*after, rows, *hints),
        Notice::ListensElsewhere(elsewhere) => listens_elsewhere(elsewhere),
        Notice::Done {
            up,
            restarts,
            ignored_lines,
        } => done(*up, *restarts, *ignored_lines),
        Notice::SessionStarted { .. }
        | Notice::LineIgnored { .. }
        | Notice::ShellHidden { .. }
        | Notice::PortRemembered { .. }
        | Notice::PortStolen { .. }
        | Notice::PortMoved { .. }
        | Notice::Started { .. }
        | Notice::SpawnFailed { .. }
        | Notice::Daemonised { .. }
        | Notice::WaitsForTree { .. }
        | Notice::Ready { .. }
        | Notice::StopsWaiting { .. }
        | Notice::Killed { .. }
        | Notice::KillingAll { .. }
        | Notice::GuardianLost => vec![Text::Prose(sentence(notice))],
    }
}

/// The notices that are one sentence.
fn sentence(notice: &Notice) -> String {
    match notice {
        Notice::SessionStarted {
            procfile,
            processes,
            env_files,
        } => opening(procfile, *processes, env_files),
        Notice::LineIgnored { place, why } => format!("{place} is left out: {why}"),
        Notice::ShellHidden { name, place, value } => hidden(name, place, value.as_deref()),
        Notice::PortRemembered {
            process,
            port,
            usual,
        } => {
            format!("{process} keeps {port}: {usual} was another app's the last time")
        }
        Notice::PortStolen {
            process,
            port,
            holder,
        } => {
            format!("port {port} of {process} is in the hands of {holder}")
        }
        Notice::PortMoved {
            process,
            from,
            to,
            misled,
        } => {
            format!(
                "{process} gets {to}: port {from} was taken meanwhile{}",
                given_to(misled)
            )
        }
        Notice::Started {
            process,
            pid,
            port: Some(port),
        } => {
            format!("{process} started (pid {pid}, PORT={port})")
        }
        Notice::Started {
            process,
            pid,
            port: None,
        } => format!("{process} started (pid {pid})"),
        Notice::SpawnFailed { process, cause } => {
            format!("{process} could not be started: {cause}")
        }
        Notice::Daemonised { process } => {
            format!("{process} runs on as a daemon: its first process ended with status 0")
        }
        Notice::WaitsForTree {
            process,
            exit,
            left,
        } => {
            let left = counted(
                *left,
                "process of its tree lives",
                "processes of its tree live",
            );
            format!("{process} {exit}; {left} on and got SIGTERM")
        }
        Notice::Ready {
            process,
            url,
            after,
        } => {
            format!("{process} is ready after {}: {url}", duration(*after))
        }
        Notice::StopsWaiting { process, pid, left } => {
            format!("waiting for {process} (pid {pid}), {} left", seconds(*left))
        }
        Notice::Killed {
            process,
            grace,
            others,
        } => killed(process, *grace, *others),
        Notice::KillingAll { processes: count } => format!("killing {}", processes(*count)),
        Notice::GuardianLost => "the guardian is gone: ending what it had started".into(),
        Notice::PortTaken { .. }
        | Notice::Exited(_)
        | Notice::Stopping { .. }
        | Notice::AllUp { .. }
        | Notice::ListensElsewhere(_)
        | Notice::Done { .. } => String::new(),
    }
}

fn opening(procfile: &str, count: usize, env_files: &[(String, usize)]) -> String {
    let file = |(file, variables): &(String, usize)| {
        format!("; {file}, {}", counted(*variables, "variable", "variables"))
    };
    let files: String = env_files.iter().map(file).collect();
    let version = env!("CARGO_PKG_VERSION");
    format!("devrun {version}: {procfile}, {}{files}", processes(count))
}

fn hidden(name: &str, place: &str, value: Option<&str>) -> String {
    let way_out = value.map(|value| format!("; for one run: --set {name}={value}"));
    format!(
        "{name}: {place} hides your shell's value{}",
        way_out.unwrap_or_default()
    )
}

fn taken(port: u16, holder: &Holder) -> String {
    match holder {
        Holder::RefusedByBrowsers => format!("port {port} is one that browsers refuse"),
        Holder::NeedsPrivilege => format!("port {port} needs privileges"),
        Holder::Neighbour(process) => format!("port {port} belongs to {process}"),
        Holder::Process { .. }
        | Holder::Devrun { .. }
        | Holder::OtherUser
        | Holder::Unknown
        | Holder::AirPlay => format!("port {port} is taken by {holder}"),
    }
}

fn exited(ended: &Ended) -> Vec<Text> {
    let Ended {
        process,
        exit,
        after,
        next,
        last_lines,
    } = ended;
    let after = elapsed("after", *after);
    let (then, is_final) = match next {
        Next::Restart { number, delay } => {
            (format!("; restart {number} in {}", duration(*delay)), false)
        }
        Next::Completed => ("; completed".to_string(), false),
        Next::NotRestarted => ("; not restarted".to_string(), true),
        Next::Unstartable => {
            let why = if exit.status() == 127 {
                "command not found"
            } else {
                "not executable"
            };
            (format!(" ({why}); not restarted"), true)
        }
        Next::GivenUp { failures, within } => (
            format!(
                "; failed {failures} times in {}, given up",
                duration(*within)
            ),
            true,
        ),
    };
    let mut texts = vec![Text::Prose(format!("{process} {exit} {after}{then}"))];
    if is_final && !last_lines.is_empty() {
        texts.push(Text::Prose(format!("the last lines of {process}:")));
        texts.extend(
            last_lines
                .iter()
                .map(|line| Text::Verbatim(format!("  {line}"))),
        );
    }
    texts
}

fn summary(after: Duration, rows: &[SummaryRow], hints: bool) -> Vec<Text> {
    let is_up = |row: &&SummaryRow| match row.state {
        Shown::Running | Shown::RunningDaemon | Shown::Ready | Shown::Completed => true,
        Shown::Waiting
        | Shown::Starting
        | Shown::Restarting
        | Shown::Failed
        | Shown::Stopping
        | Shown::Stopped => false,
    };
    let up = rows.iter().filter(is_up).count();
    let after = elapsed("in", after);
    let first = if up == rows.len() {
        format!("all up {after}")
    } else {
        format!("{up} of {} up {after}", processes(rows.len()))
    };
    let widest = rows
        .iter()
        .map(|row| row.process.to_string().len())
        .max()
        .unwrap_or(0);
    let mut texts = vec![Text::Prose(first)];
    texts.extend(
        rows.iter()
            .map(|row| Text::Verbatim(summary_row(row, widest))),
    );
    if hints {
        texts.push(Text::Prose("Ctrl-C: stop".into()));
    }
    texts
}

fn summary_row(row: &SummaryRow, widest: usize) -> String {
    let about = match (&row.url, row.elsewhere) {
        (Some(url), _) => url.clone(),
        (None, Some(port)) => format!("(listens on {port})"),
        (None, None) if row.does_not_listen => "(does not listen)".into(),
        (None, None) => String::new(),
    };
    let (name, state) = (row.process.to_string(), row.state.word());
    format!("  {name:widest$}  {state:7}  {about}")
        .trim_end()
        .to_string()
}

fn listens_elsewhere(elsewhere: &Elsewhere) -> Vec<Text> {
    let Elsewhere {
        process,
        given,
        found,
        loopback_only,
        command,
        pid,
        misled,
        cure,
    } = elsewhere;
    let reach = if *loopback_only {
        ", 127.0.0.1 only"
    } else {
        ""
    };
    let mut texts = vec![
        Text::Prose(format!(
            "{process} was given PORT={given} but listens on {found} ({command}, pid {pid}{reach})"
        )),
        Text::Prose(format!(
            "  http://localhost:{given} is dead{}",
            given_to(misled)
        )),
    ];
    if let Some(cure) = cure {
        texts.push(Text::Prose("  in the Procfile:".into()));
        texts.push(Text::Verbatim(format!("    {cure}")));
    }
    texts
}

/// Who has a URL that leads nowhere, if anybody.
fn given_to(misled: &[ProcessName]) -> String {
    let misled: Vec<String> = misled.iter().map(ToString::to_string).collect();
    match misled.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} was given that URL"),
        many => format!("; {} were given that URL", many.join(", ")),
    }
}

fn stopping(count: usize, grace: Duration, hints: bool) -> Vec<Text> {
    let (count, grace) = (processes(count), duration(grace));
    let mut texts = vec![Text::Prose(format!(
        "stopping {count}: SIGTERM, after {grace} SIGKILL"
    ))];
    if hints {
        texts.push(Text::Prose("Ctrl-C again kills now".into()));
    }
    texts
}

fn killed(process: &ProcessName, grace: Duration, others: usize) -> String {
    let others = match others {
        0 => String::new(),
        1 => ", and its child".into(),
        count => format!(", and its {count} children"),
    };
    format!(
        "{process} did not stop in {}: killed{others}",
        duration(grace)
    )
}

/// "in 2.1 s", "after 3 m 28 s"; what is too short to be measured is "at once".
fn elapsed(word: &str, time: Duration) -> String {
    if time < Duration::from_millis(5) {
        return "at once".into();
    }
    format!("{word} {}", duration(time))
}

/// Whole seconds, rounded: what is left of a wait needs no more.
fn seconds(left: Duration) -> String {
    format!("{} s", (left.as_secs_f64().round() as u64).max(1))
}

fn done(up: Duration, restarts: u32, ignored_lines: usize) -> Vec<Text> {
    let restarts = match restarts {
        0 => String::new(),
        count => format!(", {}", counted(count as usize, "restart", "restarts")),
    };
    let mut texts = vec![Text::Prose(format!("done. up {}{restarts}", duration(up)))];
    if ignored_lines > 0 {
        let count = counted(ignored_lines, "line was", "lines were");
        texts.push(Text::Prose(format!(
            "{count} left out: `devrun check` shows them"
        )));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::exit::Exit;
    use crate::words::name::ProcessType;

    fn name(process_type: &str) -> ProcessName {
        ProcessName::first(ProcessType::new(process_type).unwrap())
    }

    fn check(notice: &Notice, expected: &[&str]) {
        assert_eq!(lines(notice, 60), expected);
    }

    fn ended(exit: Exit, next: Next, last_lines: &[&str]) -> Notice {
        Notice::Exited(Ended {
            process: name("worker"),
            exit,
            after: Duration::from_secs(208),
            next,
            last_lines: last_lines.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn the_first_line_names_what_was_read() {
        let notice = Notice::SessionStarted {
            procfile: "Procfile".into(),
            processes: 3,
            env_files: vec![(".env".into(), 6), (".env.local".into(), 1)],
        };
        let version = env!("CARGO_PKG_VERSION");
        let first = format!("devrun {version}: Procfile, 3 processes; .env, 6 variables;");
        check(&notice, &[&first, "  .env.local, 1 variable"]);
    }

    #[test]
    fn an_exit_says_what_follows_and_only_the_last_one_shows_lines() {
        let number = Next::Restart {
            number: 1,
            delay: Duration::from_millis(500),
        };
        let line = "worker.1 exited with status 1 after 3 m 28 s; restart 1 in";
        check(&ended(Exit::Status(1), number, &["x"]), &[line, "  0.5 s"]);
        let given_up = Next::GivenUp {
            failures: 6,
            within: Duration::from_secs(34),
        };
        check(
            &ended(
                Exit::Signal(11),
                given_up,
                &["ZeroDivisionError: division by zero"],
            ),
            &[
                "worker.1 was killed by SIGSEGV after 3 m 28 s; failed 6",
                "  times in 34 s, given up",
                "the last lines of worker.1:",
                "  ZeroDivisionError: division by zero",
            ],
        );
        check(
            &ended(Exit::Status(127), Next::Unstartable, &[]),
            &[
                "worker.1 exited with status 127 after 3 m 28 s (command not",
                "  found); not restarted",
            ],
        );
        check(
            &ended(Exit::Status(0), Next::Completed, &["x"]),
            &["worker.1 exited with status 0 after 3 m 28 s; completed"],
        );
    }

    #[test]
    fn the_summary_has_a_url_only_where_it_is_served() {
        let row = |process, state, url: Option<&str>, does_not_listen| SummaryRow {
            process: name(process),
            state,
            url: url.map(Into::into),
            does_not_listen,
            elsewhere: None,
        };
        let rows = vec![
            row("web", Shown::Ready, Some("http://localhost:5000"), false),
            row("worker", Shown::Running, None, true),
        ];
        let after = Duration::from_millis(2100);
        check(
            &Notice::AllUp {
                after,
                rows: rows.clone(),
                hints: false,
            },
            &[
                "all up in 2.1 s",
                "  web.1     ready    http://localhost:5000",
                "  worker.1  running  (does not listen)",
            ],
        );
        let rows = [rows, vec![row("db", Shown::Failed, None, false)]].concat();
        let shown = lines(
            &Notice::AllUp {
                after,
                rows,
                hints: true,
            },
            60,
        );
        assert_eq!(shown.first().unwrap(), "2 of 3 processes up in 2.1 s");
        assert_eq!(shown.last().unwrap(), "Ctrl-C: stop");
    }

    #[test]
    fn a_taken_port_is_said_with_its_holder() {
        let notice = |holder| Notice::PortTaken {
            port: 5000,
            holder,
            process: name("web"),
            instead: Some(5001),
        };
        let holder = Holder::Process {
            pid: 2214,
            command: "next dev".into(),
            directory: Some("~/blog".into()),
        };
        check(
            &notice(holder),
            &[
                "port 5000 is taken by next dev (pid 2214, in ~/blog)",
                "web.1 gets 5001",
            ],
        );
        check(
            &notice(Holder::RefusedByBrowsers),
            &["port 5000 is one that browsers refuse", "web.1 gets 5001"],
        );
    }

    #[test]
    fn a_wrong_port_is_said_with_its_cure() {
        let notice = Notice::ListensElsewhere(Elsewhere {
            process: name("web"),
            given: 5000,
            found: 5173,
            loopback_only: true,
            command: "node".into(),
            pid: 41231,
            misled: vec![name("api")],
            cure: Some("web: vite --port $PORT --strictPort".into()),
        });
        check(
            &notice,
            &[
                "web.1 was given PORT=5000 but listens on 5173 (node, pid",
                "  41231, 127.0.0.1 only)",
                "  http://localhost:5000 is dead; api.1 was given that URL",
                "  in the Procfile:",
                "    web: vite --port $PORT --strictPort",
            ],
        );
    }

    #[test]
    fn a_stop_names_and_counts_what_had_to_be_killed() {
        let grace = Duration::from_secs(5);
        let stopping = |hints| Notice::Stopping {
            processes: 3,
            grace,
            hints,
        };
        let line = "stopping 3 processes: SIGTERM, after 5 s SIGKILL";
        check(&stopping(false), &[line]);
        check(&stopping(true), &[line, "Ctrl-C again kills now"]);
        let left = Duration::from_millis(3990);
        check(
            &Notice::StopsWaiting {
                process: name("worker"),
                pid: 41377,
                left,
            },
            &["waiting for worker.1 (pid 41377), 4 s left"],
        );
        let killed = |others| Notice::Killed {
            process: name("worker"),
            grace,
            others,
        };
        check(&killed(0), &["worker.1 did not stop in 5 s: killed"]);
        check(
            &killed(2),
            &["worker.1 did not stop in 5 s: killed, and its 2 children"],
        );
        let up = Duration::from_secs(954);
        check(
            &Notice::Done {
                up,
                restarts: 2,
                ignored_lines: 1,
            },
            &[
                "done. up 15 m 54 s, 2 restarts",
                "1 line was left out: `devrun check` shows them",
            ],
        );
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let notice = Notice::SpawnFailed {
            process: name("web"),
            cause: "a\u{1b}[2Jb".into(),
        };
        check(&notice, &["web.1 could not be started: a\\x1b[2Jb"]);
    }
}
