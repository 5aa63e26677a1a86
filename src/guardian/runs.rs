//! All runs of a session, and the orphans that came to the guardian.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::guardian::Manager;
use crate::guardian::protocol::{News, RunId};
use crate::guardian::run::{Phase, Run};
use crate::os::family::{self, Member};
use crate::os::{descriptor, signals, spawn};

#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: BTreeMap<RunId, Run>,
    /// Whose an orphan is, decided once, by pid and start time. `None`: nothing tells; it belongs to
    /// the session and goes last.
    adopted: HashMap<(i32, u64), Option<RunId>>,
    /// Those whose leaders ended since the last sweep.
    just_ended: Vec<RunId>,
    /// A child may have ended since the last sweep.
    is_stale: bool,
    /// All of it is stopped (SIGSTOP), and goes on before it is asked to end.
    is_paused: bool,
}

impl Runs {
    pub(super) fn insert(&mut self, id: RunId, run: Run) {
        self.runs.insert(id, run);
    }

    /// No run, and no orphan of the session either, but for those that took another user's rights.
    pub(super) fn is_empty(&self) -> bool {
        let is_ours = |(pid, _): &(i32, u64)| signals::may_send(*pid);
        self.runs.is_empty() && !self.adopted.keys().any(is_ours)
    }

    pub(super) fn spawning(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let spawning = self.runs.values().filter_map(|run| run.spawning.as_ref());
        spawning.map(AsFd::as_fd)
    }

    pub(super) fn somebody_ended(&mut self) {
        self.is_stale = true;
    }

    /// Nobody tells when a tree that is being killed forks; nor, without a subreaper, when one is empty.
    pub(super) fn needs_a_look(&self) -> bool {
        let has_no_news = |run: &Run| {
            run.phase == Phase::Killing || (cfg!(not(target_os = "linux")) && run.exit.is_some())
        };
        self.runs.values().any(has_no_news)
    }

    pub(super) fn pause(&mut self) {
        self.is_paused = true;
        self.signal_all(signals::PAUSE);
    }

    pub(super) fn resume(&mut self) {
        if std::mem::take(&mut self.is_paused) {
            self.signal_all(signals::CONTINUE);
        }
    }

    /// To the group of each run, and to what is outside of it.
    fn signal_all(&mut self, signal: i32) {
        let orphans = self.orphans_by_run();
        for (id, run) in &self.runs {
            signals::send_to_group(run.leader, signal);
            let members = run.members(orphans.of(*id)).into_iter();
            for member in members.filter(|member| member.status.group != run.leader) {
                signals::send(member.pid, signal);
            }
        }
        for orphan in &orphans.nobodys {
            let members = family::tree(orphan.pid).into_iter();
            members.for_each(|member| signals::send(member.pid, signal));
        }
    }

    pub(super) fn terminate(&mut self, id: RunId) {
        let orphans = self.orphans_by_run();
        if let Some(run) = self.runs.get_mut(&id) {
            run.terminate(orphans.of(id));
        }
    }

    pub(super) fn kill(&mut self, id: RunId) {
        let orphans = self.orphans_by_run();
        if let Some(run) = self.runs.get_mut(&id) {
            run.kill(orphans.of(id));
            self.is_stale = true;
        }
    }

    /// Returns the longest grace among them.
    pub(super) fn terminate_all(&mut self) -> Duration {
        self.is_stale = true;
        self.resume();
        let orphans = self.orphans_by_run();
        for (id, run) in &mut self.runs {
            run.terminate(orphans.of(*id));
        }
        for orphan in &orphans.nobodys {
            signals::terminate(orphan.pid);
        }
        let graces = self.runs.values().map(|run| run.grace);
        let shortest = Duration::from_secs(u64::from(!orphans.nobodys.is_empty()));
        graces.max().unwrap_or_default().max(shortest)
    }

    pub(super) fn kill_all(&mut self) {
        let orphans = self.orphans_by_run();
        for (id, run) in &mut self.runs {
            run.kill(orphans.of(*id));
        }
        for orphan in &orphans.nobodys {
            for member in family::tree(orphan.pid) {
                signals::send(member.pid, signals::KILL);
            }
        }
        self.is_stale = true;
    }

    /// Tells of each exec that has succeeded or failed. `settled` says it for each of
    /// [`Runs::spawning`], in that order.
    pub(super) fn settle_spawns(&mut self, settled: &[bool], manager: &mut Manager) {
        let mut settled = settled.iter();
        self.runs.retain(|id, run| {
            let spawning = run.spawning.take_if(|_| settled.next() == Some(&true));
            let Some(failure) = spawning else { return true };
            match exec_error(&failure) {
                Some(errno) => {
                    spawn::wait_for_exit(run.leader);
                    run.release();
                    manager.tell(&News::SpawnFailed { id: *id, errno });
                    false
                }
                None => {
                    // It may have ended already, when that was not its turn to be told.
                    self.is_stale |= spawn::peek_exit(run.leader).is_some();
                    manager.tell(&News::Spawned {
                        id: *id,
                        pid: run.leader,
                        session: run.marks.session,
                    });
                    true
                }
            }
        });
    }

