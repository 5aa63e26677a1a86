//! What comes of tries whether processes are ready, and who is ready by that.

use std::time::{Duration, Instant};

use crate::supervisor::tests::chance::world::{Child, Run, World};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::ready::{Ready, Tried};

/// A try that has not been answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trying {
    number: u32,
    run: u32,
    is_given_up: bool,
}

/// What the tries of a run have come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passes {
    has_passed: bool,
    failures: u32,
}

pub(super) fn ready(choice: u32, index: usize) -> Option<Ready> {
    let bits = choice
        .wrapping_mul(0x9e37_79b1)
        .rotate_left(7 * index as u32);
    match bits % 8 {
        0 => Some(Ready::Http {
            path: "/".into(),
            statuses: Vec::new(),
        }),
        1 => Some(Ready::Tcp),
        2 => Some(Ready::Log("up".into())),
        3 => Some(Ready::Exec("true".into())),
        _ => None,
    }
}

impl World {
    pub(super) fn begin_try(&mut self, process: ProcessIndex, number: u32) {
        assert!(!self.supervisor.is_stopping(), "not during a shutdown");
        let child = &mut self.children[process];
        let run = child.run.filter(Run::goes_on);
        let run = run.expect("only who goes on is tried");
        let ready = child.ready(&run).expect("it has a `ready:`");
        assert!(ready.is_tried() && (run.is_served || !ready.is_of_port()));
        assert!(child.trying.is_none(), "one try a process");
        child.tries += 1;
        assert_eq!(number, child.tries, "they are counted");
        child.trying = Some(Trying {
            number,
            run: run.number,
            is_given_up: false,
        });
    }

    pub(super) fn give_up_try(&mut self, process: ProcessIndex, number: u32) {
        let trying = self.children[process].trying.as_mut();
        let trying = trying.expect("it was asked for");
        assert_eq!(number, trying.number);
        let was_given_up = std::mem::replace(&mut trying.is_given_up, true);
        assert!(!was_given_up, "once");
    }

    /// Whether nobody waits for what comes of a try.
    pub(super) fn are_tries_given_up(&self) -> bool {
        let mut tryings = self.children.iter().filter_map(|child| child.trying);
        tryings.all(|trying| trying.is_given_up)
    }

    /// A try is over, or the line has come.
    pub(super) fn answer_try(&mut self, process: ProcessIndex, amount: u16) {
        let child = &mut self.children[process];
        let has_passed = !amount.is_multiple_of(4);
        if let Some(trying) = child.trying.take() {
            child.note_try(trying, has_passed);
            let tried = if has_passed {
                Tried::Passed
            } else {
                Tried::Failed("HTTP 503".into())
            };
            self.tell(Event::Tried {
                process,
                number: trying.number,
                tried,
            });
        } else if let Some(run) = child.run.filter(|run| run.is_spawned) {
            let is_by_line = matches!(child.ready(&run), Some(Ready::Log(_)));
            if let Some(run) = child.run.as_mut().filter(|run| run.goes_on()) {
                run.passes.has_passed |= is_by_line;
            }
            let run = run.number;
            self.tell(Event::LineSeen { process, run });
        }
    }
}

impl Child {
    /// Nobody reads what somebody's program in its place writes.
    fn ready(&self, run: &Run) -> Option<&Ready> {
        let ready = self.plan.ready.as_ref();
        ready.filter(|ready| !run.is_stand_in || ready.is_tried())
    }

    fn note_try(&mut self, trying: Trying, has_passed: bool) {
        let is_of_port = self.plan.ready.as_ref().is_some_and(Ready::is_of_port);
        let Some(run) = self.run.as_mut().filter(|run| run.goes_on()) else {
            return;
        };
        let counts = run.number == trying.run && !trying.is_given_up;
        if !counts || (is_of_port && !run.is_served) {
            return;
        }
        let passes = &mut run.passes;
        if has_passed {
            *passes = Passes {
                has_passed,
                failures: 0,
            };
        } else if passes.has_passed {
            passes.failures += 1;
            passes.has_passed = passes.failures < 3;
        }
    }

    /// It has begun, or ceased, to listen on its PORT.
    pub(super) fn note_served(&mut self) {
        let is_of_port = self.plan.ready.as_ref().is_some_and(Ready::is_of_port);
        if let Some(run) = self.run.as_mut().filter(|_| is_of_port) {
            run.passes = Passes::default();
        }
    }

    /// Whoever waits for this run waits no more.
    pub(super) fn is_there(&self, run: &Run, now: Instant) -> bool {
        let ready = self.ready(run);
        let is_ready = match ready {
            None if self.plan.port.is_none() => true,
            None => run.is_served,
            Some(ready) => run.passes.has_passed && (run.is_served || !ready.is_of_port()),
        };
        let is_certain = |since: Instant| now >= since + Duration::from_secs(1);
        let is_elsewhere = run.elsewhere_since.is_some_and(is_certain);
        is_ready || (is_elsewhere && ready.is_none_or(Ready::is_of_port))
    }
}
