//! Where the blocks of a page run: a copy of a directory of tests/docs/scenes below a home of its own, and a shell.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use super::compare::{are_like, blurred, difference};
use super::session::Session;
use crate::support::Project;

/// Remembers variables and directory from one command to the next, as a terminal does. `$1` is the file for that, `$2`
/// the status of the command before, `$3` the command.
const SHELL: &str = r#"
set -a
if [ -e "$1" ]; then . "$1"; fi
unset OLDPWD
exec 2>&1
trap 'set -- "$1" "$?"; { export -p; echo "cd \"$PWD\""; } >"$1"; exit "$2"' EXIT
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
/// What the pages run of this repository.
const PROGRAMS: [&str; 4] = [
    "devrun",
    "examples/web",
    "examples/api",
    "examples/test-helper",
];

pub struct Scene {
    project: Project,
    /// Of foreman's ports: 5000 is everybody's.
    base: Base,
    /// Where the block runs.
    directory: PathBuf,
    status: i32,
    /// What the last command wrote.
    output: String,
    sessions: Vec<Session>,
}

impl Scene {
    /// A directory `~/src/NAME`; for `NAME/APP` it is `~/src/APP`, beside all other directories of that scene.
    pub fn open(scene: &str) -> Self {
        let (name, app) = scene.split_once('/').unwrap_or((scene, scene));
        let project = Project::called(&format!("home/src/{app}"));
        let sources = project.sibling("home/src").directory();
        let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/scenes");
        let is_one_app = scene == name;
        let target = if is_one_app {
            sources.join(name)
        } else {
            sources
        };
        copy(&scenes.join(name), &target);
        let programs = project.sibling("bin").directory();
        let built = Path::new(env!("CARGO_BIN_EXE_devrun")).parent().unwrap();
        for program in PROGRAMS {
            let name = Path::new(program).file_name().unwrap();
            symlink(built.join(program), programs.join(name)).unwrap();
        }
        Self {
            directory: project.directory(),
            project,
            base: Base::claim(),
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
        text += &format!("cd \"{}\"\n", self.directory.display());
        fs::write(memory, text).unwrap();
    }

    /// Where the shell remembers.
    fn memory(&self) -> PathBuf {
        self.project.sibling("shell").directory().join("memory")
    }

    fn shell(&self, script: &str, command: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        self.project.prepare(&mut shell);
        let own = ["bin", "home/src/bin"].map(|at| self.project.sibling(at).directory());
        let path = std::env::var_os("PATH").unwrap();
        let path = own.into_iter().chain(std::env::split_paths(&path));
        shell.env("PATH", std::env::join_paths(path).unwrap());
        shell.env("PORT", self.base.port.to_string());
        shell.args(["-c", script, "sh"]).arg(self.memory());
        shell.args([&self.status.to_string(), command]);
        shell
    }

    /// Runs it to its end, and returns its status.
    pub fn run(&mut self, command: &str) -> i32 {
        let mut shell = self.project.spawn(self.shell(SHELL, command));
        self.status = shell.wait();
        self.output = Paths::of(&self.project).shorten(&shell.stdout.bytes());
        self.status
    }

    /// What the last command has written.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// Whether that is this, and nothing else.
    pub fn wrote(&self, expected: &str) -> Result<(), String> {
        let (expected, lines) = (blurred(expected), blurred(&self.output));
        if are_like(&expected, &lines) {
            return Ok(());
        }
        Err(difference(&expected, &lines))
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs it until it is interrupted, or the scene ends.
    pub fn start(&mut self, command: &str, terminal: Option<u16>) -> &mut Session {
        let (directory, shell) = (self.directory.clone(), self.shell(STAYING, command));
        let session = Session::start(&self.project, directory, shell, terminal);
        self.sessions.push(session);
        self.sessions.last_mut().expect("it was just started")
    }

    /// What was started last where the block runs, and stays.
    pub fn session(&mut self) -> Option<&mut Session> {
        let mut sessions = self.sessions.iter_mut().rev();
        sessions.find(|session| session.directory == self.directory)
    }

    /// Types Ctrl-C there: what it still writes is this, and nothing else.
    pub fn interrupt(&mut self, expected: &str) -> Result<(), String> {
        let is_here = |session: &Session| session.directory == self.directory;
        let here = self.sessions.iter().rposition(is_here);
        let mut session = self.sessions.remove(here.expect("something stays here"));
        self.status = session.interrupt();
        session.wrote_to_its_end(expected)
    }

    /// Ends all that stays: the page has no more of it.
    pub fn close(self) {
        for mut session in self.sessions.into_iter().rev() {
            session.interrupt();
        }
    }
}

/// Where a scene's directories are, and what people have in their place.
pub struct Paths([(String, &'static str); 3]);

impl Paths {
    pub fn of(project: &Project) -> Self {
        let real = |name: &str| project.sibling(name).directory().display().to_string();
        Self([
            (real("home"), "~"),
            (real("run"), "/run/user/1000"),
            (real("state"), "~/.local/state"),
        ])
    }

    pub fn shorten(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let shorten = |text: String, (real, shown): &(String, &str)| text.replace(real, shown);
        self.0.iter().fold(text, shorten)
    }
}

/// A base of ports that no other scene has, whoever runs it: above those that devrun takes of itself (`-p 0`), and below
/// those that the system gives to who asks for any.
struct Base {
    port: u16,
    /// On a port that no process is given: as long as it is there, the base is ours.
    _claim: TcpListener,
}

impl Base {
    fn claim() -> Self {
        static COUNT: AtomicU16 = AtomicU16::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let port = 25_000 + number % 10 * 10 + number / 10 % 10 * 700;
            // To bind one of the others would take it from a server for a moment.
            let is_free = |port| TcpStream::connect(("127.0.0.1", port)).is_err();
            match TcpListener::bind(("127.0.0.1", port + 9)) {
                Ok(claim) if (0..7).all(|nth| is_free(port + nth * 100)) => {
                    return Self {
                        port,
                        _claim: claim,
                    };
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
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
