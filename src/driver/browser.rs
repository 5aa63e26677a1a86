//! Shows a URL in the user's browser.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use tokio::sync::oneshot;

use crate::driver::output::Output;
use crate::words::answer::Answer;

/// Starts the browser. It is the user's and not ours: it lives on when we end. The receiver gets why it cannot
/// be started, and nothing as long as it may yet turn out.
pub(crate) fn start(url: &str) -> oneshot::Receiver<Result<(), String>> {
    let (ended, end) = oneshot::channel();
    let commands = open::commands(url);
    // Some of these commands run as long as the browser does: nobody waits for the thread.
    std::thread::spawn(move || {
        let _ = ended.send(first_that_works(commands));
    });
    end
}

/// The same, and that it cannot be started is said.
pub(super) fn open(url: String, output: Output) {
    let end = start(&url);
    tokio::task::spawn_local(async move {
        if let Ok(Err(cause)) = end.await {
            output.answer(&Answer::CannotOpen { url, cause });
        }
    });
}

/// Where the browser's command is looked for, and where it looks itself: what a relative entry of PATH leads to
/// belongs to whoever filled the directory that we are in. `None`: PATH has no other entries. (An empty PATH would
/// mean that directory, too; without one the system has its own.)
fn absolute_entries(path: &OsStr) -> Option<OsString> {
    let entries = std::env::split_paths(path).filter(|entry| entry.is_absolute());
    let entries = std::env::join_paths(entries).expect("they were split");
    (!entries.is_empty()).then_some(entries)
}

/// Each system has several ways.
fn first_that_works(commands: Vec<Command>) -> Result<(), String> {
    let mut cause = "no browser was found".to_string();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = absolute_entries(&path);
    for mut command in commands {
        match &path {
            Some(path) => command.env("PATH", path),
            None => command.env_remove("PATH"),
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is not for it.
            .process_group(0);
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                cause = format!("{} ended with {status}", command.get_program().display())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => cause = error.to_string(),
        }
    }
    Err(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_looked_for_where_we_happen_to_be() {
        let check = |path: &str, expected: &str| {
            let expected = Some(OsString::from(expected)).filter(|it| !it.is_empty());
            assert_eq!(absolute_entries(path.as_ref()), expected, "{path}");
        };
        check("/usr/bin:/bin", "/usr/bin:/bin");
        check(".:/bin", "/bin");
        check("bin:/usr/bin:", "/usr/bin");
        check("", "");
        check(".::bin", "");
    }
}
