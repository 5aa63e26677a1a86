//! `devrun man`.

use clap::Args as Group;

#[derive(Clone, Debug, Group)]
pub(crate) struct Man {
    /// The page of a command; none: of devrun as a whole
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}
