//! Values → JSON that is harmless on a terminal too: what would act there is written as an escape.

use serde::Serialize;

use crate::words::wording;

/// In one line, without its end.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    write(&mut out, value);
    String::from_utf8(out).expect("JSON is text")
}

/// Appends it to `out`.
pub(super) fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    serde_json::to_writer(&mut *out, value)
        .expect("a buffer takes everything, and the values are plain");
    // C0 is escaped by now. DEL, C1 and what turns the writing direction are, or begin with, one of these.
    if memchr::memchr3(0x7f, 0xc2, 0xe2, &out[start..]).is_some() {
        let written = String::from_utf8(out.split_off(start)).expect("JSON is text");
        push_harmless(&written, out);
    }
}

/// All that is not ASCII stands within strings, and never behind a backslash.
fn push_harmless(json: &str, out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some(at) = rest.find(wording::is_dangerous) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let dangerous = rest[at..].chars().next().expect("it was found there");
        // None of them is beyond what four digits can say.
        out.extend_from_slice(format!("\\u{:04x}", dangerous as u32).as_bytes());
        rest = &rest[at + dangerous.len_utf8()..];
    }
    out.extend_from_slice(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_reads_back_as_it_was() {
        let check = |text: &str, expected: &str| {
            assert_eq!(json(&text), expected);
            assert_eq!(serde_json::from_str::<String>(expected).unwrap(), text);
        };
        check("plain é \"q\" \\ ©", r#""plain é \"q\" \\ ©""#);
        check("\u{1b}[2J\n", r#""\u001b[2J\n""#);
        check("\u{7f}a\\\u{9b}31m", r#""\u007fa\\\u009b31m""#);
        check("\u{202e}…\u{2066}", r#""\u202e…\u2066""#);
    }

    #[test]
    fn what_stands_before_it_is_left_alone() {
        let mut out = "\u{9b}".as_bytes().to_vec();
        write(&mut out, &"\u{9b}");
        assert_eq!(out, "\u{9b}\"\\u009b\"".as_bytes());
    }
}
