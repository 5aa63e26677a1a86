//! A process's environment → what `devrun env` writes: for people here, for programs below.

pub(crate) mod dotenv;
mod explain;
pub(crate) mod json;
pub(crate) mod shell;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub(crate) use crate::render::env::explain::explain;
use crate::words::env::Env;
use crate::words::secret::{self, Secrets};
use crate::words::wording;

/// `NAME=value` lines for a terminal, in the order of the names.
pub(crate) fn text(env: &Env, secrets: Secrets) -> String {
    env.iter()
        .map(|(name, variable)| {
            let value = shown(name, &variable.value, secrets);
            format!("{}={value}\n", wording::escaped(&name.to_string_lossy()))
        })
        .collect()
}

/// The same for a pipe: every byte as it is, as the program `env` writes them.
pub(crate) fn bytes(env: &Env) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, variable) in env.iter() {
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        out.extend_from_slice(variable.value.as_bytes());
        out.push(b'\n');
    }
    out
}

/// The same environment with `****` for each secret.
pub(crate) fn masked(env: &Env) -> Env {
    let mut shown = env.clone();
    for (name, variable) in env.iter() {
        let text = variable.value.to_string_lossy();
        let masked = secret::masked(&name.to_string_lossy(), &text);
        if masked != text {
            shown.replace(name, masked.into_owned().into());
        }
    }
    shown
}

/// The same environment with nothing in its values that acts on a terminal; their lines stay.
pub(crate) fn harmless(env: &Env) -> Env {
    let mut shown = env.clone();
    for (name, variable) in env.iter() {
        let text = variable.value.to_string_lossy();
        let lines: Vec<_> = text.split('\n').map(wording::escaped).collect();
        let harmless = lines.join("\n");
        if harmless != text {
            shown.replace(name, harmless.into());
        }
    }
    shown
}

/// A value as a terminal may have it, in one line.
fn shown(name: &OsStr, value: &OsStr, secrets: Secrets) -> String {
    let text = plain(name, value, secrets);
    wording::escaped(&text).into_owned()
}

/// A value as text.
fn plain(name: &OsStr, value: &OsStr, secrets: Secrets) -> String {
    let text = value.to_string_lossy();
    match secrets {
        Secrets::Masked => secret::masked(&name.to_string_lossy(), &text).into_owned(),
        Secrets::Revealed => text.into_owned(),
    }
}

/// Whether a shell, and every reader of env files, takes it for a variable's name.
fn is_identifier(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    name.iter().all(is_part) && name.first().is_some_and(|byte| !byte.is_ascii_digit())
}

/// Says in a line of its own what is left out.
fn push_left_out(name: &OsStr, why: &str, out: &mut Vec<u8>) {
    let name = name.to_string_lossy();
    out.extend_from_slice(format!("# {why}: {}\n", wording::escaped(&name)).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::env::Source;

    pub(super) fn env(variables: &[(&str, &str)]) -> Env {
        let mut env = Env::default();
        for (name, value) in variables {
            env.lay(name.into(), value.into(), Source::Shell);
        }
        env
    }

    #[test]
    fn lines_are_sorted_escaped_and_masked() {
        let env = env(&[("B", "x\u{1b}[2J\ny"), ("A_KEY", "abc"), ("A", "a://u:x@h")]);
        assert_eq!(
            text(&env, Secrets::Masked),
            "A=a://u:****@h\nA_KEY=****\nB=x\\x1b[2J\\ny\n"
        );
        assert_eq!(
            text(&env, Secrets::Revealed),
            "A=a://u:x@h\nA_KEY=abc\nB=x\\x1b[2J\\ny\n"
        );
        assert_eq!(bytes(&env), b"A=a://u:x@h\nA_KEY=abc\nB=x\x1b[2J\ny\n");
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped_line_by_line() {
        let harmless = harmless(&env(&[("A", "a\u{1b}[2J\nb\u{202e}"), ("B", "é")]));
        assert_eq!(
            bytes(&harmless),
            "A=a\\x1b[2J\nb\\u{202e}\nB=é\n".as_bytes()
        );
    }

    #[test]
    fn an_identifier_is_what_a_shell_takes() {
        for name in ["A", "_", "a_1"] {
            assert!(is_identifier(OsStr::new(name)), "{name}");
        }
        for name in ["", "1A", "A-B", "BASH_FUNC_x%%", "é"] {
            assert!(!is_identifier(OsStr::new(name)), "{name}");
        }
    }
}
