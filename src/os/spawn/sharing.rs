//! A child that has its parent's memory until its exec, as posix_spawn(3) makes them: nothing is copied for it, and
//! nothing faults afterwards.

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;

use nix::errno::Errno;

use crate::os::spawn::Child;

/// In units of 16 bytes, to which every processor wants its stack aligned. [`Child::become_program`] takes less than a
/// tenth of it.
const STACK: usize = 2048;

impl Child<'_> {
    /// Returns the child's pid once it has become the program, or is gone because it could not.
    pub(super) fn fork_sharing(&self) -> io::Result<i32> {
        let mut stack = [const { MaybeUninit::<u128>::uninit() }; STACK];
        let top = stack.as_mut_ptr_range().end;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: by CLONE_VFORK we stand still until the child has done with our memory, so that its stack, in this
        // frame, and `self` outlive it, and nobody else changes what both see (errno). What it opens, closes, blocks and
        // ignores is its own. No handler of ours runs in it: the signals that have one are held back until the child has
        // set them back.
        let pid = unsafe {
            libc::clone(
                begin,
                top.cast(),
                flags,
                (&raw const *self).cast_mut().cast(),
            )
        };
        Ok(Errno::result(pid)?)
    }
}

extern "C" fn begin(child: *mut c_void) -> libc::c_int {
    // SAFETY: it is the `self` of `fork_sharing`, and this the freshly forked child.
    unsafe { (*child.cast::<Child<'_>>()).become_program() }
}
