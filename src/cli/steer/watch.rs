//! Follows several apps at once, each at the session that runs it.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cli::session::RunningApp;
use crate::control::client;
use crate::words::wire::{AppState, Asker, Farewell, Told};

/// Dropping it hangs up.
pub(super) struct Watch {
    heard: mpsc::UnboundedReceiver<(usize, Heard)>,
    _followers: JoinSet<()>,
}

#[derive(Debug)]
pub(super) enum Heard {
    State(AppState),
    /// Its session gives it up; `None`: it is gone without a word.
    Ended(Option<Farewell>),
}

impl Watch {
    /// Those of `apps` at these places. Belongs into a runtime.
    pub(super) fn of(apps: &[RunningApp], places: impl IntoIterator<Item = usize>) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let mut followers = JoinSet::new();
        for place in places {
            followers.spawn(follow(apps[place].clone(), place, tell.clone()));
        }
        Self {
            heard,
            _followers: followers,
        }
    }

    /// The next news, with the place of its app; `None`: all have ended.
    pub(super) async fn next(&mut self) -> Option<(usize, Heard)> {
        self.heard.recv().await
    }
}

async fn follow(app: RunningApp, place: usize, tell: mpsc::UnboundedSender<(usize, Heard)>) {
    let asker = Asker {
        pid: std::process::id() as i32,
        app: app.state.name.clone(),
        directory: app.state.identity.clone(),
        only_looks: true,
    };
    if let Ok(mut following) = client::follow(&app.socket, &app.key, &asker).await {
        while let Some(told) = following.next().await {
            let heard = match told {
                Told::State(state) => Heard::State(state),
                Told::Ended(farewell) => Heard::Ended(Some(farewell)),
            };
            let is_last = matches!(heard, Heard::Ended(_));
            if tell.send((place, heard)).is_err() || is_last {
                return;
            }
        }
    }
    let _ = tell.send((place, Heard::Ended(None)));
}
