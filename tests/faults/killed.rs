//! SIGKILL of the manager, of the guardian, of the job: in the midst of life, of a start, and of a shutdown.

use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::families::{Bystander, Family};
use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, PATIENCE, Project};

const KILLED: i32 = 128 + Signal::SIGKILL as i32;

/// Ends a session of every kind of descendant, with pipes and with terminals: nobody is left, and nobody else
/// has noticed anything.
fn check(end: fn(&mut Devrun), status: i32, said: &str) {
    for tty in ["never", "always"] {
        let (family, bystander) = (Family::new(), Bystander::new());
        let mut command = family.command(&["--tty", tty]);
        command.process_group(bystander.group());
        let mut devrun = family.run(command);
        end(&mut devrun);
        assert_eq!(devrun.wait(), status, "{}", devrun.stdout.text());
        assert!(
            devrun.stdout.text().contains(said),
            "{}",
            devrun.stdout.text()
        );
        family.wait_until_gone();
        bystander.is_untouched();
    }
}

#[test]
fn of_the_manager() {
    check(|devrun| _ = devrun.signal(Signal::SIGKILL), KILLED, "");
}

#[test]
fn of_a_manager_that_was_stopped_before() {
    check(
        |devrun| _ = devrun.signal(Signal::SIGSTOP).signal(Signal::SIGKILL),
        KILLED,
        "",
    );
}

#[test]
fn of_the_guardian() {
    check(
        |devrun| kill(guardian_of(devrun.pid()), Signal::SIGKILL).unwrap(),
        1,
        "the guardian is gone",
    );
}

/// What `kill -9 %1` of a shell with job control is.
#[test]
fn of_the_whole_job() {
    for tty in ["never", "always"] {
        let family = Family::new();
        let mut command = family.command(&["--tty", tty]);
        command.process_group(0);
        let mut devrun = family.run(command);
        killpg(devrun.pid(), Signal::SIGKILL).unwrap();
        assert_eq!(devrun.wait(), KILLED);
        family.wait_until_gone();
    }
}

#[test]
fn of_the_manager_in_its_own_shutdown() {
    check(
        |devrun| {
            devrun.signal(Signal::SIGTERM).wait_for("stopping ");
            devrun.signal(Signal::SIGKILL);
        },
        KILLED,
        "stopping ",
    );
    check(
        |devrun| {
            devrun.signal(Signal::SIGTERM).wait_for(": killed");
            devrun.signal(Signal::SIGKILL);
        },
        KILLED,
        ": killed",
    );
}

#[test]
fn of_the_guardian_in_a_shutdown() {
    check(
        |devrun| {
            devrun.signal(Signal::SIGTERM).wait_for("stopping ");
            kill(guardian_of(devrun.pid()), Signal::SIGKILL).unwrap();
        },
        1,
        "the guardian is gone",
    );
}

/// Fifty processes, and one of the two killed once so many of them have been started.
#[test]
fn in_the_midst_of_a_start() {
    for tty in ["never", "always"] {
        for whose in [
            |devrun: &Devrun| devrun.pid(),
            |devrun: &Devrun| guardian_of(devrun.pid()),
        ] {
            for started in [1, 2, 10, 40] {
                let project = fifty();
                let mut devrun = project.start_with(&["--tty", tty]);
                wait_until(|| files(&project) >= started);
                kill(whose(&devrun), Signal::SIGKILL).unwrap();
                devrun.wait();
                wait_until_nobody_is_left(&project);
            }
        }
    }
}

/// Before anything can be seen of it, and at every later moment.
#[test]
fn of_the_manager_at_any_moment_of_a_start() {
    for microseconds in (0..30_000).step_by(1_500) {
        let project = fifty();
        let tty = if microseconds % 1000 == 0 {
            "never"
        } else {
            "always"
        };
        let mut devrun = project.start_with(&["--tty", tty]);
        let moment = Instant::now() + Duration::from_micros(microseconds);
        wait_until(|| Instant::now() >= moment);
        devrun.kill();
        wait_until_nobody_is_left(&project);
    }
}

