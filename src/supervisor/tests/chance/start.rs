//! What comes of a request to spawn.

use crate::supervisor::tests::chance::world::World;
use crate::supervisor::{Event, ProcessIndex};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Succeeds,
    Fails,
    FailsForNow,
}

impl Start {
    pub(super) fn of(amount: u16) -> Self {
        match amount % 32 {
            0 => Self::Fails,
            1..5 => Self::FailsForNow,
            _ => Self::Succeeds,
        }
    }
}

impl World {
    /// The guardian answers a request to spawn.
    pub(super) fn answer(&mut self, process: ProcessIndex, start: Start) {
        let child = &mut self.children[process];
        let Some(run) = child.run.as_mut().filter(|run| !run.is_spawned) else {
            return;
        };
        let number = run.number;
        run.is_spawned = true;
        if start == Start::Succeeds {
            self.tell(Event::Spawned {
                process,
                run: number,
                pid: 1,
            });
            return;
        }
        let is_passing = start == Start::FailsForNow;
        child.run = None;
        child.is_tried_again = is_passing && number > 1;
        self.tell(Event::SpawnFailed {
            process,
            run: number,
            cause: String::new(),
            is_passing,
        });
    }
}
