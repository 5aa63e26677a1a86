//! The signals that end a session, and what sends them: `kill`, a key, a terminal that is closed, a shell that ends.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::families::{Family, check};
use crate::screen::{CTRL_C, Screen, become_its_session};
use crate::support::{is_alive, is_installed, wait_until_gone};

/// Somebody among them is deaf.
const SAID: &str = "deaf.1 did not stop in 0.3 s: killed";

#[test]
fn sigterm_leaves_nobody() {
    check(|devrun| _ = devrun.signal(Signal::SIGTERM), 0, SAID);
}

#[test]
fn sigint_leaves_nobody() {
    check(|devrun| _ = devrun.signal(Signal::SIGINT), 0, SAID);
}

#[test]
fn sighup_leaves_nobody() {
    check(|devrun| _ = devrun.signal(Signal::SIGHUP), 0, SAID);
}

#[test]
fn sigquit_leaves_nobody() {
    check(|devrun| _ = devrun.signal(Signal::SIGQUIT), 0, SAID);
}

/// Stopped ones are set going for it, and who leaves the group is asked as soon as its parent is gone.
#[test]
fn only_the_deaf_need_to_be_killed() {
    let family = Family::new();
    let mut devrun = family.run(family.command(&["-t", "2"]));
    assert_eq!(devrun.interrupt(), 0);
    let said = devrun.stdout.text();
    let killed = said.lines().filter_map(|line| {
        let (name, _) = line.split_once(".1 did not stop in 2 s")?;
        name.split(' ').next_back()
    });
    let mut killed: BTreeSet<&str> = killed.collect();
    // It may not have forked yet.
    killed.remove("storm");
    let mut deaf = BTreeSet::from(["deaf"]);
    if cfg!(target_os = "linux") {
        deaf.extend(["stubborn", "hopper"]);
    }
    assert_eq!(killed, deaf, "{said}");
    family.wait_until_gone();
}

/// devrun cannot say anything then: the guardian does what is left to do.
#[test]
fn sigabrt_leaves_nobody() {
    check(
        |devrun| _ = devrun.signal(Signal::SIGABRT),
        128 + Signal::SIGABRT as i32,
        "",
    );
}

/// The first asks, and nobody has so much patience; the second kills.
#[test]
fn a_second_sigint_leaves_nobody() {
    twice(Signal::SIGINT);
}

#[test]
fn a_second_sigterm_leaves_nobody() {
    twice(Signal::SIGTERM);
}

fn twice(signal: Signal) {
    for tty in ["never", "always"] {
        let family = Family::new();
        let mut devrun = family.run(family.command(&["--tty", tty, "-t", "1000"]));
        devrun.signal(signal).wait_for("waiting for deaf.1");
        devrun.signal(signal).wait_for("killing ");
        assert_eq!(devrun.wait(), 0);
        family.wait_until_gone();
    }
}

#[test]
fn ctrl_c_leaves_nobody() {
    let (family, mut screen) = on_a_screen(&[]);
    screen.type_(CTRL_C).wait_for(SAID);
    assert_eq!(screen.wait(), 0);
    family.wait_until_gone();
}

#[test]
fn a_second_ctrl_c_leaves_nobody() {
    let (family, mut screen) = on_a_screen(&["-t", "1000"]);
    screen.type_(CTRL_C).wait_for("waiting for deaf.1");
    screen.type_(CTRL_C).wait_for("killing ");
    assert_eq!(screen.wait(), 0);
    family.wait_until_gone();
}

fn on_a_screen(arguments: &[&str]) -> (Family, Screen) {
    let family = Family::new();
    let screen = Screen::run(&family.project, family.command(arguments), 80);
    family.wait_until_up();
    (family, screen)
}

/// devrun leads the session there, as with `xterm -e devrun start`.
#[test]
fn a_closed_terminal_leaves_nobody() {
    let family = Family::new();
    let window = Window::open(family.command(&[]));
    family.wait_until_up();
    window.close();
    family.wait_until_gone();
}

/// A shell with job control, which devrun was started from: the terminal is closed below both.
#[test]
fn a_closed_terminal_with_a_shell_leaves_nobody() {
    for line in ["$D & wait", "$D"] {
        for shell in ["sh", "bash"]
            .into_iter()
            .filter(|shell| is_installed(shell))
        {
            let family = Family::new();
            let window = Window::open(shell_that_runs(&family, shell, line));
            family.wait_until_up();
            window.close();
            family.wait_until_gone();
        }
    }
}

/// The terminal stays, and so does whoever else uses it.
#[test]
fn the_death_of_the_shell_in_front_leaves_nobody() {
    let family = Family::new();
    let window = Window::open(shell_that_runs(&family, "sh", "$D; true"));
    family.wait_until_up();
    kill(window.pid(), Signal::SIGKILL).unwrap();
    family.wait_until_gone();
    window.close();
}

/// A job in the background is no longer anybody's: it goes on, as every such job, and ends with the terminal.
#[test]
fn after_the_death_of_its_shell_a_job_in_the_background_goes_on_while_there_is_a_terminal() {
    let family = Family::new();
    let window = Window::open(shell_that_runs(&family, "sh", "$D & wait"));
    family.wait_until_up();
    kill(window.pid(), Signal::SIGKILL).unwrap();
    wait_until_gone(window.pid().as_raw());
    assert!(family.project.has_session());
    window.close();
    family.wait_until_gone();
}

#[test]
fn under_nohup_it_outlives_its_terminal_and_ends_by_sigterm() {
    let family = Family::new();
    let window = Window::open(shell_that_runs(&family, "sh", "nohup $D & wait"));
    family.wait_until_up();
    let session = family.project.session();
    window.close();
    assert!(family.project.has_session());
    kill(Pid::from_raw(session), Signal::SIGHUP).unwrap();
    assert!(is_alive(session));
    family.project.end_session();
    assert!(family.project.read("nohup.out").contains("killed"));
    family.wait_until_gone();
}

fn shell_that_runs(family: &Family, shell: &str, line: &str) -> Command {
    let start = family.command(&[]);
    let words: Vec<&OsStr> = [start.get_program()]
        .into_iter()
        .chain(start.get_args())
        .collect();
    let mut command = Command::new(shell);
    family.project.prepare(&mut command);
    command
        .args(["-i", "-c"])
        .arg(line)
        .env("ENV", "")
        .env("D", words.join(OsStr::new(" ")));
    command
}

/// A terminal that can be closed. Nobody reads from it.
struct Window {
    child: Child,
    emulator: OwnedFd,
}

impl Window {
    /// `command` leads the session that it controls.
    fn open(mut command: Command) -> Self {
        let pty = openpty(None, None).unwrap();
        fcntl(&pty.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: both calls are async-signal-safe and touch no memory of ours.
        unsafe { command.pre_exec(become_its_session) };
        Self {
            child: command.spawn().unwrap(),
            emulator: pty.master,
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    fn close(mut self) {
        drop(self.emulator);
        self.child.wait().unwrap();
    }
}