#[test]
fn of_a_detached_session() {
    let family = Family::new();
    let mut front = family.run(family.command(&["-D"]));
    wait_until(|| family.project.has_session());
    kill(Pid::from_raw(family.project.session()), Signal::SIGKILL).unwrap();
    front.wait();
    family.wait_until_gone();
}

#[test]
fn of_the_guardian_of_a_detached_session() {
    let family = Family::new();
    let mut front = family.run(family.command(&["-D"]));
    wait_until(|| family.project.has_session());
    let guardian = guardian_of(Pid::from_raw(family.project.session()));
    kill(guardian, Signal::SIGKILL).unwrap();
    front.wait();
    family.wait_until_gone();
}

/// The command is not ours to end; it is told why what it uses is gone.
#[test]
fn of_the_session_that_a_command_was_started_for() {
    let family = Family::new();
    let script = "echo runs; until test -e enough; do sleep 0.01; done; exit 3";
    let arguments = ["run", "--up", "sh", "-c", script];
    let mut devrun = family.run(family.project.command(arguments));
    devrun.wait_for("runs");
    kill(Pid::from_raw(family.project.session()), Signal::SIGKILL).unwrap();
    let said = "app no longer runs: its session has ended\n";
    devrun.stderr.wait_for(said, 0);
    family.project.write("enough", "");
    assert_eq!(devrun.wait(), 3);
    assert_eq!(devrun.stderr.text().matches("session").count(), 1);
    family.wait_until_gone();
}

/// One that listens to nobody is set going for it.
#[test]
fn of_the_manager_though_the_guardian_is_stopped() {
    check(
        |devrun| {
            kill(guardian_of(devrun.pid()), Signal::SIGSTOP).unwrap();
            devrun.signal(Signal::SIGKILL);
        },
        KILLED,
        "",
    );
}

#[test]
fn a_guardian_that_is_stopped_does_not_hold_up_the_end() {
    check(
        |devrun| {
            kill(guardian_of(devrun.pid()), Signal::SIGSTOP).unwrap();
            devrun.signal(Signal::SIGTERM);
        },
        0,
        "stopping ",
    );
}

#[test]
fn of_a_devrun_inside_devrun() {
    for inside in [true, false] {
        let inner = Family::new();
        let arguments = inner.command(&["-f"]);
        let words = arguments.get_args().map(|word| word.to_str().unwrap());
        let command: Vec<&str> = [env!("CARGO_BIN_EXE_devrun")]
            .into_iter()
            .chain(words)
            .collect();
        let file = inner.project.directory().join("Procfile");
        let procfile = format!("inner: {} {}\n", command.join(" "), file.display());
        let project = Project::with_procfile(&procfile);
        let mut outer = project.start_with(&["--restart", "never", "-t", "1"]);
        inner.wait_until_up();
        if inside {
            let pid = outer.value_after("inner.1 started (pid ");
            let pid = pid.split([',', ')']).next().unwrap().parse().unwrap();
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        } else {
            outer.signal(Signal::SIGKILL);
        }
        assert_eq!(outer.wait(), KILLED);
        inner.wait_until_gone();
        wait_until_nobody_is_left(&project);
    }
}

fn fifty() -> Project {
    let line = |number| format!("p{number}: touch file{number}; exec sleep 1000\n");
    Project::with_procfile(&(0..50).map(line).collect::<String>())
}

fn files(project: &Project) -> usize {
    let entries = std::fs::read_dir(project.directory()).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("file")).count()
}

fn wait_until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

fn guardian_of(manager: Pid) -> Pid {
    let tasks = std::fs::read_dir(format!("/proc/{manager}/task")).unwrap();
    let children = tasks
        .flatten()
        .map(|task| std::fs::read_to_string(task.path().join("children")).unwrap());
    let children: String = children.collect();
    let mut pids = children.split_whitespace();
    let guardian = pids.find(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "drguard\n")
    });
    Pid::from_raw(guardian.expect("it has one").parse().unwrap())
}
