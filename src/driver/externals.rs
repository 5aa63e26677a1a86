//! Backing services that are managed elsewhere: whether their ports accept, for those who wait for that.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::plan::External;
use crate::supervisor::Event;

/// No event tells that somebody else's port accepts, so it is tried: this soon again at first,
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
/// then ever more seldom, down to this.
const LAST_INTERVAL: Duration = Duration::from_secs(1);
/// A host that answers nothing at all is given up for this time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Those that are tried now.
#[derive(Debug, Default)]
pub(super) struct Externals(Vec<(External, AbortHandle)>);

impl Externals {
    /// Tries those that are waited for, each until it accepts once, and no others.
    pub(super) fn watch(&mut self, awaited: &[External], news: &mpsc::UnboundedSender<Event>) {
        let (kept, others): (Vec<_>, Vec<_>) = self
            .0
            .drain(..)
            .partition(|(external, _)| awaited.contains(external));
        for (_, task) in others {
            task.abort();
        }
        self.0 = kept;
        for external in awaited {
            if self.0.iter().all(|(watched, _)| watched != external) {
                let task = tokio::task::spawn_local(told(external.clone(), news.clone()));
                self.0.push((external.clone(), task.abort_handle()));
            }
        }
    }
}

async fn told(external: External, news: mpsc::UnboundedSender<Event>) {
    until_it_accepts(&external).await;
    let _ = news.send(Event::Reached { external });
}

async fn until_it_accepts(external: &External) {
    let mut interval = FIRST_INTERVAL;
    loop {
        let address = (external.host.as_str(), external.port);
        let connected = timeout(PATIENCE, TcpStream::connect(address)).await;
        if matches!(connected, Ok(Ok(_))) {
            return;
        }
        sleep(interval).await;
        interval = (interval * 2).min(LAST_INTERVAL);
    }
}
