//! Programs where other users can run them.

use std::path::Path;
use std::process::Command;

/// Copies a program, so that it can be run at once: by another one, for a child that a test in another thread forks
/// meanwhile must not inherit a file that is open for writing (ETXTBSY).
pub fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(status.success(), "{} was not copied", from.display());
}
