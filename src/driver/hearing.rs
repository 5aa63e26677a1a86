//! What is told of the runs, by the guardian and by who reads their output, becomes news to the supervisor.

use std::future;
use std::io;
use std::path::Path;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::driver::Driver;
use crate::driver::child::SHELL;
use crate::driver::output::Told;
use crate::driver::spawning::parts;
use crate::guardian::protocol::{News, RunId};
use crate::os::{NO_SUCH_FILE, limits, process};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::exit::Killed;
use crate::words::notice::Notice;
use crate::words::wording;

/// So much news is heard at most before it is acted on.
const MOST_AT_ONCE: usize = 4096;

impl Driver {
    /// What is there already: a thousand who end at once are one turn, not a thousand.
    pub(super) async fn hear_more(
        &mut self,
        events: &mut Vec<Event>,
        inbox: &mut mpsc::UnboundedReceiver<Event>,
    ) {
        // What follows from somebody's request, or from an edit, is not mixed with what happens after it.
        if !events.iter().all(Event::is_news) {
            return;
        }
        while events.last().is_none_or(Event::is_news) && events.len() < MOST_AT_ONCE {
            tokio::select! {
                biased;
                news = self.guardian.next(), if !self.is_guardian_lost => events.extend(self.hear(news)),
                Some(event) = inbox.recv() => events.push(event),
                () = future::ready(()) => return,
            }
        }
    }

    /// What who reads the children's output has seen there.
    pub(super) fn told(&mut self, told: Told) {
        match told {
            Told::Wrote(process) => self.probe.wrote(process, Instant::now()),
            Told::LineSeen { source, run } => {
                let process = source;
                let _ = self.news.send(Event::LineSeen { process, run });
            }
            Told::SeemsToWait(process) => {
                // Who looks at it sees that.
                let is_visited = self.output.visitors_size(process).is_some();
                if !is_visited && self.can_attach(process) && self.said_to_wait.insert(process) {
                    let process = self.plan.processes[process].name.clone();
                    self.output.say(&Notice::SeemsToWait { process });
                }
            }
            Told::StoreStopped(cause) => self.output.stop_storing(cause),
            Told::Redraws(process) => {
                if self.can_attach(process) {
                    let process = self.plan.processes[process].name.clone();
                    self.output.say(&Notice::Redraws { process });
                }
            }
        }
    }

    pub(super) fn hear(&mut self, news: Option<News>) -> Option<Event> {
        let Some(news) = news else {
            self.is_guardian_lost = true;
            return Some(Event::GuardianLost);
        };
        if news.id().is_some_and(|id| id.try_of().is_some()) {
            return self.hear_of_try(&news);
        }
        match news {
            News::Spawned { id, pid, session } => {
                if let Some(live) = self.runs.get_mut(&id) {
                    live.reader.begin();
                }
                self.probe.spawned(id, (pid, session), Instant::now());
                let (process, run) = parts(id);
                self.output
                    .store_in(|store| store.run_started(process, run, pid));
                Some(Event::Spawned { process, run, pid })
            }
            News::SpawnFailed { id, errno } => {
                self.runs.remove(&id);
                self.probe.forget(id);
                let (process, run) = parts(id);
                let error = io::Error::from_raw_os_error(errno);
                Some(Event::SpawnFailed {
                    process,
                    run,
                    cause: self.why_not_started(process, &error),
                    is_passing: limits::is_passing(&error),
                })
            }
            News::LeaderExited { id, exit, left } => {
                if let Some(live) = self.runs.get_mut(&id) {
                    live.exit = Some(exit);
                }
                let (process, run) = parts(id);
                let left = left as usize;
                Some(Event::LeaderExited {
                    process,
                    run,
                    exit,
                    left,
                })
            }
            News::Gone {
                id,
                killed,
                survivors,
            } => {
                let killed = Killed {
                    others: killed as usize,
                    survivors: survivors as usize,
                };
                self.gone(id, killed);
                None
            }
            News::Adopted { id, pid } => {
                self.probe.adopted(id, pid, Instant::now());
                None
            }
            News::StopRequested => Some(Event::ShutdownRequested),
        }
    }

    /// The system's words, and where they would puzzle: an errno does not tell what it is about.
    fn why_not_started(&self, process: ProcessIndex, error: &io::Error) -> String {
        let directory = &self.plan.processes[process].directory;
        let is_missing = error.raw_os_error() == Some(NO_SUCH_FILE);
        if is_missing && !directory.is_dir() {
            let shown = wording::path(directory, process::home().as_deref());
            return format!("its directory is gone: {shown}");
        }
        if is_missing && !Path::new(SHELL).exists() {
            return format!("there is no {SHELL}");
        }
        limits::words_of(error)
    }

    /// The exit is news only after the last of the run's output.
    fn gone(&mut self, id: RunId, killed: Killed) {
        self.probe.forget(id);
        let Some(live) = self.runs.remove(&id) else {
            return;
        };
        let news = self.news.clone();
        let output = self.output.clone();
        tokio::task::spawn_local(async move {
            let (process, run) = parts(id);
            let last_lines = live.reader.drain().await;
            output.store_in(|store| store.run_ended(process, run, live.exit));
            let words = live
                .exit
                .map_or("has ended".into(), |exit| exit.to_string());
            output.end_visits(process, &words);
            let _ = news.send(Event::Exited {
                process,
                run,
                killed,
                last_lines,
            });
        });
    }
}
