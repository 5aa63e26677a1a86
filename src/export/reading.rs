//! The words of an exported file as its target reads them. Only tests and fuzz targets read any.

use crate::export::config::Values;

/// systemd: a word in quotes, and then what `%` and `$` mean in it. `None`: it would not be read, or as something else.
pub(super) fn systemd(word: &str) -> Option<String> {
    let inner = word.strip_prefix('"')?.strip_suffix('"')?;
    let mut chars = inner.chars();
    let mut unquoted = String::new();
    while let Some(c) = chars.next() {
        unquoted.push(match c {
            '"' => return None,
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'x' => {
                    let digits: String = chars.by_ref().take(2).collect();
                    char::from(u8::from_str_radix(&digits, 16).ok()?)
                }
                c @ ('"' | '\\') => c,
                _ => return None,
            },
            c if c.is_ascii_control() => return None,
            c => c,
        });
    }
    undoubled(&undoubled(&unquoted, '%')?, '$')
}

/// Compose and the commands of Kubernetes: a single dollar may begin a variable.
pub(super) fn dollars(text: &str) -> Option<String> {
    undoubled(text, '$')
}

/// Each two of them are one; a single one means something else.
fn undoubled(text: &str, sign: char) -> Option<String> {
    let mut chars = text.chars();
    let mut read = String::new();
    while let Some(c) = chars.next() {
        if c == sign && chars.next() != Some(sign) {
            return None;
        }
        read.push(c);
    }
    Some(read)
}

/// systemd's and Compose's: lines of `NAME="value"`, in which a value may go over several lines.
pub(super) fn env_file(text: &str) -> Option<Values> {
    let mut values = Values::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = behind.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '$' => return None,
                '\\' => value.extend(chars.next().filter(|c| "\\\"$".contains(*c)).map(Some)?),
                c => value.push(c),
            }
        }
        values.insert(name.to_string(), value);
        rest = chars.as_str().strip_prefix('\n')?;
    }
    Some(values)
}

/// The shell: one word, as it is or in single quotes, with a quote of its own behind a backslash.
pub(super) fn shell(word: &str) -> Option<String> {
    let Some(inner) = word.strip_prefix('\'') else {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
        return (word.chars().all(is_plain) && !word.starts_with('-')).then(|| word.to_string());
    };
    let parts: Vec<&str> = inner.strip_suffix('\'')?.split("'\\''").collect();
    let is_good = parts.iter().all(|part| !part.contains('\''));
    is_good.then(|| parts.join("'"))
}
