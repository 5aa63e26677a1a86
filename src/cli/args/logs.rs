//! The arguments of `devrun logs`.

use std::path::PathBuf;

use clap::Args as Group;
use regex::bytes::{Regex, RegexBuilder};

use crate::cli::args::{AppOnly, Lines};
use crate::syntax::moment::{self, Moment};

/// More lines around a match nobody reads.
const MAX_CONTEXT: usize = 10_000;
/// In bytes: what an expression may become.
const MAX_EXPRESSION: usize = 1024 * 1024;

pub(crate) const EXAMPLES: &str = "\
Examples:
  devrun logs                        all of this session, or of the last one
  devrun logs web -f                 what web writes from now on
  devrun logs --since 5m --grep '(?i)error' -C 3
  devrun logs --session -1 -n 100    the end of the session before
  devrun logs system                 what devrun said";

#[derive(Clone, Debug, Group)]
pub(crate) struct Logs {
    /// web, web.2, wor*, of another app api/web; system: devrun's own lines; none: everything
    #[arg(value_name = "PROCESS")]
    pub(crate) processes: Vec<String>,
    /// The last 10 lines, and what is written from now on
    #[arg(short, long, help_heading = "Which lines", conflicts_with = "until")]
    pub(crate) follow: bool,
    /// The last N lines
    #[arg(
        short = 'n',
        long = "lines",
        value_name = "N",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "Which lines"
    )]
    pub(crate) last: Option<usize>,
    /// From this time on: 90s, 5m, 2h ago, 10:07, 2026-03-01T10:07
    #[arg(long, value_name = "TIME", value_parser = moment::parse, help_heading = "Which lines")]
    pub(crate) since: Option<Moment>,
    /// Up to this time
    #[arg(long, value_name = "TIME", value_parser = moment::parse, help_heading = "Which lines")]
    pub(crate) until: Option<Moment>,
    /// Those that this regular expression matches
    #[arg(long, value_name = "REGEX", value_parser = expression, allow_hyphen_values = true, help_heading = "Which lines")]
    pub(crate) grep: Option<Regex>,
    /// Those that it does not match
    #[arg(long, requires = "grep", help_heading = "Which lines")]
    pub(crate) invert: bool,
    /// And so many lines of the same process around each
    #[arg(short = 'C', long, value_name = "N", requires = "grep", value_parser = context, allow_hyphen_values = true, help_heading = "Which lines")]
    pub(crate) context: Option<usize>,
    /// 0 is this session or the last one (the default), -1 the one before
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        value_parser = session,
        allow_hyphen_values = true,
        help_heading = "Which lines"
    )]
    pub(crate) session: i64,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// The bytes as the processes wrote them
    #[arg(long, conflicts_with_all = ["timestamp", "no_timestamp", "color", "json"], help_heading = "Output")]
    pub(crate) raw: bool,
    /// For programs: one JSON object a line
    #[arg(long, conflicts_with_all = ["timestamp", "no_timestamp", "color"], help_heading = "Output")]
    pub(crate) json: bool,
    /// The Procfile, if not Procfile.dev or Procfile
    #[arg(long, value_name = "FILE", help_heading = "Which app")]
    pub(crate) procfile: Option<PathBuf>,
    /// The directory of the app and of its processes
    #[arg(short = 'd', long, value_name = "DIR", help_heading = "Which app")]
    pub(crate) root: Option<PathBuf>,
}

impl Logs {
    pub(crate) fn place(&self) -> AppOnly {
        AppOnly {
            procfile: self.procfile.clone(),
            root: self.root.clone(),
        }
    }
}

/// # Errors
/// What such a number is.
fn count(text: &str) -> Result<usize, String> {
    let words = "it is a number of lines, such as 100";
    text.parse().map_err(|_| words.to_string())
}

/// # Errors
/// As [`count`].
fn context(text: &str) -> Result<usize, String> {
    let lines = text.parse().ok().filter(|lines| *lines <= MAX_CONTEXT);
    lines.ok_or_else(|| format!("it is a number of lines from 0 to {MAX_CONTEXT}, such as 3"))
}

/// # Errors
/// As [`count`].
fn session(text: &str) -> Result<i64, String> {
    let words = "0 is this session or the last one, -1 the one before";
    text.parse().map_err(|_| words.to_string())
}

/// # Errors
/// What is wrong with it.
fn expression(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(MAX_EXPRESSION).build();
    built.map_err(|error| {
        // The lines before it show where.
        let said = error.to_string();
        let last = said.lines().last().unwrap_or_default();
        last.trim_start_matches("error: ").to_string()
    })
}
