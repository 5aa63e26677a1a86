//! What was stored → the bytes that somebody gets who reads it later: the stream once more, JSON, or what the
//! processes wrote and nothing else.

use std::time::Duration;

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;

use crate::log::stored::{Author, Cause, End, Entry, Gap, Line, Turn, Turned};
use crate::render::json::stored::Json;
use crate::render::stream::Stream;
use crate::render::timestamp::Timestamp;
use crate::words::wording;

/// Why a session has no end.
pub(crate) const WHY_CUT_OFF: &str = "devrun was killed, or its logs could not be stored";

#[derive(Debug)]
pub(crate) enum Form {
    /// Of these processes.
    Text(Box<Stream>, Vec<String>),
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
            (Form::Text(stream, names), entry) => {
                if let Some(stamp) = stamp {
                    stream.set_stamp(stamp);
                }
                match entry {
                    Entry::Line(line) => text(stream, line, out),
                    Entry::Gap(gap) => stream.say_again(&lost(gap), out),
                    Entry::Turn(turn) => {
                        if let Some(said) = turned(&names[turn.place], turn) {
                            stream.say_again(&said, out);
                        }
                    }
                    Entry::LeftOut { .. } => stream.separate(out),
                    Entry::CutOff { at_ns } => {
                        stream.say_again(&cut_off(at_ns, &self.stamps.zone), out);
                    }
                }
            }
            (Form::Json(json), entry) => {
                if let Some(stamp) = stamp {
                    json.set_stamp(&stamp);
                }
                json.push(entry, out);
            }
            (Form::Raw, Entry::Line(line)) => raw(line, out),
            (
                Form::Raw,
                Entry::Gap(_) | Entry::Turn(_) | Entry::LeftOut { .. } | Entry::CutOff { .. },
            ) => {}
        }
    }

    /// As [`Stream::choose_color`]. A segment that was damaged may not have told of all.
    pub(crate) fn choose_color(&mut self, place: usize, chosen: Option<u8>) {
        if let Form::Text(stream, names) = &mut self.form
            && place < names.len()
        {
            stream.choose_color(place, chosen);
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
        if let Form::Text(stream, names) = &mut self.form {
            for place in 0..names.len() {
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
        let at = instant(at_ns);
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

/// Nothing of the first run: that it began is not worth a line.
fn turned(name: &str, turn: Turn) -> Option<String> {
    match turn.what {
        Turned::Started { pid } if turn.run > 1 => {
            Some(format!("{name} started again (pid {pid})"))
        }
        Turned::Started { .. } => None,
        Turned::Ended(Some(exit)) => Some(format!("{name} {exit}")),
        Turned::Ended(None) => Some(format!("{name} has ended")),
    }
}

/// With the date: it may be long ago.
fn cut_off(at_ns: u64, zone: &TimeZone) -> String {
    let at = instant(at_ns).to_zoned(zone.clone());
    let at = at.strftime("%Y-%m-%d %H:%M:%S");
    format!("the session was cut off after {at}: {WHY_CUT_OFF}")
}

fn instant(at_ns: u64) -> Instant {
    Instant::from_nanosecond(i128::from(at_ns)).unwrap_or(Instant::UNIX_EPOCH)
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
    use crate::words::exit::Exit;

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
        Form::Text(Box::new(Stream::new(&names, Look::default())), names.into())
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
    fn the_runs_of_a_process_are_told_apart() {
        let turn = |run, what| {
            Entry::Turn(Turn {
                at_ns: 0,
                place: 0,
                run,
                what,
            })
        };
        let entries = [
            turn(1, Turned::Started { pid: 4710 }),
            line(WEB, 0, "job 9\n", End::Newline),
            turn(1, Turned::Ended(Some(Exit::Status(1)))),
            turn(2, Turned::Started { pid: 4711 }),
            turn(2, Turned::Ended(Some(Exit::Signal(9)))),
            turn(3, Turned::Ended(None)),
        ];
        let expected = "web.1  | job 9\nsystem | web.1 exited with status 1\n\
            system | web.1 started again (pid 4711)\nsystem | web.1 was killed by SIGKILL\n\
            system | web.1 has ended\n";
        check(stream(), Timestamp::None, &entries, expected);
        check(Form::Raw, Timestamp::None, &entries, "job 9\n");
    }

    #[test]
    fn what_stands_between_lines_ends_an_open_row() {
        let entries = [
            line(WEB, 0, "name? ", End::Later),
            Entry::LeftOut { at_ns: 0 },
            line(WEB, 0, "a", End::Later),
            Entry::CutOff { at_ns: 0 },
        ];
        let expected = "web.1  | name? \n--\nweb.1  | a\n\
            system | the session was cut off after 1970-01-01 00:00:00: devrun was killed, or its logs \
            could not be stored\n";
        check(stream(), Timestamp::None, &entries, expected);
        check(Form::Raw, Timestamp::None, &entries, "name? a");
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
