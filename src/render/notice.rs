//! The words for what devrun has to say while processes run.

mod ended;
mod stand_in;
mod summary;
mod watching;
mod wiring;

use std::time::Duration;

use crate::render::charset::Charset;
use crate::render::name::Labels;
use crate::render::text::{Page, Text};
use crate::words::exit::Killed;
use crate::words::name::ProcessName;
use crate::words::notice::{Elsewhere, Notice, WaitedFor};
use crate::words::port::Holder;
use crate::words::wire::process::NotReady;
use crate::words::wording::{self, counted, duration, processes};

/// The lines of a notice, as [`Page::lines`] lays them out.
pub(crate) fn lines(notice: &Notice, page: &Page<'_>) -> Vec<String> {
    page.lines(texts(notice, page))
}

/// The same where nothing has to fit and nothing is shortened.
pub(crate) fn plain(notice: &Notice) -> Vec<String> {
    let page = Page {
        columns: usize::MAX,
        labels: &Labels::default(),
        charset: Charset::Utf8,
    };
    lines(notice, &page)
}

/// A line of [`plain`], for another page.
pub(crate) fn again(line: &str, page: &Page<'_>) -> Vec<String> {
    let line = line.to_string();
    // Tables and quoted lines are indented.
    page.lines(vec![if line.starts_with(' ') {
        Text::Verbatim(line)
    } else {
        Text::Prose(line)
    }])
}

fn texts(notice: &Notice, page: &Page<'_>) -> Vec<Text> {
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
        Notice::Exited(ended) => ended::exited(ended, page),
        Notice::SpawnFailed(failed) => ended::not_started(failed, page),
        Notice::FailedFirst(failure) => ended::failed_first(failure),
        Notice::Stopping {
            processes,
            grace,
            hints,
        } => stopping(*processes, *grace, *hints),
        Notice::AllUp { after, rows, hints } => summary::texts(*after, rows, *hints, page),
        Notice::ListensElsewhere(elsewhere) => listens_elsewhere(elsewhere),
        Notice::Done {
            up,
            restarts,
            ignored_lines,
            status: _,
            read_again,
        } => done(*up, *restarts, *ignored_lines, read_again.as_deref()),
        Notice::Started {
            process,
            run: _,
            pid,
            port,
        } => started(process, *pid, *port),
        Notice::SessionStarted { .. }
        | Notice::LineIgnored { .. }
        | Notice::ShellHidden { .. }
        | Notice::PortRemembered { .. }
        | Notice::PortStolen { .. }
        | Notice::PortMoved { .. }
        | Notice::Stopped { .. }
        | Notice::Daemonised { .. }
        | Notice::WaitsForTree { .. }
        | Notice::Ready { .. }
        | Notice::NotReady { .. }
        | Notice::ReadyAgain { .. }
        | Notice::Waits { .. }
        | Notice::Awaited { .. }
        | Notice::NeedFailed { .. }
        | Notice::EnvChanged { .. }
        | Notice::RestartAsked { .. }
        | Notice::StopAsked { .. }
        | Notice::StoppedByHand { .. }
        | Notice::StopsWaiting { .. }
        | Notice::Killed { .. }
        | Notice::Skipped { .. }
        | Notice::SeemsToWait { .. }
        | Notice::OfBash { .. }
        | Notice::Redraws { .. }
        | Notice::Visited { .. }
        | Notice::KillingAll { .. }
        | Notice::Wiring(_)
        | Notice::StandIn(_)
        | Notice::Watching(_)
        | Notice::StoreStopped { .. }
        | Notice::Unreachable { .. }
        | Notice::Unseen
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
            taken_by,
            misled,
        } => {
            let by = taken_by.as_ref().map(|holder| format!(" by {holder}"));
            format!(
                "{process} gets {to}: port {from} was taken meanwhile{}{}",
                by.unwrap_or_default(),
                given_to(misled)
            )
        }
        Notice::Stopped {
            process,
            exit,
            after,
            last_lines: _,
        } => format!("{process} {exit} {}; stopped", elapsed("after", *after)),
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
            let url = url.iter().map(|url| format!(": {url}"));
            let url: String = url.collect();
            format!("{process} is ready after {}{url}", duration(*after))
        }
        Notice::NotReady {
            process,
            why,
            since,
            is_restarted,
        } => not_ready(process, why, *since, *is_restarted),
        Notice::ReadyAgain { process, after } => {
            format!("{process} is ready again after {}", duration(*after))
        }
        Notice::Waits {
            process,
            for_,
            since,
        } => waits(process, for_, *since),
        Notice::NeedFailed {
            process,
            variable: Some(variable),
            provider,
        } => format!("{process} failed: {variable}: {provider} failed"),
        Notice::NeedFailed {
            process,
            variable: None,
            provider,
        } => format!("{process} failed: it is started after {provider}, which failed"),
        Notice::EnvChanged { process, variables } => {
            let variables = wording::listed(variables);
            format!("{process}: {variables} changed, restarting it")
        }
        Notice::Wiring(news) => wiring::sentence(news),
        Notice::StandIn(news) => stand_in::sentence(news),
        Notice::Watching(news) => watching::sentence(news),
        Notice::Awaited { for_ } => {
            let for_ = for_.iter().map(wording::waited_for);
            format!("waiting for {}", wording::listed(for_))
        }
        Notice::RestartAsked { process } => format!("restarting {process}"),
        Notice::StopAsked { process } => format!("stopping {process}"),
        Notice::StoppedByHand { process } => format!("{process} is stopped"),
        Notice::StopsWaiting { process, pid, left } => {
            format!("waiting for {process} (pid {pid}), {} left", seconds(*left))
        }
        Notice::Killed {
            process,
            grace,
            killed,
        } => late(process, *grace, *killed),
        Notice::Skipped { lines, is_stored } => skipped(*lines, *is_stored),
        Notice::SeemsToWait { process } => {
            format!(
                "{process} seems to wait for input: a {} + Enter",
                process.short()
            )
        }
        Notice::OfBash {
            process,
            what,
            instead,
        } => of_bash(process, what, *instead),
        Notice::Redraws { process } => redraws(process),
        Notice::Visited { process, pid } => {
            format!("{process}: its terminal is used from elsewhere (pid {pid})")
        }
        Notice::KillingAll { processes } => format!("killing {}", wording::listed(processes)),
        Notice::StoreStopped { cause } => {
            format!("the log store has stopped: {cause}; devrun logs ends here")
        }
        Notice::Unreachable { cause } => {
            format!("ps, stop, restart and attach will not find this session: {cause}")
        }
        Notice::Unseen => {
            "there is no /proc: who listens, and what becomes a daemon, cannot be seen".into()
        }
        Notice::GuardianLost => "the guardian is gone: ending what it had started".into(),
        Notice::Started { .. }
        | Notice::PortTaken { .. }
        | Notice::Exited(_)
        | Notice::SpawnFailed(_)
        | Notice::FailedFirst(_)
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

