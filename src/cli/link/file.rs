//! An app's settings file: read, and written anew.

use std::path::{Path, PathBuf};

use crate::load::{self, Where};
use crate::os;
use crate::os::replace::{self, NotReplaced};
use crate::words::report::Report;

#[derive(Debug)]
pub(super) struct SettingsFile {
    path: PathBuf,
    /// As the user would write it.
    pub(super) shown: String,
    /// `None`: there is no such file.
    text: Option<String>,
}

impl SettingsFile {
    /// # Errors
    /// It is there and cannot be read.
    pub(super) fn read(place: &Where, path: &Path) -> Result<Self, Report> {
        let shown = load::shown(place, path);
        let text = load::text_if_any(&shown, path)?;
        let path = path.to_path_buf();
        Ok(Self { path, shown, text })
    }

    pub(super) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    pub(super) fn is_new(&self) -> bool {
        self.text.is_none()
    }

    /// Leaves a file that has this text already untouched.
    ///
    /// # Errors
    /// It cannot be written, or is no longer what was read.
    pub(super) fn write(&self, text: &str) -> Result<(), Report> {
        if self.text.as_deref() == Some(text) {
            return Ok(());
        }
        let old = self.text.as_deref().map(str::as_bytes);
        replace::replace(&self.path, old, text.as_bytes()).map_err(|error| match error {
            NotReplaced::System(error) => Report::new(format!("cannot write `{}`", self.shown))
                .caused_by(os::words_of(&error)),
            NotReplaced::Changed => Report::new(format!(
                "`{}` was changed by somebody else meanwhile",
                self.shown
            ))
            .help("nothing was written; do it again".to_string()),
        })
    }
}
