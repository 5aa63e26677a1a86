//! Texts → values. Never opens a file.

pub(crate) mod dotenv;
pub(crate) mod foreman;
pub(crate) mod formation;
pub(crate) mod procfile;
mod span;

use crate::words::report::Report;

/// What a parser made of a text: everything that is right, and everything that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    /// Lines that are left out; `check` counts them as errors.
    pub(crate) warnings: Vec<Report>,
    /// While there is one, nothing is started.
    pub(crate) errors: Vec<Report>,
}
