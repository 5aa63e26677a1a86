//! The signals that ask devrun to stop, as one stream.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::os::signals::STOPPING;

#[derive(Debug)]
pub(crate) struct StopSignals(Vec<(SignalKind, Signal)>);

impl StopSignals {
    /// From here on these signals no longer end the program. SIGHUP is left alone where `nohup` made it
    /// ignored.
    pub(crate) fn new(ignores_hangup: bool) -> io::Result<Self> {
        let kinds = STOPPING
            .iter()
            .map(|kind| SignalKind::from_raw(*kind as i32));
        kinds
            .filter(|kind| !(ignores_hangup && *kind == SignalKind::hangup()))
            .map(|kind| Ok((kind, signal(kind)?)))
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Returns whether it is one that is typed: Ctrl-C. Cancel safe.
    pub(crate) async fn next(&mut self) -> bool {
        std::future::poll_fn(|context| {
            // All are polled, so that all of them wake us.
            let arrived = self.0.iter_mut().filter_map(|(kind, signal)| {
                let is_typed = *kind == SignalKind::interrupt();
                signal.poll_recv(context).is_ready().then_some(is_typed)
            });
            match arrived.reduce(|one, other| one || other) {
                None => std::task::Poll::Pending,
                Some(is_typed) => std::task::Poll::Ready(is_typed),
            }
        })
        .await
    }
}
