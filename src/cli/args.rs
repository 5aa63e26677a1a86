//! What may stand on the command line.

mod attach;
mod choices;
mod complete;
mod export;
mod init;
mod logs;
mod man;
mod ps;
mod steer;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::Styles;
use clap::{Args as Group, Parser, Subcommand};

pub(crate) use crate::cli::args::attach::Attach;
pub(crate) use crate::cli::args::choices::{AfterExit, EnvFormat, Restart, Shell, Stamp, When};
pub(crate) use crate::cli::args::complete::{Complete, Completions};
pub(crate) use crate::cli::args::export::{Export, Format};
pub(crate) use crate::cli::args::init::Init;
pub(crate) use crate::cli::args::logs::Logs;
pub(crate) use crate::cli::args::man::Man;
pub(crate) use crate::cli::args::ps::Ps;
pub(crate) use crate::cli::args::steer::{
    Answer, Restart as RestartArgs, Stop, Wait, is_directory,
};
use crate::cli::args::steer::{RESTART_EXAMPLES, STOP_EXAMPLES, WAIT_EXAMPLES};
use crate::syntax::formation::{self, Formation};
use crate::syntax::keys::{self, Keys};
use crate::syntax::number;

const EXAMPLES: &str = "\
Examples:
  devrun start                     run every process of the Procfile
  devrun start web worker          run these two
  devrun restart web               restart it, from another terminal
  devrun start -m all=1,worker=2   run two workers
  devrun run rails console         run a command in the app's environment
  devrun check                     look for mistakes without starting anything";

const COMMANDS: &str = "\
{about}

{usage-heading} devrun COMMAND

Every day:
  start        Run the processes of a Procfile
  ps           Show the processes that run
  logs         Show what the processes wrote, now or earlier
  run          Run a command in the app's environment
  restart      Restart processes of the running app
  stop         Stop processes of the running app, or the whole run
  wait         Wait until processes are ready
  open         Open a process's URL in the browser
  attach       Use a process's terminal
Understand:
  check        Report every mistake in the app's files
  env          Show the environment of a process, and where it comes from
  url          Print the URL of a process
  uses         List what the app uses, and who uses the app
  link         Say what is behind a variable: another app, a process, a URL
  unlink       Take that back
  schema       Print the JSON Schema of devrun.yaml
Leave:
  export       Write files for systemd, Docker Compose or Kubernetes
Set up:
  init         Write a Procfile for what is in this directory
  completions  Print completions for a shell
  man          Print a page of the manual

Options:
{options}{after-help}

`devrun help COMMAND` tells more about a command.";

#[derive(Debug, Parser)]
#[command(
    name = "devrun",
    version,
    about = "Runs a Procfile: a free PORT for each process, restarts, one log stream, and\nURLs from one to the other",
    after_help = EXAMPLES,
    help_template = COMMANDS,
    max_term_width = 80,
    subcommand_required = true,
    // A wrapper such as `devrun start -p 3000 "$@"` may be overruled: the last one counts.
    args_override_self = true,
    styles = Styles::plain()
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the processes of a Procfile
    #[command(alias = "up", after_help = START_EXAMPLES)]
    Start(Box<Start>),
    /// Show the processes that run, what they wait for, and why one failed
    #[command(after_help = ps::EXAMPLES)]
    Ps(Ps),
    /// Show what the processes wrote, in this session or an earlier one
    #[command(after_help = logs::EXAMPLES)]
    Logs(Box<Logs>),
    /// Report every mistake in the app's files, starting nothing
    Check(Check),
    /// Say what is behind a variable: another app, a process, a URL
    #[command(after_help = LINK_EXAMPLES)]
    Link(Link),
    /// Take a variable out of the app's uses
    Unlink(Unlink),
    /// Run a command in the app's environment
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Restart processes of the running app, and wait until they are up
    #[command(after_help = RESTART_EXAMPLES)]
    Restart(RestartArgs),
    /// Stop processes of the running app, or the whole run
    #[command(alias = "down", after_help = STOP_EXAMPLES)]
    Stop(Stop),
    /// Wait until processes of the running app are ready
    #[command(after_help = WAIT_EXAMPLES)]
    Wait(Wait),
    /// Open a process's URL in the browser, once it is served
    #[command(after_help = OPEN_EXAMPLES)]
    Open(Open),
    /// Use a process's terminal: a prompt, a debugger
    #[command(after_help = attach::EXAMPLES)]
    Attach(Attach),
    /// Show the environment of a process, and where each value comes from
    #[command(after_help = ENV_EXAMPLES)]
    Env(Env),
    /// Print the URL of a process, or of what is behind a variable
    #[command(after_help = URL_EXAMPLES)]
    Url(Url),
    /// List what the app uses, in which state that is, and who uses the app
    Uses(Uses),
    /// Print the JSON Schema of devrun.yaml, for editors
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Write a Procfile for what is in this directory, once you have seen it
    #[command(after_help = init::EXAMPLES)]
    Init(Init),
    /// Write the app's files for systemd, Docker Compose or Kubernetes
    #[command(after_help = export::EXAMPLES)]
    Export(Box<Export>),
    /// Print completions for a shell
    Completions(Completions),
    /// Print a page of the manual, for man
    #[command(after_help = MAN_EXAMPLES)]
    Man(Man),
    /// Say what may stand at the cursor, for the scripts of `completions`
    #[command(hide = true)]
    Complete(Complete),
}

