//! Where the blocks of a page run: a copy of a directory of tests/docs/scenes below a home of its own, a shell, and the
//! sessions that were started there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::compare::{ANY, are_like, blurred, difference, is_like};
use crate::ports::free_base;
use crate::screen::{CTRL_C, Screen};
use crate::support::{Devrun, Project, Seen};

/// Remembers variables and directory from one command to the next, as a terminal does. `$1` is the file for that, `$2`
/// the status of the command before, `$3` the command.
const SHELL: &str = r#"
set -a
if [ -e "$1" ]; then . "$1"; fi
trap 'status=$?; { export -p; echo "cd \"$PWD\""; } >"$1"; exit $status' EXIT
unset OLDPWD
exec 2>&1
(exit "$2")
eval "$3"
"#;
/// The same for one that stays, in the shell's place.
const STAYING: &str = r#"
set -a
if [ -e "$1" ]; then . "$1"; fi
unset OLDPWD
exec 2>&1
eval "exec $3"
"#;

pub struct Scene {
    project: Project,
    /// First of the foreman's ports, so that no two scenes meet on 5000.
    base: u16,
    /// Where the block runs.
    directory: PathBuf,
    status: i32,
    /// What the last command wrote.
    output: String,
    sessions: Vec<Session>,
}

/// What stays until it is interrupted.
struct Session {
    /// Where it was started: a text block of that directory goes on with it.
    directory: PathBuf,
    live: Live,
    /// So many of its lines belong to what was shown before.
    shown: usize,
    /// What was shown last ends with `…`.
    is_left_open: bool,
}

enum Live {
    Piped(Box<Devrun>),
    OnTerminal(Box<Screen>),
}

impl Live {
    fn seen(&self) -> Seen {
        match self {
            Self::Piped(devrun) => devrun.stdout.clone(),
            Self::OnTerminal(screen) => screen.seen.clone(),
        }
    }

    /// Ends it by Ctrl-C; its status.
    fn interrupt(&mut self) -> i32 {
        match self {
            Self::Piped(devrun) => devrun.interrupt(),
            Self::OnTerminal(screen) => screen.type_(CTRL_C).wait(),
        }
    }
}

impl Scene {
    /// A directory `~/src/NAME`; for `NAME/APP` it is `~/src/APP`, beside all other directories of that scene.
    pub fn open(scene: &str) -> Self {
        let (name, app) = scene.split_once('/').unwrap_or((scene, scene));
        let project = Project::called(&format!("home/src/{app}"));
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/scenes");
        let to = if scene == name { name } else { "" };
        copy(
            &from.join(name),
            &project.sibling("home/src").directory().join(to),
        );
        let programs = project.sibling("bin").directory();
        let built = Path::new(env!("CARGO_BIN_EXE_devrun")).parent().unwrap();
        for program in [
            "devrun",
            "examples/web",
            "examples/api",
            "examples/test-helper",
        ] {
            let name = Path::new(program).file_name().unwrap();
            symlink(built.join(program), programs.join(name)).unwrap();
        }
        Self {
            directory: project.directory(),
            project,
            base: free_base(),
            status: 0,
            output: String::new(),
            sessions: Vec::new(),
        }
    }

    /// A block begins, in the directory that its comment names.
    pub fn enter(&mut self, scene: &str) {
        let app = scene.rsplit('/').next().unwrap();
        self.directory = self.project.sibling(&format!("home/src/{app}")).directory();
        let memory = self.memory();
        let mut text = fs::read_to_string(&memory).unwrap_or_default();
        text += &format!("cd '{}'\n", self.directory.display());
        fs::write(memory, text).unwrap();
    }

    /// Where the shell remembers.
    fn memory(&self) -> PathBuf {
        self.project.sibling("shell").directory().join("memory")
    }

    fn shell(&self, script: &str, command: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        self.project.prepare(&mut shell);
        let programs = self.project.sibling("bin").directory();
        let programs = [programs, self.project.sibling("home/src/bin").directory()];
        let [built, own] = programs.map(|directory| directory.display().to_string());
        let path = format!("{built}:{own}:{}", std::env::var("PATH").unwrap());
        shell.env("PATH", path).env("PORT", self.base.to_string());
        shell.args(["-c", script, "sh"]);
        shell.arg(self.memory()).arg(self.status.to_string());
        shell.arg(command);
        shell
    }

    /// Runs it to its end, and returns its status.
    pub fn run(&mut self, command: &str) -> i32 {
        let mut shell = self.project.spawn(self.shell(SHELL, command));
        self.status = shell.wait();
        self.output = self.paths().shorten(&shell.stdout.bytes());
        self.status
    }

