//! What a process starts with, whatever devrun itself was started with or ignores.

use std::os::unix::process::CommandExt;

use nix::sys::signal::{SigHandler, Signal, signal};

use crate::support::Project;

/// A pipe without a reader ends a process by SIGPIPE, a file that grew too long by SIGXFSZ: also where devrun's caller
/// ignores them, and devrun does.
#[test]
fn processes_have_all_signals_at_their_defaults() {
    let project = Project::with_procfile(
        "pipe: kill -PIPE $$; echo survived\nfile: kill -XFSZ $$; echo survived\n",
    );
    let mut command = project.command(["start", "-p", "0", "--restart", "never"]);
    let ignore = || {
        for ignored in [Signal::SIGPIPE, Signal::SIGXFSZ] {
            // SAFETY: ignoring runs no code.
            unsafe { signal(ignored, SigHandler::SigIgn) }?;
        }
        Ok(())
    };
    // SAFETY: system calls only.
    unsafe { command.pre_exec(ignore) };
    let mut devrun = project.spawn(command);
    devrun
        .see("pipe.1 was killed by SIGPIPE")
        .see("file.1 was killed by SIGXFSZ");
    devrun.wait();
    assert_eq!(devrun.count("survived"), 0);
}
