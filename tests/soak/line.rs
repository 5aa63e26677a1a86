//! Lines of the helper (tests/helper/soak.rs): whose they are, and whether they came in order.

use std::collections::HashMap;

/// Of each writer, the number of its last line.
#[derive(Default)]
pub struct Order(HashMap<String, u64>);

impl Order {
    /// Takes the next line, without its newline. Says whether it is whole.
    ///
    /// # Errors
    /// A whole line in the wrong place.
    pub fn take(&mut self, text: &str) -> Result<bool, String> {
        let Some((writer, number)) = parse(text) else {
            return Ok(false);
        };
        let last = self.0.entry(writer.to_string()).or_default();
        // One fault is told once.
        let before = std::mem::replace(last, number);
        if number != before + 1 {
            return Err(format!(
                "line {number} of {writer} came after its line {before}"
            ));
        }
        Ok(true)
    }

    /// As [`Order::take`], where the writer's first lines are gone.
    pub fn take_later(&mut self, text: &str) -> Result<bool, String> {
        if let Some((writer, number)) = parse(text)
            && !self.0.contains_key(writer)
        {
            self.0.insert(writer.to_string(), number - 1);
        }
        self.take(text)
    }
}

/// The writer and the number of a line that is whole: `PID-START NUMBER LENGTH PADDING`.
fn parse(text: &str) -> Option<(&str, u64)> {
    let mut parts = text.splitn(4, ' ');
    let (writer, number) = (parts.next()?, parts.next()?.parse().ok()?);
    let length: usize = parts.next()?.parse().ok()?;
    let padding = parts.next()?;
    let letter = b'a' + (number % 26) as u8;
    let is_whole = padding.bytes().all(|byte| byte == letter)
        && (text.len() == length || (padding.is_empty() && text.len() > length));
    (number > 0 && is_whole).then_some((writer, number))
}
