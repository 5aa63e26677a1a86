//! devrun within bounds that the kernel watches over: so much processor time, whatever else the machine
//! does meanwhile, and 256 MiB of memory.

use std::process::Command;

use crate::support::{Devrun, Finished, Project};

/// Of processor time: one second is what is promised. A debug build computes many times as long for the same, and has three:
/// so a slow machine is no fault, and what grows with the square of its input is one all the same.
const SECONDS: u32 = if cfg!(debug_assertions) { 3 } else { 1 };

/// What the system ends a process with that has had its time (SIGXCPU).
fn limits() -> String {
    // macOS has no limit of the address space.
    let memory = if cfg!(target_os = "linux") {
        "ulimit -v 262144; "
    } else {
        ""
    };
    format!("ulimit -t {SECONDS}; {memory}exec \"$@\"")
}

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
    shell.args(["-c", &limits(), "sh", env!("CARGO_BIN_EXE_devrun")]);
    shell.args(arguments);
    project.spawn(shell)
}
