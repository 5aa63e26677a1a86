//! What was stored → the bytes that somebody gets who reads it later: the stream once more, JSON, or what the
//! processes wrote and nothing else.

use std::time::Duration;

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;

use crate::log::stored::{Author, Cause, End, Entry, Gap, Line};
use crate::render::json::stored::Json;
use crate::render::stream::Stream;
use crate::render::timestamp::Timestamp;
use crate::words::wording;

#[derive(Debug)]
pub(crate) enum Form {
    /// With so many processes.
    Text(Box<Stream>, usize),
    Json(Json),
    Raw,
}

#[derive(Debug)]
pub(crate) struct Shown {
    form: Form,
    stamps: Stamps,
}

/// The times of the lines, made into a text when that changes.
#[derive(Debug)]
pub(crate) struct Stamps {
    pub(crate) timestamp: Timestamp,
    pub(crate) zone: TimeZone,
    /// Of the session, in nanoseconds since 1970.
    pub(crate) started_ns: u64,
    /// Which second, or millisecond, is shown.
    pub(crate) shown: Option<u64>,
}

impl Shown {
    pub(crate) fn new(form: Form, stamps: Stamps) -> Self {
        Self { form, stamps }
    }

    /// Appends it, as far as this form has it.
    pub(crate) fn push(&mut self, entry: Entry<'_>, out: &mut Vec<u8>) {
        let stamp = self.stamps.next(entry.at_ns());
        match (&mut self.form, entry) {
            (Form::Text(stream, _), entry) => {
                if let Some(stamp) = stamp {
                    stream.set_stamp(stamp);
                }
                match entry {
                    Entry::Line(line) => text(stream, line, out),
                    Entry::Gap(gap) => stream.say_again(&lost(gap), out),
                }
            }
            (Form::Json(json), entry) => {
                if let Some(stamp) = stamp {
                    json.set_stamp(&stamp);
                }
                json.push(entry, out);
            }
            (Form::Raw, Entry::Line(line)) => raw(line, out),
            (Form::Raw, Entry::Gap(_)) => {}
        }
    }

    /// The run of a process is over: what it has switched on is off again.
    pub(crate) fn end_run(&mut self, place: usize, out: &mut Vec<u8>) {
        if let Form::Text(stream, _) = &mut self.form {
            stream.end(place, out);
        }
    }

    /// Nobody has written for a while: what a repaint has come to is shown.
    pub(crate) fn calm(&mut self, out: &mut Vec<u8>) {
        if let Form::Text(stream, processes) = &mut self.form {
            for place in 0..*processes {
                if stream.has_open(place) {
                    stream.show_open(place, out);
                }
            }
        }
    }
}

impl Stamps {
    /// The text from this time on, if it is another one.
    fn next(&mut self, at_ns: u64) -> Option<String> {
        let lasts = self.timestamp.lasts()?;
        let since = match self.timestamp {
            Timestamp::Elapsed => at_ns.saturating_sub(self.started_ns),
            Timestamp::Short | Timestamp::Milliseconds | Timestamp::Iso | Timestamp::None => at_ns,
        };
        let unit = since / u64::try_from(lasts.as_nanos()).unwrap_or(u64::MAX);
        if self.shown.replace(unit) == Some(unit) {
            return None;
        }
        let at = Instant::from_nanosecond(i128::from(at_ns)).unwrap_or(Instant::UNIX_EPOCH);
        let elapsed = Duration::from_nanos(at_ns.saturating_sub(self.started_ns));
        Some(
            self.timestamp
                .text(&at.to_zoned(self.zone.clone()), elapsed),
        )
    }
}

fn text(stream: &mut Stream, line: Line<'_>, out: &mut Vec<u8>) {
    let place = match line.author {
        Author::System => {
            let said = String::from_utf8_lossy(line.text);
            return stream.say_again(&said, out);
        }
        Author::Process { place, run: _ } => place,
    };
    stream.chunk(place, line.text, out);
    match line.end {
        End::Newline => {}
        End::Never => stream.chunk(place, b"\n", out),
        End::Later => stream.show_open(place, out),
    }
}

