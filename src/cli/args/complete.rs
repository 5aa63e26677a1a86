//! `devrun completions`, and the hidden `devrun complete` that its scripts call.

use clap::Args as Group;

use crate::cli::args::Shell;

#[derive(Clone, Debug, Group)]
pub(crate) struct Completions {
    /// bash, zsh or fish
    #[arg(hide_possible_values = true)]
    pub(crate) shell: Shell,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Complete {
    pub(crate) shell: Shell,
    /// bash: the line up to the cursor; else the words behind `devrun`, the last up to the cursor
    #[arg(
        value_name = "WORD",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<String>,
}
