//! What was done, how often, and what went wrong.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

#[derive(Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<String, u64>>,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    pub fn count(&self, what: &str, more: u64) {
        let mut counts = self.counts.lock().unwrap();
        match counts.get_mut(what) {
            Some(count) => *count += more,
            None => {
                counts.insert(what.into(), more);
            }
        }
    }

    pub fn of(&self, what: &str) -> u64 {
        let counts = self.counts.lock().unwrap();
        counts.get(what).copied().unwrap_or(0)
    }

    pub fn fail(&self, what: impl Into<String>) {
        let what = what.into();
        println!("failure: {}", shortened(&what));
        self.failures.lock().unwrap().push(what);
    }

    pub fn has_failed(&self) -> bool {
        !self.failures.lock().unwrap().is_empty()
    }

    /// What panics within is a failure, named for `what`, and ends nothing else.
    pub fn guard<T>(&self, what: &str, act: impl FnOnce() -> T) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(act));
        done.inspect_err(|_| self.fail(format!("{what} panicked, as said above")))
            .ok()
    }

    /// All counts, then all failures.
    pub fn print(&self) {
        for (what, count) in &*self.counts.lock().unwrap() {
            println!("  {what:<44} {count:>12}");
        }
        for failure in &*self.failures.lock().unwrap() {
            println!("  FAILED: {}", shortened(failure));
        }
    }
}

/// Lines of the helper are long.
fn shortened(text: &str) -> String {
    let rows = text
        .lines()
        .map(|row| row.chars().take(300).collect::<String>());
    rows.collect::<Vec<_>>().join("\n    ")
}
