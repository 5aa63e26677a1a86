//! What commands say to people, on stderr.

use std::io::Write;

/// Says a line, as `eprintln!` does. Where nobody can be told (the disk is full) nothing ends because of that.
macro_rules! tell {
    ($($text:tt)*) => {
        $crate::cli::tell::line(&format!($($text)*))
    };
}
pub(super) use tell;

pub(super) fn line(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}
