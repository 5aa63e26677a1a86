//! Units of systemd: one for each process, as foreman has them, and a target that starts and stops them all.

use crate::export::app::{App, Process, Service, seconds, signal, written_by};
use crate::export::config::Config;
use crate::export::env_file::env_file;
use crate::export::ready::{self, LONGEST};
use crate::export::{File, Manager, Target};
use crate::plan::command;
use crate::words::policy::RestartPolicy;
use crate::words::report::Report;

/// From one start to the next, in seconds.
const DELAY: u32 = 1;
/// A run that lasts so long, in seconds, ends a row of failures.
const LASTING: u32 = 10;
/// An end by one of these is no failure to systemd either (systemd.service(5), `SuccessExitStatus=`).
const CLEAN: [&str; 4] = ["SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM"];

/// # Errors
/// A directory that no unit can name.
pub(crate) fn files(app: &App, manager: &Manager) -> Result<Vec<File>, Vec<Report>> {
    let mut files = vec![File {
        name: format!("{}.target", app.name),
        text: target(app, manager),
    }];
    let mut errors: Vec<Report> = Vec::new();
    for service in &app.services {
        let directory = match directory(service) {
            Ok(directory) => directory,
            Err(report) => {
                errors.push(report);
                continue;
            }
        };
        files.extend(service.processes.iter().map(|process| File {
            name: unit(app, process),
            text: text(app, service, process, (manager, &directory)),
        }));
    }
    match errors.is_empty() {
        true => Ok(files),
        false => Err(errors),
    }
}

/// For the directory that `%E/APP` is: below ~/.config, or /etc.
pub(crate) fn secrets(app: &App) -> Vec<File> {
    let own = app.services.iter();
    let own = own.map(|service| (service.host.as_str(), &service.own));
    let configs = std::iter::once(("all", &app.common)).chain(own);
    let configs = configs.filter(|(_, config)| !config.secret.is_empty());
    let file = |(name, config): (&str, &Config)| File {
        name: format!("{name}.env"),
        text: env_file(&config.secret),
    };
    configs.map(file).collect()
}

fn unit(app: &App, process: &Process) -> String {
    format!("{}-{}.service", app.name, process.name)
}

fn header(manager: &Manager) -> String {
    written_by(&Target::Systemd(manager.clone()))
}

fn target(app: &App, manager: &Manager) -> String {
    let mut text = header(manager);
    text.push_str(&format!("[Unit]\nDescription={}\n", app.name));
    for process in app.services.iter().flat_map(|service| &service.processes) {
        text.push_str(&format!("Wants={}\n", unit(app, process)));
    }
    let wanted_by = match manager {
        Manager::User => "default.target",
        Manager::System { .. } => "multi-user.target",
    };
    text + &format!("\n[Install]\nWantedBy={wanted_by}\n")
}

fn text(app: &App, service: &Service, process: &Process, place: (&Manager, &str)) -> String {
    let (manager, directory) = place;
    let planned = &service.planned;
    let mut lines = vec![
        "[Unit]".to_string(),
        format!("Description={} {}", app.name, process.name),
        format!("PartOf={}.target", app.name),
    ];
    for before in &service.after {
        let before = unit(app, app.services[before.service].first());
        lines.push(format!("Wants={before}"));
        lines.push(format!("After={before}"));
    }
    if let Manager::System { .. } = manager {
        lines.push("After=network.target".into());
    }
    let (restart, limits) = restart(planned.restart, planned.max_restarts);
    lines.extend(limits);
    lines.extend([String::new(), "[Service]".into(), "Type=exec".into()]);
    if let Manager::System { user } = manager {
        lines.push(format!("User={}", user.replace('%', "%%")));
    }
    lines.push(format!("WorkingDirectory={directory}"));
    lines.extend(environment(app, service, process));
    let command = argument(&command::with_exec(&service.command));
    lines.push(format!("ExecStart=/bin/sh -c {command}"));
    lines.extend(started(service));
    // What writes into a pipe that is closed ends, as everywhere else.
    lines.push("IgnoreSIGPIPE=no".into());
    lines.extend(restart);
    lines.push(format!("KillSignal={}", signal(planned.stop_signal)));
    lines.push(fine_ends(planned.stop_signal));
    lines.push(format!("TimeoutStopSec={}", seconds(planned.grace)));
    lines.push(format!("SyslogIdentifier={}-{}", app.name, process.name));
    format!("{}{}\n", header(manager), lines.join("\n"))
}

/// What comes after it is started once it is ready. systemd waits for this script also when the process has ended.
fn started(service: &Service) -> Vec<String> {
    let Some(trial) = ready::trial(service, service.is_awaited) else {
        return Vec::new();
    };
    let script = format!(
        "while kill -0 \"$MAINPID\" 2>/dev/null; do (\n{}\n) && exit; sleep 1; done",
        trial.script()
    );
    vec![
        format!("ExecStartPost=/bin/sh -c {}", argument(&script)),
        format!("TimeoutStartSec={LONGEST}"),
    ]
}

