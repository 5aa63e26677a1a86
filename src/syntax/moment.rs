//! Reads a point in time as people say it: `5m`, `10:07`, `2026-03-01T10:04:11`.

use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, ToSpan, Zoned};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long ago.
    Ago(Duration),
    /// A time of today or, if that is still to come, of yesterday.
    Clock(Time),
    /// In the local time.
    Local(DateTime),
    Exact(Timestamp),
}

/// # Errors
/// How a point in time is written.
pub(crate) fn parse(text: &str) -> Result<Moment, String> {
    let clock = || text.contains(':').then(|| text.parse().ok()).flatten();
    ago(text)
        .map(Moment::Ago)
        .or_else(|| text.parse().ok().map(Moment::Exact))
        .or_else(|| text.parse().ok().map(Moment::Local))
        .or_else(|| clock().map(Moment::Clock))
        .ok_or_else(|| "write it as 90s, 5m, 2h, 1d, 10:07 or 2026-03-01T10:07".to_string())
}

fn ago(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(u64::from(count) * seconds))
}

impl Moment {
    /// In nanoseconds since 1970, where it is `now`.
    pub(crate) fn at_ns(self, now: &Zoned) -> u64 {
        let zone = now.time_zone();
        let local = |local: DateTime| zone.to_timestamp(local).unwrap_or(now.timestamp());
        let at = match self {
            Self::Ago(long) => {
                let earlier = now.timestamp().saturating_sub(long);
                earlier.unwrap_or(Timestamp::UNIX_EPOCH)
            }
            Self::Clock(time) => {
                let today = local(now.date().to_datetime(time));
                if today > now.timestamp() {
                    let yesterday = now.date().saturating_sub(1.day());
                    local(yesterday.to_datetime(time))
                } else {
                    today
                }
            }
            Self::Local(at) => local(at),
            Self::Exact(at) => at,
        };
        u64::try_from(at.as_nanosecond()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_resolved_against_now() {
        let now: Zoned = "2026-03-01T10:04:11+01:00[+01:00]".parse().unwrap();
        let check = |text: &str, expected: &str| {
            let expected: Timestamp = expected.parse().unwrap();
            let expected = expected.as_nanosecond() as u64;
            assert_eq!(parse(text).unwrap().at_ns(&now), expected, "{text}");
        };
        check("90s", "2026-03-01T09:02:41Z");
        check("5m", "2026-03-01T08:59:11Z");
        check("2h", "2026-03-01T07:04:11Z");
        check("1d", "2026-02-28T09:04:11Z");
        check("10:04", "2026-03-01T09:04:00Z");
        check("10:04:11", "2026-03-01T09:04:11Z");
        check("10:04:12", "2026-02-28T09:04:12Z");
        check("23:00", "2026-02-28T22:00:00Z");
        check("2026-02-27T08:00", "2026-02-27T07:00:00Z");
        check("2026-02-27 08:00:01", "2026-02-27T07:00:01Z");
        check("2026-02-27", "2026-02-26T23:00:00Z");
        check("2026-02-27T08:00:00.042+02:00", "2026-02-27T06:00:00.042Z");
        check("2026-02-27T08:00:00Z", "2026-02-27T08:00:00Z");
        check("99999d", "1970-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "5",
            "m",
            "-5m",
            "5 m",
            "5min",
            "25:00",
            "1007",
            "yesterday",
            "5é",
            "99999999999s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
