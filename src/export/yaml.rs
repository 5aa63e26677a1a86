//! Writes YAML that every reader takes for the same: blocks, and quotes wherever a text might be taken for
//! something else.

/// A value of YAML, as far as files that are exported have need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Yaml {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<Yaml>),
    /// In this order.
    Map(Vec<(String, Yaml)>),
}

/// What readers of YAML 1.1 take for a truth value or for nothing, in any case of letters.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A map of these keys and values.
pub(crate) fn map<const N: usize>(pairs: [(&str, Yaml); N]) -> Yaml {
    let pairs = pairs.into_iter();
    Yaml::Map(pairs.map(|(key, value)| (key.to_string(), value)).collect())
}

pub(crate) fn list<T: Into<Yaml>>(items: impl IntoIterator<Item = T>) -> Yaml {
    Yaml::List(items.into_iter().map(Into::into).collect())
}

impl Yaml {
    /// Adds a pair to a map.
    pub(crate) fn with(mut self, key: &str, value: Yaml) -> Self {
        if let Self::Map(pairs) = &mut self {
            pairs.push((key.to_string(), value));
        }
        self
    }

    /// Adds a pair to a map, if there is something to add.
    pub(crate) fn with_any(self, key: &str, value: Option<Yaml>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The same with every text changed, but for the keys.
    pub(crate) fn map_texts(self, change: &dyn Fn(&str) -> String) -> Self {
        match self {
            Self::Text(text) => Self::Text(change(&text)),
            Self::Number(_) | Self::Flag(_) => self,
            Self::List(items) => {
                let items = items.into_iter().map(|item| item.map_texts(change));
                Self::List(items.collect())
            }
            Self::Map(pairs) => {
                let pairs = pairs.into_iter();
                let changed = pairs.map(|(key, value)| (key, value.map_texts(change)));
                Self::Map(changed.collect())
            }
        }
    }

    /// A document of its own; ends with a line end.
    pub(crate) fn document(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        let text = text.trim_start();
        format!("{text}\n")
    }

    /// Behind a key's colon, or a list's dash.
    fn write(&self, text: &mut String, indent: usize) {
        let start = |text: &mut String| {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
        };
        match self {
            Self::Text(value) => text.push_str(&format!(" {}", scalar(value))),
            Self::Number(value) => text.push_str(&format!(" {value}")),
            Self::Flag(value) => text.push_str(&format!(" {value}")),
            Self::List(items) if items.is_empty() => text.push_str(" []"),
            Self::Map(pairs) if pairs.is_empty() => text.push_str(" {}"),
            Self::List(items) => {
                for item in items {
                    start(text);
                    text.push('-');
                    let at = text.len();
                    item.write(text, indent + 2);
                    // Its first line stands behind the dash.
                    let line = text[at..].trim_start().to_string();
                    text.truncate(at);
                    text.push_str(&format!(" {line}"));
                }
            }
            Self::Map(pairs) => {
                for (key, value) in pairs {
                    start(text);
                    text.push_str(&format!("{}:", scalar(key)));
                    value.write(text, indent + 2);
                }
            }
        }
    }
}

/// A text by itself where nobody can take it for something else, else in double quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_string();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_shown(c) => quoted.push(c),
            c if u32::from(c) <= 0xff => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if u32::from(c) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Stands for itself in quotes: no control, no other line end, no byte order mark.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Begins with a letter or a `/`, so it is no number, date, indicator or tag; what follows neither ends a key
/// (`: `) nor begins a comment (` #`).
fn is_plain(text: &str) -> bool {
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_inner = |c: char| c.is_ascii_alphanumeric() || " _./:=$@%+,-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(is_inner)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !is_word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_quoted_wherever_it_might_be_something_else() {
        let check = |text: &str, expected: &str| assert_eq!(scalar(text), expected);
        for plain in [
            "web",
            "exec puma -p $PORT",
            "http://api:5100",
            "/bin/sh",
            "on-failure:5",
            "devrun.io/x",
        ] {
            check(plain, plain);
        }
        for quoted in [
            "",
            "yes",
            "No",
            "~",
            "null",
            "1e3",
            "0x1f",
            "010",
            "1:30",
            "5000",
            ".5",
            ".inf",
            "2026-01-01",
            " a",
            "a ",
            "a:",
            "a: b",
            "a #b",
            "- a",
            "-",
            "? a",
            "!tag",
            "&a",
            "*a",
            "@a",
            "%a",
            "{a}",
            "[a]",
            "'a'",
            "|",
            ">",
            "ä",
            "=",
            "<<",
            "--- a",
            "#",
        ] {
            check(quoted, &format!("\"{quoted}\""));
        }
        check("a\nb\t", "\"a\\nb\\t\"");
        check("say \"hi\" \\o", "\"say \\\"hi\\\" \\\\o\"");
        check("\u{1b}\u{85}\u{2028}", "\"\\x1b\\x85\\u2028\"");
    }

    #[test]
    fn values_stand_in_blocks() {
        let value = map([
            ("name", "web".into()),
            ("no", Yaml::Number(3)),
            ("empty", Yaml::List(Vec::new())),
            ("none", Yaml::Map(Vec::new())),
            ("list", list(["a", "b"])),
            (
                "env",
                list([
                    map([("name", "A".into()), ("value", "1".into())]),
                    map([("is", Yaml::Flag(true)), ("deep", list(["x"]))]),
                ]),
            ),
        ]);
        let expected = "\
name: web
\"no\": 3
empty: []
none: {}
list:
  - a
  - b
env:
  - name: A
    value: \"1\"
  - is: true
    deep:
      - x
";
        assert_eq!(value.document(), expected);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(text in "(?s)([ -~éß\n\t]|[:#'\"\\\\$%&*!|>@`-]|.){0,20}") {
            let document = map([("a", text.as_str().into()), ("b", list([text.as_str()]))]).document();
            type Read = std::collections::BTreeMap<String, serde_yaml::Spanned<serde_json::Value>>;
            let read: Result<Read, _> = serde_yaml::from_str(&document);
            let read = read.unwrap();
            prop_assert_eq!(read["a"].value.as_str(), Some(text.as_str()));
            prop_assert_eq!(read["b"].value[0].as_str(), Some(text.as_str()));
        }
    }
}
