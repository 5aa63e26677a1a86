//! Reads a port, and a time in seconds: as the command line, the files and the shell have them.

use std::time::Duration;

/// Longer than anybody waits: a day, in seconds.
const MAX_SECONDS: f64 = 86_400.0;

/// # Errors
/// What a port is.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    let words = "a port is 0 to 65535; 0 takes any free ones";
    text.parse().map_err(|_| words.to_string())
}

/// # Errors
/// What such a time is.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let words = "it is a number of seconds from 0 to 86400, such as 5 or 0.5";
    seconds
        .filter(|seconds: &f64| (0.0..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| words.to_string())
}

/// `30`, `30s`, `1.5m`, `2h`; a number alone is of seconds.
///
/// # Errors
/// What such a time is.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let found = units.into_iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?;
        Some((number, seconds))
    });
    let (number, unit) = found.unwrap_or((text, 1.0));
    let seconds = number.parse().ok().map(|number: f64| number * unit);
    seconds
        .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "it is a time up to a day, such as 30s, 5m or 1.5h".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_seconds_have_their_limits() {
        assert_eq!(port("65535"), Ok(65535));
        for bad in ["65536", "-1", "abc", "", "1.5"] {
            assert!(port(bad).is_err(), "{bad}");
        }
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["-1", "86401", "NaN", "inf", "abc", ""] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_has_a_unit_or_is_of_seconds() {
        for (text, expected) in [
            ("30", 30_000),
            ("0.5s", 500),
            ("5m", 300_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(expected)), "{text}");
        }
        for bad in ["", "s", "-1", "25h", "5 m", "1d", "nan", "infs"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
