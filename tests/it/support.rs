//! A project in a directory of its own, a devrun that runs it, and waiting for what it says.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long evidence may take on a slow and busy machine before its absence is a failure. Nobody waits that long whose
/// evidence comes.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at what nobody tells of: whoever looks without a pause takes the processor from those he waits for.
pub fn pause() {
    std::thread::park_timeout(Duration::from_millis(1));
}

/// A directory with a Procfile, and a home, runtime and state directory that no other test sees.
#[derive(Clone)]
pub struct Project {
    root: Arc<Root>,
    /// Below the root.
    name: String,
}

/// Removed when the last devrun in it is gone.
struct Root {
    root: PathBuf,
}

impl Project {
    pub fn empty() -> Self {
        Self::called("app")
    }

    /// In a directory of that name, which is what the app is called.
    pub fn called(name_of_app: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // None of these begins another one: by them it is told who is left of a session.
        let name = format!("devrun-it-{}-{number}-", std::process::id());
        let root = std::env::temp_dir().canonicalize().unwrap().join(name);
        for directory in [name_of_app, "home", "run", "state"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        Self {
            root: Arc::new(Root { root }),
            name: name_of_app.into(),
        }
    }

    /// Another directory of the same user, beside this one: `../NAME`.
    pub fn sibling(&self, name: &str) -> Self {
        fs::create_dir_all(self.root.root.join(name)).unwrap();
        Self {
            root: self.root.clone(),
            name: name.into(),
        }
    }

    /// A directory below this one.
    pub fn below(&self, path: &str) -> Self {
        self.sibling(&format!("{}/{path}", self.name))
    }

    pub fn with_procfile(procfile: &str) -> Self {
        Self::empty().file("Procfile", procfile)
    }

    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.directory().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Where the Procfile is.
    pub fn directory(&self) -> PathBuf {
        self.root.root.join(&self.name)
    }

    /// Waits until a process has made that file.
    pub fn wait_for_file(&self, name: &str) {
        let path = self.directory().join(name);
        let deadline = Instant::now() + PATIENCE;
        while !path.exists() {
            assert!(Instant::now() < deadline, "no {}", path.display());
            pause();
        }
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory().join(name)).unwrap()
    }

    /// devrun with these arguments in the project's directory, and an environment that holds nothing
    /// but PATH and the project's own directories.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devrun"));
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// Gives any command the project's directory and environment.
    pub fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.directory())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.root.root.join("home"))
            .env("XDG_RUNTIME_DIR", self.root.root.join("run"))
            .env("XDG_STATE_HOME", self.root.root.join("state"))
            .stdin(Stdio::null());
    }

    /// `devrun start -p 0`: any free ports, so that no two tests meet.
    pub fn start(&self) -> Devrun {
        self.start_with(&[])
    }

    pub fn start_with(&self, arguments: &[&str]) -> Devrun {
        let all = ["start", "-p", "0"]
            .into_iter()
            .chain(arguments.iter().copied());
        self.spawn(self.command(all))
    }

    /// A devrun in this project, which stays as long as that runs.
    pub fn spawn(&self, command: Command) -> Devrun {
        let mut devrun = Devrun::spawn(command);
        devrun.project = Some(self.clone());
        devrun
    }

    /// The only session that runs here, whoever started it.
    pub fn session(&self) -> i32 {
        let sessions = self.root.sessions();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions[0]
    }

    pub fn has_session(&self) -> bool {
        !self.root.sessions().is_empty()
    }

    /// Ends it in good order, and waits until nothing is left of it.
    pub fn end_session(&self) {
        let pid = self.session();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        wait_until_gone(pid);
    }

    /// Runs devrun with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let mut devrun = Devrun::spawn(self.command(arguments));
        let status = devrun.wait();
        Finished {
            status,
            stdout: devrun.stdout.text(),
            stderr: devrun.stderr.text(),
        }
    }
}

impl Root {
    /// The sessions of this user that answer, by their sockets.
    fn sessions(&self) -> Vec<i32> {
        let entries = fs::read_dir(self.root.join("run/devrun"));
        let entries = entries.into_iter().flatten().flatten();
        let pid = |entry: fs::DirEntry| {
            UnixStream::connect(entry.path()).ok()?;
            let name = entry.file_name().into_string().ok()?;
            name.strip_prefix("s-")?.split('-').next()?.parse().ok()
        };
        entries.filter_map(pid).collect()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // Whoever was left running by a test that failed.
        for pid in self.sessions() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            let deadline = Instant::now() + PATIENCE;
            while is_alive(pid) && Instant::now() < deadline {
                pause();
            }
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// What is left of a devrun that ended.
#[derive(Debug)]
pub struct Finished {
    /// As the shell shows it: 128 + n for signal n.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A devrun that runs.
pub struct Devrun {
    child: Child,
    pub stdout: Seen,
    pub stderr: Seen,
    /// How far into stdout [`Devrun::wait_for`] has come.
    at: usize,
    status: Option<i32>,
    /// So that its directory stays as long as it runs.
    project: Option<Project>,
}

impl Devrun {
    pub fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            stdout: Seen::new(child.stdout.take().unwrap()),
            stderr: Seen::new(child.stderr.take().unwrap()),
            child,
            at: 0,
            status: None,
            project: None,
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Waits until stdout goes on with `text`, after what was waited for before.
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        self.at = self.stdout.wait_for(text, self.at);
        self
    }

    /// Waits until `text` was seen, wherever that is.
    pub fn see(&mut self, text: &str) -> &mut Self {
        self.stdout.wait_for(text, 0);
        self
    }

    /// How often `text` has come so far.
    pub fn count(&self, text: &str) -> usize {
        self.stdout.text().matches(text).count()
    }

    /// What stands between `before` and the end of that line, the first time it is there.
    pub fn value_after(&mut self, before: &str) -> String {
        let start = self.stdout.wait_for(before, 0);
        let end = self.stdout.wait_for("\n", start);
        let text = self.stdout.bytes();
        String::from_utf8_lossy(&text[start..end - 1]).into_owned()
    }

    /// The pid that `process` (`web.1`) was started with first.
    pub fn pid_of(&mut self, process: &str) -> i32 {
        let started = self.value_after(&format!("{process} started (pid "));
        started.split([',', ')']).next().unwrap().parse().unwrap()
    }

    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        kill(self.pid(), signal).unwrap();
        self
    }

    /// Waits for the end and for all output; the status as the shell shows it.
    pub fn wait(&mut self) -> i32 {
        if let Some(status) = self.status {
            return status;
        }
        let deadline = Instant::now() + PATIENCE;
        // `Child` has no wait with a limit; output ends with the process, so that is waited for first.
        self.stdout.wait_for_end(deadline);
        self.stderr.wait_for_end(deadline);
        let status = self.child.wait().unwrap();
        let status = status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap());
        self.status = Some(status);
        status
    }

