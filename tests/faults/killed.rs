//! SIGKILL of devrun, alone or with its job: in the midst of life, of a start, and of a shutdown.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::families::{Family, check, check_those};
use crate::left::{left, wait_until_nobody_is_left};
use crate::screen::{CTRL_Z, Screen};
use crate::support::{Project, is_installed, wait_until, wait_until_gone};

const KILLED: i32 = 128 + Signal::SIGKILL as i32;

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

/// As it is typed: devrun in the background, and in a pipeline that is stopped.
#[test]
fn of_a_job_by_its_number_in_a_shell() {
    let shells = [("sh", &[][..]), ("bash", &["--norc"])];
    for (shell, arguments) in shells.into_iter().filter(|(name, _)| is_installed(name)) {
        for (tail, to_the_prompt) in [(" > out &", ""), (" | cat > out", CTRL_Z)] {
            let family = Family::new();
            let start = family.command(&[]);
            let words: Vec<&OsStr> = start.get_args().collect();
            let line = words.join(OsStr::new(" ")).into_string().unwrap();
            let mut screen = Screen::shell_called(&family.project, shell, arguments);
            screen.command(&format!("$D {line}{tail}"));
            family.wait_until_up();
            screen.type_(to_the_prompt);
            if !to_the_prompt.is_empty() {
                screen.wait_for("Stopped");
            }
            let session = family.project.session();
            screen.command("kill -9 %1; echo it is $((1 + 1))");
            screen.wait_for("it is 2");
            wait_until_gone(session);
            let itself = format!("{} ", screen.pid());
            wait_until(|| {
                left(&family.project)
                    .iter()
                    .all(|line| line.starts_with(&itself))
            });
            drop(screen);
            family.wait_until_gone();
        }
    }
}

/// One of them holds out for 20 s, so that the shutdown goes on however late the signal comes.
#[test]
fn of_the_manager_in_its_own_shutdown() {
    check_those(
        Family::that_holds_out,
        |devrun| {
            devrun.signal(Signal::SIGTERM).wait_for("stopping ");
            devrun.signal(Signal::SIGKILL);
        },
        KILLED,
        "stopping ",
    );
}

#[test]
fn of_the_manager_when_it_has_killed_some_itself() {
    check_those(
        Family::that_holds_out,
        |devrun| {
            devrun.signal(Signal::SIGTERM).wait_for(": killed");
            devrun.signal(Signal::SIGKILL);
        },
        KILLED,
        ": killed",
    );
}

/// Before anything can be seen of it, and at every later moment.
#[test]
fn of_the_manager_at_any_moment_of_a_start() {
    for step in 0..20 {
        let project = fifty();
        let tty = ["never", "always"][step % 2];
        let mut devrun = project.start_with(&["--tty", tty]);
        let moment = Instant::now() + step as u32 * Duration::from_micros(1_500);
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
            let inner = Pid::from_raw(outer.pid_of("inner.1"));
            kill(inner, Signal::SIGKILL).unwrap();
        } else {
            outer.signal(Signal::SIGKILL);
        }
        assert_eq!(outer.wait(), KILLED);
        inner.wait_until_gone();
        wait_until_nobody_is_left(&project);
    }
}

/// So many that they are still being started when somebody ends it.
pub fn fifty() -> Project {
    let line = |number| format!("p{number}: touch file{number}; exec sleep 1000\n");
    Project::with_procfile(&(0..50).map(line).collect::<String>())
}
