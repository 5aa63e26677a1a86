//! Reads an env file: `KEY=value` lines. Nothing in it is ever run: `$(…)` and backticks are text.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::syntax::Parsed;
use crate::words::report::{Place, Report};
use crate::words::secret::MASK;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: OsString,
    /// Bytes: what is not UTF-8 passes through.
    pub(crate) value: OsString,
    /// Where it begins, from 1.
    pub(crate) line: usize,
}

/// What all the references of a file may add to it, in bytes. A few lines that double each other would
/// fill any memory.
const MAX_EXPANDED: usize = 1024 * 1024;
/// More than any environment that the system takes.
const MAX_VARIABLES: usize = 10_000;
const TOO_LONG: &str = "what the file refers to takes more than 1 MiB";

/// What `${NAME}` stands for outside of this file; keys of the file itself, earlier ones, come first.
pub(crate) type Lookup<'a> = &'a dyn Fn(&OsStr) -> Option<OsString>;

/// Reads every line; a bad one is left out with a warning and never drops the rest.
pub(crate) fn parse(file: &str, text: &[u8], lookup: Lookup<'_>) -> Parsed<Vec<Assignment>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut parsed = Parsed::<Vec<Assignment>>::default();
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        room: MAX_EXPANDED,
        unclosed_until: 0,
    };
    // Where the latest value of each key stands.
    let mut latest: HashMap<OsString, usize> = HashMap::new();
    while reader.at < text.len() {
        let (start, line) = (reader.at, reader.line);
        let expand = |name: &OsStr| match latest.get(name) {
            Some(own) => Some(parsed.value[*own].value.clone()),
            None => lookup(name),
        };
        match reader.assignment(&expand) {
            Ok(Some(_)) if parsed.value.len() == MAX_VARIABLES => {
                parsed.add(too_many(file, text, start, line));
                break;
            }
            Ok(Some((name, value))) => {
                latest.insert(name.clone(), parsed.value.len());
                parsed.value.push(Assignment { name, value, line });
            }
            Ok(None) => {}
            Err(why) => {
                parsed.add(warning(file, text, start, line, why));
                (reader.at, reader.line) = (start, line);
            }
        }
        reader.skip_line();
    }
    parsed.closed()
}

fn too_many(file: &str, text: &[u8], start: usize, line: usize) -> Report {
    Report::new(format!("an env file has at most {MAX_VARIABLES} variables"))
        .at(place(file, text, start, line, "and here is one more"))
        .help("take out those that nobody reads".to_string())
}

/// A line as it may be shown. What could be a value, or a part of one, may be a secret.
fn without_value(line: &str) -> String {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("export ").map_or(rest, str::trim_start);
    let name = rest.split(['=', ' ', '\t']).next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let begin = line.len() - rest.len();
    let end = match name.len() < rest.len() && name.chars().all(is_name) {
        true => begin + name.len() + 1,
        false => begin,
    };
    format!("{}{MASK}", &line[..end])
}

fn warning(file: &str, text: &[u8], start: usize, line: usize, why: &str) -> Report {
    Report::warning("not a `KEY=value` line").at(place(file, text, start, line, why))
}

