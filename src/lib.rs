//! devrun: a local development process manager. `ARCHITECTURE.md` is the map of these rooms.

mod guardian;
mod load;
mod log;
mod os;
mod plan;
mod registry;
mod render;
mod supervisor;
mod syntax;
mod words;
mod driver;
mod cli;

use std::process::ExitCode;

/// Runs the program with the arguments and the environment of this process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
