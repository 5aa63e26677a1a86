//! The time in front of a line.

use std::time::Duration;

use jiff::Zoned;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timestamp {
    /// `10:04:11`
    #[default]
    Short,
    /// `10:04:11.042`
    Milliseconds,
    /// `2026-03-01T10:04:11.042+01:00`
    Iso,
    /// Since the start: `0:01:02`
    Elapsed,
    None,
}

impl Timestamp {
    /// How long a text stays right; `None`: for ever.
    pub(crate) fn lasts(self) -> Option<Duration> {
        match self {
            Self::Short | Self::Elapsed => Some(Duration::from_secs(1)),
            Self::Milliseconds | Self::Iso => Some(Duration::from_millis(1)),
            Self::None => None,
        }
    }

    /// With a blank behind it, unless there is none.
    pub(crate) fn text(self, now: &Zoned, elapsed: Duration) -> String {
        match self {
            Self::Short => now.strftime("%H:%M:%S ").to_string(),
            Self::Milliseconds => now.strftime("%H:%M:%S.%3f ").to_string(),
            Self::Iso => now.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z ").to_string(),
            Self::Elapsed => {
                let seconds = elapsed.as_secs();
                format!(
                    "{}:{:02}:{:02} ",
                    seconds / 3600,
                    seconds / 60 % 60,
                    seconds % 60
                )
            }
            Self::None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_one_instant() {
        let now: Zoned = "2026-03-01T10:04:11.042+01:00[+01:00]".parse().unwrap();
        let text = |timestamp: Timestamp| timestamp.text(&now, Duration::from_secs(3723));
        assert_eq!(text(Timestamp::Short), "10:04:11 ");
        assert_eq!(text(Timestamp::Milliseconds), "10:04:11.042 ");
        assert_eq!(text(Timestamp::Iso), "2026-03-01T10:04:11.042+01:00 ");
        assert_eq!(text(Timestamp::Elapsed), "1:02:03 ");
        assert_eq!(text(Timestamp::None), "");
    }
}
