//! The arguments of `devrun ps`.

use clap::Args as Group;

use crate::cli::args::AppOnly;

pub(crate) const EXAMPLES: &str = "\
Examples:
  devrun ps                          the processes of the app in this directory
  devrun ps worker 'api/*'           these; api is an app that it uses
  devrun ps --all                    of every app that runs
  devrun ps --json | jq '.apps[0].processes[].url'";

#[derive(Clone, Debug, Group)]
pub(crate) struct Ps {
    /// Processes, process types or patterns: web.1, web, 'w*'; of another app api/web
    #[arg(value_name = "PROCESS")]
    pub(crate) processes: Vec<String>,
    /// Every app that runs, wherever it is
    #[arg(long, conflicts_with_all = ["processes", "procfile", "root"])]
    pub(crate) all: bool,
    /// One JSON object, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}
