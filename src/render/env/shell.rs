//! An environment → what a POSIX shell is given to `eval`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::render::env::{is_identifier, push_left_out};
use crate::words::env::Env;

/// bash makes these itself and ends, or complains, when somebody sets them.
const READ_ONLY: [&str; 6] = [
    "BASHOPTS",
    "BASH_VERSINFO",
    "EUID",
    "PPID",
    "SHELLOPTS",
    "UID",
];

/// Every byte of a value as it is. What the shell would not take is left out, and said at the end: in a single
/// line, which `eval` without quotes makes of it all, nothing else is behind the `#`.
pub(crate) fn shell(env: &Env) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left_out = Vec::new();
    for (name, variable) in env.iter() {
        if !is_identifier(name) {
            push_left_out(name, "not a shell name", &mut left_out);
        } else if READ_ONLY.iter().any(|known| name == *known) {
            push_left_out(name, "the shell's own", &mut left_out);
        } else {
            push_export(name, &variable.value, &mut out);
        }
    }
    out.extend(left_out);
    out
}

fn push_export(name: &OsStr, value: &OsStr, out: &mut Vec<u8>) {
    out.extend_from_slice(b"export ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    for byte in value.as_bytes() {
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            byte => out.push(*byte),
        }
    }
    out.extend_from_slice(b"'\n");
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::words::env::Source;

    #[test]
    fn values_are_quoted_and_names_that_are_none_left_out() {
        let mut env = Env::default();
        let mut lay = |name: &str, value: &[u8]| {
            let value = OsString::from_vec(value.to_vec());
            env.lay(name.into(), value, Source::Shell);
        };
        lay("A", b"it's $x\n\xff");
        lay("A-B", b"1");
        lay("B", b"");
        lay("PPID", b"1");
        lay("X\n'; rm x", b"1");
        let expected: &[u8] =
            b"export A='it'\\''s $x\n\xff'\nexport B=''\n# not a shell name: A-B\n\
            # the shell's own: PPID\n# not a shell name: X\\n'; rm x\n";
        assert_eq!(shell(&env), expected);
    }
}
