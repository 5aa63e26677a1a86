//! One loop that carries out the supervisor's actions and tells it what happened.

mod attachment;
pub(crate) mod browser;
mod changes;
mod child;
pub(crate) mod clock;
mod externals;
pub(crate) mod front;
mod hearing;
mod job;
mod joining;
mod keyboard;
mod lending;
mod line_commands;
pub(crate) mod output;
mod probe;
mod ready;
mod reports;
mod rescue;
mod resting;
mod saying;
mod sharing;
mod spawning;
mod stand_ins;
mod steering;
pub(crate) mod stop_signals;
mod storing;
pub(crate) mod terminal_signals;
mod trees;
mod usage;
mod visitors;
mod watching;
pub(crate) mod world;

use std::collections::{HashMap, HashSet};
use std::future;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::driver::attachment::Attachment;
use crate::driver::changes::Changes;
use crate::driver::clock::Clock;
use crate::driver::externals::Externals;
use crate::driver::front::Front;
use crate::driver::joining::Joins;
use crate::driver::keyboard::Keyboard;
use crate::driver::lending::Lending;
use crate::driver::output::{Ended, Output, Told};
use crate::driver::probe::Probe;
use crate::driver::ready::Tries;
use crate::driver::sharing::Sharing;
use crate::driver::spawning::{LiveRun, Unspawned, id};
use crate::driver::stand_ins::StandIns;
use crate::driver::stop_signals::StopSignals;
use crate::driver::terminal_signals::{TerminalSignal, TerminalSignals};
use crate::driver::watching::Watching;
use crate::driver::world::World;
use crate::guardian::client::{self, Guardian};
use crate::guardian::protocol::{Request, RunId};
use crate::os::family::Marks;
use crate::os::pty::Size;
use crate::os::{process, signals, spawn};
use crate::plan::Plan;
use crate::render::renderer::Renderer;
use crate::supervisor::{Action, Event, ProcessIndex, Supervisor, Watched};
use crate::syntax::keys::Keys;
use crate::words::notice::Notice;
use crate::words::policy::Attendance;

/// How long the end may take once nothing is alive: for the guardian to go, and for a reader that
/// stands still.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Longer than the guardian needs for orphans that are nobody's: their second, and SIGKILL.
const GUARDIANS_END: Duration = Duration::from_secs(8);

/// All that a session is made of.
pub(crate) struct Session {
    pub(crate) plan: Plan,
    pub(crate) supervisor: Supervisor,
    pub(crate) stream: Renderer,
    pub(crate) clock: Clock,
    pub(crate) stdout: OwnedFd,
    /// Of the terminals that the processes get; `None`: they get pipes.
    pub(crate) terminals: Option<Size>,
    /// Ours, opened for what is typed into it; `None`: nobody types.
    pub(crate) terminal: Option<OwnedFd>,
    /// They leave a process's terminal.
    pub(crate) detach_keys: Keys,
    pub(crate) guardian: client::Started,
    /// The command that shows again what was written.
    pub(crate) read_again: String,
    /// Said before anything is started.
    pub(crate) opening: Vec<Notice>,
    /// Its apps, all that is owned of them among them.
    pub(crate) world: World,
    /// `nohup`: SIGHUP stays ignored.
    pub(crate) ignores_hangup: bool,
    pub(crate) attendance: Attendance,
    /// Who started a session that goes on without a reader.
    pub(crate) front: Option<Front>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// devrun's exit status.
    pub(crate) status: u8,
    pub(crate) output: Ended,
}

/// Runs a session to its end.
///
/// # Errors
/// The runtime or the signal handlers could not be had; the guardian ends by itself then.
pub(crate) fn run(session: Session) -> io::Result<End> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let local = tokio::task::LocalSet::new();
    let guardian = session.guardian.pid;
    local.block_on(&runtime, async {
        match Driver::start(session) {
            Ok((driver, inbox)) => Ok(driver.run(inbox).await),
            // It has nothing to end: that we are to go is all that it waits for.
            Err(error) => {
                spawn::wait_for_exit(guardian);
                Err(error)
            }
        }
    })
}

