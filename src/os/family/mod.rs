//! A process's tree: who descends from whom, and to which run an orphan belongs.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;

pub(crate) use system::Descent;

use crate::os::process::{self, Status};

/// One process, as a snapshot showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) pid: i32,
    pub(crate) status: Status,
}

impl Member {
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let status = process::status(pid)?;
        Some(Self { pid, status })
    }

    /// A pid alone may be somebody else's tomorrow; with its start time it is one process for ever.
    pub(crate) fn identity(&self) -> (i32, u64) {
        (self.pid, self.status.start_time)
    }

    /// Whether it has not ended since it was looked at.
    pub(crate) fn lives_on(&self) -> bool {
        let now = Self::of(self.pid);
        now.is_some_and(|now| now.identity() == self.identity() && !now.status.is_zombie)
    }
}

/// `root` and all that descend from it and live, parents before their children. A snapshot: what forks
/// or ends meanwhile may be missing.
pub(crate) fn tree(root: i32) -> Vec<Member> {
    let mut members: Vec<Member> = Member::of(root).into_iter().collect();
    let mut next = 0;
    while let Some(parent) = members.get(next) {
        let children = process::children(parent.pid);
        members.extend(children.into_iter().filter_map(Member::of));
        next += 1;
    }
    members.retain(|member| !member.status.is_zombie);
    members
}

/// Who may be an orphan of a run, or is a child of the guardian.
pub(crate) fn below(guardian: i32) -> Vec<i32> {
    system::below(guardian)
}

/// What is left of these runs when the guardian is gone: the heads of their trees, the dead ones among them where they
/// are to be reaped. `None`: it cannot be looked at now, for want of memory or descriptors.
pub(crate) fn left_behind(runs: &[&Marks]) -> Option<Vec<Member>> {
    system::left_behind(runs)
}

/// What the processes of a run have in common though their parent may be gone.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    /// The leader's pid: the number of its group.
    pub(crate) leader: i32,
    /// The number of its session, if it has one of its own; else its pid, for what begins one.
    pub(crate) session: i32,
    /// When the leader began.
    #[cfg(target_os = "macos")]
    since: Option<u64>,
    /// `DEVRUN_ID=…` as it stands in the environment.
    pub(crate) variable: Vec<u8>,
    /// Device and inode of the pipe that it writes to.
    pub(crate) output: (u64, u64),
    /// Orphans of which it is known whatever may mark them.
    pub(crate) adopted: Vec<i32>,
}

impl Marks {
    /// Of a run that is not begun: `variable` is its `DEVRUN_ID=…`, `output` what it will write to.
    pub(crate) fn new(variable: Vec<u8>, output: (u64, u64)) -> Self {
        Self {
            leader: 0,
            session: 0,
            #[cfg(target_os = "macos")]
            since: None,
            variable,
            output,
            adopted: Vec::new(),
        }
    }

    /// It has begun, with this leader in that session (its own pid, if it has none of its own).
    pub(crate) fn begin(&mut self, leader: i32, session: i32) {
        self.leader = leader;
        self.session = session;
        system::begin(self);
    }

    /// Whether an orphan carries one of these marks. A daemon may have left its group and wiped its
    /// environment (PostgreSQL, nginx); then the inherited pipe still tells.
    pub(crate) fn are_on(&self, orphan: &Member) -> bool {
        let Status { group, session, .. } = orphan.status;
        group == self.leader
            || self.adopted.contains(&orphan.pid)
            || session == self.session
            || process::environment_contains(orphan.pid, &self.variable)
            || process::has_open(orphan.pid, self.output)
    }
}
