//! The command itself: a child in our own job, so that the keys of the terminal are its own.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use crate::cli::run;
use crate::cli::run_up::borrowed::Borrowed;
use crate::cli::run_up::signals::{self, Signals};
use crate::os;
use crate::words::exit::Exit;
use crate::words::report::Report;

/// How it ended. What is typed reaches it without us; other signals are passed on.
///
/// # Errors
/// It cannot be run.
pub(super) async fn run(
    mut command: Command,
    signals: &mut Signals,
    borrowed: &mut Borrowed,
) -> Result<Exit, Vec<Report>> {
    // By a thread that lives as long as we do: there is but one.
    os::spawn::end_with_us(&mut command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Err(vec![run::cannot_run(&command, &error)]),
    };
    let pid = child.id() as i32;
    let ended = tokio::task::spawn_blocking(move || child.wait());
    tokio::pin!(ended);
    loop {
        tokio::select! {
            ended = &mut ended => {
                let status = ended.ok().and_then(Result::ok);
                return Ok(status.map_or(Exit::Status(run::FAILED), exit_of));
            }
            signal = signals.next() => {
                if !signals::is_typed(signal) {
                    os::signals::send(pid, signal);
                }
            }
            () = borrowed.look() => borrowed.say_whose_session_has_ended(),
        }
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    let signal = status.signal().map(Exit::Signal);
    // A status has eight bits.
    signal.unwrap_or(Exit::Status(status.code().unwrap_or(0) as u8))
}