struct Driver {
    plan: Plan,
    supervisor: Supervisor,
    output: Output,
    guardian: Guardian,
    guardian_pid: i32,
    is_guardian_lost: bool,
    runs: HashMap<RunId, LiveRun>,
    unspawned: Unspawned,
    stand_ins: StandIns,
    probe: Probe,
    tries: Tries,
    told: mpsc::UnboundedReceiver<Told>,
    keyboard: Option<Keyboard>,
    detach_keys: Keys,
    attachment: Option<Attachment>,
    /// Somebody asked for its terminal just now.
    attaching: Option<ProcessIndex>,
    /// Of whom it was said that it waits for input.
    said_to_wait: HashSet<ProcessIndex>,
    terminal_signals: TerminalSignals,
    /// By Ctrl-Z, in all.
    stopped_for: Duration,
    terminals: Option<Size>,
    world: World,
    begun: Instant,
    changes: Changes,
    /// What is wrong with the files, as last said.
    kept_said: Option<String>,
    externals: Externals,
    joins: Joins,
    sharing: Sharing,
    lending: Lending,
    watching: Watching,
    /// Whose files it watches, as last asked.
    watched: Vec<(ProcessIndex, Watched)>,
    stop_signals: StopSignals,
    attendance: Attendance,
    front: Option<Front>,
    /// News from tasks of ours.
    news: mpsc::UnboundedSender<Event>,
    /// What makes the marks of this session unlike those of any other.
    session_mark: String,
    status: Option<u8>,
}

