//! A child that has its parent's memory until its exec, as posix_spawn(3) makes them: nothing is copied for it, and
//! nothing faults afterwards.

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;

use crate::os::spawn::Child;
use crate::os::{descriptor, signals};

/// In units of 16 bytes, to which every processor wants its stack aligned. [`Child::become_program`] takes less than a
/// tenth of it.
const STACK: usize = 2048;

/// An exec that takes longer is held up, as by a working directory on a file system that does not answer.
const HELD_UP_AFTER: Duration = Duration::from_secs(1);
/// Who was killed, and is not gone so soon, is stuck in the kernel.
const DEAD_AFTER: Duration = Duration::from_millis(100);

impl Child<'_> {
    /// Returns the child's pid once it has become the program, or is gone because it could not. `None`: it was held up,
    /// and killed for that. `failure` is the other end of `report`.
    ///
    /// Not by CLONE_VFORK: until the child is done, whoever waits in that can do nothing else, however long it takes.
    pub(super) fn fork_sharing(
        &self,
        failure: &OwnedFd,
        report: OwnedFd,
    ) -> io::Result<Option<i32>> {
        let mut stack = [const { MaybeUninit::<u128>::uninit() }; STACK];
        let top = stack.as_mut_ptr_range().end;
        let flags = libc::CLONE_VM | libc::SIGCHLD;
        // SAFETY: until the child has done with our memory we only wait, so that its stack, in this frame, and `self`
        // outlive it, and nobody else changes what both see (errno). What it opens, closes, blocks and ignores is its
        // own. No handler of ours runs in it: the signals that have one are held back until the child has set them back.
        let pid = unsafe {
            libc::clone(
                begin,
                top.cast(),
                flags,
                (&raw const *self).cast_mut().cast(),
            )
        };
        let pid = Errno::result(pid)?;
        // The child's copy is closed by its exec or its end, when it has left our memory already.
        drop(report);
        if descriptor::is_hung_up_within(failure.as_fd(), HELD_UP_AFTER) {
            return Ok(Some(pid));
        }
        // It never comes back from the kernel to our memory: either it is gone now, or will be when it would.
        signals::send(pid, signals::KILL);
        descriptor::is_hung_up_within(failure.as_fd(), DEAD_AFTER);
        Ok(None)
    }
}

extern "C" fn begin(child: *mut c_void) -> libc::c_int {
    // SAFETY: it is the `self` of `fork_sharing`, and this the freshly forked child.
    unsafe { (*child.cast::<Child<'_>>()).become_program() }
}
