//! Shows a URL in the user's browser.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use tokio::sync::oneshot;

use crate::driver::output::Output;
use crate::words::answer::Answer;

/// Starts the browser; that it cannot be started is said. It is the user's and not the session's: it lives
/// on when that ends.
pub(super) fn open(url: String, output: Output) {
    let (failed, failure) = oneshot::channel();
    let commands = open::commands(&url);
    // Some of these commands run as long as the browser does: nobody waits for the thread.
    std::thread::spawn(move || {
        if let Err(cause) = first_that_works(commands) {
            let _ = failed.send(cause);
        }
    });
    tokio::task::spawn_local(async move {
        if let Ok(cause) = failure.await {
            output.answer(&Answer::CannotOpen { url, cause });
        }
    });
}

/// Each system has several ways.
fn first_that_works(commands: Vec<Command>) -> Result<(), String> {
    let mut cause = "no browser was found".to_string();
    for mut command in commands {
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
