//! What becomes of an event on its way to the supervisor.
//!
//! | event | lost | twice, or again later |
//! |---|---|---|
//! | `Spawned`, `SpawnFailed`, `LeaderExited`, `Exited` | never: they come over one stream, and its end is `GuardianLost` | changes nothing |
//! | `StandInEnded` | never: a pidfd stays readable | changes nothing |
//! | `GuardianLost` | never: the end of a stream | changes nothing |
//! | `Elsewhere` | never: the other session's stream, whose end is news as well | twice: changes nothing |
//! | `Listens` | who waits for it goes on waiting, visibly; the summary comes by its own deadline | the probe is believed once more |
//! | `Tried` | never: the driver answers each try, whatever becomes of it | changes nothing: it is of no try that is awaited |
//! | `LineSeen` | never: a call, not a message | changes nothing |
//! | `PortStolen` | the port is looked at again before the next run | said once a run |
//! | `Reached` | asked again, as long as somebody waits | changes nothing |
//! | `OutputClosed` | the session goes on until somebody asks for its end | changes nothing |
//! | `ShutdownRequested` | signals of one kind become one: the grace ends it where the second is lost | twice: one key press |
//! | `DeadlineReached` | whatever comes next does what was due | changes nothing |
//! | what is asked by hand, by another session or by the driver itself | never: a call, not a message | is asked twice |

use std::mem;

use crate::supervisor::Event;
use crate::supervisor::tests::chance::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Once,
    Twice,
    /// Once now, and once more after others, as late as after the end of its run and of the session.
    ComesAgain,
    /// If it can be; else it comes.
    Lost,
}

pub(super) fn can_be_lost(event: &Event) -> bool {
    matches!(
        event,
        Event::Listens { .. }
            | Event::PortStolen { .. }
            | Event::Reached { .. }
            | Event::OutputClosed
            | Event::ShutdownRequested
            | Event::DeadlineReached
    )
}

fn can_come_twice(event: &Event) -> bool {
    let is_news_of_elsewhere = matches!(event, Event::Elsewhere { .. });
    is_news_of_elsewhere || *event == Event::ShutdownRequested || can_come_again(event)
}

fn can_come_again(event: &Event) -> bool {
    matches!(
        event,
        Event::Spawned { .. }
            | Event::SpawnFailed { .. }
            | Event::LeaderExited { .. }
            | Event::Exited { .. }
            | Event::StandInEnded { .. }
            | Event::GuardianLost
            | Event::Listens { .. }
            | Event::Tried { .. }
            | Event::LineSeen { .. }
            | Event::PortStolen { .. }
            | Event::Reached { .. }
            | Event::OutputClosed
            | Event::DeadlineReached
    )
}

impl World {
    /// After it was heard once.
    pub(super) fn hear_as_fated(&mut self, event: Event) {
        match self.fate {
            Fate::Twice if can_come_twice(&event) => self.hear(event),
            Fate::ComesAgain if can_come_again(&event) => self.echoes.push(event),
            Fate::Once | Fate::Twice | Fate::ComesAgain | Fate::Lost => {}
        }
    }

    /// One of those that come again. `which` is taken modulo what there is.
    pub(super) fn hear_again(&mut self, which: usize) {
        if self.echoes.is_empty() {
            return;
        }
        let event = self.echoes.swap_remove(which % self.echoes.len());
        if let Event::Listens {
            process,
            run,
            listeners,
        } = &event
        {
            let ports: Vec<u16> = listeners.iter().map(|it| it.port).collect();
            self.note_listening(*process, *run, &ports);
        }
        let fate = mem::replace(&mut self.fate, Fate::Once);
        self.hear(event);
        self.fate = fate;
    }
}
