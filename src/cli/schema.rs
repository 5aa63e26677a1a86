//! `devrun schema`: the JSON Schema of devrun.yaml, for editors.

use std::process::ExitCode;

use crate::cli::print;

/// syntax/settings has a test that keeps it in step with what is read.
const SCHEMA: &str = include_str!("../../docs/devrun.schema.json");

pub(super) fn run() -> ExitCode {
    print(SCHEMA.as_bytes())
}
