//! Names of apps, process types and processes.

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

/// Longest name of an app or a process type, in bytes. It keeps prefixes and file names sane.
pub(crate) const MAX_NAME: usize = 64;

/// Left of the colon in a Procfile: `web`. ASCII letters, digits, `_` and `-`, so it is never a path
/// and never holds an escape sequence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProcessType(Arc<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadName {
    Empty,
    TooLong,
    /// The character at this byte offset is not allowed.
    Character(usize),
    /// `all` and `system` mean something else to devrun.
    Reserved,
}

impl ProcessType {
    pub(crate) fn new(text: &str) -> Result<Self, BadName> {
        check(text)?;
        if matches!(text, "all" | "system") {
            return Err(BadName::Reserved);
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The variable in which other processes find this one's URL: `my-api` → `MY_API_URL`.
    pub(crate) fn url_variable(&self) -> String {
        format!("{}_URL", self.0.replace('-', "_").to_ascii_uppercase())
    }
}

impl fmt::Display for ProcessType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What people call an app: by default the last part of its directory's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AppName(Arc<str>);

impl AppName {
    /// What a user calls it.
    pub(crate) fn new(text: &str) -> Result<Self, BadName> {
        check(text)?;
        Ok(Self(text.into()))
    }

    /// Takes any text, so that every directory has a name: what a name may not hold becomes `-`.
    pub(crate) fn from_directory(last_part: &str) -> Self {
        let allowed = |c: char| if is_allowed(c) { c } else { '-' };
        let name: String = last_part.chars().take(MAX_NAME).map(allowed).collect();
        Self(if name.is_empty() {
            "app".into()
        } else {
            name.into()
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One instance of a process type: `web.1`; of another app than the session's own: `api/web.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProcessName {
    /// `None` for the app that the session was started for.
    pub(crate) app: Option<AppName>,
    pub(crate) process_type: ProcessType,
    /// Counts from 1, as in foreman.
    pub(crate) instance: NonZeroU16,
}

impl ProcessName {
    pub(crate) fn first(process_type: ProcessType) -> Self {
        Self {
            app: None,
            process_type,
            instance: NonZeroU16::MIN,
        }
    }
}

impl ProcessName {
    /// As it is called within its app: `web.1`.
    pub(crate) fn in_app(&self) -> String {
        format!("{}.{}", self.process_type, self.instance)
    }

    /// The least that people have to type: `web` for its first instance, `api/web` for another app's.
    pub(crate) fn short(&self) -> String {
        let whole = self.to_string();
        whole.strip_suffix(".1").unwrap_or(&whole).to_string()
    }
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(app) = &self.app {
            write!(f, "{app}/")?;
        }
        write!(f, "{}.{}", self.process_type, self.instance)
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn check(text: &str) -> Result<(), BadName> {
    if text.is_empty() {
        return Err(BadName::Empty);
    }
    if let Some(at) = text.find(|c| !is_allowed(c)) {
        return Err(BadName::Character(at));
    }
    if text.len() > MAX_NAME {
        return Err(BadName::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_paths_or_escapes() {
        assert_eq!(
            ProcessType::new("my_web-2").map(|name| name.url_variable()),
            Ok("MY_WEB_2_URL".into())
        );
        assert_eq!(ProcessType::new(""), Err(BadName::Empty));
        assert_eq!(ProcessType::new("../x"), Err(BadName::Character(0)));
        assert_eq!(ProcessType::new("a\u{1b}[2J"), Err(BadName::Character(1)));
        assert_eq!(ProcessType::new("all"), Err(BadName::Reserved));
        assert_eq!(ProcessType::new(&"x".repeat(65)), Err(BadName::TooLong));
    }

    #[test]
    fn a_process_of_another_app_carries_that_apps_name() {
        let mut name = ProcessName::first(ProcessType::new("web").unwrap());
        assert_eq!(
            (name.to_string(), name.short()),
            ("web.1".into(), "web".into())
        );
        name.app = Some(AppName::from_directory("my api"));
        assert_eq!(name.to_string(), "my-api/web.1");
        assert_eq!(name.short(), "my-api/web", "`web` is one of this app's");
        name.instance = NonZeroU16::new(2).unwrap();
        assert_eq!(name.short(), "my-api/web.2");
    }
}
