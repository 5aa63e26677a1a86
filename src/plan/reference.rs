//! `${VAR}` in a text: a variable of the env files or of the shell, escaped for the place where it stands.

use std::ffi::OsString;
use std::fmt;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use crate::plan::place::{Place, between};

/// A mistake in what the user has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadTemplate {
    /// In bytes of the text.
    pub(crate) at: Range<usize>,
    /// What stands beside the mark.
    pub(crate) why: String,
}

/// What is not there to make a value of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing sets this variable.
    Variable(String),
    /// It holds bytes that are not UTF-8, and stands where they cannot be escaped.
    Text(String),
    /// The URL names no port, and nobody knows the one of its scheme.
    Port,
}

/// What a variable is in the env files, else in the shell.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// All but what RFC 3986 leaves alone everywhere.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// For what comes out of a URL, and is escaped as far as its author has done so.
const BESIDES_ESCAPES: &AsciiSet = &RESERVED.remove(b'%');

/// The name in the reference that begins at `start`, and where it ends.
pub(super) fn name_at(text: &str, start: usize) -> Result<(&str, usize), BadTemplate> {
    let bad = |end: usize, why: &str| BadTemplate {
        at: start..end,
        why: why.to_string(),
    };
    let inner = &text[start + "${".len()..];
    let Some(length) = inner.find('}') else {
        return Err(bad(text.len(), "`${` is never closed"));
    };
    let name = &inner[..length];
    let end = start + "${".len() + length + "}".len();
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    match is_name {
        true => Ok((name, end)),
        false => Err(bad(end, "expected the name of a variable in `${…}`")),
    }
}

/// Its value, for the place between `before`, which is filled already, and `after`, which is not.
pub(super) fn expanded(
    name: &str,
    before: &str,
    after: &str,
    lookup: Lookup<'_>,
) -> Result<String, Missing> {
    let value = lookup(name).ok_or_else(|| Missing::Variable(name.to_string()))?;
    match between(before, after) {
        Place::UserInfo | Place::Path => Ok(percent_encode(value.as_bytes(), RESERVED).to_string()),
        Place::Outside | Place::Host | Place::Query => value
            .into_string()
            .map_err(|_| Missing::Text(name.to_string())),
    }
}

/// Part of a URL for the same place in another: what is escaped in it stays so.
pub(super) fn carried(part: &str) -> String {
    utf8_percent_encode(part, BESIDES_ESCAPES).to_string()
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "`{name}` is not set"),
            Self::Text(name) => write!(f, "`{name}` is not UTF-8"),
            Self::Port => f.write_str("the URL has no port"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_reference_is_a_name_in_braces() {
        assert_eq!(name_at("a${B_1}c", 1), Ok(("B_1", 7)));
        let check = |text: &str, at: Range<usize>, why: &str| {
            assert_eq!(name_at(text, 1).unwrap_err().at, at, "{text}");
            assert!(name_at(text, 1).unwrap_err().why.contains(why), "{text}");
        };
        check("a${B", 1..4, "never closed");
        check("a${}", 1..4, "name");
        check("a${B:-c}d", 1..8, "name");
        check("a${1}", 1..5, "name");
    }

    #[test]
    fn a_value_is_escaped_in_user_password_and_path_alone() {
        let value = |_: &str| Some("a@:/%é".into());
        let check = |before: &str, after: &str, expected: &str| {
            let expected = Ok(expected.to_string());
            assert_eq!(expanded("A", before, after, &value), expected);
        };
        check("a://", "@h", "a%40%3A%2F%25%C3%A9");
        check("a://u:", "@h", "a%40%3A%2F%25%C3%A9");
        check("a://h/", "", "a%40%3A%2F%25%C3%A9");
        check("a://", "/", "a@:/%é");
        check("a://h/?b=", "", "a@:/%é");
        check("", "", "a@:/%é");
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |lookup: Lookup<'_>, before: &str, expected: Result<&str, &str>| {
            let value = expanded("A", before, "", lookup);
            let value = value.map_err(|missing| missing.to_string());
            assert_eq!(value.as_deref().map_err(String::as_str), expected);
        };
        check(&|_| None, "", Err("`A` is not set"));
        let latin: Lookup<'_> = &|_| Some(OsString::from_vec(vec![0xe9]));
        check(latin, "", Err("`A` is not UTF-8"));
        check(latin, "a://h/", Ok("%E9"));
        check(&|_| Some(OsString::new()), "", Ok(""));
    }
}
