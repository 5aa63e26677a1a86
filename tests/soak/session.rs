//! The long session, all that is done to it, and the verdict.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, ExitCode, Stdio};
use std::sync::{Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::calm::Calm;
use crate::chance::Chance;
use crate::shown::{Shown, Totals};
use crate::support::{PATIENCE, Project, helper};
use crate::tally::Tally;
use crate::{beside, hands, left, stored, visits};

/// So many processes write on a pipe, and so many on a terminal.
pub const PIPES: u64 = 15;
pub const TERMINALS: u64 = 4;

pub struct Soak {
    pub seed: u64,
    pub until: Instant,
    pub project: Project,
    /// Where the writers note what they wrote.
    pub records: PathBuf,
    pub tally: Tally,
    /// The first process of each run that lasts.
    pub live: Mutex<HashMap<String, i32>>,
    /// Of the app, on its control socket.
    pub key: OnceLock<String>,
    /// Whoever does something to the session shares it; it is had alone where all has to be calm.
    pub calm: RwLock<()>,
}

/// All that come and go.
pub fn names() -> Vec<String> {
    let pipes = (1..=PIPES).map(|number| format!("pipe.{number}"));
    let screens = (1..=TERMINALS).map(|number| format!("screen.{number}"));
    pipes.chain(screens).collect()
}

impl Soak {
    /// Time is left, and nothing has gone wrong.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.until && !self.tally.has_failed()
    }
}

/// All of it. What went wrong is printed, and is the status.
pub fn soak(duration: Duration, seed: u64) -> ExitCode {
    println!("soak: {} s, DEVRUN_SOAK_SEED={seed}", duration.as_secs());
    let project = project(seed);
    let soak = Soak {
        seed,
        until: Instant::now() + duration,
        records: project.directory().join("records"),
        project,
        tally: Tally::default(),
        live: Mutex::default(),
        key: OnceLock::new(),
        calm: RwLock::default(),
    };
    soak.tally.guard("the soak", || soak.run(duration));
    println!("soak: {} s, seed {seed}, counted:", duration.as_secs());
    soak.tally.print();
    if soak.tally.has_failed() {
        println!("again, as far as it is settled: DEVRUN_SOAK_SEED={seed}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn project(seed: u64) -> Project {
    let any = helper(&format!("soak any records {seed}"));
    let procfile = format!(
        "stays: {}\npipe: {any}\nscreen: {any}\n",
        helper("soak stays records")
    );
    // Who ends is started again, whatever its status.
    let settings = format!(
        "timeout: 1\nformation: {{ stays: 1, pipe: {PIPES}, screen: {TERMINALS} }}\nprocesses:\n  \
         pipe: {{ restart: always, max_restarts: 1000000 }}\n  \
         screen: {{ tty: always, restart: on-failure, max_restarts: 3 }}\n"
    );
    Project::with_procfile(&procfile).file("devrun.yaml", settings)
}

impl Soak {
    fn run(&self, duration: Duration) {
        let mut command = self.project.command(["start", "-p", "0", "--json"]);
        command.stdout(Stdio::piped());
        let mut devrun = command.spawn().expect("devrun is built");
        let stdout = devrun.stdout.take().expect("it is a pipe");
        let manager = devrun.id() as i32;
        let totals = std::thread::scope(|scope| {
            let reader =
                scope.spawn(|| self.tally.guard("the reader", || Shown::read(self, stdout)));
            self.wait_until_up();
            scope.spawn(|| self.tally.guard("beside", || beside::sessions(self)));
            scope.spawn(|| self.tally.guard("visits", || visits::visit(self)));
            for who in 10..13 {
                let chance = Chance::of(self.seed, who);
                scope.spawn(move || self.tally.guard("hands", || hands::work(self, chance)));
            }
            let kept = self
                .tally
                .guard("calm", || self.keep_watch(manager, duration));
            self.end(&mut devrun);
            kept.and(reader.join().expect("it is guarded"))
        });
        if let Some(totals) = totals {
            self.look_back(&totals);
        }
    }

    fn wait_until_up(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.live.lock().unwrap().contains_key("stays.1") {
            if Instant::now() > deadline {
                return self.tally.fail("the session does not begin");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Every now and then all is calm, and what devrun holds is counted.
    fn keep_watch(&self, manager: i32, duration: Duration) {
        let pause = (duration / 12).max(Duration::from_secs(8));
        let mut calm = Calm::new(manager);
        while self.goes_on() {
            let wake = Instant::now() + pause;
            while self.goes_on() && Instant::now() < wake {
                std::thread::sleep(Duration::from_millis(50));
            }
            calm.look(self);
        }
        calm.judge(self);
    }

    /// In the midst of what the processes do, though not of a command, which would be told so.
    fn end(&self, devrun: &mut Child) {
        let _alone = self.calm.write();
        // Whatever went wrong, so that everybody comes to an end.
        if Instant::now() < self.until && !self.tally.has_failed() {
            self.tally.fail("the watch ended early");
        }
        let _ = kill(Pid::from_raw(devrun.id() as i32), Signal::SIGINT);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match devrun.try_wait().expect("it is ours") {
                Some(status) => return self.tally.count(&format!("session: ended, {status}"), 1),
                None if Instant::now() > deadline => {
                    self.tally.fail("the session did not end");
                    let _ = devrun.kill();
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// When all is over: nobody is left, all that was started was reaped, and the log store has it too.
    fn look_back(&self, totals: &Totals) {
        let (started, reaped) = (
            self.tally.of("runs: started"),
            self.tally.of("runs: reaped"),
        );
        if started != reaped {
            self.tally
                .fail(format!("{started} runs were started and {reaped} reaped"));
        }
        self.tally.guard("at the end", || {
            left::wait_until_nobody_is_left(&self.project)
        });
        self.tally
            .guard("the log store", || stored::compare(self, totals));
    }
}
