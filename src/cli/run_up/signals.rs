//! The signals that ask devrun to end, while it runs a command for which something was started.

use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::os::signals::{self, HANG_UP, STOPPING};

/// What comes within so short a time is the same key.
const ANOTHER_AFTER: Duration = Duration::from_millis(150);

#[derive(Debug)]
pub(super) struct Signals(Vec<(i32, Signal)>);

impl Signals {
    /// From here on they no longer end the program. SIGHUP is left alone where `nohup` made it ignored.
    pub(super) fn listen() -> io::Result<Self> {
        let mut heard = Vec::new();
        for stopping in STOPPING {
            if stopping != HANG_UP || !signals::is_ignored(stopping)? {
                let number = stopping as i32;
                heard.push((number, signal(SignalKind::from_raw(number))?));
            }
        }
        signals::release()?;
        Ok(Self(heard))
    }

    /// Another one, rather than the one which has brought us here: that may still be on its way.
    pub(super) async fn again(&mut self) {
        let begun = Instant::now();
        loop {
            self.next().await;
            if begun.elapsed() >= ANOTHER_AFTER {
                return;
            }
        }
    }

    /// Its number. Cancel safe.
    pub(super) async fn next(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            // All are polled, so that all of them wake us.
            let mut arrived = None;
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    arrived = Some(*number);
                }
            }
            arrived.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Whether the terminal sends it to the whole job, the command in it.
pub(super) fn is_typed(signal: i32) -> bool {
    [SignalKind::interrupt(), SignalKind::quit()]
        .iter()
        .any(|typed| typed.as_raw_value() == signal)
}
