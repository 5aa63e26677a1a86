//! A machine with its own clock and processes, on which each call of the guardian can be made to fail. It asserts
//! of each signal that it reaches nobody else: a pid that was given free is at once a bystander's.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use crate::guardian::kernel::{Child, Exec, Heard, Kernel};
use crate::guardian::protocol::{News, Request, RunId, Spawn};
use crate::guardian::tests::program::{Act, OnSigterm, Program, SERVER};
use crate::os::family::{Marks, Member};
use crate::os::process::Status;
use crate::os::signals;
use crate::words::exit::Exit;

const GUARDIAN: i32 = 1000;
/// From a fork to its exec.
const EXEC_TAKES: Duration = Duration::from_millis(2);

/// Which call fails, counted from 0, and how: where a call can fail in several ways, this one is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) call: usize,
    /// So many in a row.
    pub(super) calls: usize,
    pub(super) errno: i32,
}

pub(super) struct Machine {
    pub(super) now: Instant,
    /// Something happens outside at this instant: no wait goes beyond it.
    pub(super) wakes_at: Option<Instant>,
    pub(super) fault: Option<Fault>,
    /// As on macOS: what is to be known of an orphan has to be looked for.
    pub(super) hides_orphans: bool,
    /// No look at its processes succeeds from the one instant to the other.
    pub(super) darkness: Option<(Instant, Instant)>,
    /// Orphans come and go faster than anybody can look, for so many looks more.
    pub(super) storm: usize,
    /// The kind of each call, in order.
    pub(super) calls: Vec<&'static str>,
    /// Those that failed.
    pub(super) failed: Vec<&'static str>,
    pub(super) requests: VecDeque<Request>,
    pub(super) told: VecDeque<News>,
    /// Whether the connection to the manager stands, and whether its end was heard.
    pub(super) is_connected: bool,
    is_end_heard: bool,
    pub(super) signals_to_stop: u32,
    program: fn(RunId) -> &'static Program,
    processes: BTreeMap<i32, Process>,
    /// Children between fork and exec, and of whom it is known how that went.
    execs: Vec<Exec>,
    is_bereaved: bool,
    next_pid: i32,
    births: u64,
}

#[derive(Clone, Debug)]
struct Process {
    parent: i32,
    group: i32,
    session: i32,
    birth: u64,
    state: State,
    is_stopped: bool,
    /// A SIGTERM came while it was stopped.
    is_sigterm_pending: bool,
    /// Nobody tells of its end.
    is_orphan: bool,
    exits_at: Option<(Instant, u8)>,
    program: &'static Program,
    has_rights: bool,
    /// The mark in its environment, and the pipe that it writes to.
    variable: Vec<u8>,
    output: (u64, u64),
}

#[derive(Clone, Copy, Debug)]
enum State {
    Forked {
        execs_at: Instant,
    },
    /// The act that comes next.
    Runs {
        since: Instant,
        act: usize,
    },
    Zombie(Exit),
    /// Somebody else, who has got a pid of ours.
    Bystander,
}

impl Machine {
    pub(super) fn new(now: Instant, program: fn(RunId) -> &'static Program) -> Self {
        Self {
            now,
            wakes_at: None,
            fault: None,
            hides_orphans: false,
            darkness: None,
            storm: 0,
            calls: Vec::new(),
            failed: Vec::new(),
            requests: VecDeque::new(),
            told: VecDeque::new(),
            is_connected: true,
            is_end_heard: false,
            signals_to_stop: 0,
            program,
            processes: BTreeMap::new(),
            execs: Vec::new(),
            is_bereaved: false,
            next_pid: GUARDIAN,
            births: 0,
        }
    }

    /// Those that live and could be ended.
    pub(super) fn living(&self) -> Vec<i32> {
        self.those(|process| match process.state {
            State::Forked { .. } => true,
            State::Runs { .. } => !process.has_rights,
            State::Zombie(_) | State::Bystander => false,
        })
    }

    /// Those of the guardian's children that it did not collect.
    pub(super) fn uncollected(&self) -> Vec<i32> {
        let is_zombie = |process: &Process| matches!(process.state, State::Zombie(_));
        self.those(|process| is_zombie(process) && process.parent == GUARDIAN)
    }

    fn those(&self, are_meant: impl Fn(&Process) -> bool) -> Vec<i32> {
        let those = self.processes.iter().filter(|(_, it)| are_meant(it));
        those.map(|(pid, _)| *pid).collect()
    }

