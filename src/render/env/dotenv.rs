//! An environment → an env file. Docker's `--env-file` knows no quotes, Node's dotenv no escapes, and both
//! read the plainest form that holds a value; where only one form is right it is that of devrun's own parser.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::render::env::{is_identifier, push_left_out};
use crate::words::env::Env;

/// Every value as it is, secrets too: the file is read back. A name that no reader takes is left out.
pub(crate) fn dotenv(env: &Env) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, variable) in env.iter() {
        if !is_identifier(name) {
            push_left_out(name, "no name for an env file", &mut out);
            continue;
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        push_value(&variable.value, &mut out);
        out.push(b'\n');
    }
    out
}

fn push_value(value: &OsStr, out: &mut Vec<u8>) {
    let bytes = value.as_bytes();
    if is_plain(value) {
        out.extend_from_slice(bytes);
    } else if !bytes.contains(&b'\'') {
        out.push(b'\'');
        out.extend_from_slice(bytes);
        out.push(b'\'');
    } else {
        out.push(b'"');
        for byte in bytes {
            if matches!(byte, b'"' | b'\\' | b'$') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.push(b'"');
    }
}

/// Whether it needs no quotes: nothing in it begins a comment, a reference or a quoted value, and no reader
/// would trim it.
fn is_plain(value: &OsStr) -> bool {
    let text = value.to_string_lossy();
    text.trim() == text
        && !text.starts_with(['\'', '"', '`'])
        && !text.contains(|c: char| c.is_control() || matches!(c, '#' | '$'))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use proptest::prelude::*;

    use super::*;
    use crate::render::env::tests::env;
    use crate::syntax::dotenv;
    use crate::words::env::Source;

    #[test]
    fn a_value_is_quoted_only_when_it_must_be() {
        let check = |value: &str, expected: &str| {
            let file = String::from_utf8(dotenv(&env(&[("A", value)]))).unwrap();
            assert_eq!(file, format!("A={expected}\n"));
        };
        check("", "");
        check("a://u:p@h/x?y=z&b", "a://u:p@h/x?y=z&b");
        check("{\"a\": 'b'}", "{\"a\": 'b'}");
        check("a b\\", "a b\\");
        check(" a", "' a'");
        check("a#b", "'a#b'");
        check("$5", "'$5'");
        check("\"a\"", "'\"a\"'");
        check("a\nb", "'a\nb'");
        check("'it'", "\"'it'\"");
        check("it's $x\\\"", "\"it's \\$x\\\\\\\"\"");
    }

    #[test]
    fn a_name_that_no_reader_takes_is_left_out() {
        let file = dotenv(&env(&[("A B\n", "1"), ("C", "2")]));
        let expected = "# no name for an env file: A B\\n\nC=2\n";
        assert_eq!(String::from_utf8(file).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in prop::collection::vec(
            prop_oneof![
                "[ -~\\né]{0,12}".prop_map(String::into_bytes),
                "['\"\\\\$#{}A \\t\\r\\n]{0,12}".prop_map(String::into_bytes),
                prop::collection::vec(1..=255_u8, 0..12),
            ],
            0..5,
        )) {
            let name = |at: usize| OsString::from(format!("A{at}"));
            let mut env = Env::default();
            for (at, value) in values.iter().enumerate() {
                env.lay(name(at), OsString::from_vec(value.clone()), Source::Shell);
            }
            let parsed = dotenv::parse(".env", &dotenv(&env), &|_| Some("wrong".into()));
            prop_assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            let read = parsed.value.into_iter();
            let read: Vec<_> = read.map(|found| (found.name, found.value.into_vec())).collect();
            let expected = values.into_iter().enumerate();
            let expected: Vec<_> = expected.map(|(at, value)| (name(at), value)).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
