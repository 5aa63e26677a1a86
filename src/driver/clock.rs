//! The time of the lines: asked for every chunk, made into a text when that changes.

use std::time::{Duration, Instant, SystemTime};

use jiff::Zoned;

use crate::render::renderer::Renderer;
use crate::render::timestamp::Timestamp;

#[derive(Debug)]
pub(crate) struct Clock {
    timestamp: Timestamp,
    started: Instant,
    /// Which second, or millisecond, the stream's stamp is of.
    shown: Option<u128>,
}

impl Clock {
    pub(crate) fn new(timestamp: Timestamp) -> Self {
        Self {
            timestamp,
            started: Instant::now(),
            shown: None,
        }
    }

    /// Gives the stream another stamp if time has passed that can be seen.
    pub(crate) fn stamp(&mut self, stream: &mut Renderer) {
        let unit = self.timestamp.lasts().unwrap_or(Duration::MAX).as_millis();
        let since = match self.timestamp {
            Timestamp::Elapsed => self.started.elapsed(),
            Timestamp::Short | Timestamp::Milliseconds | Timestamp::Iso => {
                SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
            }
            Timestamp::None => Duration::ZERO,
        };
        let now = since.as_millis() / unit;
        if self.shown != Some(now) {
            self.shown = Some(now);
            stream.set_stamp(self.timestamp.text(&Zoned::now(), self.started.elapsed()));
        }
    }
}
