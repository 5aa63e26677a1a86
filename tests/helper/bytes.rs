//! Bytes whose places are known by what stands there, and children without number.

use std::io::Write;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, setsid};

/// The length of a number in a line that has no end, with the blank behind it.
const NUMBER: usize = 64;
/// So many numbers are written at once.
const AT_ONCE: u64 = 1024;

/// So many bytes without a newline: one number after the other, from 0.
pub fn pour(bytes: u64) {
    let numbers = bytes / NUMBER as u64;
    let mut out = std::io::stdout();
    let mut next = [b'0'; NUMBER];
    next[NUMBER - 1] = b' ';
    for first in (0..numbers).step_by(AT_ONCE as usize) {
        let mut text = Vec::with_capacity(AT_ONCE as usize * NUMBER);
        for _ in first..numbers.min(first + AT_ONCE) {
            text.extend_from_slice(&next);
            count_on(&mut next[..NUMBER - 1]);
        }
        out.write_all(&text).expect("stdout is read");
    }
}

/// One more, in decimal digits: much is poured, and formatting each number would take seconds of a slow processor.
fn count_on(number: &mut [u8]) {
    for digit in number.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
}

/// So many children one after the other, each of which ends at once and leaves an orphan, in a
/// session of its own, which does so too.
pub fn brood(children: u64) {
    for _ in 0..children {
        // SAFETY: this program has one thread.
        match unsafe { fork() }.expect("fork works") {
            ForkResult::Parent { child } => {
                waitpid(child, None).expect("it is ours");
            }
            ForkResult::Child => {
                // SAFETY: as above.
                if let ForkResult::Child = unsafe { fork() }.expect("fork works") {
                    setsid().expect("it leads no group");
                }
                // SAFETY: ends this process and runs nothing of its parent's, whose memory it has.
                unsafe { nix::libc::_exit(0) }
            }
        }
    }
}
