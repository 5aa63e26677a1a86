//! What somebody else asks of processes: to start, to restart, to stop; and of the session: to end.

use crate::control::{Refusal, Reply};
use crate::driver::{Driver, GUARDIANS_END, LAST_WORDS};
use crate::plan::AppIndex;
use crate::supervisor::{Event, ProcessIndex};
use crate::words::answer::ProcessRow;
use crate::words::exit::{Exit, signal_name};
use crate::words::wire::{Awaited, Ending, Steered, Steering};

impl Driver {
    /// Answers before anything of it has happened. It is counted at once, for what is done comes before the
    /// next state is told.
    pub(super) fn steer(
        &mut self,
        app: &str,
        asked: Steering,
        names: &[String],
        reply: Reply<Steered>,
    ) -> Vec<Event> {
        if self.is_over() {
            // Whoever is not answered learns that the session ends.
            return Vec::new();
        }
        let places = self.owned(app).and_then(|app| self.asked_for(app, names));
        let places = match places {
            Ok(places) => places,
            Err(refusal) => {
                let _ = reply.send(Err(refusal));
                return Vec::new();
            }
        };
        let awaited = |place: &ProcessIndex| Awaited {
            name: self.plan.processes[*place].name.in_app(),
            run: self.supervisor.run_after(*place, asked),
        };
        let processes = places.iter().map(awaited).collect();
        let request = self.sharing.count_request();
        let _ = reply.send(Ok(Steered { request, processes }));
        let event = |process| match asked {
            Steering::Start => Event::StartAsked { process },
            Steering::Restart => Event::RestartAsked { process },
            Steering::Stop => Event::StopAsked { process },
        };
        places.into_iter().map(event).collect()
    }

    /// Each by its name, `web.1`; `web` is the first of its type.
    fn asked_for(&self, app: AppIndex, names: &[String]) -> Result<Vec<ProcessIndex>, Refusal> {
        let places = self.world.processes_of(app);
        let place = |asked: &String| {
            let is_it = |place: &&ProcessIndex| {
                let name = &self.plan.processes[**place].name;
                name.in_app() == *asked || name.process_type.as_str() == asked
            };
            let found = places.iter().find(is_it).copied();
            found.ok_or_else(|| Refusal::UnknownProcess(asked.clone()))
        };
        names.iter().map(place).collect()
    }

    /// As by SIGTERM, but that a second one kills nobody: each of those who ask waits for the same end.
    pub(super) fn end_asked(&mut self, reply: Reply<Ending>) -> Vec<Event> {
        let (processes, graces) = self.supervisor.end_takes();
        let within = graces + GUARDIANS_END + LAST_WORDS;
        let _ = reply.send(Ok(Ending {
            processes,
            within_ms: within.as_millis() as u64,
        }));
        if self.is_over() {
            return Vec::new();
        }
        self.say_still_used();
        vec![Event::EndAsked]
    }

    /// Why a process has failed.
    pub(super) fn cause_of(&self, place: ProcessIndex, row: &ProcessRow) -> Option<String> {
        let own = row.failure.as_ref().map(|(exit, _, _)| match exit {
            Exit::Status(status) => format!("status {status}"),
            Exit::Signal(signal) => format!("killed by {}", signal_name(*signal)),
            Exit::Unready => "status 0 before it was ready".to_string(),
        });
        own.or_else(|| {
            let (provider, _) = self.supervisor.failed_for(place)?;
            Some(format!("{} failed", self.plan.processes[provider].name))
        })
    }
}
