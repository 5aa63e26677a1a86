//! All that this session knows of the processes of an app, for `devrun ps`.

use std::time::Instant;

use crate::control::Reply;
use crate::driver::usage::{self, Runs};
use crate::driver::{Driver, spawning};
use crate::guardian::protocol::RunId;
use crate::os::family::Marks;
use crate::plan::{AppIndex, Used};
use crate::supervisor::{Event, ProcessIndex};
use crate::words::answer::ProcessRow;
use crate::words::name::ProcessName;
use crate::words::notice::WaitedFor;
use crate::words::secret;
use crate::words::wire::ProcessState;
use crate::words::wire::process::{Awaited, Failure, Named, ProcessReport, Using, milliseconds};

impl Driver {
    /// Replies once it is measured what they take; the loop goes on meanwhile. Who listens is looked at now:
    /// it is asked for.
    pub(super) fn tell_processes(
        &mut self,
        key: &str,
        reply: Reply<Vec<ProcessReport>>,
    ) -> Vec<Event> {
        let app = match self.owned(key) {
            Ok(app) => app,
            Err(refusal) => {
                let _ = reply.send(Err(refusal));
                return Vec::new();
            }
        };
        let events = match self.is_over() {
            true => Vec::new(),
            false => self.probe.look(Instant::now()),
        };
        let mut reports = self.reports(app);
        let asked = reports.iter().filter_map(|(run, _)| *run);
        let measured = usage::measure(Runs {
            guardian: self.guardian_pid,
            all: self.marks(),
            asked: asked.collect(),
        });
        tokio::task::spawn_local(async move {
            let mut measured = measured.await.unwrap_or_default();
            for (run, report) in &mut reports {
                report.usage = run.and_then(|run| measured.remove(&run));
            }
            let reports = reports.into_iter().map(|(_, report)| report);
            let _ = reply.send(Ok(reports.collect()));
        });
        events
    }

    /// Of each process that anybody has asked for; and its run, if it has one.
    fn reports(&self, app: AppIndex) -> Vec<(Option<RunId>, ProcessReport)> {
        let now = self.now();
        let rows = self.supervisor.rows(now);
        let places = self.world.processes_of(app).into_iter();
        let places = places.filter(|place| !rows[*place].is_dormant);
        // Of the same processes, in the same order.
        let states = self.state_of(app).processes;
        let reports = places.zip(states).map(|(place, state)| {
            let row = &rows[place];
            let run = row.pid.map(|_| spawning::id(place, row.run));
            (run, self.report(place, &rows, state, now))
        });
        reports.collect()
    }

    fn report(
        &self,
        place: ProcessIndex,
        rows: &[ProcessRow],
        mut state: ProcessState,
        now: Instant,
    ) -> ProcessReport {
        let row = &rows[place];
        let run = spawning::id(place, row.run);
        let mut listens = self.probe.sockets(run).to_vec();
        listens.sort();
        listens.dedup();
        state.failure = self.failure_of(place, now);
        let waits_for = row.waits_for.iter().map(|what| self.awaited(what));
        let uses = self.plan.processes[place].uses.iter();
        ProcessReport {
            state,
            up_ms: row.up.map(milliseconds),
            restarts: self.supervisor.restarts(place),
            starts_in_ms: self.supervisor.starts_in(place, now).map(milliseconds),
            usage: None,
            listens,
            waits_for: waits_for.collect(),
            uses: uses.map(|used| self.using(used)).collect(),
            used_by: self.used_by(place, rows),
            waits_for_input: self.live_terminal(place).is_some() && self.output.has_prompt(place),
        }
    }

    pub(super) fn failure_of(&self, place: ProcessIndex, now: Instant) -> Option<Failure> {
        if let Some((provider, variable)) = self.supervisor.failed_for(place) {
            return Some(Failure {
                provider: Some(self.named(provider)),
                variable: variable.map(String::from),
                ..Failure::default()
            });
        }
        let (exit, ago, last_line) = self.supervisor.failure(place, now)?;
        Some(Failure {
            delay_ms: self.supervisor.restart_delay(place).map(milliseconds),
            ..Failure::of(exit, ago, last_line)
        })
    }

    fn named(&self, place: ProcessIndex) -> Named {
        let process = &self.plan.processes[place];
        let app = &self.plan.apps[process.app];
        Named {
            app: app.name.to_string(),
            identity: app.identity.to_string_lossy().into_owned(),
            process: process.name.in_app(),
        }
    }

    fn named_by(&self, name: &ProcessName) -> Named {
        let mut processes = self.plan.processes.iter();
        let place = processes.position(|process| process.name == *name);
        self.named(place.expect("whoever is waited for is in the plan"))
    }

    fn awaited(&self, what: &WaitedFor) -> Awaited {
        match what {
            WaitedFor::Process {
                provider,
                port,
                not_ready,
            } => Awaited::Process {
                process: self.named_by(provider),
                port: *port,
                not_ready: not_ready.clone(),
            },
            WaitedFor::External { host, port } => Awaited::Address {
                host: host.clone(),
                port: *port,
            },
            WaitedFor::Somebody { provider } => Awaited::Start(self.named_by(provider)),
        }
    }

    fn using(&self, used: &Used) -> Using {
        let masked = |value: &String| match used.is_secret {
            true => secret::MASK.to_string(),
            false => secret::masked(&used.variable, value).into_owned(),
        };
        Using {
            variable: used.variable.clone(),
            process: used.provider.map(|provider| self.named(provider)),
            value: used.value.as_ref().map(masked),
        }
    }

    /// The processes of this session that use it. Those that nobody has asked for use nothing.
    fn used_by(&self, provider: ProcessIndex, rows: &[ProcessRow]) -> Vec<Named> {
        let places = 0..self.plan.processes.len();
        let users = places.filter(|place| {
            let mut uses = self.plan.processes[*place].uses.iter();
            let is_ours = !rows[*place].is_dormant && self.is_ours(*place);
            is_ours && uses.any(|used| used.provider == Some(provider))
        });
        users.map(|place| self.named(place)).collect()
    }

    pub(super) fn marks(&self) -> Vec<(RunId, Marks)> {
        let spawned = self.probe.spawned_runs().into_iter();
        spawned.map(|(id, marks)| (id, marks.clone())).collect()
    }
}
