//! What a run needs to be spawned: its pipes or its terminal, its command line, its environment.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::guardian::ID_VARIABLE;
use crate::guardian::protocol::{RunId, Spawn};
use crate::os::descriptor;
use crate::os::pty::{self, Pty, Size};
use crate::plan::{PlannedProcess, command};
use crate::words::env::Env;
use crate::words::texts::Texts;

/// What runs the commands of a Procfile.
pub(super) const SHELL: &str = "/bin/sh";
/// Nothing is ever written to a stdin that is a pipe; a small one leaves the user's pipe pages to others.
const INPUT_PIPE: i32 = 4096;
/// Holds what a child writes while its reader is busy.
const OUTPUT_PIPE: i32 = 256 * 1024;
/// How many large pipes a user's share of pipe pages has room for beside his other programs.
const LARGE_PIPES: usize = 16;

/// What a run reads from and writes to. The child's ends travel to the guardian, and are closed here
/// with that.
#[derive(Debug)]
pub(super) struct Ends {
    /// Held open so that the child's stdin is empty and never at its end: esbuild quits at an end of
    /// file.
    pub(super) input: OwnedFd,
    pub(super) output: OwnedFd,
    pub(super) childs: Vec<OwnedFd>,
    /// What tells the child's output from all others', device and inode: whoever has it is of this run.
    pub(super) identity: (u64, u64),
    pub(super) are_terminal: bool,
}

impl Ends {
    pub(super) fn terminal(size: Size) -> io::Result<Self> {
        let Pty { master, slave } = pty::open(size)?;
        Ok(Self {
            input: master.try_clone()?,
            output: master,
            identity: descriptor::identity(slave.as_fd())?,
            childs: vec![slave.try_clone()?, slave],
            are_terminal: true,
        })
    }

    /// stdout and stderr share one pipe, so that their order is kept.
    pub(super) fn pipes(process: usize) -> io::Result<Self> {
        let (childs_input, input) = descriptor::pipe()?;
        let (output, childs_output) = descriptor::pipe()?;
        descriptor::resize_pipe(input.as_fd(), INPUT_PIPE);
        if process < LARGE_PIPES {
            descriptor::resize_pipe(output.as_fd(), OUTPUT_PIPE);
        }
        Ok(Self {
            input,
            identity: descriptor::identity(output.as_fd())?,
            output,
            childs: vec![childs_input, childs_output],
            are_terminal: false,
        })
    }
}

/// `mark` is what the run's processes are known by, wherever they go.
pub(super) fn spawn_request(
    process: &PlannedProcess,
    id: RunId,
    mark: &str,
    has_terminal: bool,
) -> Spawn {
    let command = command::with_exec(&process.command);
    Spawn {
        id,
        stop_signal: process.stop_signal,
        grace: u32::try_from(process.grace.as_millis()).unwrap_or(u32::MAX),
        has_terminal,
        arguments: shell(&command),
        environment: environment(&process.env, mark),
        directory: process.directory.clone(),
    }
}

pub(super) fn shell(command: &str) -> Texts {
    [SHELL, "-c", command]
        .map(str::as_bytes)
        .into_iter()
        .collect()
}

/// `NAME=value` each.
pub(super) fn environment(env: &Env, mark: &str) -> Texts {
    let mut environment = Texts::default();
    for (name, variable) in env.iter().filter(|(name, _)| *name != ID_VARIABLE) {
        environment.push(&[name.as_bytes(), b"=", variable.value.as_bytes()]);
    }
    environment.push(&[ID_VARIABLE.as_bytes(), b"=", mark.as_bytes()]);
    environment
}
