//! Writes a text as a YAML scalar: as it is where every reader takes that for the same text, else in quotes.

use std::fmt::Write;

/// What stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Block,
    /// Between braces, where commas and braces end a scalar.
    Flow,
}

/// Words that some version of YAML takes for something else than a text.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

pub(super) fn written(text: &str, context: Context) -> String {
    if is_plain(text, context) {
        text.to_string()
    } else {
        quoted(text)
    }
}

fn is_plain(text: &str, context: Context) -> bool {
    let is_path = |text: &str| {
        [".", ".."].contains(&text) || text.starts_with("./") || text.starts_with("../")
    };
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        || is_path(text);
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_cut = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']);
    let is_closed = context == Context::Flow && text.contains([',', '[', ']', '{', '}']);
    begins && !is_word && !is_cut && !is_closed && !text.contains(char::is_control)
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                write!(quoted, "\\u{:04x}", c as u32).expect("a String takes all");
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_where_yaml_needs_it() {
        let plain = |text: &str| assert_eq!(written(text, Context::Block), text);
        let quoted =
            |text: &str, expected: &str| assert_eq!(written(text, Context::Block), expected);
        plain("../api");
        plain("../search#grpc");
        plain("..");
        plain("../my api");
        plain("/srv/api");
        plain("redis");
        plain("postgresql://shop:${DB_PASSWORD}@db.internal/shop?a=b&c=%20");
        quoted("~/code/api", "\"~/code/api\"");
        quoted("../a #b", "\"../a #b\"");
        quoted("../a: b", "\"../a: b\"");
        quoted("../a:", "\"../a:\"");
        for first in [
            "&", "*", "!", "{", "%", "@", "-", "?", "|", ">", "#", "`", "'", "1", "0x", ".5",
            ".inf",
        ] {
            quoted(first, &format!("\"{first}\""));
        }
        for word in ["true", "No", "NULL", "y"] {
            quoted(word, &format!("\"{word}\""));
        }
        quoted("", "\"\"");
        quoted("../a\"\\\n", "\"../a\\\"\\\\\\u000a\"");
        assert_eq!(written("http://x/{a}", Context::Flow), "\"http://x/{a}\"");
        assert_eq!(written("http://x:1/a", Context::Flow), "http://x:1/a");
    }
}
