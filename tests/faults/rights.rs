//! What has taken another user's rights, as `sudo` does: no signal of ours reaches it, and where /proc hides other
//! users' processes (`hidepid`) it cannot even be seen.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::copy::copy_program;
use crate::scarcity::processes::as_somebody;
use crate::support::{Devrun, Project, helper, is_alive, wait_until_gone};

const GIVEN_UP: &str = "1 process runs on with another user's rights, which devrun may not end";

/// A session of a user who is not root, and the pid of one of its processes that has become root's.
struct Risen {
    devrun: Devrun,
    pid: i32,
    _project: Project,
}

impl Risen {
    /// `web` is its command line, with `RISE` for the program. `None`: only root can make that.
    fn start(web: &str) -> Option<Self> {
        let project = Project::empty();
        let rise = project.directory().join("rise");
        let line = web.replace("RISE", &format!("{} as-root pid", rise.display()));
        project.write("Procfile", format!("web: {line}\nother: exec sleep 1000\n"));
        let arguments = ["start", "-p", "0", "-t", "0.5", "--restart", "never"];
        let command = as_somebody(&project, &arguments)?;
        let program = helper("");
        copy_program(Path::new(program.trim()), &rise);
        fs::set_permissions(&rise, Permissions::from_mode(0o4755)).unwrap();
        let devrun = project.spawn(command);
        project.wait_for_file("pid");
        let pid = project.read("pid").parse().unwrap();
        Some(Self {
            devrun,
            pid,
            _project: project,
        })
    }

    /// It lives on, and nothing else of the session does.
    fn alone_is_left(self) {
        assert!(is_alive(self.pid));
        kill(Pid::from_raw(self.pid), Signal::SIGKILL).unwrap();
        wait_until_gone(self.pid);
    }
}

#[test]
fn a_process_of_another_users_rights_is_given_up_and_named_at_the_end() {
    for web in [
        "exec RISE",
        "RISE & exec sleep 1000",
        "(RISE &); exec sleep 1000",
    ] {
        let Some(mut risen) = Risen::start(web) else {
            return;
        };
        let status = risen.devrun.interrupt();
        let said = risen.devrun.stdout.text();
        assert!(said.contains(GIVEN_UP), "{web}: {said}");
        assert!(said.contains("done. up "), "{web}, {status}: {said}");
        risen.alone_is_left();
    }
}

#[test]
fn exits_are_told_beside_one_that_cannot_be_ended() {
    let Some(mut risen) = Risen::start("(RISE &); until test -e pid; do sleep 0.01; done; exit 3")
    else {
        return;
    };
    risen
        .devrun
        .wait_for("web.1 exited with status 3; 1 process of its tree lives on and got SIGTERM")
        .wait_for(GIVEN_UP);
    risen.devrun.interrupt();
    risen.alone_is_left();
}
