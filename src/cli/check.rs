//! `devrun check`: every mistake in the app's files at once, starting nothing.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::cli::args::Check;
use crate::cli::{NOT_STARTED, context, refuse};
use crate::load::{self, App};
use crate::plan::ports;
use crate::plan::resolve::{self, Resolved, Rules};
use crate::plan::select::Wanted;
use crate::words::report::Report;
use crate::words::wording::{counted, processes};

/// Something is wrong with the files.
const FOUND: u8 = 1;

pub(super) fn run(args: &Check) -> ExitCode {
    let (options, mut findings, errors) = context::options();
    findings.extend(errors);
    let place = match context::place(&args.place, &options) {
        Ok(place) => place,
        Err(report) => return refuse(&[report], NOT_STARTED),
    };
    let loaded = load::app(&place);
    findings.extend(loaded.warnings);
    findings.extend(loaded.errors);
    let app = loaded.value;
    let summary = summary(&app);
    let wanted = Wanted {
        formation: args.formation.clone().or(options.formation.clone()),
        ..Wanted::default()
    };
    if !app.entries.is_empty() {
        let sources = context::sources(
            app,
            &place,
            &args.place.set,
            wanted,
            options.port,
            Rules::default(),
        );
        findings.extend(
            resolve::resolve(sources)
                .and_then(|resolved| would_be(&resolved))
                .err()
                .unwrap_or_default(),
        );
    }
    if findings.is_empty() {
        println!("{summary}: no problems");
        return ExitCode::SUCCESS;
    }
    let code = refuse(&findings, FOUND);
    eprintln!("{}", counted(findings.len(), "problem", "problems"));
    code
}

/// The plan with the ports that foreman's rule gives, none of which is claimed.
fn would_be(resolved: &Resolved) -> Result<(), Vec<Report>> {
    ports::places(&resolved.requests, resolved.base)?;
    resolved
        .plan(&resolved.expected_ports(&BTreeMap::new()))
        .map(|_| ())
}

fn summary(app: &App) -> String {
    let files = app.env_files.iter().map(|(file, assignments)| {
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