    /// Counts a call; the errno with which it is to fail, if it is.
    fn fails(&mut self, call: &'static str) -> Option<i32> {
        let number = self.calls.len();
        self.calls.push(call);
        let fault = self.fault?;
        let is_meant = (fault.call..fault.call + fault.calls).contains(&number);
        self.failed.extend(is_meant.then_some(call));
        is_meant.then_some(fault.errno)
    }

    pub(super) fn is_dark(&self) -> bool {
        let darkness = self.darkness;
        darkness.is_some_and(|(from, to)| (from..to).contains(&self.now))
    }

    /// Everything that happens up to `until`, in order.
    fn pass_until(&mut self, until: Instant) {
        while let Some((at, pid)) = self.next_event().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.step(pid);
        }
        self.now = self.now.max(until);
    }

    fn next_event(&self) -> Option<(Instant, i32)> {
        let events = self.processes.iter();
        let events = events.filter_map(|(pid, it)| Some((it.next_event()?, *pid)));
        events.min()
    }

    fn step(&mut self, pid: i32) {
        let now = self.now;
        let process = self.processes.get_mut(&pid).expect("it has an event");
        if let Some((_, status)) = process.exits_at.filter(|(at, _)| *at <= now) {
            return self.end(pid, Exit::Status(status));
        }
        match &mut process.state {
            State::Forked { .. } => match process.program.exec_error {
                Some(errno) => {
                    self.end_before_exec(pid, Exit::Status(127), Some(errno));
                }
                None => {
                    process.state = State::Runs { since: now, act: 0 };
                    self.execs.push(Exec { pid, errno: None });
                }
            },
            State::Runs { act, .. } => {
                let (_, next) = process.program.acts[*act];
                *act += 1;
                self.act(pid, next);
            }
            State::Zombie(_) | State::Bystander => unreachable!("nothing happens to them"),
        }
    }

    fn act(&mut self, pid: i32, act: Act) {
        let process = self.processes.get_mut(&pid).expect("it acts");
        match act {
            Act::Exits(status) => self.end(pid, Exit::Status(status)),
            Act::Dies(signal) => self.end(pid, Exit::Signal(signal)),
            Act::Forks(program) => self.fork_from(pid, program),
            Act::LeavesSession => (process.session, process.group) = (pid, pid),
            Act::LeavesGroup => process.group = pid,
            Act::WipesMarks => {
                process.variable.clear();
                process.output = (0, 0);
            }
            Act::TakesRights => process.has_rights = true,
            Act::Stops => process.is_stopped = true,
        }
    }

    fn fork_from(&mut self, parent: i32, program: &'static Program) {
        let process = self.processes[&parent].clone();
        let state = State::Runs {
            since: self.now,
            act: 0,
        };
        let child = Process {
            parent,
            state,
            program,
            exits_at: None,
            ..process
        };
        self.add(child);
    }

    fn add(&mut self, mut process: Process) -> i32 {
        self.next_pid += 1;
        self.births += 1;
        process.birth = self.births;
        let pid = self.next_pid;
        if process.group == 0 {
            (process.group, process.session) = (pid, GUARDIAN);
        }
        self.processes.insert(pid, process);
        pid
    }

    fn end_before_exec(&mut self, pid: i32, exit: Exit, errno: Option<i32>) {
        self.execs.push(Exec { pid, errno });
        self.end(pid, exit);
    }

    fn end(&mut self, pid: i32, exit: Exit) {
        let process = self.processes.get_mut(&pid).expect("it lives");
        process.state = State::Zombie(exit);
        self.is_bereaved |= process.parent == GUARDIAN && !process.is_orphan;
        let is_told = !self.hides_orphans;
        let ours = self.processes.values_mut();
        for orphan in ours.filter(|process| process.parent == pid) {
            (orphan.parent, orphan.is_orphan) = (GUARDIAN, !is_told);
            self.is_bereaved |= is_told && matches!(orphan.state, State::Zombie(_));
        }
    }

    /// One who was set free and has ended since the last look.
    fn blow_in(&mut self) {
        if self.storm == 0 {
            return;
        }
        self.storm -= 1;
        self.add(Process {
            parent: GUARDIAN,
            group: 1,
            session: 1,
            birth: 0,
            state: State::Zombie(Exit::Status(0)),
            is_stopped: false,
            is_sigterm_pending: false,
            is_orphan: true,
            exits_at: None,
            program: &SERVER,
            has_rights: false,
            variable: Vec::new(),
            output: (0, 0),
        });
    }

    /// Its pid is free, and somebody else's at once.
    fn give_free(&mut self, pid: i32) -> Option<Exit> {
        let process = self.processes.get_mut(&pid)?;
        assert_eq!(process.parent, GUARDIAN, "only its own children");
        let State::Zombie(exit) = process.state else {
            return None;
        };
        self.births += 1;
        process.state = State::Bystander;
        (process.parent, process.birth) = (1, self.births);
        (process.group, process.session) = (pid, pid);
        Some(exit)
    }

    fn signal(&mut self, pid: i32, signal: i32) {
        let now = self.now;
        // Nobody ends between a look and a signal here: what is signalled has to be there.
        let process = self.processes.get_mut(&pid).expect("nobody has that pid");
        match process.state {
            State::Bystander => panic!("{pid} is somebody else"),
            State::Zombie(_) => return,
            State::Forked { .. } | State::Runs { .. } if process.has_rights => return,
            State::Forked { .. } if matches!(signal, signals::KILL | signals::TERMINATE) => {
                return self.end_before_exec(pid, Exit::Signal(signal), None);
            }
            State::Forked { .. } | State::Runs { .. } => {}
        }
        match signal {
            signals::KILL => return self.end(pid, Exit::Signal(signal)),
            signals::PAUSE => process.is_stopped = true,
            signals::CONTINUE => process.is_stopped = false,
            _ => process.is_sigterm_pending = true,
        }
        if process.is_stopped || !std::mem::take(&mut process.is_sigterm_pending) {
            return;
        }
        match process.program.on_sigterm {
            OnSigterm::Dies => self.end(pid, Exit::Signal(signals::TERMINATE)),
            OnSigterm::Ignores => {}
            OnSigterm::Exits(after, status) => {
                process.exits_at = Some((now + Duration::from_millis(after), status));
            }
            OnSigterm::Forks(program) => self.fork_from(pid, program),
        }
    }

    fn member(&self, pid: i32) -> Member {
        let process = &self.processes[&pid];
        let status = Status {
            parent: process.parent,
            group: process.group,
            session: process.session,
            start_time: process.birth,
            is_zombie: matches!(process.state, State::Zombie(_)),
        };
        Member { pid, status }
    }

    fn children(&self, parent: i32) -> Vec<Member> {
        let ours = self.processes.iter();
        let children = ours.filter(|(_, process)| process.parent == parent);
        children.map(|(pid, _)| self.member(*pid)).collect()
    }
}

