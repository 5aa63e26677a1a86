//! `devrun completions`: the scripts for bash, zsh and fish, as a packager installs them.

use std::process::ExitCode;

use crate::cli::args::{Completions, Shell};
use crate::cli::print;

const BASH: &str = include_str!("../../completions/devrun.bash");
const ZSH: &str = include_str!("../../completions/_devrun");
const FISH: &str = include_str!("../../completions/devrun.fish");

pub(super) fn run(args: &Completions) -> ExitCode {
    let script = match args.shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    };
    print(script.as_bytes())
}
