//! The arguments of `devrun init`.

use std::path::PathBuf;

use clap::Args as Group;

pub(crate) const EXAMPLES: &str = "\
Examples:
  devrun init                        show it, ask, and write it
  devrun init | cat                  show it alone
  devrun init -d apps/shop";

#[derive(Clone, Debug, Group)]
pub(crate) struct Init {
    /// The directory of the app, if not this one
    #[arg(short = 'd', long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}
