//! The signals that ask devrun to stop, as one stream.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::os::signals::STOPPING;

#[derive(Debug)]
pub(super) struct StopSignals(Vec<Signal>);

impl StopSignals {
    /// From here on these signals no longer end the program. SIGHUP is left alone where `nohup` made it
    /// ignored.
    pub(super) fn new(ignores_hangup: bool) -> io::Result<Self> {
        let kinds = STOPPING
            .iter()
            .map(|kind| SignalKind::from_raw(*kind as i32));
        kinds
            .filter(|kind| !(ignores_hangup && *kind == SignalKind::hangup()))
            .map(signal)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Cancel safe.
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let arrived = |signal: &mut Signal| signal.poll_recv(context).is_ready();
            // All are polled, so that all of them wake us.
            let count = self
                .0
                .iter_mut()
                .map(arrived)
                .filter(|arrived| *arrived)
                .count();
            match count {
                0 => std::task::Poll::Pending,
                _ => std::task::Poll::Ready(()),
            }
        })
        .await;
    }
}
