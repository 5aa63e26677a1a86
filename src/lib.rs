//! devrun: a local development process manager.

mod plan;
mod syntax;
mod words;

use std::process::ExitCode;

/// Runs the program. So far it has a vocabulary and nothing to say with it: it refuses, with the status
/// for "could not do what was asked".
pub fn main() -> ExitCode {
    eprintln!("error: devrun cannot run a Procfile yet");
    ExitCode::from(2)
}
