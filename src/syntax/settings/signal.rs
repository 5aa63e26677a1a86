//! Reads `stop_signal:`.

use crate::syntax::settings::reader::{Entry, Reader, cut};
use crate::syntax::settings::yaml::Value;
use crate::words::wording;

/// Signals that a program can answer by ending, with their numbers on this system. KILL and STOP, which no
/// program sees, are not among them.
pub(super) const SIGNALS: &[(&str, i32)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("USR1", if cfg!(target_os = "linux") { 10 } else { 30 }),
    ("USR2", if cfg!(target_os = "linux") { 12 } else { 31 }),
    ("ALRM", 14),
    ("TERM", 15),
    ("WINCH", 28),
];

/// `SIGINT`, `INT` or `2`.
pub(super) fn read(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<i32> {
    let written = reader.written(entry.value).unwrap_or_default().to_string();
    let name = written.strip_prefix("SIG").unwrap_or(&written);
    let is_number = matches!(entry.value.value, Value::Number);
    let is_it = |(known, number): &&(&str, i32)| {
        *known == name || (is_number && written == number.to_string())
    };
    if let Some((_, number)) = SIGNALS.iter().find(is_it) {
        return Some(*number);
    }
    let names = || SIGNALS.iter().map(|(name, _)| *name);
    let meant = cut(&written).to_ascii_uppercase();
    let help = match meant.strip_prefix("SIG").unwrap_or(&meant) {
        "KILL" | "9" if entry.name == "stop_signal" => {
            Some("what outlives the `timeout:` is killed anyway".to_string())
        }
        name => wording::did_you_mean(name, names()),
    };
    reader.wrong(entry, &wording::choice(names()), help);
    None
}
