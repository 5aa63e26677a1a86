//! Disks that are full or read-only, and files that may not grow.

use std::fs::File;

use nix::sys::resource::Resource;

use crate::left::wait_until_nobody_is_left;
use crate::scarcity::limited;
#[cfg(target_os = "linux")]
use crate::scarcity::mounts;
use crate::support::{Devrun, Project};

const WEB: &str = "web: echo up; exec sleep 1000\n";

/// It says that once, runs, and ends well.
fn runs_all_the_same(project: &Project, devrun: Option<Devrun>, says: &str) {
    let Some(mut devrun) = devrun else { return };
    devrun
        .see(&format!("system | {says}\n"))
        .see("web.1  | up\n");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count(says), 1);
    assert_eq!(devrun.stderr.text(), "");
    wait_until_nobody_is_left(project);
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_directory_that_is_full_or_read_only_ends_the_store_alone() {
    for (mount, words) in [
        (
            r#"mount -t tmpfs -o size=4k none "$STATE"; head -c 4096 /dev/zero > "$STATE/full""#,
            "No space left on device",
        ),
        (
            r#"mount -t tmpfs -o ro none "$STATE""#,
            "Read-only file system",
        ),
    ] {
        let project = Project::with_procfile(WEB);
        let devrun = mounts::start(&project, mount, &[]);
        let says = format!("the log store has stopped: {words}; devrun logs ends here");
        runs_all_the_same(&project, devrun, &says);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_directory_that_fills_up_ends_the_store_alone() {
    let project = Project::with_procfile(
        "web: echo up; head -c 2000000 /dev/zero | tr '\\0' 'x' | fold; echo; echo end; exec sleep 1000\n",
    );
    let mount = r#"mount -t tmpfs -o size=512k none "$STATE""#;
    let Some(mut devrun) = mounts::start(&project, mount, &[]) else {
        return;
    };
    devrun.see(
        "system | the log store has stopped: No space left on device; devrun logs ends here\n",
    );
    devrun.see("web.1  | end\n");
    assert_eq!(devrun.count(&"x".repeat(80)), 25_000);
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
}

#[cfg(target_os = "linux")]
#[test]
fn a_session_without_room_for_a_socket_says_that_nobody_finds_it() {
    for (mount, words) in [
        // Room for the directory itself, for `devrun` and for the app's lock.
        (
            r#"mount -t tmpfs -o nr_inodes=2 none "$RUN"; mkdir -m 700 "$RUN/devrun""#,
            "No space left on device",
        ),
        (
            r#"mkdir -p -m 700 "$RUN/devrun"; mount --bind "$RUN" "$RUN"; mount -o remount,bind,ro "$RUN""#,
            "Read-only file system",
        ),
    ] {
        let project = Project::with_procfile(WEB);
        let devrun = mounts::start(&project, mount, &[]);
        let says = format!("ps, stop, restart and attach will not find this session: {words}");
        runs_all_the_same(&project, devrun, &says);
    }
}

/// HOME, the runtime and the state directory, the temporary one, and the project itself.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_read_only_everywhere_takes_nothing_but_comfort() {
    let project = Project::with_procfile(WEB);
    let mount = r#"if [ -d /run/user ]; then mount -t tmpfs -o ro none /run/user; fi
        mount --bind "$ROOT" "$ROOT"; mount -o remount,bind,ro "$ROOT"; cd "$ROOT/app"; unset XDG_STATE_HOME"#;
    let Some(mut devrun) = mounts::start(&project, mount, &[]) else {
        return;
    };
    devrun
        .see("system | the log store has stopped: Read-only file system; devrun logs ends here\n");
    let says = "ps, stop, restart and attach will not find this session: no directory for its socket is private; \
                `XDG_RUNTIME_DIR` can name one";
    runs_all_the_same(&project, Some(devrun), says);
}

#[test]
fn files_that_may_not_grow_end_the_store_alone() {
    let project = Project::with_procfile(WEB);
    let command = project.command(["start", "-p", "0"]);
    let devrun = project.spawn(limited(command, Resource::RLIMIT_FSIZE, 0));
    runs_all_the_same(
        &project,
        Some(devrun),
        "the log store has stopped: File too large; devrun logs ends here",
    );
}

#[test]
fn an_output_file_that_may_not_grow_is_said_by_the_status() {
    let project = Project::with_procfile("web: echo x\n");
    let command = project.command(["start", "-p", "0"]);
    let mut command = limited(command, Resource::RLIMIT_FSIZE, 0);
    command.stdout(File::create(project.directory().join("out")).unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("error: output was lost"), "{said}");
}
