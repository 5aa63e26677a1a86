//! Programs that cannot become one, and a session with little memory.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::left::wait_until_nobody_is_left;
use crate::support::Project;

/// Each fails at once, for good, and is said to.
#[test]
fn a_program_that_cannot_be_executed_is_not_tried_again() {
    let project = Project::with_procfile(
        "plain: ./plain\nbusy: ./busy\ngarbage: ./garbage\nmissing: ./missing\nweb: echo up; exec sleep 1000\n",
    );
    project.write("plain", "#!/bin/sh\n");
    for (name, content) in [("busy", &b"#!/bin/sh\n"[..]), ("garbage", b"\x7fELF\0")] {
        project.write(name, content);
        fs::set_permissions(
            project.directory().join(name),
            Permissions::from_mode(0o755),
        )
        .unwrap();
    }
    // ETXTBSY, as long as somebody may write to it. (Linux alone.)
    let busy = OpenOptions::new()
        .append(true)
        .open(project.directory().join("busy"))
        .unwrap();
    let mut devrun = project.start();
    for (name, status) in [("plain", 126), ("garbage", 126), ("missing", 127)] {
        devrun.see(&format!("{name}.1 exited with status {status} "));
    }
    #[cfg(target_os = "linux")]
    devrun.see("busy.1 exited with status 126 ");
    devrun.see("| up\n");
    devrun.interrupt();
    assert_eq!(devrun.count("restart 1"), 0);
    drop(busy);
    wait_until_nobody_is_left(&project);
}

#[cfg(target_os = "linux")]
#[test]
fn a_session_needs_little_memory() {
    let project = Project::with_procfile("web: echo up; exec sleep 1000\n");
    let command = project.command(["start", "-p", "0"]);
    let memory = nix::sys::resource::Resource::RLIMIT_AS;
    let mut devrun = project.spawn(super::limited(command, memory, 100 << 20));
    devrun.see("web.1  | up\n");
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

/// Whoever is to be started needs it, and `run` does not.
#[cfg(target_os = "linux")]
#[test]
fn without_a_shell_each_process_fails_for_good_and_says_what_is_missing() {
    let project = Project::with_procfile("web: echo never\njob: echo never\n");
    let mount =
        r#"mkdir "$ROOT/none"; mount --bind "$ROOT/none" "$(dirname "$(readlink -f /bin/sh)")""#;
    let Some(mut devrun) = super::mounts::start(&project, mount, &[]) else {
        return;
    };
    for process in ["web.1", "job.1"] {
        devrun.see(&format!(
            "{process} could not be started: there is no /bin/sh"
        ));
    }
    assert_eq!(devrun.wait(), 126);
    assert_eq!(devrun.count("never"), 0);
    wait_until_nobody_is_left(&project);
}