    /// Ends devrun itself, and nobody else, by SIGKILL.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.status = Some(128 + Signal::SIGKILL as i32);
        self.child.wait().unwrap();
    }

    /// Ends it by SIGINT and waits.
    pub fn interrupt(&mut self) -> i32 {
        self.signal(Signal::SIGINT).wait()
    }
}

impl Drop for Devrun {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            print!("{}", self.stderr.text());
        }
    }
}

/// What came out of a pipe so far.
#[derive(Clone)]
pub struct Seen(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    is_at_end: bool,
}

impl Seen {
    pub fn new(mut pipe: impl Read + Send + 'static) -> Self {
        let seen = Self(Arc::default());
        let writer = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1024];
            loop {
                let count = pipe.read(&mut buffer).unwrap_or(0);
                let (state, changed) = &*writer.0;
                let mut state = state.lock().unwrap();
                state.bytes.extend_from_slice(&buffer[..count]);
                state.is_at_end = count == 0;
                changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        seen
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().bytes.clone()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Returns where `text` ends; fails showing what was seen instead.
    pub fn wait_for(&self, text: &str, from: usize) -> usize {
        let behind = |bytes: &[u8]| {
            let found = find(bytes.get(from..)?, text.as_bytes())?;
            Some(from + found + text.len())
        };
        self.wait_until(behind)
            .unwrap_or_else(|seen| panic!("waited for {text:?} and saw:\n{seen}"))
    }

    /// Waits until `found` finds something in all that was seen. `Err`: what that is when there is no more.
    pub fn wait_until<T>(&self, mut found: impl FnMut(&[u8]) -> Option<T>) -> Result<T, String> {
        let deadline = Instant::now() + PATIENCE;
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        loop {
            if let Some(found) = found(&state.bytes) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.is_at_end || left.is_zero() {
                return Err(String::from_utf8_lossy(&state.bytes).into_owned());
            }
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until no more comes.
    pub fn wait_for_end(&self, deadline: Instant) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        let mut left = PATIENCE;
        while !state.is_at_end && !left.is_zero() {
            left = deadline.saturating_duration_since(Instant::now());
            state = changed.wait_timeout(state, left).unwrap().0;
        }
        let is_at_end = state.is_at_end;
        // What fails here is not to spoil it for others.
        drop(state);
        assert!(is_at_end, "waited for the end and saw:\n{}", self.text());
    }
}

/// Where that begins.
pub fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes
        .windows(text.len().max(1))
        .position(|window| window == text)
}

/// The program in tests/helper, with these arguments, as a command line for a Procfile.
pub fn helper(arguments: &str) -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_devrun")).with_file_name("examples/test-helper");
    assert!(path.exists(), "`cargo test` builds {}", path.display());
    format!("{} {arguments}", path.display())
}

/// Whether a program is there that a test needs, and devrun does not. CI installs it.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap();
    let is_there = std::env::split_paths(&path).any(|path| path.join(program).exists());
    if !is_there {
        println!("no {program}: left out");
    }
    is_there
}

/// Waits for what nobody tells of.
pub fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to be so");
        pause();
    }
}

/// Waits until no process with this pid is alive (a zombie is not).
pub fn wait_until_gone(pid: i32) {
    let deadline = Instant::now() + PATIENCE;
    while is_alive(pid) {
        assert!(Instant::now() < deadline, "process {pid} lives on");
        pause();
    }
}

pub fn is_alive(pid: i32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    match state {
        Ok(stat) => !stat.rsplit(") ").next().unwrap_or("").starts_with('Z'),
        Err(_) if cfg!(target_os = "linux") => false,
        Err(_) => kill(Pid::from_raw(pid), None).is_ok(),
    }
}

/// GET / from `url` (`http://localhost:PORT`), over 127.0.0.1.
pub fn get(url: &str) -> String {
    try_get(url).unwrap()
}

/// The same, where nobody may be yet.
pub fn try_get(url: &str) -> std::io::Result<String> {
    use std::io::Write;
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
