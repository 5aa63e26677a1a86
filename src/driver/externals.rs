//! Backing services that are managed elsewhere: whether their ports accept, for those who wait for that.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::plan::{Plan, Provider};
use crate::supervisor::Event;

/// No event tells that somebody else's port accepts, so it is tried: this soon again at first,
const FIRST_INTERVAL: Duration = Duration::from_millis(50);
/// then ever more seldom, down to this.
const LAST_INTERVAL: Duration = Duration::from_secs(1);
/// A host that answers nothing at all is given up for this time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tries every one that a process of this session waits for, until it accepts once.
pub(super) fn watch(plan: &Plan, news: &mpsc::UnboundedSender<Event>) {
    let here = plan.processes.iter().filter(|process| process.runs_here());
    let needs = here.flat_map(|process| &process.needs);
    let waited_for = |external: usize| {
        let mut needs = needs.clone();
        needs.any(|need| need.waits && need.on == Provider::External(external))
    };
    for (place, external) in plan.externals.iter().enumerate() {
        if waited_for(place) {
            let address = (external.host.clone(), external.port);
            let news = news.clone();
            tokio::task::spawn_local(async move {
                until_it_accepts(address).await;
                let _ = news.send(Event::Reached { external: place });
            });
        }
    }
}

async fn until_it_accepts((host, port): (String, u16)) {
    let mut interval = FIRST_INTERVAL;
    loop {
        let connected = timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await;
        if matches!(connected, Ok(Ok(_))) {
            return;
        }
        sleep(interval).await;
        interval = (interval * 2).min(LAST_INTERVAL);
    }
}
