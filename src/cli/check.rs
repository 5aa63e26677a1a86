//! `devrun check`: every mistake in the files of the app, and of all that it uses, at once. Starts nothing.

use std::process::ExitCode;

use crate::cli::args::Check;
use crate::cli::context::Context;
use crate::cli::tell::tell;
use crate::cli::{NOT_STARTED, print, refuse};
use crate::load;
use crate::plan::resolve::{self, Resolved};
use crate::plan::sources::App;
use crate::plan::{doubts, ports};
use crate::render::check::json;
use crate::words::report::Report;
use crate::words::wording::{counted, processes};

/// Something is wrong with the files.
const FOUND: u8 = 1;

pub(super) fn run(args: &Check) -> ExitCode {
    let context = match Context::of_whatever_is_there(&args.place) {
        Ok(context) => context,
        Err(reports) => return refuse(&reports, NOT_STARTED),
    };
    let mut findings = context.warnings.clone();
    findings.extend(context.errors.clone());
    let mut asked = context.asked(&args.place);
    asked.base = context.options.port;
    asked.wanted.formation = args.formation.clone().or(context.options.formation.clone());
    let loaded = load::apps(&context.place, &[], &asked.uses);
    findings.extend(loaded.warnings);
    findings.extend(loaded.errors);
    let apps = loaded.value;
    let has_dash = load::is_shell_dash();
    for app in &apps.apps {
        findings.extend(doubts::repeated(app));
        findings.extend(has_dash.then(|| doubts::of_bash(app)).into_iter().flatten());
    }
    let read = apps.apps.clone();
    if apps.apps.iter().all(|app| !app.entries.is_empty()) && !apps.apps.is_empty() {
        let resolved = resolve::resolve(context.sources(apps, asked));
        let found = resolved.and_then(|resolved| would_be(&resolved));
        findings.extend(found.err().unwrap_or_default());
    }
    findings.dedup();
    match args.json {
        true => print_json(&read, &findings),
        false => print_text(&read, &findings),
    }
}

fn print_json(apps: &[App], findings: &[Report]) -> ExitCode {
    let printed = print(json(apps, findings).as_bytes());
    match findings.is_empty() {
        true => printed,
        false => ExitCode::from(FOUND),
    }
}

fn print_text(apps: &[App], findings: &[Report]) -> ExitCode {
    if findings.is_empty() {
        let summary: Vec<String> = apps.iter().map(summary).collect();
        return print(format!("{}: no problems\n", summary.join("\n")).as_bytes());
    }
    let code = refuse(findings, FOUND);
    tell!("{}", counted(findings.len(), "problem", "problems"));
    code
}

/// The plan with the ports that foreman's rule gives, none of which is claimed.
fn would_be(resolved: &Resolved) -> Result<(), Vec<Report>> {
    for (app, base) in resolved.bases.iter().enumerate() {
        let slots = (0..resolved.slots.len()).filter(|place| resolved.slots[*place].app == app);
        let requests: Vec<_> = slots.filter_map(|place| resolved.request(place)).collect();
        ports::places(&requests, *base)?;
    }
    resolved
        .plan(&resolved.expected_ports(&|_| None))
        .map(|_| ())
}

fn summary(app: &App) -> String {
    let files = app.env_files.iter().chain(&app.env_local);
    let files = files.map(|(file, assignments)| {
        format!(
            "; {file}: {}",
            counted(assignments.len(), "variable", "variables")
        )
    });
    format!(
        "{}: {}{}",
        app.procfile,
        processes(app.entries.len()),
        files.collect::<String>()
    )
}