impl Process {
    fn next_event(&self) -> Option<Instant> {
        match self.state {
            State::Forked { execs_at } => Some(execs_at),
            State::Runs { .. } if self.is_stopped => None,
            State::Runs { since, act } => {
                let act = self.program.acts.get(act);
                let act_at = act.map(|(after, _)| since + Duration::from_millis(*after));
                let exits_at = self.exits_at.map(|(at, _)| at);
                act_at.into_iter().chain(exits_at).min()
            }
            State::Zombie(_) | State::Bystander => None,
        }
    }
}

impl Kernel for Machine {
    fn now(&self) -> Instant {
        self.now
    }

    fn hear(&mut self, timeout: Option<Duration>) -> Heard {
        if self.fails("hear").is_some() {
            // As where poll(2) fails: all is looked at after a while, and nothing is known of execs.
            self.pass_until(self.now + Duration::from_millis(10));
            let is_manager_gone = self.hears_the_end();
            let requests = std::mem::take(&mut self.requests).into();
            return Heard {
                is_bereaved: true,
                requests,
                is_manager_gone,
                ..Heard::default()
            };
        }
        let until = timeout.map(|timeout| self.now + timeout);
        loop {
            let heard = Heard {
                execs: std::mem::take(&mut self.execs),
                is_bereaved: std::mem::take(&mut self.is_bereaved),
                is_asked_to_stop: std::mem::take(&mut self.signals_to_stop) > 0,
                requests: std::mem::take(&mut self.requests).into(),
                is_manager_gone: self.hears_the_end(),
            };
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= self.now);
            if !heard.is_empty() || is_due(until) || is_due(self.wakes_at) {
                return heard;
            }
            let next = self.next_event().map(|(at, _)| at);
            let next = next.into_iter().chain(until).chain(self.wakes_at).min();
            self.pass_until(next.expect("something will happen: else it hangs"));
        }
    }

    fn tell(&mut self, news: &News) {
        if self.fails("tell").is_some() {
            self.is_connected = false;
        }
        if self.is_connected {
            self.told.push_back(news.clone());
        }
    }

    fn fork(&mut self, spawn: &Spawn) -> io::Result<Child> {
        if let Some(errno) = self.fails("fork") {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let output = (1, self.births + 1);
        let pid = self.add(Process {
            parent: GUARDIAN,
            group: 0,
            session: 0,
            birth: 0,
            state: State::Forked {
                execs_at: self.now + EXEC_TAKES,
            },
            is_stopped: false,
            is_sigterm_pending: false,
            is_orphan: false,
            exits_at: None,
            program: (self.program)(spawn.id),
            has_rights: false,
            variable: spawn
                .environment
                .beginning_with(b"DEVRUN_ID=")
                .unwrap_or_default()
                .to_vec(),
            output,
        });
        Ok(Child {
            pid,
            holder: None,
            output,
        })
    }

    fn peek_exit(&mut self, pid: i32) -> Option<Exit> {
        if self.fails("peek_exit").is_some() {
            self.is_bereaved = true;
            return None;
        }
        match self.processes[&pid].state {
            State::Zombie(exit) => Some(exit),
            State::Forked { .. } | State::Runs { .. } => None,
            State::Bystander => panic!("{pid} was collected"),
        }
    }

    fn reap(&mut self, pid: i32) -> Option<Exit> {
        if self.fails("reap").is_some() {
            return None;
        }
        let is_ours = self.processes[&pid].parent == GUARDIAN;
        is_ours.then(|| self.give_free(pid)).flatten()
    }

    fn wait_for_exit(&mut self, pid: i32) {
        if self.fails("wait_for_exit").is_none() {
            self.give_free(pid).expect("it would wait for ever");
        }
    }

    fn release_holder(&mut self, _holder: i32) {}

    fn send(&mut self, pid: i32, signal: i32) {
        if self.fails("send").is_none() {
            self.signal(pid, signal);
        }
    }

    fn send_to_group(&mut self, leader: i32, signal: i32) {
        if self.fails("send_to_group").is_some() {
            return;
        }
        let child = self.processes.get(&leader).expect("it was forked");
        assert_eq!(child.parent, GUARDIAN, "its pid is not pinned");
        let ours = self.processes.iter();
        let members = ours.filter(|(_, process)| process.group == leader);
        let members: Vec<i32> = members.map(|(pid, _)| *pid).collect();
        members.into_iter().for_each(|pid| self.signal(pid, signal));
    }

    fn ask(&mut self, pid: i32, signal: i32) {
        if self.fails("ask").is_none() {
            self.signal(pid, signal);
            self.signal(pid, signals::CONTINUE);
        }
    }

    fn may_send(&mut self, pid: i32) -> bool {
        self.fails("may_send").is_none() && !self.processes[&pid].has_rights
    }

    fn tree(&mut self, root: i32) -> Vec<Member> {
        if self.fails("tree").is_some() {
            return Vec::new();
        }
        let mut members = vec![self.member(root)];
        let mut next = 0;
        while let Some(parent) = members.get(next) {
            members.extend(self.children(parent.pid));
            next += 1;
        }
        members.retain(|member| !member.status.is_zombie);
        members
    }

    fn orphans(&mut self, leaders: &HashSet<i32>, _runs: &[&Marks]) -> Option<Vec<Member>> {
        if self.fails("orphans").is_some() || self.is_dark() {
            return None;
        }
        self.blow_in();
        let mut children = self.children(GUARDIAN);
        children.retain(|child| !leaders.contains(&child.pid));
        Some(children)
    }

    fn hears_of_orphans(&self) -> bool {
        !self.hides_orphans
    }

    fn lives_on(&mut self, orphan: &Member) -> bool {
        !self.member(orphan.pid).status.is_zombie
    }

    fn are_on(&mut self, marks: &Marks, orphan: &Member) -> bool {
        let fails = self.fails("are_on").is_some();
        let process = &self.processes[&orphan.pid];
        !fails
            && (orphan.status.group == marks.leader
                || orphan.status.session == marks.session
                || process.variable == marks.variable
                || process.output == marks.output)
    }

    fn hold_lock(&mut self) {}

    fn note_terminal(&mut self, _modes: [u32; 8]) {}

    fn forget_terminal(&mut self) {}

    fn restore_terminal(&mut self) {}
}

impl Machine {
    fn hears_the_end(&mut self) -> bool {
        !self.is_connected && !std::mem::replace(&mut self.is_end_heard, true)
    }
}

impl Heard {
    fn is_empty(&self) -> bool {
        let is_quiet = !self.is_bereaved && !self.is_asked_to_stop && !self.is_manager_gone;
        is_quiet && self.execs.is_empty() && self.requests.is_empty()
    }
}
