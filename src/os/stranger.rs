//! A process that is not our child: its end, and signals to it and to what it started.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use crate::os::family::{self, Member};
use crate::os::signals;

/// A process that is never mistaken for a later one of the same pid. Cheap to copy.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    pub(crate) pid: i32,
    handle: Handle,
}

#[cfg(target_os = "linux")]
type Handle = std::rc::Rc<tokio::io::unix::AsyncFd<OwnedFd>>;
/// When it was started.
#[cfg(not(target_os = "linux"))]
type Handle = u64;

impl Stranger {
    /// Who has this pid now; belongs into a runtime. To be sure that it is the one that is meant, see then
    /// that what told of it (its connection) is still there.
    ///
    /// # Errors
    /// There is no such process, or it may not be signalled: it is another user's.
    pub(crate) fn open(pid: i32) -> io::Result<Self> {
        // Pids of 1 and below would mean groups or everybody.
        if pid <= 1 {
            return Err(io::ErrorKind::NotFound.into());
        }
        let handle = open(pid)?;
        let stranger = Self { pid, handle };
        stranger.send(0)?;
        Ok(stranger)
    }

    /// SIGTERM to it and to those of its descendants that are in its group, as a shell would do. That it is
    /// gone is no error. Whoever else is in that group is not ours to signal.
    pub(crate) fn terminate(&self) {
        let tree = self.tree();
        let group = tree.first().map(|leader| leader.status.group);
        let others = tree.iter().skip(1);
        let others = others.filter(|member| Some(member.status.group) == group);
        let others: Vec<i32> = others.map(|member| member.pid).collect();
        for signal in [signals::TERMINATE, signals::CONTINUE] {
            let _ = self.send(signal);
        }
        others.into_iter().for_each(signals::terminate);
    }

    /// SIGKILL to it and to all its descendants.
    pub(crate) fn kill(&self) {
        let tree = self.tree();
        let _ = self.send(signals::KILL);
        for member in tree.iter().skip(1) {
            signals::send(member.pid, signals::KILL);
        }
    }

    /// It and all that descend from it; nobody if it is gone.
    fn tree(&self) -> Vec<Member> {
        let tree = family::tree(self.pid);
        // Asked afterwards: until then nobody else can have had its pid.
        let is_its = self.send(0).is_ok();
        tree.into_iter().filter(|_| is_its).collect()
    }
}

#[cfg(target_os = "linux")]
fn open(pid: i32) -> io::Result<Handle> {
    // SAFETY: pidfd_open(2) touches no memory of ours.
    let raw = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let raw = i32::try_from(raw).expect("a descriptor is an int");
    // SAFETY: the kernel has just made this descriptor for us; nobody else knows its number.
    let pidfd = unsafe { OwnedFd::from_raw_fd(raw) };
    let watched = crate::os::watched::watch(pidfd, tokio::io::Interest::READABLE)?;
    Ok(std::rc::Rc::new(watched))
}

#[cfg(target_os = "linux")]
impl Stranger {
    /// Resolves when it is gone, or dead and not collected.
    pub(crate) async fn gone(&self) {
        // What cannot be watched is not waited for.
        let _ = self.handle.readable().await;
    }

    fn send(&self, signal: i32) -> io::Result<()> {
        let pidfd = self.handle.as_raw_fd();
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: pidfd_send_signal(2) reads no siginfo where there is none.
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, none, 0) };
        Errno::result(sent)?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
fn open(pid: i32) -> io::Result<Handle> {
    let status = crate::os::process::status(pid).ok_or(io::ErrorKind::NotFound)?;
    Ok(status.start_time)
}

#[cfg(not(target_os = "linux"))]
impl Stranger {
    /// Resolves when it is gone, or dead and not collected.
    pub(crate) async fn gone(&self) {
        // There are no pidfds; a look is cheap.
        const INTERVAL: std::time::Duration = std::time::Duration::from_millis(50);
        while self.is_alive() {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn is_alive(&self) -> bool {
        let status = crate::os::process::status(self.pid);
        status.is_some_and(|status| !status.is_zombie && status.start_time == self.handle)
    }

    fn send(&self, signal: i32) -> io::Result<()> {
        if !self.is_alive() {
            return Err(Errno::ESRCH.into());
        }
        // SAFETY: kill(2) touches no memory of ours.
        Errno::result(unsafe { libc::kill(self.pid, signal) })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn run(story: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(story);
    }

    /// A shell that is our child, and the pid of its own child.
    fn shell() -> (Child, i32) {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $!; wait"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        (child, line.trim().parse().unwrap())
    }

    fn ended_by(mut child: Child, signal: i32) {
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
    }

    #[test]
    fn it_is_ended_with_its_descendants_and_nobody_else_of_its_group() {
        run(async {
            for (end, signal) in [
                (Stranger::terminate as fn(&Stranger), signals::TERMINATE),
                (Stranger::kill, signals::KILL),
            ] {
                let (child, grandchild) = shell();
                let stranger = Stranger::open(child.id() as i32).unwrap();
                let below = Stranger::open(grandchild).unwrap();
                // This test is in the same group.
                end(&stranger);
                stranger.gone().await;
                below.gone().await;
                ended_by(child, signal);
                // That it is gone is no error.
                end(&stranger);
            }
        });
    }

    #[test]
    fn who_is_gone_or_everybody_cannot_be_opened() {
        run(async {
            let mut child = Command::new("true").spawn().unwrap();
            child.wait().unwrap();
            for pid in [child.id() as i32, 0, -1, 1] {
                assert!(Stranger::open(pid).is_err(), "{pid}");
            }
        });
    }
}
