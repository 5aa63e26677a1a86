//! The arguments of `devrun attach`.

use clap::Args as Group;

use crate::cli::args::AppOnly;
use crate::syntax::keys::{self, Keys};

pub(super) const EXAMPLES: &str = "\
Examples:
  devrun attach web                  answer what web asks, or use its debugger
  devrun attach                      whoever waits for input
  devrun attach api/web              of an app that is used
  devrun attach web --detach-keys ctrl-p,ctrl-q";

#[derive(Clone, Debug, Group)]
pub(crate) struct Attach {
    /// A process type or an instance: web, web.2; of another app api/web
    #[arg(value_name = "PROCESS")]
    pub(crate) process: Option<String>,
    /// What leaves the terminal again (ctrl-])
    #[arg(long, value_name = "KEYS", value_parser = keys::parse)]
    pub(crate) detach_keys: Option<Keys>,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}