fn place(file: &str, text: &[u8], start: usize, line: usize, label: &str) -> Place {
    let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
    let shown = without_value(String::from_utf8_lossy(&text[start..end]).trim_end());
    let column = shown.chars().take_while(|c| c.is_whitespace()).count() + 1;
    let width = shown
        .trim()
        .split(['=', ' '])
        .next()
        .map_or(1, |word| word.chars().count());
    Place {
        file: file.to_string(),
        line,
        column,
        text: shown,
        width,
        label: label.to_string(),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    /// What references may still add, in bytes.
    room: usize,
    /// Up to there no `}` follows: looking again from each `${` would take the square of a line's length.
    unclosed_until: usize,
}

/// `${NAME}` or `${NAME:-default}`.
struct Reference<'a> {
    name: &'a [u8],
    default: Option<&'a [u8]>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        self.line += 1;
    }

    fn is_at_end_of_line(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n' | b'\r' | b'#'))
    }

    fn assignment(
        &mut self,
        lookup: Lookup<'_>,
    ) -> Result<Option<(OsString, OsString)>, &'static str> {
        self.skip_blanks();
        if self.is_at_end_of_line() {
            return Ok(None);
        }
        if self.text[self.at..].starts_with(b"export ") {
            self.at += b"export ".len();
            self.skip_blanks();
        }
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| !matches!(byte, b'=' | b' ' | b'\t' | b'\n' | b'\r' | 0))
        {
            self.at += 1;
        }
        let name = OsStr::from_bytes(&self.text[start..self.at]).to_owned();
        self.skip_blanks();
        if name.is_empty() || self.peek() != Some(b'=') {
            return Err("expected `=` after the name");
        }
        self.at += 1;
        self.skip_blanks();
        let value = match self.peek() {
            Some(b'\'') => self.single_quoted()?,
            Some(b'"') => self.double_quoted(lookup)?,
            _ => self.unquoted(lookup)?,
        };
        if value.contains(&0) {
            return Err("a value cannot hold a NUL byte");
        }
        Ok(Some((name, OsString::from_vec(value))))
    }

    fn single_quoted(&mut self) -> Result<Vec<u8>, &'static str> {
        let start = self.at + 1;
        let length =
            memchr::memchr(b'\'', &self.text[start..]).ok_or("the quote is never closed")?;
        let value = self.text[start..start + length].to_vec();
        self.line += memchr::memchr_iter(b'\n', &value).count();
        self.at = start + length + 1;
        self.nothing_follows().map(|()| value)
    }

    fn double_quoted(&mut self, lookup: Lookup<'_>) -> Result<Vec<u8>, &'static str> {
        self.at += 1;
        let mut value = Vec::new();
        loop {
            match self.peek().ok_or("the quote is never closed")? {
                b'"' => break,
                b'\\' => self.escape(&mut value),
                b'$' if self.expand(&mut value, lookup)? => {}
                byte => {
                    self.line += usize::from(byte == b'\n');
                    value.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        self.nothing_follows().map(|()| value)
    }

    fn escape(&mut self, value: &mut Vec<u8>) {
        let meant = match self.text.get(self.at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(&byte @ (b'"' | b'\\' | b'$')) => byte,
            _ => {
                value.push(b'\\');
                self.at += 1;
                return;
            }
        };
        value.push(meant);
        self.at += 2;
    }

    fn nothing_follows(&mut self) -> Result<(), &'static str> {
        self.skip_blanks();
        self.is_at_end_of_line()
            .then_some(())
            .ok_or("something follows the closing quote")
    }

    /// To the end of the line or a ` #`; `x#c` keeps its `#`, as URLs need it.
    fn unquoted(&mut self, lookup: Lookup<'_>) -> Result<Vec<u8>, &'static str> {
        let mut value = Vec::new();
        let start = self.at;
        while let Some(byte) = self.peek().filter(|byte| *byte != b'\n') {
            let after_blank = self.at == start || matches!(self.text[self.at - 1], b' ' | b'\t');
            if byte == b'#' && after_blank {
                break;
            }
            if byte == b'$' && self.expand(&mut value, lookup)? {
                continue;
            }
            value.push(byte);
            self.at += 1;
        }
        let length = value.trim_ascii_end().len();
        value.truncate(length);
        Ok(value)
    }

    /// Puts what a reference means in its place. Says whether there was one.
    fn expand(&mut self, value: &mut Vec<u8>, lookup: Lookup<'_>) -> Result<bool, &'static str> {
        let Some(Reference { name, default }) = self.reference() else {
            return Ok(false);
        };
        if self.room == 0 {
            return Err(TOO_LONG);
        }
        let found =
            lookup(OsStr::from_bytes(name)).filter(|found| default.is_none() || !found.is_empty());
        let length = default.map_or(0, |default| b":-".len() + default.len());
        let meant = found
            .as_ref()
            .map_or(default.unwrap_or_default(), |found| found.as_bytes());
        let Some(room) = self.room.checked_sub(meant.len()) else {
            self.room = 0;
            return Err(TOO_LONG);
        };
        self.room = room;
        value.extend_from_slice(meant);
        self.at += b"${}".len() + name.len() + length;
        Ok(true)
    }

    /// A bare `$NAME` is none: passwords have those.
    fn reference(&mut self) -> Option<Reference<'a>> {
        let rest = self.text[self.at..].strip_prefix(b"${")?;
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let (name, rest) = rest.split_at(rest.iter().take_while(is_name).count());
        let default = match rest {
            [b'}', ..] => None,
            [b':', b'-', rest @ ..] => Some(self.default(rest)?),
            _ => return None,
        };
        (!name.is_empty()).then_some(Reference { name, default })
    }

    fn default(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        if self.at < self.unclosed_until {
            return None;
        }
        let end = memchr::memchr2(b'}', b'\n', rest).unwrap_or(rest.len());
        if rest.get(end) == Some(&b'}') {
            return Some(&rest[..end]);
        }
        self.unclosed_until = self.text.len() - rest.len() + end;
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shell(name: &OsStr) -> Option<OsString> {
        (name == "HOME").then(|| "/h".into())
    }

    fn read(text: &str) -> Vec<(String, String)> {
        let parsed = parse(".env", text.as_bytes(), &shell);
        let text = |text: OsString| text.into_string().unwrap();
        parsed
            .value
            .into_iter()
            .map(|found| (text(found.name), text(found.value)))
            .collect()
    }

    fn check(line: &str, value: &str) {
        assert_eq!(read(line), [("A".to_string(), value.to_string())], "{line}");
    }

    #[test]
    fn the_forms_of_a_value() {
        check("A=1", "1");
        check("export A=1", "1");
        check("  A = 3 ", "3");
        check("A=", "");
        check("A= # none", "");
        check("A=x#c # comment", "x#c");
        check("A=it's a\\nb", "it's a\\nb");
        check("A='${HOME} # \\n'", "${HOME} # \\n");
        check("A=\"a\\n\\\"b\\\\\" # c", "a\n\"b\\");
        check("A=\"two\nlines\"", "two\nlines");
        check("A=pa$$w0rd$HOME", "pa$$w0rd$HOME");
        check("A=${HOME}/x", "/h/x");
        check("A=${NONE:-d}", "d");
        check("A=${HOME:-d}x${NONE}", "/hx");
        check("A=${HOME ${} ${-x} ${A:-b", "${HOME ${} ${-x} ${A:-b");
        check("\u{feff}A=1\r\n", "1");
        check("A=$(touch x) `y`", "$(touch x) `y`");
    }

    #[test]
    fn a_reference_sees_earlier_keys_first() {
        assert_eq!(read("HOME=/e\nB=${HOME}")[1].1, "/e");
    }

    #[test]
    fn one_bad_line_never_drops_the_rest() {
        let parsed = parse(
            ".env",
            b"A=1\nnonsense\nB='open\nC=\"x\" y\nD=\"a\nb\"\nE=5\n",
            &shell,
        );
        let names: Vec<_> = parsed
            .value
            .iter()
            .map(|found| (found.name.clone(), found.line))
            .collect();
        assert_eq!(names, [("A".into(), 1), ("D".into(), 5), ("E".into(), 7)]);
        let lines: Vec<_> = parsed
            .warnings
            .iter()
            .map(|report| report.places[0].line)
            .collect();
        assert_eq!(lines, [2, 3, 4]);
    }

    #[test]
    fn no_value_is_shown_of_a_line_that_is_none() {
        let check = |line: &str, shown: &str| {
            let parsed = parse(".env", line.as_bytes(), &shell);
            assert_eq!(parsed.warnings[0].places[0].text, shown, "{line}");
        };
        check("TOKEN='hunter2", "TOKEN=****");
        check("  export TOKEN \"hunter2\"\r", "  export TOKEN ****");
        check("TOKEN: hunter2", "TOKEN: ****");
        check("hunter2", "****");
        check("MIIEvQIBADANBg/kqhkiG9w0 x", "****");
    }

    #[test]
    fn references_do_not_grow_without_end() {
        let doubling: String = (1..40)
            .map(|n| format!("A{n}=${{A{}}}${{A{}}}\n", n - 1, n - 1))
            .collect();
        let parsed = parse(".env", format!("A0=x\n{doubling}").as_bytes(), &shell);
        assert_eq!(parsed.value.len() + parsed.warnings.len(), 40);
        let total: usize = parsed.value.iter().map(|found| found.value.len()).sum();
        assert!(total <= MAX_EXPANDED + 1, "{total}");
        let many = "B=${NONE}${B}\n".repeat(100_000);
        let parsed = parse(".env", many.as_bytes(), &shell);
        assert_eq!(
            (parsed.value.len(), parsed.errors.len()),
            (MAX_VARIABLES, 1)
        );
        assert_eq!(parsed.errors[0].places[0].line, MAX_VARIABLES + 1);
        let open = format!("A={}", "${A:-".repeat(200_000));
        assert_eq!(read(&open)[0].1.len(), 1_000_000);
    }

    #[test]
    fn bytes_pass_through() {
        let parsed = parse(".env", b"A=\xff\xfe", &shell);
        assert_eq!(parsed.value[0].value.as_bytes(), b"\xff\xfe");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_and_every_place_is_inside_of_them(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let lines = text.split(|byte| *byte == b'\n').count();
            let parsed = parse(".env", &text, &|_| None);
            prop_assert!(parsed.value.iter().all(|assignment| assignment.line <= lines && !assignment.name.is_empty()));
            let places = parsed.warnings.iter().flat_map(|report| &report.places);
            prop_assert!(places.clone().all(|place| place.line >= 1 && place.line <= lines));
        }

        #[test]
        fn one_bad_line_never_drops_a_good_one(
            before in "([^\n=\"']{0,20}\n){0,4}",
            value in "[a-z/:.]{1,20}",
            after in "(\n[^\n=\"']{0,20}){0,4}",
        ) {
            let text = format!("{before}KEY={value}{after}");
            let parsed = parse(".env", text.as_bytes(), &|_| None);
            prop_assert_eq!(parsed.value.len(), 1);
            prop_assert_eq!(&parsed.value[0].value, std::ffi::OsStr::new(&value));
        }

        #[test]
        fn a_quoted_value_comes_out_as_it_was(value in "[^'\0\r]{0,40}") {
            let text = format!("KEY='{value}'\n");
            let parsed = parse(".env", text.as_bytes(), &|_| None);
            prop_assert_eq!(&parsed.value[0].value, std::ffi::OsStr::new(&value));
        }
    }
}
