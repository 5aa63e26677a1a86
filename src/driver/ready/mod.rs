//! Tries whether processes are ready, as the supervisor asks for it: one try of a process at a time, each with a time
//! limit of its own. On a port only where the run's own tree listens.

mod command;
mod http;
pub(super) mod line;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::driver::Driver;
use crate::driver::ready::command::Command;
use crate::driver::spawning;
use crate::os;
use crate::os::family::Marks;
use crate::supervisor::{Event, ProcessIndex};
use crate::words::ready::{Ready, Tried};
use crate::words::wire::process::Listens;
use crate::words::wording;

/// A connection or an answer takes no longer: a page that is compiled first is there at the next try.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// A command may start a virtual machine.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// What does not listen any more since that was looked at.
const NOBODY: &str = "does not listen";

/// The tries that go on.
#[derive(Default)]
pub(super) struct Tries(HashMap<ProcessIndex, Try>);

struct Try {
    number: u32,
    kind: Kind,
}

enum Kind {
    /// It tells by itself what came of it, unless it is aborted.
    Task {
        task: AbortHandle,
        /// As the session has time: while the job is stopped, so is whoever is to answer.
        end_by: Instant,
    },
    Command(Command),
}

impl Tries {
    /// When the next one has taken too long, as the session has time.
    pub(super) fn end_by(&self) -> Option<Instant> {
        self.0.values().filter_map(Try::end_by).min()
    }

    /// What the commands that run are known by.
    pub(super) fn marks(&self) -> impl Iterator<Item = &Marks> {
        self.0.values().filter_map(|it| match &it.kind {
            Kind::Task { .. } => None,
            Kind::Command(command) => Some(&command.marks),
        })
    }
}

impl Try {
    /// `None`: it has told, or is being ended.
    fn end_by(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Task { task, end_by } => (!task.is_finished()).then_some(*end_by),
            Kind::Command(command) => command.end_by(),
        }
    }
}

impl Driver {
    pub(super) fn try_ready(&mut self, process: ProcessIndex, number: u32, ready: &Ready) {
        let kind = match ready {
            Ready::Http { path, statuses } => self.listener(process).map(|address| {
                let asked = http::ask(address, path.clone(), statuses.clone());
                self.in_time(process, number, asked)
            }),
            Ready::Tcp => self
                .listener(process)
                .map(|address| self.in_time(process, number, connect(address))),
            Ready::Exec(command) => self.spawn_try(process, number, command),
            Ready::Log(_) => Err("it is ready by its lines".into()),
        };
        match kind {
            Ok(kind) => {
                self.tries.0.insert(process, Try { number, kind });
            }
            Err(seen) => self.tell_tried(process, number, Tried::Failed(seen)),
        }
    }

    /// Answers at once, but for a command: that is killed, and answers when nothing of it is left.
    pub(super) fn give_up_try(&mut self, process: ProcessIndex, number: u32) {
        let running = self.tries.0.get_mut(&process);
        let Some(running) = running.filter(|running| running.number == number) else {
            return;
        };
        match &mut running.kind {
            Kind::Task { task, .. } => {
                task.abort();
                self.tries.0.remove(&process);
                self.tell_tried(process, number, Tried::Failed("given up".into()));
            }
            Kind::Command(command) => {
                if let Some(request) = command.kill() {
                    self.end_command(&request);
                }
            }
        }
    }

    /// Ends those that have taken too long.
    pub(super) fn end_late_tries(&mut self) {
        let now = self.now();
        let is_late = |(_, it): &(&ProcessIndex, &Try)| it.end_by().is_some_and(|at| at <= now);
        let late = self.tries.0.iter().filter(is_late);
        let late: Vec<ProcessIndex> = late.map(|(process, _)| *process).collect();
        for process in late {
            self.end_late(process);
        }
    }

    fn end_late(&mut self, process: ProcessIndex) {
        let Some(running) = self.tries.0.get_mut(&process) else {
            return;
        };
        match &mut running.kind {
            Kind::Task { task, .. } => {
                task.abort();
                let number = running.number;
                self.tries.0.remove(&process);
                let within = wording::duration(ANSWERS_WITHIN);
                let seen = format!("no answer within {within}");
                self.tell_tried(process, number, Tried::Failed(seen));
            }
            Kind::Command(command) => {
                if let Some(request) = command.kill_late() {
                    self.end_command(&request);
                }
            }
        }
    }

    fn tell_tried(&self, process: ProcessIndex, number: u32, tried: Tried) {
        let _ = self.news.send(Event::Tried {
            process,
            number,
            tried,
        });
    }

    /// Where the process's own tree was seen to listen on its PORT, as it is reached from here.
    fn listener(&self, process: ProcessIndex) -> Result<SocketAddr, String> {
        let port = self.plan.processes[process].port;
        let run = spawning::id(process, self.supervisor.run(process));
        let sockets = self.probe.sockets(run).iter();
        let own = sockets.filter(|socket| Some(socket.port) == port);
        // The most usual one, of several.
        let first = own.map(reached_at).min_by_key(|address| !address.is_ipv4());
        first.ok_or_else(|| NOBODY.into())
    }

    fn in_time(
        &self,
        process: ProcessIndex,
        number: u32,
        trying: impl Future<Output = Tried> + 'static,
    ) -> Kind {
        let news = self.news.clone();
        let task = tokio::task::spawn_local(async move {
            let _ = news.send(Event::Tried {
                process,
                number,
                tried: trying.await,
            });
        });
        Kind::Task {
            task: task.abort_handle(),
            end_by: self.now() + ANSWERS_WITHIN,
        }
    }
}

/// Who listens on all addresses is reached on this machine's own.
fn reached_at(socket: &Listens) -> SocketAddr {
    let address = match socket.address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, socket.port)
}

async fn connect(address: SocketAddr) -> Tried {
    match TcpStream::connect(address).await {
        Ok(_) => Tried::Passed,
        Err(error) => Tried::Failed(words_of(&error)),
    }
}

/// "connection refused".
fn words_of(error: &io::Error) -> String {
    os::words_of(error).to_lowercase()
}