impl Driver {
    fn start(mut session: Session) -> io::Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let stop_signals = StopSignals::new(session.ignores_hangup)?;
        signals::release()?;
        let guardian_pid = session.guardian.pid;
        let (news, inbox) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let sources = session.plan.processes.len();
        let lines = front::lines(session.attendance);
        let store_tells = tell.clone();
        let (stream, clock) = (session.stream, session.clock);
        let output = Output::start(stream, clock, session.stdout, (sources, lines), tell)?;
        let root = &session.world.resolved().sources.apps.identity;
        let read_again = session.read_again;
        storing::start(&output, (&session.plan, root), read_again, store_tells);
        for notice in &session.opening {
            output.say(notice);
        }
        let (sharing, unreachable) = Sharing::start(&mut session.world);
        let unseen = (!process::are_seen()).then_some(Notice::Unseen);
        for notice in unreachable.iter().chain(&unseen) {
            output.say(notice);
        }
        let mut driver = Self {
            plan: session.plan,
            supervisor: session.supervisor,
            output,
            guardian: Guardian::connect(session.guardian)?,
            guardian_pid,
            is_guardian_lost: false,
            runs: HashMap::new(),
            unspawned: Unspawned::default(),
            stand_ins: StandIns::default(),
            probe: Probe::new(guardian_pid),
            tries: Tries::default(),
            told,
            keyboard: session.terminal.map(Keyboard::new).transpose()?,
            detach_keys: session.detach_keys,
            attachment: None,
            attaching: None,
            said_to_wait: HashSet::new(),
            terminal_signals: TerminalSignals::new()?,
            stopped_for: Duration::ZERO,
            terminals: session.terminals,
            begun: Instant::now(),
            changes: Changes::default(),
            kept_said: None,
            externals: Externals::default(),
            joins: Joins::new(&session.world),
            sharing,
            lending: Lending::default(),
            watching: Watching::new(),
            watched: Vec::new(),
            world: session.world,
            stop_signals,
            attendance: session.attendance,
            front: session.front,
            news,
            session_mark: spawning::session_mark(),
            status: None,
        };
        driver.guardian.hold(driver.world.new_locks());
        for app in 0..driver.plan.apps.len() {
            if driver.world.is_owned(app) {
                driver.knock(app);
            }
        }
        driver.meet_front()?;
        Ok((driver, inbox))
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Event>) -> End {
        let output = self.output.clone();
        let closed = output.closed();
        tokio::pin!(closed);
        let mut is_closed = false;
        let mut events = vec![Event::SessionStarted];
        events.extend(self.failed_at_first());
        loop {
            self.hear_more(&mut events, &mut inbox).await;
            self.watching.begin_turn();
            self.take_in(&mut events);
            self.note_ready();
            self.publish();
            self.seek_newly_needed();
            let awaited = self.supervisor.awaited_externals();
            self.externals.watch(&awaited, &self.news);
            self.tend_watching();
            self.tend_attachment().await;
            if let Some(status) = self.status {
                return self.finish(status).await;
            }
            let deadline = self.supervisor.next_deadline();
            let deadline = deadline.map(|at| at + self.stopped_for);
            let tries_end_by = self.tries.end_by().map(|at| at + self.stopped_for);
            let probe_deadline = self.probe_deadline();
            tokio::select! {
                news = self.guardian.next(), if !self.is_guardian_lost => events.extend(self.hear(news)),
                Some(event) = inbox.recv() => events.push(event),
                is_typed = self.stop_signals.next() => {
                    if is_typed && self.keyboard.as_ref().is_some_and(Keyboard::is_ours) {
                        self.output.change(|stream, out| stream.interrupted(out));
                    }
                    if !self.is_over() {
                        self.say_still_used();
                    }
                    events.push(Event::ShutdownRequested);
                }
                _ = &mut closed, if !is_closed && self.attendance == Attendance::Reader => {
                    is_closed = true;
                    events.push(Event::OutputClosed);
                }
                () = at(deadline) => events.push(Event::DeadlineReached),
                () = at(probe_deadline) => {
                    events.extend(self.probe.look(Instant::now()));
                    for process in self.probe.patient() {
                        self.output.await_writing(process);
                    }
                }
                () = at(tries_end_by) => self.end_late_tries(),
                () = at(self.unspawned.tried_at()) => self.spawn_on(),
                () = at(self.changes.due_at()), if !self.is_over() => events.extend(self.changes_due()),
                () = at(self.joins.seek_at()), if !self.is_over() => events.extend(self.seek_due()),
                heard = self.joins.heard() => events.extend(self.heard(heard)),
                gone = self.stand_ins.next() => events.extend(self.stand_in_gone(gone)),
                request = self.sharing.next() => events.extend(self.asked(request)),
                news = self.watching.next(), if !self.is_over() => {
                    for news in news {
                        events.extend(self.watching_news(news));
                    }
                }
                () = self.lending.let_go() => events.extend(self.lending.end()),
                Some(told) = self.told.recv() => self.told(told),
                typed = typed(&mut self.keyboard) => events.extend(self.typed(&typed).await),
                signal = self.terminal_signals.next() => match signal {
                    TerminalSignal::Stop => self.stop_job().await,
                    // Who set us going again may have set the terminal as well.
                    TerminalSignal::Continue => self.set_raw(true),
                    TerminalSignal::Window => self.resized(),
                },
            }
        }
    }

    fn take_in(&mut self, events: &mut Vec<Event>) {
        events.iter().for_each(|event| self.lending.note(event));
        let actions = self.supervisor.handle(self.now(), events.drain(..));
        if actions.iter().any(Action::ends_a_run) {
            self.set_guardian_going();
        }
        for action in actions {
            self.carry_out(action);
        }
        self.guardian.flush();
        if !self.guardian.holds_descriptors() {
            self.spawn_on();
        }
        if self.supervisor.is_stopping() {
            self.output.begin_stop();
        }
    }

    async fn typed(&mut self, typed: &[u8]) -> Vec<Event> {
        if self.attachment.is_none() {
            return self.lines_typed(typed);
        }
        // Back from the background: no signal tells of that.
        self.set_raw(true);
        if self.keys_typed(typed) {
            self.detach().await;
        }
        Vec::new()
    }

    /// Attaches as was asked, and leaves a terminal whose process is gone.
    async fn tend_attachment(&mut self) {
        if self.is_over() || !self.is_attachment_alive() {
            self.detach().await;
        }
        if let Some(process) = self.attaching.take().filter(|_| !self.is_over()) {
            self.attach(process).await;
        }
    }

    /// Nothing is started any more.
    fn is_over(&self) -> bool {
        self.supervisor.is_stopping() || self.status.is_some()
    }

    /// While all is being ended, nobody wants to know who listens.
    fn probe_deadline(&self) -> Option<Instant> {
        self.probe
            .next_deadline()
            .filter(|_| !self.supervisor.is_stopping())
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Spawn { process, run } => self.spawn(process, run),
            Action::Terminate { process, run } => {
                self.output.hear_out(process);
                let id = id(process, run);
                match self.stand_ins.of(id) {
                    Some(stranger) => stranger.terminate(),
                    None => self.guardian.send(&Request::Terminate(id), Vec::new()),
                }
            }
            Action::Kill { process, run } => {
                let id = id(process, run);
                match self.stand_ins.of(id) {
                    Some(stranger) => stranger.kill(),
                    None => self.guardian.send(&Request::Kill(id), Vec::new()),
                }
            }
            Action::Signal {
                process,
                run,
                signal,
            } => {
                let request = Request::Signal(id(process, run), signal.unsigned_abs());
                self.guardian.send(&request, Vec::new());
            }
            Action::Try {
                process,
                number,
                ready,
            } => self.try_ready(process, number, &ready),
            Action::GiveUpTry { process, number } => self.give_up_try(process, number),
            Action::LetIn { process, run } => self.let_in(process, run),
            Action::TurnAway { process } => self.turn_away(process),
            Action::Say(notice) => self.say(notice),
            Action::GivenAway { process } => self.given_away(process),
            Action::Settled { status } => self.settled(status),
            Action::Finish { status } => self.status = Some(status),
        }
    }

    /// Where somebody has stopped it (SIGSTOP): it alone can end anything.
    fn set_guardian_going(&self) {
        signals::send(self.guardian_pid, signals::CONTINUE);
    }

    async fn finish(mut self, status: u8) -> End {
        self.terminal_signals.release();
        if self.is_guardian_lost {
            self.output.begin_stop();
            self.stand_ins.terminate_all();
            let runs = self.marks();
            let runs = runs.iter().map(|(_, marks)| marks);
            let runs: Vec<&Marks> = runs.chain(self.tries.marks()).collect();
            rescue::end_orphans(&runs, self.longest_grace()).await;
            spawn::reap(self.guardian_pid);
        } else {
            self.set_guardian_going();
            self.guardian.send(&Request::End, Vec::new());
            let end = async { while self.guardian.next().await.is_some() {} };
            if tokio::time::timeout(GUARDIANS_END, end).await.is_ok() {
                // It closed its end as the last thing it did.
                spawn::wait_for_exit(self.guardian_pid);
            }
        }
        for (_, live) in self.runs.drain() {
            live.reader.drain().await;
        }
        if !self.is_guardian_lost {
            self.leave().await;
        }
        if !self.supervisor.is_stopping() && !self.is_guardian_lost {
            self.wait_for_reader().await;
        }
        let deadline = Instant::now() + LAST_WORDS;
        let output = self.output.clone().finish(deadline).await;
        let is_whole = !output.has_failed && output.lost == 0;
        let status = if is_whole { status } else { status.max(1) };
        // All is ended, told and given back, and with this process goes its memory: to give that back piece by piece
        // would take longer than the end of a thousand processes.
        std::mem::forget(self);
        End { status, output }
    }

    /// All has ended by itself: a slow reader has all the time he wants, until he interrupts.
    async fn wait_for_reader(&mut self) {
        loop {
            tokio::select! {
                () = self.output.flushed() => return,
                _ = self.stop_signals.next() => return,
                // A Ctrl-Z that came in the instant in which all had ended. Later ones stop us by themselves.
                signal = self.terminal_signals.next() => if signal == TerminalSignal::Stop {
                    let _ = signals::stop_ourselves();
                },
            }
        }
    }

    fn longest_grace(&self) -> Duration {
        let graces = self.plan.processes.iter().map(|process| process.grace);
        graces.max().unwrap_or_default()
    }
}

async fn typed(keyboard: &mut Option<Keyboard>) -> Vec<u8> {
    match keyboard {
        Some(keyboard) => keyboard.next().await,
        None => future::pending().await,
    }
}

/// Until `deadline`; for ever if there is none.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => future::pending().await,
    }
}
