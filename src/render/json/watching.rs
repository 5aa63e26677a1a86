//! What devrun has to say of files that changed, as events.

use crate::render::json::Json;
use crate::words::watching::{Blind, Then, Watching};

impl Json {
    pub(super) fn watching(&mut self, news: &Watching, out: &mut Vec<u8>) {
        match news {
            Watching::Changed {
                process,
                changed,
                then,
            } => {
                let (next, signal) = match then {
                    Then::Restart => ("restart", None),
                    Then::Start => ("start", None),
                    Then::Signal(signal) => ("signal", Some(signal)),
                };
                let line = self.about("files.changed", process, out);
                let line = line.put("file", &changed.file);
                let line = line.put("others", changed.others);
                line.put("next", next).put("signal", signal).end();
            }
            Watching::Blind { files, why } => {
                let (kind, said) = match why {
                    Blind::Limit { setting } => ("limit", setting.clone()),
                    Blind::TooMany { directories } => ("too_many", directories.to_string()),
                    Blind::Network { kind } => ("network", kind.clone()),
                    Blind::Cause(cause) => ("cause", cause.clone()),
                };
                let line = self.event("files.unseen", out).put("files", files);
                line.put("why", kind).put("said", said).end();
            }
        }
    }
}
