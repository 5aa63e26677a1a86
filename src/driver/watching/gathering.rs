//! What happened to files, until it is calm: which of them are others now than before.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::os::notifier::{self, Kind};

/// After the last change of several, such as those of a checkout.
const CALM: Duration = Duration::from_millis(100);
/// Changes that never end are told all the same.
const LONGEST: Duration = Duration::from_secs(10);
/// So are those of somebody who is known to be at work: git, on a slow disk.
const LONGEST_AT_WORK: Duration = Duration::from_secs(60);
/// So many files may have other rights before it is forgotten which.
const MOST_UNTOLD: usize = 1000;

/// When a file is another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Counting {
    /// With each write.
    #[default]
    Everything,
    /// Once it is closed, as far as that is told: a log that others write to is not meant.
    Ends,
}

/// The changes that count for somebody, since he was told.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    traces: HashMap<PathBuf, Trace>,
    times: Option<Times>,
}

/// Of the changes that count.
#[derive(Clone, Copy, Debug)]
struct Times {
    first: Instant,
    last: Instant,
    /// When somebody was last seen at work.
    at_work: Option<Instant>,
}

/// What happened to one file.
#[derive(Clone, Copy, Debug, Default)]
struct Trace {
    /// The place among those that were changed.
    place: usize,
    was_made: bool,
    /// It has other times, or other content, and is one once it is closed.
    is_open: bool,
    is_changed: bool,
    is_gone: bool,
}

impl Gathering {
    pub(super) fn note(&mut self, file: &Path, kind: Kind, counting: Counting, now: Instant) {
        // Of rights alone nobody is ever told.
        if self.times.is_none() && self.traces.len() >= MOST_UNTOLD {
            self.traces.clear();
        }
        let place = self.traces.len();
        let trace = match self.traces.get_mut(file) {
            Some(trace) => trace,
            None => self.traces.entry(file.to_path_buf()).or_insert(Trace {
                place,
                was_made: matches!(kind, Kind::Made | Kind::Arrived),
                ..Trace::default()
            }),
        };
        let waits_for_end = counting == Counting::Ends && notifier::TELLS_OF_CLOSE;
        let is_change = match kind {
            Kind::Arrived | Kind::Removed | Kind::MovedAway => true,
            Kind::Made | Kind::Written => !waits_for_end,
            // A new time alone is a touch, which opens and closes; a chmod does not, and is no change.
            Kind::Attributes => false,
            Kind::Closed => trace.is_open,
        };
        match kind {
            Kind::Made | Kind::Arrived => (trace.is_open, trace.is_gone) = (true, false),
            Kind::Written | Kind::Attributes => trace.is_open = true,
            Kind::Removed | Kind::MovedAway => trace.is_gone = true,
            Kind::Closed => {}
        }
        trace.is_changed |= is_change;
        if is_change {
            let times = self.times.get_or_insert(Times {
                first: now,
                last: now,
                at_work: None,
            });
            times.last = now;
        }
    }

    /// When it is calm; while somebody still looks, only at the very last.
    pub(super) fn due_at(&self, is_looked_for: bool) -> Option<Instant> {
        let times = self.times?;
        let calm = times.at_work.unwrap_or(times.last).max(times.last) + CALM;
        let latest = match times.at_work {
            Some(_) => times.latest_at_work(),
            None => times.first + LONGEST,
        };
        Some(if is_looked_for {
            latest
        } else {
            latest.min(calm)
        })
    }

    /// Has it wait as if the last change were now, for somebody is at work; not if nothing has come of that for long.
    pub(super) fn waits_on(&mut self, now: Instant) -> bool {
        let Some(times) = &mut self.times else {
            return false;
        };
        let waits = now < times.latest_at_work();
        if waits {
            times.at_work = Some(now);
        }
        waits
    }

    /// The first file that is another one now, and how many more are. What came and went is none of them.
    pub(super) fn take(&mut self) -> Option<(PathBuf, usize)> {
        self.times = None;
        let traces = std::mem::take(&mut self.traces).into_iter();
        let changed =
            traces.filter(|(_, trace)| trace.is_changed && !(trace.was_made && trace.is_gone));
        let mut changed: Vec<(PathBuf, usize)> =
            changed.map(|(file, trace)| (file, trace.place)).collect();
        let others = changed.len().saturating_sub(1);
        changed.sort_by_key(|(_, place)| *place);
        changed.into_iter().next().map(|(file, _)| (file, others))
    }
}

