//! `devrun schema`: the JSON Schema of devrun.yaml, for editors.

use std::io::Write;
use std::process::ExitCode;

/// syntax/settings has a test that keeps it in step with what is read.
const SCHEMA: &str = include_str!("../../docs/devrun.schema.json");

pub(super) fn run() -> ExitCode {
    match std::io::stdout().write_all(SCHEMA.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
