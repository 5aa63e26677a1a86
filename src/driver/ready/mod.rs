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
use tokio::time::timeout;

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
    Task(AbortHandle),
    Command(Command),
}

impl Tries {
    /// When the next command has taken too long, as the session has time.
    pub(super) fn end_by(&self) -> Option<Instant> {
        let commands = self.0.values().filter_map(|it| match &it.kind {
            Kind::Task(_) => None,
            Kind::Command(command) => command.end_by(),
        });
        commands.min()
    }

    /// What the commands that run are known by.
    pub(super) fn marks(&self) -> impl Iterator<Item = &Marks> {
        self.0.values().filter_map(|it| match &it.kind {
            Kind::Task(_) => None,
            Kind::Command(command) => Some(&command.marks),
        })
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
            Kind::Task(task) => {
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
            let tried = timeout(ANSWERS_WITHIN, trying).await;
            let within = wording::duration(ANSWERS_WITHIN);
            let _ = news.send(Event::Tried {
                process,
                number,
                tried: tried.unwrap_or(Tried::Failed(format!("no answer within {within}"))),
            });
        });
        Kind::Task(task.abort_handle())
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
