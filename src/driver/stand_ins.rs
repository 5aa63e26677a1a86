//! Programs that somebody runs in the places of processes: who asks for a place gets it with the environment
//! of the run that it is, and is followed until it is gone.

use std::collections::HashMap;

use tokio::task::JoinSet;

use crate::control::{Refusal, Reply};
use crate::driver::Driver;
use crate::driver::spawning::{id, parts};
use crate::guardian::protocol::RunId;
use crate::os;
use crate::os::process;
use crate::os::stranger::Stranger;
use crate::supervisor::{Event, ProcessIndex};
use crate::words::stand_in::Program;
use crate::words::wire::env::ProcessEnv;
use crate::words::wire::{Replaced, Replacing};

#[derive(Default)]
pub(super) struct StandIns {
    /// They wait until nothing of the process runs.
    asking: HashMap<ProcessIndex, Asking>,
    runs: HashMap<RunId, Stranger>,
    ends: JoinSet<Gone>,
}

/// Who asked for the place of that process.
pub(super) struct Gone {
    process: ProcessIndex,
    pid: i32,
}

struct Asking {
    stranger: Stranger,
    reply: Reply<Replaced>,
}

impl StandIns {
    /// Whose program is gone. May be dropped and asked again.
    pub(super) async fn next(&mut self) -> Gone {
        match self.ends.join_next().await {
            Some(Ok(gone)) => gone,
            Some(Err(_)) | None => std::future::pending().await,
        }
    }

    /// The program that this run is, if it is none of the guardian's.
    pub(super) fn of(&self, id: RunId) -> Option<&Stranger> {
        self.runs.get(&id)
    }

    /// Asks all to end, where nobody is left to wait for that.
    pub(super) fn terminate_all(&self) {
        self.runs.values().for_each(Stranger::terminate);
    }

    fn ask(&mut self, process: ProcessIndex, asking: Asking) {
        let stranger = asking.stranger.clone();
        self.asking.insert(process, asking);
        self.ends.spawn_local(async move {
            stranger.gone().await;
            let pid = stranger.pid;
            Gone { process, pid }
        });
    }
}

impl Driver {
    /// `name` as the process is called within its app.
    pub(super) fn replace(
        &mut self,
        (app, name): (&str, &str),
        pid: i32,
        replacing: Replacing,
        reply: Reply<Replaced>,
    ) -> Vec<Event> {
        let asked = self.place_for(app, name).and_then(|place| {
            let stranger = Stranger::open(pid);
            let refused = |error| Refusal::CannotRun(os::words_of(&error));
            Ok((place, stranger.map_err(refused)?))
        });
        let (process, stranger) = match asked {
            Ok(asked) => asked,
            Err(refusal) => {
                let _ = reply.send(Err(refusal));
                return Vec::new();
            }
        };
        let asking = Asking { stranger, reply };
        self.stand_ins.ask(process, asking);
        let command = process::shown_command(&replacing.command);
        let program = Program { pid, command };
        vec![Event::ReplaceAsked { process, program }]
    }

    /// The place of a process that no other program has.
    fn place_for(&self, app: &str, process: &str) -> Result<ProcessIndex, Refusal> {
        let place = self.place_of(app, process)?;
        match self.supervisor.program(place) {
            Some(program) => Err(Refusal::StoodIn {
                process: process.to_string(),
                by: program.clone(),
            }),
            None => Ok(place),
        }
    }

    /// Nothing of the process runs any more, and this run is to be the program that waits.
    pub(super) fn let_in(&mut self, process: ProcessIndex, run: u32) {
        if self.try_let_in(process, run).is_err() {
            let _ = self.news.send(Event::StandInEnded { process, run });
        }
    }

    /// # Errors
    /// It cannot be run, and was told so; or it has hung up.
    fn try_let_in(&mut self, process: ProcessIndex, run: u32) -> Result<(), ()> {
        let asking = self.stand_ins.asking.remove(&process);
        let Asking { stranger, reply } = asking.ok_or(())?;
        if let Err(cause) = self.prepare(process, run) {
            let _ = reply.send(Err(Refusal::CannotRun(cause)));
            return Err(());
        }
        let planned = &self.plan.processes[process];
        let replaced = Replaced {
            env: ProcessEnv::of(&planned.env, false),
            command: planned.command.clone(),
            directory: planned.directory.to_string_lossy().into_owned(),
        };
        reply.send(Ok(replaced)).map_err(drop)?;
        let id = id(process, run);
        let mark = format!("{}.{process}.{run}", self.session_mark);
        let ports = self.world.ports(process);
        self.probe.follow(id, ports, stranger.pid, &mark);
        self.stand_ins.runs.insert(id, stranger);
        Ok(())
    }

    pub(super) fn turn_away(&mut self, process: ProcessIndex) {
        if let Some(Asking { reply, .. }) = self.stand_ins.asking.remove(&process) {
            let _ = reply.send(Err(Refusal::TurnedAway));
        }
    }

    /// `None`: it was turned away before.
    pub(super) fn stand_in_gone(&mut self, Gone { process, pid }: Gone) -> Option<Event> {
        let StandIns { asking, runs, .. } = &mut self.stand_ins;
        if asking
            .get(&process)
            .is_some_and(|asking| asking.stranger.pid == pid)
        {
            asking.remove(&process);
            return Some(Event::GuestGone { process });
        }
        let mut runs =
            runs.extract_if(|id, stranger| parts(*id).0 == process && stranger.pid == pid);
        let (id, _) = runs.next()?;
        self.probe.forget(id);
        let (process, run) = parts(id);
        Some(Event::StandInEnded { process, run })
    }
}
