//! All runs of a session, and the orphans that came to the guardian.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::guardian::kernel::{Exec, Kernel};
use crate::guardian::protocol::{News, RunId};
use crate::guardian::run::{Phase, Run};
use crate::os::family::{Marks, Member};
use crate::os::signals;

/// How often is looked where something is being ended, or cannot be seen: what was forked meanwhile has to go as well.
pub(super) const SHORT_INTERVAL: Duration = Duration::from_millis(10);
/// How often a daemon is looked at, where its end need not be heard.
const LONG_INTERVAL: Duration = Duration::from_secs(1);
/// Orphans may come and go faster than anybody can look. After so many looks others get their turn.
const MOST_LOOKS: usize = 16;
/// What could not be looked at for so long will not be: from then on leaders and groups are all that counts, so that
/// nobody waits for ever.
const LONGEST_BLINDNESS: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: BTreeMap<RunId, Run>,
    /// Those whose exec has neither succeeded nor failed, by their leaders.
    spawning: HashMap<i32, RunId>,
    /// Whose an orphan is, decided once, by pid and start time. `None`: nothing tells; it belongs to
    /// the session and goes last.
    adopted: HashMap<(i32, u64), Option<RunId>>,
    /// Those whose leaders ended since the last sweep.
    just_ended: Vec<RunId>,
    /// A child may have ended since the last sweep.
    is_stale: bool,
    /// When the last sweep was.
    swept_at: Option<Instant>,
    /// The orphans could not be looked at the last time, or not all of them: nobody is taken to be gone until they are.
    is_blind: bool,
    /// Since when no look has succeeded.
    blind_since: Option<Instant>,
    /// All was killed: who is left, and takes no signal from us, is given up.
    gives_up: bool,
    /// All of it is stopped (SIGSTOP), and goes on before it is asked to end.
    is_paused: bool,
}

impl Runs {
    pub(super) fn insert(&mut self, id: RunId, run: Run) {
        self.spawning.insert(run.leader, id);
        self.runs.insert(id, run);
    }

    /// No run, and no orphan of the session either; once all was killed, but for those that took another user's
    /// rights.
    pub(super) fn is_empty(&self, kernel: &mut impl Kernel) -> bool {
        let is_left = |(pid, _): &(i32, u64)| !self.gives_up || kernel.may_send(*pid);
        !self.is_blind && self.runs.is_empty() && !self.adopted.keys().any(is_left)
    }

    pub(super) fn somebody_ended(&mut self) {
        self.is_stale = true;
    }

    /// When it is to be looked again though nobody tells of anything. Nobody does when a tree that is being killed
    /// forks; nor, maybe, when one without a leader is empty.
    pub(super) fn next_look(&self, kernel: &impl Kernel) -> Option<Instant> {
        let hides = |run: &&Run| run.exit.is_some() && !kernel.hears_of_orphans();
        let is_urgent = |run: &Run| match run.phase {
            Phase::Lives => false,
            Phase::Terminating => hides(&run),
            Phase::Killing => true,
        };
        let mut runs = self.runs.values();
        let interval = if self.is_blind || runs.clone().any(is_urgent) {
            SHORT_INTERVAL
        } else {
            runs.find(hides).map(|_| LONG_INTERVAL)?
        };
        Some(
            self.swept_at
                .map_or_else(|| kernel.now(), |at| at + interval),
        )
    }

    pub(super) fn pause(&mut self, kernel: &mut impl Kernel) {
        // Who was asked to end before is not to go on because of that.
        self.sweep(kernel);
        self.is_paused = true;
        self.signal_all(signals::PAUSE, kernel);
    }

    pub(super) fn resume(&mut self, kernel: &mut impl Kernel) {
        if std::mem::take(&mut self.is_paused) {
            self.signal_all(signals::CONTINUE, kernel);
        }
    }

    /// To the group of each run, and to what is outside of it.
    fn signal_all(&mut self, signal: i32, kernel: &mut impl Kernel) {
        let orphans = self.orphans_by_run(kernel);
        for (id, run) in &self.runs {
            kernel.send_to_group(run.leader, signal);
            let members = run.members(orphans.of(*id), kernel).into_iter();
            for member in members.filter(|member| member.status.group != run.leader) {
                kernel.send(member.pid, signal);
            }
        }
        for orphan in &orphans.nobodys {
            let members = kernel.tree(orphan.pid).into_iter();
            members.for_each(|member| kernel.send(member.pid, signal));
        }
    }

