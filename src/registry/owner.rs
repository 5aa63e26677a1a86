//! What stands in lock files: who runs an app, and who has a port. Whether it is still true is another
//! question: the lock answers it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::os::process;
use crate::registry::session::Session;
use crate::registry::{INTERVAL, lock};
use crate::words::port::Holder;
use crate::words::wording;

/// What stands in an app's lock file: who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) pid: i32,
    /// Of that pid: a later process of the same number is not meant.
    pub(super) start_time: u64,
    /// Seconds since 1970.
    pub(crate) since: u64,
    pub(crate) app: String,
    /// What its session was started for, which may be another app.
    #[serde(default)]
    pub(crate) session: String,
    pub(crate) directory: String,
    /// By process: `web.1`.
    pub(crate) ports: BTreeMap<String, u16>,
    /// It was started as another app's backing service, not by a `devrun start` of its own.
    #[serde(default)]
    pub(crate) is_sibling: bool,
    /// Where its session can be asked; `None`: nowhere. In the file stands the name alone: whoever found
    /// the file knows the directory, and a name leads nowhere else.
    #[serde(default, with = "name_alone")]
    pub(crate) socket: Option<PathBuf>,
}

impl Owner {
    /// Who has locked that file, if he has said it yet.
    pub(super) fn read(file: &File, runtime: &Path) -> Option<Self> {
        let mut owner: Self = lock::owner(file)?;
        owner.socket = owner.socket.map(|name| runtime.join(name));
        Some(owner)
    }

    /// It is not only its family that lives.
    pub(crate) fn is_alive(&self) -> bool {
        let (pid, start_time) = (self.pid, self.start_time);
        Session { pid, start_time }.is_alive()
    }
}

mod name_alone {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        socket: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        name(socket.as_deref()).serialize(serializer)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let written = Option::<String>::deserialize(deserializer)?;
        Ok(name(written.as_deref().map(Path::new)).map(PathBuf::from))
    }

    fn name(path: Option<&Path>) -> Option<&str> {
        path?.file_name()?.to_str()
    }
}

/// What stands in a port's lock file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PortOwner {
    pub(super) pid: i32,
    pub(super) start_time: u64,
    pub(super) app: String,
    pub(super) directory: String,
    pub(super) process: String,
}

impl PortOwner {
    /// Who has locked that file. Between a lock and its content there is an instant in which the last
    /// holder's name, or none, stands there.
    pub(super) fn read(file: &File) -> Option<Self> {
        const READINGS: usize = 4;
        let mut owner: Option<Self> = lock::owner(file);
        for _ in 1..READINGS {
            match &owner {
                Some(owner) if owner.is_alive() => break,
                Some(_) | None => thread::sleep(INTERVAL / 10),
            }
            owner = lock::owner(file);
        }
        owner
    }

    fn is_alive(&self) -> bool {
        let (pid, start_time) = (self.pid, self.start_time);
        Session { pid, start_time }.is_alive()
    }
}

impl From<PortOwner> for Holder {
    fn from(owner: PortOwner) -> Self {
        let directory = Path::new(&owner.directory);
        Self::Devrun {
            app: wording::escaped(&owner.app).into_owned(),
            directory: wording::path(directory, process::home().as_deref()),
            process: wording::escaped(&owner.process).into_owned(),
            pid: owner.pid,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::registry::scratch::Scratch;

    fn read(name: &str, content: &str) -> Option<Owner> {
        let scratch = Scratch::new(name);
        let path = scratch.path("app.lock");
        fs::write(&path, content).unwrap();
        Owner::read(&File::open(&path).unwrap(), Path::new("/run/devrun"))
    }

    const OLD: &str = r#"{"pid":1,"start_time":2,"since":3,"app":"shop","directory":"/src/shop","ports":{"web.1":5000}"#;

    #[test]
    fn a_record_of_an_older_version_is_understood() {
        let owner = read("old", &format!("{OLD}}}")).unwrap();
        assert_eq!(owner.ports["web.1"], 5000);
        assert_eq!((owner.is_sibling, owner.socket), (false, None));
    }

    #[test]
    fn what_is_unknown_is_passed_over() {
        let owner = read(
            "new",
            &format!("{OLD},\"is_sibling\":true,\"colour\":[1]}}"),
        );
        assert!(owner.unwrap().is_sibling);
    }

    #[test]
    fn a_socket_is_where_the_locks_are_and_nowhere_else() {
        for (written, found) in [
            ("s-1-2.sock", Some("/run/devrun/s-1-2.sock")),
            ("/tmp/s-1-2.sock", Some("/run/devrun/s-1-2.sock")),
            ("../../x", Some("/run/devrun/x")),
            ("..", None),
            ("", None),
        ] {
            let owner = read("socket", &format!("{OLD},\"socket\":\"{written}\"}}"));
            assert_eq!(owner.unwrap().socket, found.map(PathBuf::from), "{written}");
        }
    }
}
