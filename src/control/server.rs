//! Listens on a session's socket, and answers whoever is the same user.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::control::answer::{Caller, Upgrading};
use crate::control::{FollowerId, Request};
use crate::os::process::own_user;
use crate::os::unix_socket::listen_privately;

/// Each follower has one. One more is closed without a word.
pub(super) const MAX_CONNECTIONS: usize = 64;
/// From the connection to the end of the request.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(5);
/// A request without its body, in bytes. What comes with the last read before may go beyond it.
const MAX_HEAD: usize = 64 * 1024;
/// How long the end of the server may take: for farewells to those who read slowly.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Between two attempts to accept when there is no descriptor left.
const BREATH: Duration = Duration::from_millis(100);
/// So many descriptors are held back: who has none left can still be asked, above all to stop. `devrun stop` makes two
/// connections.
const SPARE: usize = 4;

/// A socket on which somebody listens already, though nobody answers yet.
#[derive(Debug)]
pub(crate) struct Server {
    listener: StdListener,
    place: Place,
    /// Whose connections are accepted.
    pub(super) user: u32,
}

/// The socket's file, removed when this is dropped unless another one stands there by then.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    file: (u64, u64),
}

impl Server {
    /// Listens at `path`, in a directory that is private. What stands there is a remnant, for the app's
    /// lock is ours: it is removed, a link and not what it leads to. Processes that are forked later hold
    /// the listener as well, so the guardian has to be there already.
    ///
    /// # Errors
    /// There can be no socket: the path is too long (104 bytes), or the disk is full or read-only.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = listen_privately(path)?;
        let place = Place {
            path: path.to_path_buf(),
            file: file_at(path)?,
        };
        Ok(Self {
            listener,
            place,
            user: own_user(),
        })
    }

    /// Puts what is asked to the driver until `ended`; then nobody new is heard, and those who are
    /// connected get what they were told, within a second. Belongs into a `LocalSet`.
    ///
    /// # Errors
    /// The runtime takes no further socket.
    pub(crate) async fn run(
        self,
        requests: mpsc::UnboundedSender<Request>,
        ended: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let listener = UnixListener::from_std(self.listener)?;
        let mut connections = JoinSet::new();
        let mut last = 0;
        let mut spare = Vec::new();
        tokio::pin!(ended);
        loop {
            hold_back(&listener, &mut spare);
            let (stream, pid) = tokio::select! {
                () = &mut ended => break,
                stream = accept(&listener, self.user, &mut spare) => stream,
            };
            while connections.try_join_next().is_some() {}
            if connections.len() >= MAX_CONNECTIONS {
                continue;
            }
            last += 1;
            let caller = Caller {
                id: FollowerId(last),
                pid,
                read_by: Instant::now() + READ_WITHIN,
                requests: requests.clone(),
                upgrading: Upgrading::default(),
            };
            connections.spawn_local(serve(stream, caller));
        }
        drop((listener, spare, self.place));
        let finish = async { while connections.join_next().await.is_some() {} };
        // Whoever has not read it by now goes without.
        let _ = timeout(LAST_WORDS, finish).await;
        Ok(())
    }
}

/// Fills up what is held back, as far as there are descriptors.
fn hold_back(listener: &UnixListener, spare: &mut Vec<OwnedFd>) {
    while spare.len() < SPARE {
        match listener.as_fd().try_clone_to_owned() {
            Ok(copy) => spare.push(copy),
            Err(_) => return,
        }
    }
}

/// The next connection of `user`, with the pid of whoever made it; one of anybody else's is closed without a word. Where
/// there is no descriptor left, it gets a spare one.
async fn accept(
    listener: &UnixListener,
    user: u32,
    spare: &mut Vec<OwnedFd>,
) -> (UnixStream, Option<i32>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let peer = stream.peer_cred().ok().filter(|peer| peer.uid() == user);
                if let Some(peer) = peer {
                    return (stream, peer.pid());
                }
            }
            Err(_) if spare.pop().is_some() => {}
            Err(_) => sleep(BREATH).await,
        }
    }
}

/// One request and its answer, or what it was upgraded to. Whatever goes wrong in it is that connection's alone.
pub(super) async fn serve(stream: UnixStream, caller: Caller) {
    let upgrading = Upgrading::clone(&caller.upgrading);
    let service = service_fn(move |asked| {
        let caller = caller.clone();
        async move { Ok::<_, Infallible>(caller.answer(asked).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_WITHIN)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let _ = connection.await;
    let visit = upgrading.borrow_mut().take();
    if let Some((upgrade, visit)) = visit
        && let Ok(upgraded) = upgrade.await
    {
        let _ = visit.carry(upgraded).await;
    }
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for Place {
    fn drop(&mut self) {
        if file_at(&self.path).is_ok_and(|file| file == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