    /// With the next sweep: one look at the orphans does for all that are asked at once.
    pub(super) fn terminate(&mut self, id: RunId) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.phase = run.phase.max(Phase::Terminating);
            self.is_stale = true;
        }
    }

    /// With the next sweep.
    pub(super) fn kill(&mut self, id: RunId) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.phase = Phase::Killing;
            self.is_stale = true;
        }
    }

    /// A leader that has ended is pinned, and takes none any more.
    pub(super) fn signal(&self, id: RunId, signal: u32, kernel: &mut impl Kernel) {
        let run = self.runs.get(&id).filter(|run| run.exit.is_none());
        if let Some((run, signal)) = run.zip(i32::try_from(signal).ok()) {
            kernel.send(run.leader, signal);
        }
    }

    /// Returns the longest grace among them.
    pub(super) fn terminate_all(&mut self, kernel: &mut impl Kernel) -> Duration {
        self.is_stale = true;
        self.resume(kernel);
        let orphans = self.orphans_by_run(kernel);
        for (id, run) in &mut self.runs {
            run.terminate(orphans.of(*id), kernel);
        }
        for orphan in &orphans.nobodys {
            kernel.ask(orphan.pid, signals::TERMINATE);
        }
        let graces = self.runs.values().map(|run| run.grace);
        let shortest = Duration::from_secs(u64::from(!orphans.nobodys.is_empty()));
        graces.max().unwrap_or_default().max(shortest)
    }

    pub(super) fn kill_all(&mut self, kernel: &mut impl Kernel) {
        let orphans = self.orphans_by_run(kernel);
        for (id, run) in &mut self.runs {
            run.kill(orphans.of(*id), kernel);
        }
        for orphan in &orphans.nobodys {
            for member in kernel.tree(orphan.pid) {
                kernel.send(member.pid, signals::KILL);
            }
        }
        self.is_stale = true;
        self.gives_up = true;
    }

    /// Tells of each exec that has succeeded or failed.
    pub(super) fn settle_spawns(&mut self, execs: &[Exec], kernel: &mut impl Kernel) {
        for Exec { pid, errno } in execs {
            let Some(id) = self.spawning.remove(pid) else {
                continue;
            };
            let Some(run) = self.runs.get_mut(&id) else {
                continue;
            };
            run.is_spawning = false;
            if let Some(errno) = *errno {
                // On its way out; a Ctrl-Z may have stopped it there.
                kernel.send(*pid, signals::KILL);
                kernel.wait_for_exit(*pid);
                run.release(kernel);
                self.runs.remove(&id);
                kernel.tell(&News::SpawnFailed { id, errno });
                continue;
            }
            // It may have ended already, when that was not its turn to be told.
            self.is_stale |= kernel.peek_exit(*pid).is_some();
            let (pid, session) = (run.leader, run.marks.session);
            kernel.tell(&News::Spawned { id, pid, session });
        }
    }

    /// Collects what ended, and tells of every leader that ended and every tree that is empty.
    pub(super) fn sweep(&mut self, kernel: &mut impl Kernel) {
        let now = kernel.now();
        if !self.is_stale && self.next_look(kernel).is_none_or(|at| now < at) {
            return;
        }
        self.is_stale = false;
        self.swept_at = Some(now);
        let ended = self.note_exits(kernel);
        self.just_ended.extend(ended);
        let orphans = self.orphans_by_run(kernel);
        if !self.is_blind {
            for id in std::mem::take(&mut self.just_ended) {
                self.tell_exit(id, &orphans, kernel);
            }
        }
        for (id, run) in &mut self.runs {
            match run.phase {
                Phase::Lives => {}
                Phase::Terminating => run.terminate(orphans.of(*id), kernel),
                Phase::Killing => run.kill(orphans.of(*id), kernel),
            }
        }
        if self.is_blind {
            return;
        }
        self.tell_daemons(&orphans, kernel);
        self.forget_the_gone(&orphans, kernel);
    }

    fn note_exits(&mut self, kernel: &mut impl Kernel) -> Vec<RunId> {
        let mut ended = Vec::new();
        for (id, run) in &mut self.runs {
            if run.exit.is_none() && !run.is_spawning {
                run.exit = kernel.peek_exit(run.leader);
                ended.extend(run.exit.map(|_| *id));
            }
        }
        ended
    }

    fn tell_exit(&self, id: RunId, orphans: &ByRun, kernel: &mut impl Kernel) {
        let run = &self.runs[&id];
        if let Some(exit) = run.exit {
            // An orphan that ended since may have left others. Nobody is left only if that is all there is to tell.
            let orphans = orphans.of(id);
            let left = run.members(orphans, kernel).len().max(orphans.len()) as u32;
            kernel.tell(&News::LeaderExited { id, exit, left });
        }
    }

    /// The manager knows a run's processes by their descent and their marks. Where the leader is gone marks alone are left,
    /// and a daemon may wipe them at any time.
    fn tell_daemons(&mut self, orphans: &ByRun, kernel: &mut impl Kernel) {
        for (id, run) in self.runs.iter_mut().filter(|(_, run)| run.exit.is_some()) {
            for pid in run.untold(orphans.of(*id)) {
                kernel.tell(&News::Adopted { id: *id, pid });
            }
        }
    }

    fn forget_the_gone(&mut self, orphans: &ByRun, kernel: &mut impl Kernel) {
        self.runs.retain(|id, run| {
            let is_empty = run.exit.is_some() && orphans.of(*id).is_empty();
            let is_gone = is_empty || run.survivors > 0;
            if is_gone {
                if self.blind_since.is_some() {
                    // Who cannot be seen can be hit all the same, as far as its group is the leader's.
                    kernel.send_to_group(run.leader, signals::KILL);
                }
                run.release(kernel);
                kernel.tell(&News::Gone {
                    id: *id,
                    killed: run.killed() as u32,
                    survivors: run.survivors as u32,
                });
            }
            !is_gone
        });
    }

    /// The guardian's children that are no leaders, all alive, each with the run that it belongs to; none, if they
    /// cannot be looked at now.
    fn orphans_by_run(&mut self, kernel: &mut impl Kernel) -> ByRun {
        let mut seen = HashSet::new();
        self.is_blind = true;
        for looks_left in (0..MOST_LOOKS).rev() {
            let Some((orphans, is_calm)) = self.orphans(kernel) else {
                self.give_up_looking(kernel.now());
                break;
            };
            self.blind_since = None;
            if !is_calm && looks_left > 0 {
                continue;
            }
            let by_run = self.sorted(orphans, kernel);
            // A mark cannot be read any more on who ended meanwhile; on the children that it left it can.
            let mut nobodys = by_run
                .nobodys
                .iter()
                .filter(|orphan| seen.insert(orphan.identity()));
            self.is_blind = !is_calm || !nobodys.all(|orphan| kernel.lives_on(orphan));
            if !self.is_blind || looks_left == 0 {
                return by_run;
            }
        }
        ByRun::default()
    }

    /// Nobody could be looked at. After [`LONGEST_BLINDNESS`] nobody is waited for who cannot be seen.
    fn give_up_looking(&mut self, now: Instant) {
        let since = *self.blind_since.get_or_insert(now);
        self.is_blind = now < since + LONGEST_BLINDNESS;
        if !self.is_blind && self.gives_up {
            self.adopted.clear();
        }
    }

    /// Whose each of them is.
    fn sorted(&mut self, orphans: Vec<Member>, kernel: &mut impl Kernel) -> ByRun {
        let mut adopted = HashMap::new();
        let mut by_run = ByRun::default();
        for orphan in orphans {
            let known = self.adopted.get(&orphan.identity()).copied();
            // One that was not seen for long may have outlived its run.
            let known = known.filter(|owner| owner.is_none_or(|id| self.runs.contains_key(&id)));
            let owner = known.unwrap_or_else(|| self.owner(&orphan, kernel));
            adopted.insert(orphan.identity(), owner);
            match owner {
                Some(id) => by_run.runs.entry(id).or_default().push(orphan),
                None => by_run.nobodys.push(orphan),
            }
        }
        self.adopted = adopted;
        by_run
    }

    /// One look at those who live, and whether they are all: whoever has ended is reaped, and with its end its own
    /// children have come to us.
    fn orphans(&self, kernel: &mut impl Kernel) -> Option<(Vec<Member>, bool)> {
        let leaders: HashSet<i32> = self.runs.values().flat_map(Run::children).collect();
        let marks: Vec<&Marks> = self.runs.values().map(|run| &run.marks).collect();
        let orphans = kernel.orphans(&leaders, &marks)?.into_iter();
        let (ended, living): (Vec<Member>, Vec<Member>) =
            orphans.partition(|orphan| orphan.status.is_zombie);
        let reaped = ended
            .iter()
            .filter(|orphan| kernel.reap(orphan.pid).is_some());
        Some((living, reaped.count() == 0))
    }

    /// Whose a newly adopted orphan is: by its marks; else it was set free by a leader that ended just
    /// now, or by one whose tree is being ended, as far as that can be only one.
    fn owner(&self, orphan: &Member, kernel: &mut impl Kernel) -> Option<RunId> {
        let marked = self
            .runs
            .iter()
            .find(|(_, run)| kernel.are_on(&run.marks, orphan));
        if let Some((id, _)) = marked {
            return Some(*id);
        }
        let is_ending = |(id, run): &(&RunId, &Run)| {
            // What a try may leave behind is its own by descent or marks: it ends all the time, and would be taken for the
            // one that set everybody free.
            if id.try_of().is_some() {
                return false;
            }
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
