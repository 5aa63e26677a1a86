//! `devrun init`: a Procfile for what is in a directory. On a terminal it asks before it writes; elsewhere it prints.
//! What is there already stays as it is.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::args::{self, Init};
use crate::cli::context::Context;
use crate::cli::tell::tell;
use crate::cli::{NOT_SO, NOT_STARTED, print, refuse};
use crate::detect::{self, Detected};
use crate::load::{self, Where};
use crate::os;
use crate::os::replace;
use crate::words::report::Report;
use crate::words::wording;

const NAME: &str = "Procfile";
/// More than anybody answers to a question.
const MAX_ANSWER: u64 = 1024;

pub(super) fn run(args: &Init) -> ExitCode {
    match try_run(args) {
        Ok(code) => code,
        Err(report) => refuse(&[report], NOT_STARTED),
    }
}

fn try_run(args: &Init) -> Result<ExitCode, Report> {
    let place = place(args)?;
    let directory = directory(&place)?;
    let own = load::own_procfile(&place, &directory);
    let asks = is_conversation();
    if let Some(own) = own.as_ref().filter(|_| asks) {
        return Err(there_already(&place, own));
    }
    let (sources, reports) = load::sources(&place, &directory);
    reports.iter().for_each(|report| tell!("{report}"));
    let detected = detect::detect(&sources);
    if detected.lines.is_empty() {
        say_hints(&detected);
        return Err(nothing(&place, &directory));
    }
    let printed = print(detected.procfile().as_bytes());
    say_why(&detected);
    say_hints(&detected);
    match (asks, own) {
        (true, _) if is_agreed(&place, &directory) => write(&place, &directory, &detected),
        (true, _) => {
            tell!("nothing was written");
            Ok(ExitCode::from(NOT_SO))
        }
        // `devrun init > Procfile` has made an empty one before this could look.
        (false, Some(own)) if !own.metadata().is_ok_and(|metadata| metadata.len() == 0) => {
            tell!(
                "note: {} is there already, and stays as it is",
                load::shown(&place, &own)
            );
            Ok(printed)
        }
        (false, _) => Ok(printed),
    }
}

fn place(args: &Init) -> Result<Where, Report> {
    let place = args::Where {
        root: args.root.clone(),
        ..args::Where::default()
    };
    let context = Context::new(&place).map_err(|mut reports| reports.remove(0))?;
    Ok(context.place)
}

/// Where the Procfile belongs: never above the current directory.
fn directory(place: &Where) -> Result<PathBuf, Report> {
    let directory = place
        .root
        .as_ref()
        .map_or(place.current.clone(), |root| place.current.join(root));
    match directory.is_dir() {
        true => Ok(directory),
        false => Err(Report::new(format!(
            "no directory `{}`",
            load::shown(place, &directory)
        ))),
    }
}

/// Somebody sees the question, and can answer it.
fn is_conversation() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// One line for each of the Procfile's.
fn say_why(detected: &Detected) {
    let lines = detected.lines.iter();
    let width = lines.map(|line| line.process_type.as_str().len()).max();
    for line in &detected.lines {
        let (name, why) = (line.process_type.as_str(), wording::escaped(&line.why));
        tell!("{name:width$}  {why}", width = width.unwrap_or_default());
    }
}

fn say_hints(detected: &Detected) {
    for hint in &detected.hints {
        for (number, line) in hint.lines().enumerate() {
            let margin = if number == 0 { "note: " } else { "      " };
            tell!("{margin}{}", wording::escaped(line));
        }
    }
}

/// Enter is a yes; the end of the input is none.
fn is_agreed(place: &Where, directory: &Path) -> bool {
    let shown = load::shown(place, &directory.join(NAME));
    let _ = write!(io::stderr(), "write this to {shown}? [Y/n] ");
    let mut answer = String::new();
    let mut input = io::Read::take(io::stdin().lock(), MAX_ANSWER);
    let is_line = input.read_line(&mut answer).is_ok() && answer.ends_with('\n');
    if !is_line {
        tell!("");
    }
    is_line
        && matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "" | "y" | "yes"
        )
}

fn write(place: &Where, directory: &Path, detected: &Detected) -> Result<ExitCode, Report> {
    let path = directory.join(NAME);
    match replace::create(&path, detected.procfile().as_bytes()) {
        Ok(()) => {
            tell!(
                "{} is written: `devrun start` runs it",
                load::shown(place, &path)
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(there_already(place, &path)),
        Err(error) => {
            let report = Report::new(format!("cannot write `{}`", load::shown(place, &path)));
            Err(report.caused_by(os::words_of(&error)))
        }
    }
}

fn there_already(place: &Where, procfile: &Path) -> Report {
    let shown = load::shown(place, procfile);
    Report::new(format!("`{shown}` is there already"))
        .help("it stays as it is; `devrun init | cat` shows what init would write".to_string())
}

fn nothing(place: &Where, directory: &Path) -> Report {
    let shown = load::shown(place, directory);
    Report::new(format!("nothing in {shown} says for certain what to run"))
        .help("write a Procfile: your processes, one per line, for example\n  web: npm run dev -- --port $PORT\n  worker: bin/worker".to_string())
}
