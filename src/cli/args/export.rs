//! `devrun export`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use crate::cli::args::Where;
use crate::syntax::formation::{self, Formation};
use crate::syntax::number;
use crate::words::name::AppName;

pub(super) const EXAMPLES: &str = "\
Examples:
  devrun export systemd              read it
  devrun export systemd -m all=1,worker=2 ~/.config/systemd/user
  devrun export systemd --secrets ~/.config/shop
  devrun export compose .            compose.yaml, beside the Dockerfile
  devrun export kubernetes --image registry/shop:1 | kubectl apply -f -
  devrun export kubernetes --secrets | kubectl apply -f -";

#[derive(Clone, Debug, Group)]
pub(crate) struct Export {
    /// systemd, compose or kubernetes
    #[arg(value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) format: Format,
    /// The directory to write files to; none: to stdout
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// What the app is called there, if not as here
    #[arg(short = 'a', long = "app", value_name = "NAME", value_parser = app_name, help_heading = "What is written")]
    pub(crate) name: Option<AppName>,
    /// How many of each; types left out get none, or what all= says: all=1,web=2
    #[arg(short = 'm', long, short_alias = 'c', alias = "concurrency", value_name = "TYPE=N,…", value_parser = formation::parse, help_heading = "What is written")]
    pub(crate) formation: Option<Formation>,
    /// The first process's PORT (5000)
    #[arg(short = 'p', long, value_name = "BASE", value_parser = number::port, allow_hyphen_values = true, help_heading = "What is written")]
    pub(crate) port: Option<u16>,
    /// The secrets, to which all else only refers
    #[arg(long, help_heading = "What is written")]
    pub(crate) secrets: bool,
    /// Write over files that are there
    #[arg(long, help_heading = "What is written")]
    pub(crate) force: bool,
    /// systemd: units of the system, not of the user
    #[arg(long, help_heading = "For one format")]
    pub(crate) system: bool,
    /// systemd, with --system: who runs the processes (you)
    #[arg(
        short = 'u',
        long,
        value_name = "USER",
        value_parser = user,
        help_heading = "For one format"
    )]
    pub(crate) user: Option<String>,
    /// compose, kubernetes: the image of the containers (by the app's name)
    #[arg(long, value_name = "IMAGE", value_parser = image, help_heading = "For one format")]
    pub(crate) image: Option<String>,
    /// kubernetes: the name in browsers (NAME.localhost)
    #[arg(long, value_name = "HOST", value_parser = host, help_heading = "For one format")]
    pub(crate) host: Option<String>,
    #[command(flatten)]
    pub(crate) place: Where,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Systemd,
    Compose,
    Kubernetes,
}

fn app_name(text: &str) -> Result<AppName, String> {
    AppName::new(text).map_err(|_| "it has letters, digits, `_` and `-`, at most 64".into())
}

/// It stands in a unit to the end of its line.
fn user(text: &str) -> Result<String, String> {
    let is_part = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, ':' | '/');
    match !text.is_empty() && text.chars().all(is_part) {
        true => Ok(text.to_string()),
        false => Err("the name of a user has no blank, `:` or `/`".into()),
    }
}

fn image(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_graphic();
    match !text.is_empty() && text.chars().all(is_part) {
        true => Ok(text.to_string()),
        false => Err("the name of an image has no blank".into()),
    }
}

/// As an Ingress takes it: also `*.example.com`.
fn host(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = |label: &str| {
        let is_edged = label.starts_with('-') || label.ends_with('-');
        (1..=63).contains(&label.len()) && label.chars().all(is_part) && !is_edged
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    match name.len() <= 253 && name.split('.').all(is_label) {
        true => Ok(text.to_string()),
        false => Err("for example `shop.example.com`, in lower case and without a port".into()),
    }
}