fn environment(app: &App, service: &Service, process: &Process) -> Vec<String> {
    let assigned =
        |name: &str, value: &str| format!("Environment={}", quoted(&format!("{name}={value}")));
    let path = service.path.iter().map(|path| assigned("PATH", path));
    let mut lines: Vec<String> = path.collect();
    for (name, port) in process.ports() {
        lines.push(assigned(name, &port.to_string()));
    }
    lines.push(assigned("PS", &process.ps));
    let plain = app.common.plain.iter().chain(&service.own.plain);
    lines.extend(plain.map(|(name, value)| assigned(name, value)));
    let common = ("all", &app.common);
    for (file, config) in [common, (&service.host, &service.own)] {
        if !config.secret.is_empty() {
            lines.push(format!("EnvironmentFile=%E/{}/{file}.env", app.name));
        }
    }
    lines
}

/// What stands in `[Service]`, and what in `[Unit]`. As devrun counts them: so many failures in a row, none of which
/// has lasted; 126 and 127 do not get better by trying again.
fn restart(policy: RestartPolicy, max: u32) -> (Vec<String>, Vec<String>) {
    let word = match policy {
        RestartPolicy::OnFailure | RestartPolicy::Always if max == 0 => "no",
        RestartPolicy::Always => "always",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::Never => "no",
    };
    if word == "no" {
        return (vec!["Restart=no".into()], Vec::new());
    }
    let restart = vec![
        format!("Restart={word}"),
        format!("RestartSec={DELAY}"),
        "RestartPreventExitStatus=126 127".into(),
    ];
    let interval = max.saturating_mul(DELAY + LASTING);
    let limits = vec![
        format!("StartLimitIntervalSec={interval}"),
        format!("StartLimitBurst={max}"),
    ];
    (restart, limits)
}

/// The end that follows our own signal is no failure, also where a shell hands it on.
fn fine_ends(stop_signal: i32) -> String {
    let status = 128 + stop_signal;
    let name = signal(stop_signal);
    match CLEAN.contains(&name.as_str()) || !name.starts_with("SIG") {
        true => format!("SuccessExitStatus={status}"),
        false => format!("SuccessExitStatus={status} {name}"),
    }
}

/// A path is read to the end of its line, and only its `%` means something.
fn directory(service: &Service) -> Result<String, Report> {
    let path = service.directory.to_str();
    let is_good = |path: &&str| {
        !path.contains(char::is_control) && !path.ends_with(['\\', ' ']) && path.starts_with('/')
    };
    let path = path.filter(is_good).ok_or_else(|| {
        let shown = service.directory.display();
        Report::new(format!(
            "no unit of systemd can name the directory `{shown}`"
        ))
    })?;
    Ok(path.replace('%', "%%"))
}

/// A word of a command: `$` is for systemd's own variables.
pub(super) fn argument(text: &str) -> String {
    quoted(text).replace('$', "$$")
}

/// A word, in quotes: C's escapes (systemd.syntax(7)), and `%` for the specifiers of systemd.unit(5).
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::reading;

    proptest! {
        #[test]
        fn any_command_is_read_back(text in "(?s)([ -~é\n\t]|[$%\\\\\"']){0,30}") {
            prop_assert_eq!(reading::systemd(&argument(&text)), Some(text));
        }
    }

    #[test]
    fn a_word_keeps_what_systemd_would_change() {
        let check = |text: &str, expected: &str| assert_eq!(argument(text), expected);
        check("exec puma -p $PORT", r#""exec puma -p $$PORT""#);
        check(
            r#"echo "100%" 'a\nb' ${A:-x}; kill $$"#,
            r#""echo \"100%%\" 'a\\nb' $${A:-x}; kill $$$$""#,
        );
        check("date +%H:%M", r#""date +%%H:%%M""#);
        check("a\tb\u{1}", r#""a\tb\x01""#);
        assert_eq!(quoted("A=$B %h"), r#""A=$B %%h""#);
    }

    #[test]
    fn who_ends_by_our_own_signal_has_not_failed() {
        let check = |signal, expected: &str| assert_eq!(fine_ends(signal), expected);
        check(15, "SuccessExitStatus=143");
        check(2, "SuccessExitStatus=130");
        // systemd takes no other signal for an end without a fault.
        check(3, "SuccessExitStatus=131 SIGQUIT");
        check(10, "SuccessExitStatus=138 SIGUSR1");
    }

    #[test]
    fn failures_in_a_row_are_counted_as_here() {
        let check = |policy, max, expected: &[&str]| {
            let (service, unit) = restart(policy, max);
            assert_eq!([service, unit].concat(), expected);
        };
        check(
            RestartPolicy::OnFailure,
            5,
            &[
                "Restart=on-failure",
                "RestartSec=1",
                "RestartPreventExitStatus=126 127",
                "StartLimitIntervalSec=55",
                "StartLimitBurst=5",
            ],
        );
        check(RestartPolicy::Always, 0, &["Restart=no"]);
        check(RestartPolicy::Never, 5, &["Restart=no"]);
    }
}
