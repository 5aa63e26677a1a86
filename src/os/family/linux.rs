//! Orphans come to the guardian, which is a subreaper: who descends from it is among its children, for ever.

use std::collections::HashSet;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::{Marks, Member};
use crate::os::process;

/// Nothing has to be known of anybody before he is an orphan.
#[derive(Debug)]
pub(crate) struct Descent;

impl Descent {
    pub(crate) fn begin() -> Self {
        Self
    }

    pub(crate) fn follow(&mut self, _leader: i32) {}

    pub(crate) fn news(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// SIGCHLD tells.
    pub(crate) fn take_news(&mut self) -> bool {
        false
    }

    pub(crate) fn patience(&self, asked: Option<Duration>) -> Option<Duration> {
        asked
    }

    pub(crate) fn is_below(&self, _orphan: &Member, _leader: i32) -> bool {
        false
    }

    pub(crate) fn orphans(
        &mut self,
        leaders: &HashSet<i32>,
        _runs: &[&Marks],
    ) -> Option<Vec<Member>> {
        let children = process::own_children().ok()?.into_iter();
        // Nobody else collects them: each is there.
        let orphans = children.filter(|pid| !leaders.contains(pid));
        orphans.map(Member::of).collect()
    }
}

pub(super) fn begin(_marks: &mut Marks) {}

/// The guardian was the nearer subreaper; now we are.
pub(super) fn left_behind(_runs: &[&Marks]) -> Option<Vec<Member>> {
    Descent::begin().orphans(&HashSet::new(), &[])
}

pub(super) fn below(guardian: i32) -> Vec<i32> {
    process::children(guardian)
}