const START_EXAMPLES: &str = "\
Examples:
  devrun start                       everything in the Procfile
  devrun start --without css         everything but css
  devrun start -p 3000               web gets PORT 3000, the next type 3100
  devrun start -f Procfile.test --fail-fast --restart never
  devrun start --set DEBUG=1         DEBUG for this run";

const RUN_EXAMPLES: &str = "\
Examples:
  devrun run rails console           with the variables of .env
  devrun run -p web env              with web's PORT and URLs
  devrun run --as web node inspect   in web's place until it ends
  devrun run release                 the Procfile's `release` command
  devrun run --up npm test           with all that the app needs up and ready";

const OPEN_EXAMPLES: &str = "\
Examples:
  devrun open                        web, or the only process with a port
  devrun open admin
  devrun open api/web                of an app that is used";

const ENV_EXAMPLES: &str = "\
Examples:
  devrun env web --explain           where each value comes from, and what it hides
  eval \"$(devrun env web --format shell)\"
  devrun env web --format dotenv > .env.editor";

const URL_EXAMPLES: &str = "\
Examples:
  curl \"$(devrun url)/health\"        web, or the only process with a port
  devrun url worker.2
  devrun url api/web                 of an app that is used
  devrun url API_URL                 what is behind a variable of `uses:`";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  devrun schema > devrun.schema.json

With that file beside devrun.yaml, editors with a YAML language server complete
and check it once its first line is:
  # yaml-language-server: $schema=devrun.schema.json";

const MAN_EXAMPLES: &str = "\
Examples:
  devrun man start | man -l -        read it
  devrun man > ~/.local/share/man/man1/devrun.1";

const LINK_EXAMPLES: &str = "\
Examples:
  devrun link ../api                 API_URL is the URL of its web process
  devrun link ~/code/search#grpc --as SEARCH_ADDR
  devrun link redis                  a process of this Procfile
  devrun link postgresql://db.internal/shop --as DATABASE_URL --save";

/// Which app is meant, by its directory and Procfile alone.
#[derive(Clone, Debug, Group)]
#[command(next_help_heading = "Which app")]
pub(crate) struct AppOnly {
    /// The Procfile, if not Procfile.dev or Procfile
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) procfile: Option<PathBuf>,
    /// The directory of the app and of its processes
    #[arg(short = 'd', long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

/// Which app is meant.
#[derive(Clone, Debug, Default, Group)]
#[command(next_help_heading = "Which app")]
pub(crate) struct Where {
    /// The Procfile, if not Procfile.dev or Procfile
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) procfile: Option<PathBuf>,
    /// The directory of the app and of its processes
    #[arg(short = 'd', long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Env files to read in place of .env
    #[arg(
        short = 'e',
        long = "env",
        alias = "env-file",
        value_name = "FILE,…",
        value_delimiter = ','
    )]
    pub(crate) env_files: Option<Vec<PathBuf>>,
    /// Set a variable, above all files
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// What is behind a variable, in place of what devrun.yaml says
    #[arg(long = "use", value_name = "NAME=DIR|URL", value_parser = behind)]
    pub(crate) uses: Vec<(String, String)>,
    /// Do without what devrun.yaml says of a variable
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) unuse: Vec<String>,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Start {
    /// Process types, or instances such as web.2; none: all of them
    #[arg(value_name = "PROCESS")]
    pub(crate) processes: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Where,
    /// How many of each; types left out get none, or what all= says: all=1,web=2
    #[arg(short = 'm', long, short_alias = 'c', alias = "concurrency", value_name = "TYPE=N,…", value_parser = formation::parse, help_heading = "Which processes")]
    pub(crate) formation: Option<Formation>,
    /// Leave a process out
    #[arg(
        long,
        value_name = "PROCESS",
        value_delimiter = ',',
        help_heading = "Which processes"
    )]
    pub(crate) without: Vec<String>,
    /// The first process's PORT (5000); 0 takes any free ones
    #[arg(short = 'p', long, value_name = "BASE", value_parser = number::port, allow_hyphen_values = true, help_heading = "Ports")]
    pub(crate) port: Option<u16>,
    /// A taken port is an error
    #[arg(long, help_heading = "Ports")]
    pub(crate) strict_ports: bool,
    /// When to start again what ended: always, on-failure (the default) or never
    #[arg(
        long,
        value_name = "WHEN",
        hide_possible_values = true,
        help_heading = "When a process ends"
    )]
    pub(crate) restart: Option<Restart>,
    /// When one has ended for good: keep the others (the default) or shutdown
    #[arg(
        long,
        value_name = "WHAT",
        hide_possible_values = true,
        help_heading = "When a process ends"
    )]
    pub(crate) on_exit: Option<AfterExit>,
    /// The first failure ends all, with its status
    #[arg(long, help_heading = "When a process ends")]
    pub(crate) fail_fast: bool,
    /// Seconds from SIGTERM to SIGKILL (5)
    #[arg(short = 't', long, value_name = "SECONDS", value_parser = number::seconds, allow_hyphen_values = true, help_heading = "When a process ends")]
    pub(crate) timeout: Option<Duration>,
    /// Leave it running in the background, once all is ready or has failed
    #[arg(short = 'D', long, help_heading = "Output")]
    pub(crate) detach: bool,
    /// A terminal for each process, else a pipe: auto (the default: if the output is one), always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(crate) tty: When,
    /// What leaves a process's terminal (ctrl-])
    #[arg(long, value_name = "KEYS", value_parser = keys::parse, help_heading = "Output")]
    pub(crate) detach_keys: Option<Keys>,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Leave out devrun's own lines
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Events for programs: one JSON object a line
    #[arg(long, conflicts_with_all = ["timestamp", "no_timestamp", "color", "quiet"], help_heading = "Output")]
    pub(crate) json: bool,
}

