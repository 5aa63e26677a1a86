//! Texts → values. Never opens a file.

pub(crate) mod dotenv;
pub(crate) mod foreman;
pub(crate) mod formation;
pub(crate) mod gitignore;
pub(crate) mod keys;
pub(crate) mod line_command;
pub(crate) mod moment;
pub(crate) mod number;
pub(crate) mod paths;
pub(crate) mod procfile;
pub(crate) mod settings;
mod span;
pub(crate) mod yaml_edit;

use crate::words::report::{Report, Severity};
use crate::words::wording;

/// More of either kind nobody reads: what goes beyond is counted, so that a file full of garbage does
/// not fill memory and screen.
const MAX_FINDINGS: usize = 100;

/// What a parser made of a text: everything that is right, and everything that is wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    /// Lines that are left out; `check` counts them as errors.
    pub(crate) warnings: Vec<Report>,
    /// While there is one, nothing is started.
    pub(crate) errors: Vec<Report>,
    /// Findings beyond [`MAX_FINDINGS`].
    further: usize,
}

impl<T> Parsed<T> {
    fn add(&mut self, report: Report) {
        let findings = match report.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if findings.len() < MAX_FINDINGS {
            findings.push(report);
        } else {
            self.further += 1;
        }
    }

    /// Ends the reading: the last finding that is kept says how many were only counted.
    fn closed(mut self) -> Self {
        let last = self.errors.last_mut().or(self.warnings.last_mut());
        if let Some(last) = last.filter(|_| self.further > 0) {
            let count = wording::counted(self.further, "further problem", "further problems");
            last.headline = format!("{}, and {count}", last.headline);
        }
        self
    }
}
