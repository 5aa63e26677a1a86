//! Nobody adopts orphans there but pid 1. Who descends from whom is told by numbers that the kernel gives each process
//! for good: its own, and that of the process which forked it. They are to be read while both live, so the kernel
//! tells of every fork of a process that is known, and of its end (kqueue(2), NOTE_FORK and NOTE_EXIT).
//!
//! A process whose parent was forked, forked and ended between two looks, and that left its group, is told by its
//! marks; it is missed if it wiped them.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

use super::{Marks, Member};
use crate::os::process::{self, Numbers};

/// A compiler forks hundreds of times a second: all processes of the machine are looked through no oftener than this.
const INTERVAL: Duration = Duration::from_millis(10);
/// How many forks are told of at once.
const EVENTS: usize = 64;
const AT_ONCE: libc::timespec = libc::timespec {
    tv_sec: 0,
    tv_nsec: 0,
};
/// The parent of whoever has lost his own.
const FIRST_PROCESS: i32 = 1;

/// Who descends from which leader.
#[derive(Debug)]
pub(crate) struct Descent {
    /// `None`: the system had none left; then only groups and marks tell.
    news: Option<Kqueue>,
    /// By the number of each that lives.
    known: HashMap<u64, Known>,
    /// Who was born before is none of ours.
    began: u64,
    /// Orphans that carry no mark.
    strangers: HashSet<(i32, u64)>,
    looked_at: Option<Instant>,
    /// Somebody forked or ended, and nobody has looked since.
    is_due: bool,
    /// Somebody ended, and it was not said yet.
    has_ended: bool,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    pid: i32,
    leader: i32,
}

impl Descent {
    pub(crate) fn begin() -> Self {
        Self {
            news: Kqueue::new().ok(),
            known: HashMap::new(),
            began: process::status(std::process::id() as i32).map_or(0, |own| own.start_time),
            strangers: HashSet::new(),
            looked_at: None,
            is_due: false,
            has_ended: false,
        }
    }

    /// From now on whoever descends from this child is known. Call it right after the fork.
    pub(crate) fn follow(&mut self, leader: i32) {
        if let Some(numbers) = process::numbers(leader) {
            self.note(
                numbers.own,
                Known {
                    pid: leader,
                    leader,
                },
            );
        }
    }