    /// Whether the command before has written this, and nothing else.
    pub fn wrote(&self, expected: &str) -> Result<(), String> {
        let (expected, lines) = (blurred(expected), blurred(&self.output));
        if are_like(&expected, &lines) {
            return Ok(());
        }
        Err(difference(&expected, &lines))
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn output(&self) -> &str {
        &self.output
    }

    /// Runs it until it is interrupted, or the scene ends.
    pub fn start(&mut self, command: &str, terminal: Option<u16>) {
        let shell = self.shell(STAYING, command);
        let live = match terminal {
            None => Live::Piped(Box::new(self.project.spawn(shell))),
            Some(columns) => Live::OnTerminal(Box::new(Screen::run(&self.project, shell, columns))),
        };
        self.sessions.push(Session {
            directory: self.directory.clone(),
            live,
            shown: 0,
            is_left_open: false,
        });
    }

    /// Whether a session was started where the block runs.
    pub fn has_session(&self) -> bool {
        self.last_here().is_some()
    }

    /// Waits until the session of this directory has written these lines after those that were shown before.
    pub fn session_writes(&mut self, expected: &str) -> Result<(), String> {
        let paths = self.paths();
        let session = self.session();
        let shown = session.shown;
        let expected = blurred(expected);
        let new = |bytes: &[u8]| blurred(&whole_lines(&paths.shorten(bytes)))[shown..].to_vec();
        let found = |bytes: &[u8]| places(&expected, &new(bytes));
        let seen = session.live.seen();
        let places = seen
            .wait_until(found)
            .map_err(|seen| difference(&expected, &new(seen.as_bytes())))?;
        let end = places.iter().max().map_or(0, |last| last + 1);
        session.shown += end;
        session.is_left_open = expected.last().is_some_and(|line| line == ANY);
        let lines = new(&seen.bytes());
        // What goes on later may have begun earlier than the page shows.
        let start = places
            .iter()
            .min()
            .copied()
            .filter(|_| shown > 0)
            .unwrap_or(0);
        if expected.iter().any(|line| line == ANY) || places.len() == end - start {
            return Ok(());
        }
        Err(difference(&expected, &lines[start..end]))
    }

    /// Types Ctrl-C there: what the session still writes is this, and nothing else.
    pub fn interrupt(&mut self, expected: &str) -> Result<(), String> {
        let paths = self.paths();
        let here = self.last_here().expect("a session was started here");
        let mut session = self.sessions.remove(here);
        self.status = session.live.interrupt();
        let text = whole_lines(&paths.shorten(&session.live.seen().bytes()));
        let (expected, lines) = (blurred(expected), blurred(&text)[session.shown..].to_vec());
        let places = places(&expected, &lines);
        let is_open = session.is_left_open || expected.iter().any(|line| line == ANY);
        match places {
            Some(places) if is_open || places.len() == lines.len() => Ok(()),
            _ => Err(difference(&expected, &lines)),
        }
    }

    fn session(&mut self) -> &mut Session {
        let here = self.last_here().expect("a session was started here");
        &mut self.sessions[here]
    }

    fn last_here(&self) -> Option<usize> {
        let is_here = |session: &Session| session.directory == self.directory;
        self.sessions.iter().rposition(is_here)
    }

    /// Ends all that runs; the page has no more of it.
    pub fn close(self) {
        for mut session in self.sessions.into_iter().rev() {
            session.live.interrupt();
        }
    }

    fn paths(&self) -> Paths {
        let real = |name: &str| self.project.sibling(name).directory().display().to_string();
        Paths([
            (real("home"), "~"),
            (real("run"), "/run/user/1000"),
            (real("state"), "~/.local/state"),
        ])
    }
}

/// Where a scene's directories are, and what people have in their place.
struct Paths([(String, &'static str); 3]);

impl Paths {
    fn shorten(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let shorten = |text: String, (real, shown): &(String, &str)| text.replace(real, shown);
        self.0.iter().fold(text, shorten)
    }
}

/// Without the line that has no end yet.
fn whole_lines(text: &str) -> String {
    text.rfind('\n')
        .map_or_else(String::new, |end| text[..=end].to_string())
}

/// Where the expected lines are: those of one process in the page's order, those of several as they come. `None` as long
/// as one is missing.
fn places(expected: &[String], lines: &[String]) -> Option<Vec<usize>> {
    let mut places: Vec<usize> = Vec::new();
    for wanted in expected.iter().filter(|line| *line != ANY) {
        let is_its = |at: &usize| writer(&lines[*at]) == writer(wanted);
        let after = places
            .iter()
            .filter(|at| is_its(at))
            .max()
            .map_or(0, |at| at + 1);
        let found = (after..lines.len()).find(|at| is_its(at) && is_like(wanted, &lines[*at]))?;
        places.push(found);
    }
    Some(places)
}

/// `web.1`, of `00:00 web.1 | text`.
fn writer(line: &str) -> &str {
    let (prefix, _) = line.split_once(" |").unwrap_or_default();
    prefix.rsplit(' ').next().unwrap_or_default()
}

/// A directory with all that is below it; one that is not there is empty.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
