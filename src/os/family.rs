//! A process's tree: who descends from whom, and to which run an orphan belongs.

use std::collections::HashSet;

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

/// The children of this process that are none of `leaders`: they were adopted. The dead ones are among
/// them, to be reaped.
///
/// `None`: they cannot be looked at now, for want of memory or descriptors.
#[cfg(target_os = "linux")]
pub(crate) fn orphans(leaders: &HashSet<i32>) -> Option<Vec<Member>> {
    let children = process::own_children().ok()?.into_iter();
    // Nobody else collects them: each is there.
    let orphans = children.filter(|pid| !leaders.contains(pid));
    orphans.map(Member::of).collect()
}

/// Where nobody adopts (macOS): pid 1's children that are in one of the leaders' groups.
#[cfg(not(target_os = "linux"))]
pub(crate) fn orphans(leaders: &HashSet<i32>) -> Option<Vec<Member>> {
    let candidates = process::all().into_iter();
    let orphans = candidates.filter(|pid| !leaders.contains(pid));
    let orphans = orphans.filter_map(Member::of).filter(|orphan| {
        let Status {
            parent,
            group,
            is_zombie,
            ..
        } = orphan.status;
        parent == 1 && !is_zombie && leaders.contains(&group)
    });
    Some(orphans.collect())
}

/// What the processes of a run have in common though their parent may be gone.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    /// The leader's pid: the number of its group.
    pub(crate) leader: i32,
    /// The number of its session, if it has one of its own; else its pid, for what begins one.
    pub(crate) session: i32,
    /// `DEVRUN_ID=…` as it stands in the environment.
    pub(crate) variable: Vec<u8>,
    /// Device and inode of the pipe that it writes to.
    pub(crate) output: (u64, u64),
    /// Orphans that nothing marks, and of which it is known otherwise.
    pub(crate) adopted: Vec<i32>,
}

impl Marks {
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
