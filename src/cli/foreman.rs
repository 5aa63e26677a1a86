//! What `.foreman` says in place of flags. The command line comes first.

use std::time::Duration;

use crate::cli::args;
use crate::syntax::foreman::Options;
use crate::syntax::formation::Formation;
use crate::words::report::Report;

/// The options that are values of a kind; those that are paths are read where the files are found.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) formation: Option<Formation>,
    pub(super) base: Option<u16>,
    pub(super) grace: Option<Duration>,
    pub(super) has_no_timestamp: bool,
}

impl Defaults {
    /// Reads them all, and reports every one that cannot be.
    pub(super) fn read(options: &Options) -> (Self, Vec<Report>) {
        let mut errors = Vec::new();
        let formation = ["formation", "concurrency"]
            .iter()
            .find(|name| options.contains_key(**name));
        let formation = formation.unwrap_or(&"formation");
        let defaults = Self {
            formation: value(options, formation, args::formation_value, &mut errors),
            base: value(options, "port", args::port, &mut errors),
            grace: value(options, "timeout", args::seconds, &mut errors),
            has_no_timestamp: options.get("timestamp").is_some_and(|text| text == "false"),
        };
        (defaults, errors)
    }
}

fn value<T>(
    options: &Options,
    name: &str,
    read: impl FnOnce(&str) -> Result<T, String>,
    errors: &mut Vec<Report>,
) -> Option<T> {
    let text = options.get(name)?;
    match read(text) {
        Ok(value) => Some(value),
        Err(why) => {
            let headline = format!("`{text}` cannot be the value of `{name}` in .foreman");
            errors.push(Report::new(headline).help(why));
            None
        }
    }
}
