//! What tests of locks need: a directory that is gone when the test is, and patience.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::os::directory::temporary;

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// `name` is one test's own.
    pub(crate) fn new(name: &str) -> Self {
        let path = temporary().join(format!("devrun-test-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A lock that was dropped is free at once, unless another test is just between fork and exec: then its
/// child has a copy for a moment.
pub(crate) fn soon(mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if is_so() {
            return true;
        }
        thread::yield_now();
    }
    false
}
