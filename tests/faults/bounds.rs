//! devrun within bounds that the kernel watches over: a second of processor time, whatever else the machine
//! does meanwhile, and 256 MiB of memory.

use std::process::Command;

use crate::support::{Devrun, Finished, Project};

/// What the system ends a process with that has had its second (SIGXCPU).
const LIMITS: &str = if cfg!(target_os = "linux") {
    "ulimit -t 1; ulimit -v 262144; exec \"$@\""
} else {
    // macOS has no limit of the address space.
    "ulimit -t 1; exec \"$@\""
};

/// devrun with these arguments in the project, to its end.
pub fn run(project: &Project, arguments: &[&str]) -> Finished {
    let mut devrun = spawn(project, arguments);
    Finished {
        status: devrun.wait(),
        stdout: devrun.stdout.text(),
        stderr: devrun.stderr.text(),
    }
}

pub fn spawn(project: &Project, arguments: &[&str]) -> Devrun {
    let mut shell = Command::new("/bin/sh");
    project.prepare(&mut shell);
    shell.args(["-c", LIMITS, "sh", env!("CARGO_BIN_EXE_devrun")]);
    shell.args(arguments);
    project.spawn(shell)
}
