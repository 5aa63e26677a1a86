//! What may stand behind `devrun restart`, `stop` and `wait`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as Group;

use crate::cli::args::{AppOnly, Start};
use crate::syntax::number;

pub(crate) const RESTART_EXAMPLES: &str = "\
Examples:
  devrun restart                     what has failed
  devrun restart web                 all instances of web, with .env read anew
  devrun restart '*'                 every process of the app
  devrun restart api/web             of an app that is used

Status 0: all are up; 1: one has failed; 3: nothing runs; 124: timed out.";

pub(crate) const STOP_EXAMPLES: &str = "\
Examples:
  devrun stop                        the whole run, as Ctrl-C does
  devrun stop worker                 all instances of worker, and nothing else
  devrun start worker                starts them again

Status 0: nothing of it is left; 3: nothing runs; 124: timed out.";

pub(crate) const WAIT_EXAMPLES: &str = "\
Examples:
  devrun wait                        until nothing more is to be expected
  devrun wait web --timeout 30s && npm run e2e    until web listens

Status 0: all are up; 1: one has failed; 3: nothing runs; 124: timed out.";

#[derive(Clone, Debug, Group)]
pub(crate) struct Restart {
    /// Types, instances (web.2) or globs; none: what has failed
    #[arg(value_name = "PROCESS")]
    pub(crate) processes: Vec<String>,
    #[command(flatten)]
    pub(crate) answer: Answer,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Stop {
    /// Types, instances (web.2) or globs; none: the whole run
    #[arg(value_name = "PROCESS")]
    pub(crate) processes: Vec<String>,
    #[command(flatten)]
    pub(crate) answer: Answer,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Wait {
    /// Types, instances (web.2) or globs; none: all that are to run
    #[arg(value_name = "PROCESS")]
    pub(crate) processes: Vec<String>,
    #[command(flatten)]
    pub(crate) answer: Answer,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}

/// How long the answer is waited for, and its form.
#[derive(Clone, Copy, Debug, Default, Group)]
pub(crate) struct Answer {
    /// Wait so long at most: seconds, or with s, m or h behind them (no limit)
    #[arg(long, value_name = "TIME", value_parser = number::time)]
    pub(crate) timeout: Option<Duration>,
    /// One JSON object at the end, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

impl Start {
    /// Which app is meant, by its directory and Procfile alone.
    pub(crate) fn app_only(&self) -> AppOnly {
        AppOnly {
            procfile: self.place.procfile.clone(),
            root: self.place.root.clone(),
        }
    }

    /// The flags that were given and say how a session is to be: one that runs has taken its own.
    pub(crate) fn flags_of_a_session(&self) -> Vec<&'static str> {
        let place = &self.place;
        let flags = [
            ("-e", place.env_files.is_some()),
            ("--set", !place.set.is_empty()),
            ("--use", !place.uses.is_empty()),
            ("--unuse", !place.unuse.is_empty()),
            ("-m", self.formation.is_some()),
            ("--without", !self.without.is_empty()),
            ("-p", self.port.is_some()),
            ("--strict-ports", self.strict_ports),
            ("--restart", self.restart.is_some()),
            ("--on-exit", self.on_exit.is_some()),
            ("--fail-fast", self.fail_fast),
            ("-t", self.timeout.is_some()),
            ("--detach-keys", self.detach_keys.is_some()),
            ("--timestamp", self.lines.timestamp.is_some()),
            ("--no-timestamp", self.lines.no_timestamp),
            ("--json", self.json),
        ];
        let given = flags.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(flag, _)| flag).collect()
    }

    /// The directories among the arguments, from `current`.
    pub(crate) fn is_of_directories(&self, current: &std::path::Path) -> bool {
        let is_directory = |text: &String| is_directory(current, text);
        self.processes.iter().any(is_directory)
    }
}

/// Whether an argument of `start` is an app's directory and no process.
pub(crate) fn is_directory(current: &std::path::Path, text: &str) -> bool {
    let is_path = text.contains('/') || text.starts_with('.');
    is_path && current.join(PathBuf::from(text)).is_dir()
}
