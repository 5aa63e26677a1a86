//! What `devrun check` alone says of files: they can be started as they are, but most likely do not do what is meant.

use std::collections::HashMap;

use crate::plan::bash::{self, Bashism};
use crate::plan::sources::{App, EnvFile};
use crate::words::report::{Place, Report};
use crate::words::secret::MASK;

/// Keys that an env file sets more than once.
pub(crate) fn repeated(app: &App) -> Vec<Report> {
    let files = app.env_files.iter().chain(&app.env_local);
    files.flat_map(repeated_in).collect()
}

fn repeated_in((file, assignments): &EnvFile) -> Vec<Report> {
    let mut lines = HashMap::new();
    let mut reports = Vec::new();
    for assignment in assignments {
        let Some(earlier) = lines.insert(&assignment.name, assignment.line) else {
            continue;
        };
        let name = assignment.name.to_string_lossy();
        let place = |line, label: &str| Place {
            file: file.clone(),
            line,
            column: 1,
            text: format!("{name}={MASK}"),
            width: name.chars().count(),
            label: label.into(),
        };
        let report = Report::warning(format!("`{name}` is set twice"))
            .at(place(earlier, "first here"))
            .at(place(assignment.line, "this one counts"))
            .help("take one of them out".to_string());
        reports.push(report);
    }
    reports
}

/// Commands that the shell does not take which is to run them: dash.
pub(crate) fn of_bash(app: &App) -> Vec<Report> {
    let found = app.entries.iter().filter_map(|entry| {
        let Bashism { what, instead } = bash::find(&entry.command)?;
        let (process_type, procfile, line) = (&entry.process_type, &app.procfile, entry.line);
        let headline = format!(
            "`{what}` in the command of `{process_type}` ({procfile}:{line}) is bash's, and /bin/sh here is dash"
        );
        let by_bash = "have it run by bash: `bash -c '…'`";
        let help = match instead {
            Some(instead) => format!("write `{instead}`, or {by_bash}"),
            None => by_bash.to_string(),
        };
        Some(Report::warning(headline).help(help))
    });
    found.collect()
}
