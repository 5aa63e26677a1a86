//! All that the guardian asks of the system and hears from it. [`System`](crate::guardian::system::System) is the
//! real one; in tests there is another, which fails on demand and has its own clock.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use crate::guardian::protocol::{News, Request, Spawn};
use crate::os::family::{Marks, Member};
use crate::words::exit::Exit;

pub(super) trait Kernel {
    fn now(&self) -> Instant;

    /// Waits until there is something to hear, for ever without a `timeout`; may return early.
    fn hear(&mut self, timeout: Option<Duration>) -> Heard;

    /// In order, and before the next wait. That the manager is gone meanwhile is heard next.
    fn tell(&mut self, news: &News);

    /// Forks a child that becomes this program, with the descriptors that came along; does not wait for the
    /// exec, of which is heard later.
    fn fork(&mut self, spawn: &Spawn) -> io::Result<Child>;

    /// How a child ended, or `None` while it lives; it stays a zombie. Where the system does not say, that is heard
    /// as if a child had ended.
    fn peek_exit(&mut self, pid: i32) -> Option<Exit>;

    /// Collects a child that ended. `None` while it lives.
    fn reap(&mut self, pid: i32) -> Option<Exit>;

    /// As [`Kernel::reap`], but waits for the end.
    fn wait_for_exit(&mut self, pid: i32);

    /// Ends and collects what leads a session whose run is over.
    fn release_holder(&mut self, holder: i32);

    fn send(&mut self, pid: i32, signal: i32);

    /// To the group that `leader` founded; its pid must be pinned.
    fn send_to_group(&mut self, leader: i32, signal: i32);

    /// Sends one that asks to end, and SIGCONT, so that a stopped one can.
    fn ask(&mut self, pid: i32, signal: i32);

    /// Not what runs with another user's rights.
    fn may_send(&mut self, pid: i32) -> bool;

    /// `root` and all that descend from it and live, parents before their children.
    fn tree(&mut self, root: i32) -> Vec<Member>;

    /// Our children that are none of `leaders`, the dead ones among them; where orphans do not come to us, those of these
    /// runs that live. `None`: they cannot be looked at now.
    fn orphans(&mut self, leaders: &HashSet<i32>, runs: &[&Marks]) -> Option<Vec<Member>>;

    /// Whether the end of an orphan is heard as that of a child is.
    fn hears_of_orphans(&self) -> bool;

    /// Whether it has not ended since it was looked at.
    fn lives_on(&mut self, orphan: &Member) -> bool;

    fn are_on(&mut self, marks: &Marks, orphan: &Member) -> bool;

    /// Keeps the lock open that came along.
    fn hold_lock(&mut self);

    /// Gives back the memory that a start takes.
    fn give_back(&mut self);

    /// The user's terminal, which came along, is raw, and had these settings before.
    fn note_terminal(&mut self, modes: [u32; 8]);

    /// The terminal is as before.
    fn forget_terminal(&mut self);

    /// Puts the terminal back as it was, if it is raw.
    fn restore_terminal(&mut self);
}

/// What came while the guardian waited.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Of these children it is known now how their exec went.
    pub(super) execs: Vec<Exec>,
    /// A child may have ended.
    pub(super) is_bereaved: bool,
    /// Somebody sent us a signal that asks to stop.
    pub(super) is_asked_to_stop: bool,
    pub(super) requests: Vec<Request>,
    /// There will be no more requests.
    pub(super) is_manager_gone: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Exec {
    pub(super) pid: i32,
    /// `None`: it succeeded, or the child was killed before.
    pub(super) errno: Option<i32>,
}

/// A child that was forked just now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub(super) pid: i32,
    /// Who leads its session in its place.
    pub(super) holder: Option<i32>,
    /// Device and inode of what it writes to.
    pub(super) output: (u64, u64),
}