fn raw(line: Line<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(line.text);
    // devrun's own have none.
    if line.author == Author::System {
        out.push(b'\n');
    }
}

/// "3 lines lost here: removed to make room".
pub(crate) fn lost(gap: Gap) -> String {
    let Gap { lines, bytes, .. } = gap;
    let lost = match usize::try_from(lines) {
        Ok(0) | Err(_) => wording::counted(bytes as usize, "byte", "bytes"),
        Ok(lines) => wording::counted(lines, "line", "lines"),
    };
    let why = match gap.cause {
        Cause::Slow => "the disk was slower than the processes",
        Cause::Removed => "removed to make room for later ones",
        Cause::Damaged => "they cannot be read",
    };
    format!("{lost} lost here: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::stream::Look;

    const WEB: Author = Author::Process { place: 0, run: 1 };

    fn line(author: Author, at_ns: u64, text: &str, end: End) -> Entry<'_> {
        Entry::Line(Line {
            author,
            at_ns,
            text: text.as_bytes(),
            is_continued: false,
            end,
        })
    }

    fn check(form: Form, timestamp: Timestamp, entries: &[Entry<'_>], expected: &str) {
        let stamps = Stamps {
            timestamp,
            zone: TimeZone::UTC,
            started_ns: 1_000_000_000,
            shown: None,
        };
        let mut shown = Shown::new(form, stamps);
        let mut out = Vec::new();
        for entry in entries {
            shown.push(*entry, &mut out);
        }
        shown.end_run(0, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    fn stream() -> Form {
        let names = ["web.1".to_string()];
        Form::Text(Box::new(Stream::new(&names, Look::default())), 1)
    }

    #[test]
    fn the_stream_comes_again_with_the_times_of_the_lines() {
        let second = 1_000_000_000;
        let entries = [
            line(WEB, 0, "a\n", End::Newline),
            line(WEB, second, "b\n", End::Newline),
            line(Author::System, 3661 * second, "web.1 exited", End::Newline),
            line(WEB, 3661 * second, "last", End::Never),
        ];
        let short = "00:00:00 web.1  | a\n00:00:01 web.1  | b\n\
            01:01:01 system | web.1 exited\n01:01:01 web.1  | last\n";
        check(stream(), Timestamp::Short, &entries, short);
        let elapsed = "0:00:00 web.1  | a\n0:00:00 web.1  | b\n\
            1:01:00 system | web.1 exited\n1:01:00 web.1  | last\n";
        check(stream(), Timestamp::Elapsed, &entries, elapsed);
        check(
            Form::Raw,
            Timestamp::None,
            &entries,
            "a\nb\nweb.1 exited\nlast",
        );
    }

    #[test]
    fn an_unfinished_line_goes_on_in_its_row() {
        let entries = [
            line(WEB, 0, "name? ", End::Later),
            line(WEB, 0, "Ada\n", End::Newline),
        ];
        check(stream(), Timestamp::None, &entries, "web.1  | name? Ada\n");
    }

    #[test]
    fn what_is_lost_is_told_where_it_was() {
        let gap = |lines, bytes, cause| {
            Entry::Gap(Gap {
                at_ns: 0,
                lines,
                bytes,
                cause,
            })
        };
        let entries = [
            gap(1, 9, Cause::Slow),
            gap(1234, 9, Cause::Removed),
            gap(0, 9, Cause::Damaged),
        ];
        let expected = "system | 1 line lost here: the disk was slower than the processes\n\
            system | 1234 lines lost here: removed to make room for later ones\n\
            system | 9 bytes lost here: they cannot be read\n";
        check(stream(), Timestamp::None, &entries, expected);
        check(Form::Raw, Timestamp::None, &entries, "");
    }
}
