//! Who sits on a port.

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
}
