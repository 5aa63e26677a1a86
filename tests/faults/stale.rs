//! What earlier sessions left lying about: a pid in a file is for people's eyes, and nobody is signalled for it.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::left::wait_until_nobody_is_left;
use crate::others::{UP, beside, files, socket_in, up};
use crate::support::Project;

/// What is left of a session that was killed with all its witnesses: a lock file and a socket that nobody holds.
struct Remains {
    project: Project,
    lock: PathBuf,
    socket: PathBuf,
}

fn remains() -> Remains {
    let project = Project::with_procfile(UP);
    let run = beside(&project, "run/devrun");
    let mut devrun = up(&project, project.command(["start", "-p", "0"]));
    let socket = socket_in(&run);
    let lock = files(&run, "app-", ".lock").pop().unwrap();
    let record = fs::read(&lock).unwrap();
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(&project);
    drop(UnixListener::bind(&socket).unwrap());
    fs::write(&lock, record).unwrap();
    Remains {
        project,
        lock,
        socket,
    }
}

/// Somebody who has nothing to do with us, and whose pid stands in our files.
struct Bystander(Child);

impl Bystander {
    fn new() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    fn must_be_untouched(mut self) {
        // A signal that was sent before is seen by now: sending is done when kill(2) returns.
        assert_eq!(self.0.try_wait().unwrap(), None);
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In clock ticks since the system began: the 22nd field of `/proc/PID/stat`.
fn start_time(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest = stat.rsplit_once(") ").unwrap().1;
    rest.split(' ').nth(19).unwrap().parse().unwrap()
}

#[test]
fn a_pid_in_a_file_is_never_signalled() {
    for is_exact in [true, false] {
        let Remains {
            project,
            lock,
            socket,
        } = remains();
        let bystander = Bystander::new();
        let text = fs::read_to_string(&lock).unwrap();
        let mut record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        record["pid"] = bystander.pid().into();
        record["start_time"] = (start_time(bystander.pid()) - u64::from(!is_exact)).into();
        record["app"] = "shop\u{1b}]52;c;eA==\u{7}".into();
        fs::write(&lock, record.to_string()).unwrap();
        // Even a socket of its name and time, on which nobody listens.
        let name = format!(
            "s-{}-{:x}.sock",
            bystander.pid(),
            record["start_time"].as_u64().unwrap()
        );
        fs::rename(&socket, socket.with_file_name(name)).unwrap();
        for arguments in [
            &["ps"][..],
            &["ps", "--all"],
            &["stop"],
            &["stop", "web"],
            &["restart", "web"],
            &["wait"],
            &["open"],
        ] {
            let seen = project.run(arguments);
            assert_eq!(seen.status, 3, "{arguments:?}: {seen:?}");
            assert!(!seen.stderr.contains('\u{1b}'), "{seen:?}");
        }
        let mut devrun = up(&project, project.command(["start", "-p", "0"]));
        assert!(project.run(&["stop"]).status == 0);
        assert_eq!(devrun.wait(), 0);
        bystander.must_be_untouched();
        wait_until_nobody_is_left(&project);
    }
}

/// The lock itself is held: by somebody whose record lies.
#[test]
fn a_lock_whose_record_names_another_process_signals_nobody_either() {
    let Remains { project, lock, .. } = remains();
    let bystander = Bystander::new();
    let text = fs::read_to_string(&lock).unwrap();
    let held = fs::File::open(&lock).unwrap();
    held.try_lock().unwrap();
    let record = |pid: i32, start_time: u64| {
        let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
        record["pid"] = pid.into();
        record["start_time"] = start_time.into();
        record["app"] = "shop\u{1b}]52;c;eA==\u{7}".into();
        record["directory"] = "/src/\u{1b}[2Jshop".into();
        record.to_string()
    };
    let pid = bystander.pid();
    let of_it = record(pid, start_time(pid));
    let huge = format!("{}{of_it}", " ".repeat(1 << 20));
    for content in [
        of_it.clone(),
        record(pid, 1),
        record(-1, 0),
        record(0, 0),
        huge,
        "\0\u{1b}c".into(),
        "[".repeat(200_000),
    ] {
        fs::write(&lock, &content).unwrap();
        for arguments in [
            &["ps"][..],
            &["ps", "--all"],
            &["stop", "web"],
            &["restart", "web"],
        ] {
            let seen = project.run(arguments);
            let is_told_of = content == of_it && arguments[0] == "ps";
            let expected = if is_told_of { 0 } else { 3 };
            assert_eq!(seen.status, expected, "{arguments:?}: {seen:?}");
            let said = seen.stdout + &seen.stderr;
            assert!(
                !said.contains('\u{1b}'),
                "{arguments:?} of {:.80}: {said:?}",
                content
            );
        }
    }
    fs::write(&lock, record(pid, start_time(pid))).unwrap();
    let seen = project.run(&["stop"]);
    assert_eq!(seen.status, 3, "{seen:?}");
    assert!(seen.stderr.contains("does not answer"), "{seen:?}");
    let ending = "if it is ending, try again in a moment";
    assert!(seen.stderr.contains(ending), "{seen:?}");
    drop(held);
    bystander.must_be_untouched();
}
