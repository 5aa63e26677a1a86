//! Everything that a session knows of a process, as it tells those who ask.

use core::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::words::exit::Exit;
use crate::words::wire::ProcessState;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessReport {
    #[serde(flatten)]
    pub(crate) state: ProcessState,
    /// How long its run has lasted; only while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) up_ms: Option<u64>,
    /// Its runs in this session but for the first, whoever asked for them.
    pub(crate) restarts: u32,
    /// When it is started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) starts_in_ms: Option<u64>,
    /// Only while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
    /// What its tree listens on, as was seen last.
    pub(crate) listens: Vec<Listens>,
    /// What its start waits for.
    pub(crate) waits_for: Vec<Awaited>,
    /// By declaration.
    pub(crate) uses: Vec<Using>,
    /// The processes of this session that use it.
    pub(crate) used_by: Vec<Named>,
    /// It has a terminal, and what it wrote last is a question.
    pub(crate) waits_for_input: bool,
}

/// What the tree of a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// In percent of one processor, over a tenth of a second; `None`: the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu: Option<f64>,
    /// In bytes, see `os::usage::memory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<u64>,
    /// So many it has.
    pub(crate) processes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Listens {
    pub(crate) port: u16,
    pub(crate) address: IpAddr,
}

/// A process of whatever app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    /// What people call its app.
    pub(crate) app: String,
    /// Of its app.
    pub(crate) identity: String,
    /// Within its app: `web.1`.
    pub(crate) process: String,
}

/// Why a run that goes on is not ready, where its `ready:` says when it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotReady {
    /// On its PORT.
    pub(crate) listens: bool,
    /// It was, in this run.
    pub(crate) was_ready: bool,
    /// What came of the last try: `HTTP 503`. `None`: it was not tried yet.
    pub(crate) seen: Option<String>,
}

impl NotReady {
    /// "listens, not ready yet: HTTP 503", behind the name of a process.
    pub(crate) fn words(&self) -> String {
        let how = match (self.was_ready, self.listens) {
            (true, _) => "is not ready any more",
            (false, true) => "listens, not ready yet",
            (false, false) => "is not ready yet",
        };
        match &self.seen {
            Some(seen) => format!("{how}: {seen}"),
            None => how.into(),
        }
    }
}

/// What a start waits for. See `words::notice::WaitedFor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Awaited {
    /// To listen on its port, or to run if it has none.
    Process {
        #[serde(flatten)]
        process: Named,
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_ready: Option<NotReady>,
    },
    /// To accept connections.
    Address { host: String, port: u16 },
    /// That anybody starts it.
    Start(Named),
}

/// A declared use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Using {
    pub(crate) variable: String,
    /// `None`: something that is managed elsewhere, or nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) process: Option<Named>,
    /// The value, a password masked; `None`: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The status that its run ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u8>,
    /// The signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<i32>,
    /// It ended with status 0, but before it was ready.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_unready: bool,
    /// `None`: whoever follows is told of it when it happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ago_ms: Option<u64>,
    /// It is started again so long after that run was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// What it wrote last; of one that could not be started, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_line: Option<String>,
    /// It has failed because this one has, which it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<Named>,
    /// The variable of that use; `None`: `depends_on`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variable: Option<String>,
}

impl Failure {
    pub(crate) fn of(exit: Exit, ago: Duration, last_line: Option<String>) -> Self {
        let (status, signal) = match exit {
            Exit::Status(status) => (Some(status), None),
            Exit::Signal(signal) => (None, Some(signal)),
            Exit::Unready => (Some(0), None),
        };
        Self {
            status,
            signal,
            is_unready: exit == Exit::Unready,
            ago_ms: Some(milliseconds(ago)),
            last_line,
            ..Self::default()
        }
    }

    /// For a state that is told anew only when it is another one.
    pub(crate) fn without_time(self) -> Self {
        Self {
            ago_ms: None,
            ..self
        }
    }

    /// How its run ended.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match (self.status, self.signal) {
            _ if self.is_unready => Some(Exit::Unready),
            (Some(status), _) => Some(Exit::Status(status)),
            (None, Some(signal)) => Some(Exit::Signal(signal)),
            (None, None) => None,
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_how_a_run_ended() {
        for exit in [Exit::Status(3), Exit::Signal(9), Exit::Unready] {
            let failure = Failure::of(exit, Duration::from_secs(1), None);
            let text = serde_json::to_string(&failure).unwrap();
            let read: Failure = serde_json::from_str(&text).unwrap();
            assert_eq!(read.exit(), Some(exit), "{text}");
        }
        assert_eq!(Failure::default().exit(), None);
    }

    #[test]
    fn it_is_said_how_a_process_is_not_ready() {
        let check = |listens, was_ready, seen: Option<&str>, expected: &str| {
            let seen = seen.map(String::from);
            let not_ready = NotReady {
                listens,
                was_ready,
                seen,
            };
            assert_eq!(not_ready.words(), expected);
        };
        check(
            true,
            false,
            Some("HTTP 503"),
            "listens, not ready yet: HTTP 503",
        );
        check(true, false, None, "listens, not ready yet");
        check(false, false, Some("status 1"), "is not ready yet: status 1");
        check(
            true,
            true,
            Some("HTTP 500"),
            "is not ready any more: HTTP 500",
        );
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let web = Named {
            app: "api".into(),
            identity: "/src/api".into(),
            process: "web.1".into(),
        };
        let report = ProcessReport {
            state: ProcessState {
                name: "web.1".into(),
                further: vec![5101],
                ..ProcessState::default()
            },
            usage: Some(Usage {
                cpu: Some(1.5),
                memory: None,
                processes: 2,
            }),
            listens: vec![Listens {
                port: 5000,
                address: IpAddr::from([0, 0, 0, 0]),
            }],
            waits_for: vec![
                Awaited::Process {
                    process: web.clone(),
                    port: Some(1),
                    not_ready: Some(NotReady {
                        listens: true,
                        was_ready: false,
                        seen: Some("HTTP 503".into()),
                    }),
                },
                Awaited::Address {
                    host: "db".into(),
                    port: 2,
                },
                Awaited::Start(web.clone()),
            ],
            uses: vec![Using {
                variable: "API_URL".into(),
                process: Some(web),
                value: None,
            }],
            ..ProcessReport::default()
        };
        let text = serde_json::to_string(&report).unwrap();
        let read: ProcessReport = serde_json::from_str(&text).unwrap();
        assert_eq!(read, report, "{text}");
    }
}
