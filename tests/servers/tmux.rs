//! A terminal with a shell at it, in a tmux server of its own: keys that are typed, and what a user sees.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use crate::support::{PATIENCE, Project};

pub const ENTER: &str = "\r";
pub const CTRL_C: &str = "\x03";
pub const CTRL_Z: &str = "\x1a";
/// ctrl-]
pub const LEAVE: &str = "\x1d";

pub struct Pane {
    socket: PathBuf,
    /// A client that is told of every change, and no terminal of its own.
    watcher: Child,
    changes: Changes,
    /// How far [`Pane::wait_for`] has come: a place in [`Pane::text`].
    at: usize,
    /// So that its directory stays as long as the server runs.
    _project: Project,
}

impl Pane {
    /// A shell in the project's directory, with devrun and `directories` in its PATH.
    pub fn open(project: &Project, size: (u16, u16), directories: &[&Path]) -> Self {
        Self::open_as(None, project, size, directories)
    }

    /// Everything in it runs as `user`, if one is given.
    pub fn open_as(
        user: Option<u32>,
        project: &Project,
        (columns, rows): (u16, u16),
        directories: &[&Path],
    ) -> Self {
        let devrun = Path::new(env!("CARGO_BIN_EXE_devrun")).parent().unwrap();
        let usual = std::env::var_os("PATH").unwrap();
        let path = directories.iter().map(|path| path.to_path_buf());
        let path = path.chain([devrun.to_path_buf()]);
        let path = std::env::join_paths(path.chain(std::env::split_paths(&usual))).unwrap();
        let directory = project.directory().with_file_name("run");
        let mut sockets = (1..).map(|number| directory.join(format!("tmux{number}")));
        let socket = sockets.find(|socket| !socket.exists()).unwrap();
        let mut server = tmux(&socket);
        project.prepare(&mut server);
        server
            .env("PATH", path)
            .env("LC_ALL", "C.UTF-8")
            .env("PS1", "$ ")
            .env("ENV", "");
        if let Some(user) = user {
            server.uid(user).gid(user);
        }
        let (columns, rows) = (columns.to_string(), rows.to_string());
        server
            .args(["start-server", ";", "set", "-g", "status", "off", ";"])
            .args(["set", "-g", "history-limit", "10000", ";"])
            .args(["set", "-g", "default-terminal", "screen-256color", ";"])
            .args(["new-session", "-d", "-x", &columns, "-y", &rows])
            .args(["/bin/sh", "-i"]);
        assert!(server.status().unwrap().success());
        let mut watcher = tmux(&socket);
        watcher.args(["-C", "attach-session"]);
        watcher.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut watcher = watcher.spawn().unwrap();
        let mut pane = Self {
            changes: Changes::of(watcher.stdout.take().unwrap()),
            socket,
            watcher,
            at: 0,
            _project: project.clone(),
        };
        pane.wait_for("$");
        pane
    }

    pub fn type_(&mut self, keys: &str) -> &mut Self {
        let keys = keys.bytes().map(|key| format!("{key:x}"));
        let status = tmux(&self.socket)
            .args(["send-keys", "-H"])
            .args(keys)
            .status();
        assert!(status.unwrap().success());
        self
    }

    pub fn command(&mut self, line: &str) -> &mut Self {
        self.type_(line).type_(ENTER)
    }

    /// Waits until `text` is to be seen, below what was waited for before.
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        self.wait_for_all(&[text])
    }

    /// As [`Pane::wait_for`], for all of these in any order.
    pub fn wait_for_all(&mut self, texts: &[&str]) -> &mut Self {
        for text in texts {
            self.wait_until(text, |pane| {
                let seen = pane.text();
                seen.get(pane.at..)
                    .is_some_and(|below| below.contains(text))
            });
        }
        let seen = self.text();
        let below = &seen[self.at..];
        let ends = texts
            .iter()
            .map(|text| below.find(text).unwrap() + text.len());
        self.at += ends.max().expect("there is a text");
        self
    }

    /// Waits until `text` is to be seen without scrolling: for programs that draw.
    pub fn wait_on_screen(&mut self, text: &str) -> &mut Self {
        self.wait_until(text, |pane| pane.screen().contains(text));
        self
    }

    /// All rows, those that were scrolled away as well; a folded line is one, and blanks at the end of
    /// one are left out.
    pub fn text(&self) -> String {
        self.capture(&["-J", "-S", "-"])
    }

    /// As [`Pane::text`], with colours.
    pub fn colored(&self) -> String {
        self.capture(&["-J", "-S", "-", "-e"])
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.capture(&[])
    }

    /// What is to be seen below what was waited for last; nothing of it while a program draws.
    pub fn rest(&self) -> String {
        self.text().get(self.at..).unwrap_or_default().to_string()
    }

    fn capture(&self, options: &[&str]) -> String {
        let mut capture = tmux(&self.socket);
        let output = capture.args(["capture-pane", "-p"]).args(options).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let rows: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
        rows.join("\n")
    }

    fn wait_until(&self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.changes.count();
            if is_there(self) {
                return;
            }
            assert!(
                self.changes.wait(seen, deadline),
                "waited for {what:?} and saw:\n{}\n---\n{}",
                self.text(),
                self.screen()
            );
        }
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        let _ = tmux(&self.socket).arg("kill-server").status();
        let _ = self.watcher.kill();
        let _ = self.watcher.wait();
    }
}

fn tmux(socket: &Path) -> Command {
    let mut command = Command::new("tmux");
    command.args(["-u", "-f", "/dev/null", "-S"]).arg(socket);
    command.env_remove("TMUX").stdin(Stdio::null());
    command
}

/// How often something has changed in a pane.
struct Changes(Arc<(Mutex<u64>, Condvar)>);

impl Changes {
    fn of(mut told: impl Read + Send + 'static) -> Self {
        let changes = Self(Arc::default());
        let counter = changes.0.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1024];
            while told.read(&mut buffer).is_ok_and(|count| count > 0) {
                *counter.0.lock().unwrap() += 1;
                counter.1.notify_all();
            }
        });
        changes
    }

    fn count(&self) -> u64 {
        *self.0.0.lock().unwrap()
    }

    /// Waits for another count than that. `false`: there is none until `deadline`.
    fn wait(&self, count: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let now = self.0.0.lock().unwrap();
        let is_same = |now: &mut u64| *now == count;
        let waited = self.0.1.wait_timeout_while(now, left, is_same).unwrap();
        !waited.1.timed_out()
    }
}