    /// Collects what ended, and tells of every leader that ended and every tree that is empty.
    pub(super) fn sweep(&mut self, manager: &mut Manager) {
        if !self.is_stale && !self.needs_a_look() {
            return;
        }
        self.is_stale = false;
        self.just_ended = self.note_exits();
        let orphans = self.orphans_by_run();
        for id in std::mem::take(&mut self.just_ended) {
            self.tell_exit(id, &orphans, manager);
        }
        for (id, run) in &mut self.runs {
            match run.phase {
                Phase::Lives => {}
                Phase::Terminating => run.terminate(orphans.of(*id)),
                Phase::Killing => run.kill(orphans.of(*id)),
            }
        }
        self.forget_the_gone(&orphans, manager);
    }

    fn note_exits(&mut self) -> Vec<RunId> {
        let mut ended = Vec::new();
        for (id, run) in &mut self.runs {
            if run.exit.is_none() && run.spawning.is_none() {
                run.exit = spawn::peek_exit(run.leader);
                ended.extend(run.exit.map(|_| *id));
            }
        }
        ended
    }

    fn tell_exit(&self, id: RunId, orphans: &ByRun, manager: &mut Manager) {
        let run = &self.runs[&id];
        if let Some(exit) = run.exit {
            let orphans = orphans.of(id);
            // Whoever has ended since we looked may have left a child: 0 is said where it is gone for good.
            let left = run.members(orphans).len().max(orphans.len()) as u32;
            manager.tell(&News::LeaderExited { id, exit, left });
        }
    }

    fn forget_the_gone(&mut self, orphans: &ByRun, manager: &mut Manager) {
        self.runs.retain(|id, run| {
            let is_empty = run.exit.is_some() && orphans.of(*id).is_empty();
            let is_gone = is_empty || run.survivors > 0;
            if is_gone {
                run.release();
                manager.tell(&News::Gone {
                    id: *id,
                    killed: run.killed() as u32,
                    survivors: run.survivors as u32,
                });
            }
            !is_gone
        });
    }

    /// The guardian's children that are no leaders, all alive, each with the run that it belongs to.
    fn orphans_by_run(&mut self) -> ByRun {
        loop {
            let orphans = self.orphans();
            let mut adopted = HashMap::new();
            let mut by_run = ByRun::default();
            for orphan in orphans {
                let known = self.adopted.get(&orphan.identity()).copied();
                let owner = known.unwrap_or_else(|| self.owner(&orphan));
                adopted.insert(orphan.identity(), owner);
                match owner {
                    Some(id) => by_run.runs.entry(id).or_default().push(orphan),
                    None => by_run.nobodys.push(orphan),
                }
            }
            self.adopted = adopted;
            // A mark cannot be read any more on who ended meanwhile; on the children that it left it can.
            if by_run.nobodys.iter().all(Member::lives_on) {
                return by_run;
            }
        }
    }

    fn orphans(&self) -> Vec<Member> {
        let leaders: HashSet<i32> = self.runs.values().flat_map(Run::children).collect();
        loop {
            let orphans = family::orphans(&leaders).into_iter();
            let (ended, living): (Vec<Member>, Vec<Member>) =
                orphans.partition(|orphan| orphan.status.is_zombie);
            // With its end, its own children have come to us: look again.
            let reaped = ended
                .iter()
                .filter(|orphan| spawn::reap(orphan.pid).is_some());
            if reaped.count() == 0 {
                return living;
            }
        }
    }

    /// Whose a newly adopted orphan is: by its marks; else it was set free by a leader that ended just
    /// now, or by one whose tree is being ended, as far as that can be only one.
    fn owner(&self, orphan: &Member) -> Option<RunId> {
        let marked = self.runs.iter().find(|(_, run)| run.marks.are_on(orphan));
        if let Some((id, _)) = marked {
            return Some(*id);
        }
        let is_ending = |(id, run): &(&RunId, &Run)| {
            self.just_ended.contains(*id) || (run.exit.is_some() && run.phase != Phase::Lives)
        };
        let mut ending = self.runs.iter().filter(is_ending);
        match (ending.next(), ending.next()) {
            (Some((id, _)), None) => Some(*id),
            (_, _) => None,
        }
    }
}

/// The orphans that live.
#[derive(Debug, Default)]
struct ByRun {
    runs: HashMap<RunId, Vec<Member>>,
    /// The session's.
    nobodys: Vec<Member>,
}

impl ByRun {
    fn of(&self, id: RunId) -> &[Member] {
        self.runs.get(&id).map_or(&[], Vec::as_slice)
    }
}

/// What the child wrote into its pipe, if it wrote anything: the exec closes the pipe.
fn exec_error(failure: &OwnedFd) -> Option<i32> {
    let mut errno = [0; 4];
    let count = descriptor::read(failure.as_fd(), &mut errno).ok().flatten();
    (count == Some(errno.len())).then(|| i32::from_ne_bytes(errno))
}