/// How lines of the stream look.
#[derive(Clone, Debug, Group)]
pub(crate) struct Lines {
    /// In front of each line: short (the default), ms, iso, elapsed or none
    #[arg(
        long,
        value_name = "FORM",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(crate) timestamp: Option<Stamp>,
    /// No time in front of each line
    #[arg(long, conflicts_with = "timestamp", help_heading = "Output")]
    pub(crate) no_timestamp: bool,
    /// Colours: auto (the default), always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(crate) color: When,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Check {
    /// One JSON object, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
    /// How many of each; types left out get none, or what all= says: all=1,web=2
    #[arg(short = 'm', long, value_name = "TYPE=N,…", help_heading = "Which processes", value_parser = formation::parse)]
    pub(crate) formation: Option<Formation>,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Link {
    /// An app's directory (DIR#process if not its web), a URL, or a process type
    #[arg(value_name = "DIR|URL|PROCESS")]
    pub(crate) target: String,
    /// The variable that the code reads (by default the name of what is behind it, and _URL)
    #[arg(long = "as", value_name = "VARIABLE")]
    pub(crate) variable: Option<String>,
    /// Into devrun.yaml, for all, not into devrun.local.yaml
    #[arg(long)]
    pub(crate) save: bool,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Unlink {
    /// Its name, as in `devrun unlink API_URL`
    #[arg(value_name = "VARIABLE")]
    pub(crate) variable: String,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Run {
    /// Whose environment, PORT included
    #[arg(
        short = 'p',
        long,
        value_name = "PROCESS",
        help_heading = "Which process"
    )]
    pub(crate) process: Option<String>,
    /// In its place: it is stopped, and back when the command ends
    #[arg(
        long = "as",
        value_name = "PROCESS",
        conflicts_with_all = ["process", "env_files", "uses", "unuse"],
        help_heading = "Which process"
    )]
    pub(crate) stands_in_for: Option<String>,
    /// Start what does not run yet, wait until all is up, and stop that afterwards
    #[arg(long, conflicts_with = "stands_in_for", help_heading = "Which process")]
    pub(crate) up: bool,
    #[command(flatten)]
    pub(crate) place: Where,
    /// A program and its arguments, or the name of a Procfile line
    #[arg(
        help_heading = "Arguments",
        value_name = "CMD",
        required = true,
        trailing_var_arg = true
    )]
    pub(crate) command: Vec<OsString>,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Open {
    /// A process type or an instance: web, web.2; of another app api/web
    #[arg(value_name = "PROCESS")]
    pub(crate) process: Option<String>,
    #[command(flatten)]
    pub(crate) place: AppOnly,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Env {
    /// A process type or an instance: web, web.2; of another app api/web
    #[arg(value_name = "PROCESS")]
    pub(crate) process: Option<String>,
    /// Where each value comes from, and all that it hides
    #[arg(long)]
    pub(crate) explain: bool,
    /// text (the default), dotenv, shell or json
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true,
        conflicts_with = "explain"
    )]
    pub(crate) format: EnvFormat,
    /// Show secrets on a terminal, too
    #[arg(long)]
    pub(crate) reveal: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Url {
    /// A process (web, web.2, of another app api/web), or a variable of `uses:`
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Show a password on a terminal, too
    #[arg(long)]
    pub(crate) reveal: bool,
    /// One JSON object, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Clone, Debug, Group)]
pub(crate) struct Uses {
    /// One JSON object, for programs
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Where,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        Some(_) | None => Err("it is written as KEY=VALUE".into()),
    }
}

fn behind(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, target)) if !name.is_empty() && !target.is_empty() => {
            Ok((name.to_string(), target.to_string()))
        }
        Some(_) | None => Err("it is written as NAME=DIR or NAME=URL".into()),
    }
}