fn started(process: &ProcessName, pid: i32, port: Option<u16>) -> Vec<Text> {
    let texts = match port {
        Some(port) => vec![
            format!("{process} started (pid {pid}, PORT={port})"),
            format!("{process} started (PORT={port})"),
        ],
        None => vec![format!("{process} started (pid {pid})")],
    };
    vec![Text::Fitting(texts)]
}

fn waits(process: &ProcessName, for_: &[WaitedFor], since: Duration) -> String {
    let for_ = wording::listed(for_.iter().map(wording::waited_for));
    format!("{process} waits for {for_} ({})", duration(since))
}

fn not_ready(process: &ProcessName, why: &NotReady, since: Duration, is_restarted: bool) -> String {
    let then = match (why.was_ready, is_restarted) {
        (true, true) => "; restarting it".to_string(),
        (true, false) => String::new(),
        (false, _) => format!(" ({})", duration(since)),
    };
    format!("{process} {}{then}", why.words())
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

fn listens_elsewhere(elsewhere: &Elsewhere) -> Vec<Text> {
    let Elsewhere {
        process,
        given,
        url,
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
        Text::Prose(format!("  {url} is dead{}", given_to(misled))),
    ];
    if let Some(cure) = cure {
        texts.push(Text::Typed {
            before: "  in the Procfile:".into(),
            text: cure.clone(),
        });
    }
    texts
}

/// Who has a URL that leads nowhere, if anybody.
fn given_to(misled: &[ProcessName]) -> String {
    let verb = match misled.len() {
        0 => return String::new(),
        1 => "was",
        _ => "were",
    };
    format!("; {} {verb} given that URL", wording::listed(misled))
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

fn of_bash(process: &ProcessName, what: &str, instead: Option<&str>) -> String {
    let instead = instead.map(|instead| format!("`{instead}`, or "));
    let instead = instead.unwrap_or_default();
    format!(
        "{process}: `{what}` is bash's, but /bin/sh runs it: write {instead}`bash -c '…'` around it"
    )
}

fn redraws(process: &ProcessName) -> String {
    let name = process.short();
    format!("{process} redraws its screen: a {name} + Enter shows it; `tty: never` ends that")
}

fn skipped(lines: u64, is_stored: bool) -> String {
    let lines = usize::try_from(lines).unwrap_or(usize::MAX);
    let again = match (is_stored, lines) {
        (false, _) => "",
        (true, 1) => "; devrun logs has it",
        (true, _) => "; devrun logs has them",
    };
    let lines = counted(lines, "line was", "lines were");
    format!("{lines} left out here: nobody could see them{again}")
}

/// Who did not stop within the grace, and what came of it.
fn late(process: &ProcessName, grace: Duration, killed: Killed) -> String {
    let outcome = match killed {
        Killed {
            survivors: 0,
            others,
        } => match others {
            0 => "killed".into(),
            1 => "killed, and its child".into(),
            count => format!("killed, and its {count} children"),
        },
        Killed { survivors, .. } => {
            let left = counted(survivors, "process runs", "processes run");
            format!("{left} on with another user's rights, which devrun may not end")
        }
    };
    format!("{process} did not stop in {}: {outcome}", duration(grace))
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

fn done(up: Duration, restarts: u32, ignored_lines: usize, read_again: Option<&str>) -> Vec<Text> {
    let restarts = match restarts {
        0 => String::new(),
        count => format!(", {}", counted(count as usize, "restart", "restarts")),
    };
    let again = read_again.map(|command| format!(". Read again: {command}"));
    let again = again.unwrap_or_default();
    let done = format!("done. up {}{restarts}{again}", duration(up));
    let mut texts = vec![Text::Prose(done)];
    if ignored_lines > 0 {
        let count = counted(ignored_lines, "line was", "lines were");
        texts.push(Text::Prose(format!(
            "{count} left out: `devrun check` shows them"
        )));
    }
    texts
}

#[cfg(test)]
mod tests;
