//! Follows several apps at once, each at the session that runs it.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cli::session::RunningApp;
use crate::control::client::{self, Following};
use crate::words::wire::{AppState, Asker, Farewell, Told};

/// Dropping it hangs up.
pub(super) struct Watch {
    heard: mpsc::UnboundedReceiver<News>,
    _followers: JoinSet<()>,
}

/// Of the app at this place.
type News = (usize, Heard);

#[derive(Debug)]
pub(super) enum Heard {
    State(AppState),
    /// Its session gives it up; `None`: it is gone without a word.
    Ended(Option<Farewell>),
}

impl Watch {
    /// Those of `apps` at these places, each from now on: whatever happens later is heard, however soon a
    /// session ends after it.
    pub(super) async fn of(apps: &[RunningApp], places: impl IntoIterator<Item = usize>) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let mut followers = JoinSet::new();
        for place in places {
            let app = &apps[place];
            let following = client::follow(&app.socket, &app.key, &asker(app)).await;
            followers.spawn(follow(following.ok(), place, tell.clone()));
        }
        Self {
            heard,
            _followers: followers,
        }
    }

    /// The next news; `None`: all have ended.
    pub(super) async fn next(&mut self) -> Option<News> {
        self.heard.recv().await
    }
}

fn asker(app: &RunningApp) -> Asker {
    Asker {
        pid: std::process::id() as i32,
        app: app.state.name.clone(),
        directory: app.state.identity.clone(),
        only_looks: true,
    }
}

async fn follow(following: Option<Following>, place: usize, tell: mpsc::UnboundedSender<News>) {
    if let Some(mut following) = following {
        while let Some(told) = following.next().await {
            let heard = match told {
                Told::State(state) => Heard::State(state),
                Told::Ended(farewell) => Heard::Ended(Some(farewell)),
                // Only borrowers are told.
                Told::Lent(_) => continue,
            };
            let is_last = matches!(heard, Heard::Ended(_));
            if tell.send((place, heard)).is_err() || is_last {
                return;
            }
        }
    }
    let _ = tell.send((place, Heard::Ended(None)));
}
