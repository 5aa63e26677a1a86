//! A process's environment in another terminal than its session's: what says where it is shown is that of the
//! terminal where it is.

use std::ffi::{OsStr, OsString};

use crate::words::env::{Env, Source};

/// They tell of a terminal, of who sits at it, and of the shell there.
const NAMES: [&str; 21] = [
    "COLORTERM",
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GPG_TTY",
    "KONSOLE_VERSION",
    "LINES",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "STY",
    "TERM",
    "TERMCAP",
    "TERMINFO",
    "VTE_VERSION",
    "WAYLAND_DISPLAY",
    "WINDOW",
    "WINDOWID",
    "XAUTHORITY",
    "XDG_SESSION_ID",
    "_",
];
const BEGINNINGS: [&str; 7] = ["SSH_", "TERM_", "TMUX", "ITERM_", "KITTY_", "WT_", "ZELLIJ"];

/// What the session had from its shell is as in `shell`, the one here; what was set for the process stays.
pub(super) fn of(mut env: Env, shell: &[(OsString, OsString)]) -> Env {
    let foreign = env.iter().filter(|(name, variable)| {
        let is_of_shell = matches!(variable.source, Source::Shell);
        is_of_shell && is_of_terminal(name)
    });
    let foreign: Vec<OsString> = foreign.map(|(name, _)| name.to_os_string()).collect();
    foreign.iter().for_each(|name| env.remove(name));
    for (name, value) in shell {
        if is_of_terminal(name) && env.get(name).is_none() {
            env.lay(name.clone(), value.clone(), Source::Shell);
        }
    }
    env
}

fn is_of_terminal(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let begins = |beginning: &&str| name.starts_with(*beginning);
    NAMES.contains(&name) || BEGINNINGS.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is_shown_is_here_and_all_else_is_the_process_s() {
        let mut env = Env::default();
        for (name, value) in [("TERM", "vt100"), ("SSH_TTY", "/dev/pts/1"), ("LANG", "C")] {
            env.lay(name.into(), value.into(), Source::Shell);
        }
        let file = Source::EnvFile {
            file: ".env".into(),
            line: 1,
        };
        env.lay("COLUMNS".into(), "80".into(), file);
        let shell = [
            ("TERM", "xterm"),
            ("TMUX_PANE", "%1"),
            ("COLUMNS", "200"),
            ("LANG", "de_DE"),
            ("SECRET", "x"),
        ];
        let shell = shell.map(|(name, value)| (name.into(), value.into()));
        let env = of(env, &shell);
        let shown = env.iter().map(|(name, variable)| {
            let value = variable.value.to_string_lossy();
            format!("{}={value}", name.to_string_lossy())
        });
        let expected = ["COLUMNS=80", "LANG=C", "TERM=xterm", "TMUX_PANE=%1"];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }
}
