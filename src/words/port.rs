//! Who sits on a port.

use std::fmt;

use crate::words::name::ProcessName;

/// Who listens on a port that devrun wanted, as far as it can be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A process of this user.
    Process {
        pid: i32,
        /// Its command line, cut to a readable length and escaped.
        command: String,
        /// Its working directory, if it could be read, shortened to `~`.
        directory: Option<String>,
    },
    /// Another session of devrun: the app's name, its directory, and the process as `web.1`.
    Devrun {
        app: String,
        directory: String,
        process: String,
        pid: i32,
    },
    /// A listener whose owner cannot be read.
    OtherUser,
    /// Nobody that could be found listens there, and still the bind was refused.
    Unknown,
    /// macOS's AirPlay Receiver, which sits on 5000 and 7000.
    AirPlay,
    /// Below 1024 without the privilege.
    NeedsPrivilege,
    /// Nobody, but no browser would go there.
    RefusedByBrowsers,
    /// Another process of this session, whose own place it is.
    Neighbour(ProcessName),
}

/// As it follows "is taken by".
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process {
                pid,
                command,
                directory: None,
            } => write!(f, "{command} (pid {pid})"),
            Self::Process {
                pid,
                command,
                directory: Some(directory),
            } => write!(f, "{command} (pid {pid}, in {directory})"),
            Self::Devrun {
                app,
                directory,
                process,
                pid,
            } => write!(
                f,
                "{process} of devrun app {app} (pid {pid}, in {directory})"
            ),
            Self::OtherUser => f.write_str("another user's process"),
            Self::Unknown => f.write_str("somebody who cannot be found"),
            Self::AirPlay => f.write_str(
                "AirPlay Receiver (System Settings, General, AirDrop & Handoff switches it off)",
            ),
            Self::NeedsPrivilege => f.write_str("nobody, but it needs privileges"),
            Self::RefusedByBrowsers => f.write_str("nobody, but browsers refuse it"),
            Self::Neighbour(process) => write!(f, "{process} of this session"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_holds_a_port_is_said() {
        let check = |holder: Holder, expected: &str| assert_eq!(holder.to_string(), expected);
        let process = |directory: Option<&str>| Holder::Process {
            pid: 7,
            command: "node".into(),
            directory: directory.map(Into::into),
        };
        check(process(None), "node (pid 7)");
        check(process(Some("~/api")), "node (pid 7, in ~/api)");
        check(Holder::OtherUser, "another user's process");
        check(Holder::Unknown, "somebody who cannot be found");
        check(
            Holder::AirPlay,
            "AirPlay Receiver (System Settings, General, AirDrop & Handoff switches it off)",
        );
    }
}
