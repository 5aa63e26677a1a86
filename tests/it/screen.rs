//! A terminal with somebody at it: a pseudo-terminal that controls a session of its own, keys that are
//! typed, and what is seen.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::libc;
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::termios::{ControlFlags, InputFlags, LocalFlags, OutputFlags, tcgetattr};
use nix::unistd::Pid;

use crate::support::{PATIENCE, Project, Seen, pause};

pub const ENTER: &str = "\r";
pub const CTRL_C: &str = "\x03";
pub const CTRL_Q: &str = "\x11";
pub const CTRL_S: &str = "\x13";
pub const CTRL_Z: &str = "\x1a";
/// ctrl-]
pub const LEAVE: &str = "\x1d";

/// Asks for a name for ever, and tells of Ctrl-C. That may come while nobody reads yet: so it is the trap that asks again.
pub const ASKS: &str = "asks: trap 'echo interrupted; printf \"name? \"' INT; \
    while :; do printf 'name? '; until read -r name; do :; done; echo \"hello $name\"; done\n";

/// What the kernel keeps of a terminal's settings: each flag, and the characters that mean something. Not nix's own
/// comparison, which sees what the C library leaves unwritten of its structure: with musl, chance.
type Settings = (InputFlags, OutputFlags, ControlFlags, LocalFlags, Vec<u8>);
/// VINTR to VEOL2, on every system.
const CHARACTERS: usize = 17;

pub struct Screen {
    child: Child,
    pub seen: Seen,
    /// How far [`Screen::wait_for`] has come.
    at: usize,
    keyboard: File,
    /// Our end of the slave side: its settings are to be as before.
    terminal: OwnedFd,
    before: Settings,
    is_over: bool,
    /// So that its directory stays as long as the command runs.
    _project: Project,
}

impl Screen {
    /// `devrun start -p 0` with these arguments, on a terminal of 80 columns, without time and colours.
    pub fn start(project: &Project, arguments: &[&str]) -> Self {
        let plain = ["--no-timestamp", "--color", "never"];
        Self::start_as_is(project, 80, &[&plain, arguments].concat())
    }

    pub fn start_as_is(project: &Project, columns: u16, arguments: &[&str]) -> Self {
        let command = project.command(["start", "-p", "0"].iter().chain(arguments));
        Self::run(project, command, columns)
    }

    /// With these variables, which else have their usual values.
    pub fn start_with_env(
        project: &Project,
        columns: u16,
        env: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let mut command = project.command(["start", "-p", "0"].iter().chain(arguments));
        command.envs(env.iter().copied());
        Self::run(project, command, columns)
    }

    /// Any command, 24 rows high.
    pub fn run(project: &Project, mut command: Command, columns: u16) -> Self {
        let pty = openpty(&size(columns, 24), None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        for (name, usual) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            if !command.get_envs().any(|(set, _)| set == name) {
                command.env(name, usual);
            }
        }
        // SAFETY: both calls are async-signal-safe and touch no memory of ours.
        unsafe { command.pre_exec(become_its_session) };
        let before = settings(&pty.slave);
        let child = command.spawn().unwrap();
        drop(command);
        Self {
            child,
            keyboard: File::from(pty.master.try_clone().unwrap()),
            seen: Seen::new(File::from(pty.master)),
            at: 0,
            terminal: pty.slave,
            before,
            is_over: false,
            _project: project.clone(),
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// A shell with job control in the project's directory; `$D` is devrun.
    pub fn shell(project: &Project) -> Self {
        Self::shell_called(project, "/bin/sh", &[])
    }

    /// The same, of that shell, with these arguments.
    pub fn shell_called(project: &Project, name: &str, arguments: &[&str]) -> Self {
        let mut shell = Command::new(name);
        shell.args(arguments);
        project.prepare(&mut shell);
        shell
            .arg("-i")
            .env("D", env!("CARGO_BIN_EXE_devrun"))
            .env("PS1", "$ ")
            .env("ENV", "");
        let mut screen = Self::run(project, shell, 80);
        screen.wait_for("$ ");
        screen
    }

    pub fn type_(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// A line command.
    pub fn command(&mut self, line: &str) -> &mut Self {
        self.type_(line).type_(ENTER)
    }

    /// Waits until `text` is on the screen, behind what was waited for before.
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        self.at = self.seen.wait_for(text, self.at);
        self
    }

    /// As [`Screen::wait_for`], for all of these in any order.
    pub fn wait_for_all(&mut self, texts: &[&str]) -> &mut Self {
        let ends = texts.iter().map(|text| self.seen.wait_for(text, self.at));
        self.at = ends.max().expect("there is a text");
        self
    }

    /// All that was seen.
    pub fn text(&self) -> String {
        self.seen.text()
    }

    /// What was seen behind what was waited for last.
    pub fn rest(&self) -> String {
        String::from_utf8_lossy(&self.seen.bytes()[self.at..]).into_owned()
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = size(columns, rows);
        // SAFETY: the kernel reads one winsize, which lives in this frame.
        let result = unsafe { libc::ioctl(self.keyboard.as_raw_fd(), libc::TIOCSWINSZ, &size) };
        assert_eq!(result, 0);
    }

    pub fn settings(&self) -> Settings {
        settings(&self.terminal)
    }

    pub fn settings_at_first(&self) -> &Settings {
        &self.before
    }

    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        kill(self.pid(), signal).unwrap();
        self
    }

    /// Ends it by Ctrl-C and returns all that was seen.
    pub fn interrupt(mut self) -> String {
        self.type_(CTRL_C).wait_for("done. up");
        assert_eq!(self.wait(), 0, "{}", self.seen.text());
        self.seen.text()
    }

    /// Waits for the end; the terminal is then as it was. The status as the shell shows it.
    pub fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "it goes on:\n{}",
                self.seen.text()
            );
            pause();
        };
        self.is_over = true;
        assert_eq!(self.settings(), self.before);
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if !self.is_over {
            let _ = killpg(self.pid(), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// All that devrun writes with these arguments on a terminal of 120 columns.
pub fn on_terminal(project: &Project, arguments: &[&str]) -> String {
    let mut command = Command::new("sh");
    project.prepare(&mut command);
    command.args([
        "-c",
        "\"$0\" \"$@\"; echo; echo That is all",
        env!("CARGO_BIN_EXE_devrun"),
    ]);
    command.args(arguments);
    let mut screen = Screen::run(project, command, 120);
    screen.wait_for("That is all");
    screen.wait();
    screen.text()
}

/// In a child: the terminal on stdin controls a session of its own.
pub fn become_its_session() -> std::io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: stdin is the terminal.
    match unsafe { libc::ioctl(0, libc::TIOCSCTTY as _, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

fn settings(terminal: &OwnedFd) -> Settings {
    let now = tcgetattr(terminal).unwrap();
    (
        now.input_flags,
        now.output_flags,
        now.control_flags,
        now.local_flags,
        now.control_chars[..CHARACTERS].to_vec(),
    )
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}