    /// Readable when somebody has forked or ended.
    pub(crate) fn news(&self) -> Option<BorrowedFd<'_>> {
        self.news.as_ref().map(AsFd::as_fd)
    }

    /// Call it after every wait. Whether somebody who is known has ended.
    pub(crate) fn take_news(&mut self) -> bool {
        if self.take_events() && !self.has_ended {
            // The kernel tells of an end before it is one: who is looked at in that instant still lives.
            self.has_ended = true;
            self.looked_at = Some(Instant::now());
        }
        if !self.is_due || !self.left_to_wait().is_zero() {
            return false;
        }
        self.look();
        std::mem::take(&mut self.has_ended)
    }

    /// How long may be waited for news: no longer than until the next look, if one is due.
    pub(crate) fn patience(&self, asked: Option<Duration>) -> Option<Duration> {
        if !self.is_due {
            return asked;
        }
        let left = self.left_to_wait();
        Some(asked.map_or(left, |asked| asked.min(left)))
    }

    /// Whether that orphan descends from this leader.
    pub(crate) fn is_below(&self, orphan: &Member, leader: i32) -> bool {
        let mut known = self.known.values();
        known.any(|known| known.pid == orphan.pid && known.leader == leader)
    }

    /// Who has lost his parent, and is known, or in one of the leaders' groups, or carries a mark of these runs.
    pub(crate) fn orphans(
        &mut self,
        leaders: &HashSet<i32>,
        runs: &[&Marks],
    ) -> Option<Vec<Member>> {
        let all = process::all();
        if all.is_empty() || !self.look() {
            return None;
        }
        let known: HashSet<i32> = self.known.values().map(|known| known.pid).collect();
        let candidates = all.into_iter().filter(|pid| !leaders.contains(pid));
        let candidates = candidates.filter_map(Member::of).filter(is_orphan);
        let (ours, others): (Vec<Member>, Vec<Member>) = candidates.partition(|orphan| {
            known.contains(&orphan.pid)
                || leaders.contains(&orphan.status.group)
                || self.is_marked(orphan, runs)
        });
        let others: HashSet<(i32, u64)> = others.iter().map(Member::identity).collect();
        self.strangers.retain(|stranger| others.contains(stranger));
        Some(ours)
    }

    /// From then on it is known, and who descends from it. It is asked once: who carries no mark will never carry one.
    fn is_marked(&mut self, orphan: &Member, runs: &[&Marks]) -> bool {
        let identity = orphan.identity();
        if orphan.status.start_time < self.began || self.strangers.contains(&identity) {
            return false;
        }
        let marks = runs.iter().find(|marks| marks.are_on(orphan));
        let Some(Marks { leader, .. }) = marks else {
            self.strangers.insert(identity);
            return false;
        };
        if let Some(numbers) = process::numbers(orphan.pid) {
            let (pid, leader) = (orphan.pid, *leader);
            self.note(numbers.own, Known { pid, leader });
        }
        true
    }

    fn left_to_wait(&self) -> Duration {
        let elapsed = self.looked_at.map_or(INTERVAL, |at| at.elapsed());
        INTERVAL.saturating_sub(elapsed)
    }

    /// Whether one of them was an end.
    fn take_events(&mut self) -> bool {
        let Some(news) = &self.news else {
            return false;
        };
        let none = event(0, EvFlags::empty(), FilterFlag::empty());
        let mut events = [none; EVENTS];
        let mut has_ended = false;
        while let Ok(count @ 1..) = news.kevent(&[], &mut events, Some(AT_ONCE)) {
            self.is_due = true;
            let is_end = |event: &KEvent| event.fflags().contains(FilterFlag::NOTE_EXIT);
            has_ended |= events[..count].iter().any(is_end);
        }
        has_ended
    }

    /// `false`: nobody can be seen now, not even we.
    fn look(&mut self) -> bool {
        self.looked_at = Some(Instant::now());
        let pids = process::all().into_iter();
        self.is_due = pids.len() == 0;
        if self.is_due {
            return false;
        }
        let living: Vec<(i32, Numbers)> = pids
            .filter_map(|pid| Some((pid, process::numbers(pid)?)))
            .collect();
        // In no order: a child may stand in front of its parent.
        while self.note_children(&living) {}
        // Who has ended leaves nobody whom this look has not seen.
        let numbers: HashSet<u64> = living.iter().map(|(_, numbers)| numbers.own).collect();
        self.known.retain(|own, _| numbers.contains(own));
        true
    }

    /// Whether there were any that were not known.
    fn note_children(&mut self, living: &[(i32, Numbers)]) -> bool {
        let before = self.known.len();
        for (pid, numbers) in living {
            let parent = self.known.get(&numbers.parent).copied();
            if let Some(Known { leader, .. }) = parent {
                self.note(numbers.own, Known { pid: *pid, leader });
            }
        }
        self.known.len() > before
    }

    fn note(&mut self, own: u64, known: Known) {
        if self.known.insert(own, known).is_some() {
            return;
        }
        let Some(news) = &self.news else { return };
        let flags = EvFlags::EV_ADD | EvFlags::EV_CLEAR;
        let kinds = FilterFlag::NOTE_FORK | FilterFlag::NOTE_EXIT;
        let watch = event(known.pid, flags, kinds);
        // Who has ended meanwhile cannot be watched; what he forked before is seen by the next look.
        let _ = news.kevent(&[watch], &mut [], Some(AT_ONCE));
        self.is_due = true;
    }
}

fn event(pid: i32, flags: EvFlags, kinds: FilterFlag) -> KEvent {
    KEvent::new(pid as usize, EventFilter::EVFILT_PROC, flags, kinds, 0, 0)
}

fn is_orphan(member: &Member) -> bool {
    member.status.parent == FIRST_PROCESS && !member.status.is_zombie
}

/// Notes when the leader began: its number may be another one's once the guardian is gone.
pub(super) fn begin(marks: &mut Marks) {
    marks.since = process::status(marks.leader).map(|status| status.start_time);
}

pub(super) fn left_behind(runs: &[&Marks]) -> Option<Vec<Member>> {
    let is_another = |marks: &Marks| {
        let leader = process::status(marks.leader);
        leader.is_some_and(|leader| Some(leader.start_time) != marks.since)
    };
    let mut runs = runs.to_vec();
    runs.retain(|marks| !is_another(marks));
    let all = process::all();
    if all.is_empty() {
        return None;
    }
    let orphans = all.into_iter().filter_map(Member::of);
    let orphans =
        orphans.filter(|orphan| is_orphan(orphan) && runs.iter().any(|marks| marks.are_on(orphan)));
    Some(orphans.collect())
}

pub(super) fn below(guardian: i32) -> Vec<i32> {
    let is_candidate = |member: &Member| member.status.parent == guardian || is_orphan(member);
    let all = process::all().into_iter().filter_map(Member::of);
    all.filter(is_candidate).map(|member| member.pid).collect()
}
