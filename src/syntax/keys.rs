//! Reads `--detach-keys`, and finds those keys in what is typed.

/// What leaves a process's terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    /// As the terminal sends them.
    bytes: Vec<u8>,
    /// As the user writes them.
    text: String,
}

impl Default for Keys {
    /// ctrl-]: telnet's, and no shell's or editor's.
    fn default() -> Self {
        Self {
            bytes: vec![0x1d],
            text: "ctrl-]".into(),
        }
    }
}

impl Keys {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Keys parted by commas, as docker writes them: a character or `ctrl-` with a letter or one of `@[\]^_`.
///
/// # Errors
/// Which of them is no key, in words.
pub(crate) fn parse(text: &str) -> Result<Keys, String> {
    let bytes = text.split(',').map(key).collect::<Result<_, _>>()?;
    Ok(Keys {
        bytes,
        text: text.to_string(),
    })
}

fn key(text: &str) -> Result<u8, String> {
    let control = text.strip_prefix("ctrl-");
    match control.unwrap_or(text).as_bytes() {
        [byte] if control.is_none() && byte.is_ascii_graphic() => Ok(*byte),
        // What the Ctrl key does to a character.
        [byte @ (b'a'..=b'z' | b'@' | b'['..=b'_')] if control.is_some() => Ok(byte & 0x1f),
        _ => Err(format!(
            "`{text}` is no key; write `ctrl-]`, or several as `ctrl-p,ctrl-q`"
        )),
    }
}

/// Looks for the keys in what is typed.
#[derive(Debug)]
pub(crate) struct Watch {
    keys: Vec<u8>,
    /// How many of them came last.
    matched: usize,
}

impl Watch {
    pub(crate) fn new(keys: &Keys) -> Self {
        Self {
            keys: keys.bytes.clone(),
            matched: 0,
        }
    }

    /// Appends to `passed` what is not of the keys; what may be their beginning is held back. `true`: they
    /// were typed, and what came behind them is dropped.
    pub(crate) fn typed(&mut self, bytes: &[u8], passed: &mut Vec<u8>) -> bool {
        for byte in bytes {
            while self.matched > 0 && *byte != self.keys[self.matched] {
                // What was held back begins with fewer of them, if with any.
                let held = &self.keys[..self.matched];
                let shorter = (1..=held.len()).find(|cut| self.keys.starts_with(&held[*cut..]));
                let cut = shorter.unwrap_or(held.len());
                passed.extend_from_slice(&held[..cut]);
                self.matched -= cut;
            }
            if *byte == self.keys[self.matched] {
                self.matched += 1;
            } else {
                passed.push(*byte);
            }
            if self.matched == self.keys.len() {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_docker_writes_them() {
        let check = |text: &str, bytes: &[u8]| {
            assert_eq!(parse(text).map(|keys| keys.bytes), Ok(bytes.to_vec()));
        };
        check("ctrl-]", b"\x1d");
        check("ctrl-p,ctrl-q", b"\x10\x11");
        check("ctrl-@,x", b"\0x");
        assert_eq!(parse("ctrl-]"), Ok(Keys::default()));
        for text in ["", "ctrl-", "ctrl-1", "ab", "ctrl-],", "é", " "] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("is no key"), "{error}");
        }
    }

    #[test]
    fn they_are_found_wherever_they_are_cut_and_all_else_passes() {
        let check = |keys: &str, typed: &[&str], expected: &str, is_found: bool| {
            let mut watch = Watch::new(&parse(keys).unwrap());
            let mut passed = Vec::new();
            let found = typed
                .iter()
                .any(|part| watch.typed(part.as_bytes(), &mut passed));
            assert_eq!(String::from_utf8(passed).unwrap(), expected, "{typed:?}");
            assert_eq!(found, is_found, "{typed:?}");
        };
        check("ctrl-]", &["abc"], "abc", false);
        check("ctrl-]", &["ab\x1dc"], "ab", true);
        check("ctrl-p,ctrl-q", &["a\x10", "\x11"], "a", true);
        check("ctrl-p,ctrl-q", &["a\x10", "b"], "a\x10b", false);
        check("ctrl-p,ctrl-q", &["\x10\x10", "\x11"], "\x10", true);
        check("a,a,b", &["aaab"], "a", true);
        check("a,b,a,c", &["ababac"], "ab", true);
    }
}
