//! The door for the fuzz target: a connection on which any bytes come in.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::control::FollowerId;
use crate::control::answer::{Caller, Upgrading};
use crate::control::server::{READ_WITHIN, serve};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("it has the descriptors");
}

/// What the connection answers to these bytes, behind which nothing comes. No driver replies.
pub(crate) fn answered(bytes: &[u8]) -> Vec<u8> {
    let (mut visitor, stream) = UnixStream::pair().expect("there are descriptors left");
    stream.set_nonblocking(true).expect("a socket takes it");
    // The kernel keeps more than an input has.
    let _ = visitor.write_all(bytes);
    let _ = visitor.shutdown(Shutdown::Write);
    RUNTIME.with(|runtime| LocalSet::new().block_on(runtime, connection(stream)));
    let mut answer = Vec::new();
    let _ = visitor.read_to_end(&mut answer);
    answer
}

async fn connection(stream: UnixStream) {
    let stream = tokio::net::UnixStream::from_std(stream).expect("the runtime takes it");
    let (ask, mut asked) = mpsc::unbounded_channel();
    let caller = Caller {
        id: FollowerId(1),
        pid: None,
        read_by: Instant::now() + READ_WITHIN,
        requests: ask,
        upgrading: Upgrading::default(),
    };
    let refuse = async { while asked.recv().await.is_some() {} };
    tokio::join!(serve(stream, caller), refuse);
}
