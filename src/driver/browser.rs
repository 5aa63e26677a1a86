//! Shows a URL in the user's browser.

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
