//! One run as the guardian sees it: its leader, what became of it, what was done to its tree.

use std::collections::HashSet;
use std::time::Duration;

use crate::guardian::kernel::{Child, Kernel};
use crate::guardian::protocol::Spawn;
use crate::os::family::{Marks, Member};
use crate::os::signals;
use crate::words::exit::Exit;

/// The variable by which a process tells to which run it belongs: `DEVRUN_ID=<session>.<process>.<run>`.
pub(crate) const ID_VARIABLE: &str = "DEVRUN_ID";

#[derive(Debug)]
pub(super) struct Run {
    pub(super) leader: i32,
    /// Who leads the session in its place.
    holder: Option<i32>,
    pub(super) marks: Marks,
    /// Until the exec has succeeded or failed.
    pub(super) is_spawning: bool,
    /// Once it ended. It stays a zombie until its tree is empty, so that its pid and its group cannot
    /// be anybody else's.
    pub(super) exit: Option<Exit>,
    pub(super) grace: Duration,
    pub(super) phase: Phase,
    /// How many are left who have taken another user's rights (`sudo`), and nobody else: none of them can
    /// be ended from here.
    pub(super) survivors: usize,
    stop_signal: i32,
    /// Its group had its stop signal.
    is_asked: bool,
    /// What its orphans are sent first. A command that ended with status 0 and left a server behind was only the way
    /// to start that.
    orphans_signal: i32,
    /// Who had its stop signal already, outside of the leader's group: each process gets exactly one.
    asked: HashSet<(i32, u64)>,
    killed: HashSet<(i32, u64)>,
    /// The orphans of which the manager was told that they are of this run.
    told: HashSet<(i32, u64)>,
}

/// What is to become of a run; it never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Lives,
    Terminating,
    Killing,
}

impl Run {
    pub(super) fn new(spawn: &Spawn, child: Child) -> Self {
        let prefix = format!("{ID_VARIABLE}=");
        let variable = spawn.environment.beginning_with(prefix.as_bytes());
        let mut marks = Marks::new(variable.unwrap_or_default().to_vec(), child.output);
        marks.begin(child.pid, child.holder.unwrap_or(child.pid));
        Self {
            leader: child.pid,
            holder: child.holder,
            marks,
            is_spawning: true,
            exit: None,
            grace: Duration::from_millis(spawn.grace.into()),
            phase: Phase::Lives,
            survivors: 0,
            stop_signal: spawn.stop_signal,
            is_asked: false,
            orphans_signal: signals::TERMINATE,
            asked: HashSet::new(),
            killed: HashSet::new(),
            told: HashSet::new(),
        }
    }

    /// Those of our own children that are no orphans: the leader, and who holds its session.
    pub(super) fn children(&self) -> impl Iterator<Item = i32> {
        std::iter::once(self.leader).chain(self.holder)
    }

    /// Nothing of it is left: its pid, its group and its session may be somebody else's.
    pub(super) fn release(&self, kernel: &mut impl Kernel) {
        kernel.reap(self.leader);
        if let Some(holder) = self.holder {
            kernel.release_holder(holder);
        }
    }

    /// How many had to be killed, the leader not counted.
    pub(super) fn killed(&self) -> usize {
        self.killed
            .iter()
            .filter(|(pid, _)| *pid != self.leader)
            .count()
    }

    /// The members that live: below the leader, if it does, and below each of its orphans.
    pub(super) fn members(&self, orphans: &[Member], kernel: &mut impl Kernel) -> Vec<Member> {
        let leader = self.exit.is_none().then_some(self.leader);
        let roots = leader
            .into_iter()
            .chain(orphans.iter().map(|orphan| orphan.pid));
        roots.flat_map(|root| kernel.tree(root)).collect()
    }

    /// Those of its orphans that were not returned before.
    pub(super) fn untold(&mut self, orphans: &[Member]) -> Vec<i32> {
        let now: HashSet<(i32, u64)> = orphans.iter().map(Member::identity).collect();
        let untold = now.difference(&self.told).map(|(pid, _)| *pid).collect();
        self.told = now;
        untold
    }

    /// The stop signal to the leader's group, once; SIGTERM (where the command made itself a daemon, the stop signal) to
    /// each orphan outside of it and to what is in that one's group, once each. What has a living parent outside of these
    /// groups is that parent's to end: a PostgreSQL whose backends get a signal from elsewhere takes it for a crash.
    pub(super) fn terminate(&mut self, orphans: &[Member], kernel: &mut impl Kernel) {
        self.phase = self.phase.max(Phase::Terminating);
        if !std::mem::replace(&mut self.is_asked, true) {
            if self.exit == Some(Exit::Status(0)) {
                self.orphans_signal = self.stop_signal;
            }
            kernel.send_to_group(self.leader, self.stop_signal);
            kernel.send_to_group(self.leader, signals::CONTINUE);
        }
        for orphan in orphans {
            let tree = kernel.tree(orphan.pid).into_iter();
            let group = orphan.status.group;
            for member in tree.filter(|member| member.status.group == group) {
                if group != self.leader && self.asked.insert(member.identity()) {
                    kernel.ask(member.pid, self.orphans_signal);
                }
            }
        }
    }

    /// SIGKILL to all that can be seen now. Call it again until none is left, or none may be reached.
    pub(super) fn kill(&mut self, orphans: &[Member], kernel: &mut impl Kernel) {
        self.phase = Phase::Killing;
        // Counted before they are gone.
        let members = self.members(orphans, kernel);
        let (mine, others): (Vec<&Member>, Vec<&Member>) = members
            .iter()
            .partition(|member| kernel.may_send(member.pid));
        for member in &mine {
            kernel.send(member.pid, signals::KILL);
            self.killed.insert(member.identity());
        }
        self.survivors = if mine.is_empty() { others.len() } else { 0 };
        // What was forked meanwhile.
        kernel.send_to_group(self.leader, signals::KILL);
    }
}