impl Times {
    /// A lock that a killed git has left is there for ever.
    fn latest_at_work(self) -> Instant {
        (self.last + LONGEST).min(self.first + LONGEST_AT_WORK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(file, others)` of what was told.
    fn check_as(counting: Counting, told: &[(&str, Kind)], expected: Option<(&str, usize)>) {
        let mut gathering = Gathering::default();
        for (file, kind) in told {
            gathering.note(Path::new(file), *kind, counting, Instant::now());
        }
        let taken = gathering.take();
        let taken = taken
            .as_ref()
            .map(|(file, others)| (file.to_str().unwrap(), *others));
        assert_eq!(taken, expected, "{told:?}");
    }

    fn check(told: &[(&str, Kind)], expected: Option<(&str, usize)>) {
        check_as(Counting::Everything, told, expected);
        if notifier::TELLS_OF_CLOSE {
            check_as(Counting::Ends, told, expected);
        }
    }

    #[test]
    fn editors_are_understood() {
        use Kind::{Arrived, Attributes, Closed, Made, MovedAway, Removed, Written};
        let app = Some(("app.py", 0));
        // In place: VS Code, `echo >>`.
        check(
            &[("app.py", Written), ("app.py", Written), ("app.py", Closed)],
            app,
        );
        // vim, with a backup and without one that stays.
        check(
            &[
                ("4914", Made),
                ("4914", Closed),
                ("4914", Removed),
                ("app.py", MovedAway),
                ("app.py.bak", Arrived),
                ("app.py", Made),
                ("app.py", Written),
                ("app.py", Closed),
                ("app.py.bak", Removed),
            ],
            app,
        );
        // `sed -i`, and whoever writes beside it and renames.
        check(
            &[
                ("sedX8fGq", Made),
                ("sedX8fGq", Written),
                ("sedX8fGq", Closed),
                ("sedX8fGq", MovedAway),
                ("app.py", Arrived),
            ],
            app,
        );
        // touch
        check(&[("app.py", Attributes), ("app.py", Closed)], app);
        // git checkout
        check(
            &[
                ("app.py", Removed),
                ("app.py", Made),
                ("app.py", Closed),
                ("b.py", Made),
                ("b.py", Closed),
            ],
            Some(("app.py", 1)),
        );
    }

    #[test]
    fn what_is_no_change_is_not_told() {
        use Kind::{Attributes, Closed, Made, Removed, Written};
        // chmod; a database that is opened; what was there for a moment.
        check(&[("app.py", Attributes)], None);
        check(&[("app.db", Closed)], None);
        check(&[("tmp", Made), ("tmp", Written), ("tmp", Removed)], None);
        check(&[], None);
    }

    #[test]
    fn a_log_that_stays_open_is_only_meant_by_who_names_it() {
        use Kind::{Made, Written};
        let log = [("out.txt", Made), ("out.txt", Written)];
        check_as(Counting::Everything, &log, Some(("out.txt", 0)));
        if notifier::TELLS_OF_CLOSE {
            check_as(Counting::Ends, &log, None);
        }
    }

    #[test]
    fn it_is_calm_for_a_while_first_and_not_for_ever() {
        let begun = Instant::now();
        let mut gathering = Gathering::default();
        assert_eq!(gathering.due_at(false), None);
        let all = Counting::Everything;
        gathering.note(Path::new("a"), Kind::Attributes, all, begun);
        assert_eq!(gathering.due_at(false), None);
        gathering.note(Path::new("a"), Kind::Written, all, begun);
        assert_eq!(gathering.due_at(false), Some(begun + CALM));
        assert_eq!(gathering.due_at(true), Some(begun + LONGEST));
        let later = begun + CALM / 2;
        gathering.note(Path::new("b"), Kind::Written, all, later);
        assert_eq!(gathering.due_at(false), Some(later + CALM));
        let late = begun + LONGEST;
        gathering.note(Path::new("b"), Kind::Written, all, late);
        assert_eq!(gathering.due_at(false), Some(begun + LONGEST));
        gathering.take().unwrap();
        assert_eq!(gathering.due_at(false), None);
    }

    #[test]
    fn who_is_at_work_is_waited_for_as_long_as_he_changes_something() {
        let begun = Instant::now();
        let mut gathering = Gathering::default();
        assert!(!gathering.waits_on(begun), "there is nothing to tell");
        let change = |gathering: &mut Gathering, now| {
            gathering.note(Path::new("a"), Kind::Written, Counting::Everything, now);
        };
        change(&mut gathering, begun);
        let looked = begun + CALM;
        assert!(gathering.waits_on(looked));
        assert_eq!(gathering.due_at(false), Some(looked + CALM));
        assert_eq!(gathering.due_at(true), Some(begun + LONGEST));
        // Of a lock that nobody holds any more nothing comes.
        assert!(!gathering.waits_on(begun + LONGEST));
        let late = begun + LONGEST - CALM;
        change(&mut gathering, late);
        assert!(gathering.waits_on(begun + LONGEST));
        assert_eq!(gathering.due_at(false), Some(begun + LONGEST + CALM));
        let mut now = begun;
        while now < begun + LONGEST_AT_WORK {
            now += LONGEST / 2;
            change(&mut gathering, now);
        }
        assert!(!gathering.waits_on(now), "not for ever");
        assert_eq!(gathering.due_at(false), Some(begun + LONGEST_AT_WORK));
        gathering.take().unwrap();
        change(&mut gathering, now);
        assert_eq!(gathering.due_at(true), Some(now + LONGEST));
    }
}
