//! What was stored as JSON: the events of a session that tell of lines, without their numbers. docs/logs.md
//! describes them.

use crate::log::stored::{Author, Cause, End, Entry, Gap, Line as Stored, Turn, Turned};
use crate::render::json::VERSION;
use crate::render::json::line::Line;

#[derive(Debug)]
pub(crate) struct Json {
    /// By their places.
    names: Vec<String>,
    /// How every object begins: version and time.
    head: Vec<u8>,
}

impl Json {
    pub(crate) fn new(names: Vec<String>) -> Self {
        let head = Vec::new();
        Self { names, head }
    }

    /// The time of the objects to come, in RFC 3339.
    pub(crate) fn set_stamp(&mut self, stamp: &str) {
        let stamp = stamp.trim_end();
        self.head = format!(r#"{{"v":{VERSION},"t":"{stamp}""#).into_bytes();
    }

    pub(crate) fn push(&self, entry: Entry<'_>, out: &mut Vec<u8>) {
        match entry {
            Entry::Line(line) => self.line(line, out),
            Entry::Gap(gap) => self.gap(gap, out),
            Entry::Turn(turn) => self.turn(turn, out),
            Entry::LeftOut { .. } => {}
            Entry::CutOff { .. } => Line::begin_unnumbered(&self.head, "cut_off", out).end(),
        }
    }

    fn line(&self, stored: Stored<'_>, out: &mut Vec<u8>) {
        let text = stored.text.strip_suffix(b"\n").unwrap_or(stored.text);
        let line = match stored.author {
            Author::System => Line::begin_unnumbered(&self.head, "said", out),
            Author::Process { place, run } => Line::begin_unnumbered(&self.head, "log", out)
                .put("process", &self.names[place])
                .put("run", run),
        };
        let line = line.written(text);
        match stored.end {
            End::Later => line.put("partial", true).end(),
            End::Newline | End::Never => line.end(),
        }
    }

    fn turn(&self, turn: Turn, out: &mut Vec<u8>) {
        let event = match turn.what {
            Turned::Started { .. } => "run.started",
            Turned::Ended(_) => "run.ended",
        };
        let line = Line::begin_unnumbered(&self.head, event, out)
            .put("process", &self.names[turn.place])
            .put("run", turn.run);
        match turn.what {
            Turned::Started { pid } => line.put("pid", pid),
            Turned::Ended(Some(exit)) => line.exit(exit),
            Turned::Ended(None) => line.put("status", ()).put("signal", ()),
        }
        .end();
    }

    fn gap(&self, gap: Gap, out: &mut Vec<u8>) {
        let cause = match gap.cause {
            Cause::Slow => "slow",
            Cause::Removed => "removed",
            Cause::Damaged => "damaged",
        };
        let line = Line::begin_unnumbered(&self.head, "gap", out);
        let line = line.put("lines", gap.lines).put("bytes", gap.bytes);
        line.put("cause", cause).end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::exit::Exit;

    fn check(entry: Entry<'_>, expected: &str) {
        let mut json = Json::new(vec!["web.1".into()]);
        json.set_stamp("2026-03-01T10:04:11.042+01:00 ");
        let mut out = Vec::new();
        json.push(entry, &mut out);
        let head = r#"{"v":1,"t":"2026-03-01T10:04:11.042+01:00","event":"#;
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, format!("{head}{expected}}}\n"));
    }

    fn line(author: Author, text: &[u8], end: End) -> Entry<'_> {
        Entry::Line(Stored {
            author,
            at_ns: 0,
            text,
            is_continued: false,
            end,
        })
    }

    #[test]
    fn one_object_for_each() {
        let web = Author::Process { place: 0, run: 2 };
        check(
            line(web, b"a\t\"b\"\n", End::Newline),
            r#""log","process":"web.1","run":2,"line":"a\t\"b\"""#,
        );
        check(
            line(web, b"name? ", End::Later),
            r#""log","process":"web.1","run":2,"line":"name? ","partial":true"#,
        );
        check(
            line(web, b"\xfdx", End::Never),
            "\"log\",\"process\":\"web.1\",\"run\":2,\"line\":\"\u{fffd}x\",\"bytes\":\"/Xg=\"",
        );
        check(
            line(Author::System, b"all up", End::Newline),
            r#""said","line":"all up""#,
        );
        let gap = Gap {
            at_ns: 0,
            lines: 3,
            bytes: 40,
            cause: Cause::Removed,
        };
        check(
            Entry::Gap(gap),
            r#""gap","lines":3,"bytes":40,"cause":"removed""#,
        );
        let turn = |what| {
            Entry::Turn(Turn {
                at_ns: 0,
                place: 0,
                run: 2,
                what,
            })
        };
        check(
            turn(Turned::Started { pid: 7 }),
            r#""run.started","process":"web.1","run":2,"pid":7"#,
        );
        check(
            turn(Turned::Ended(Some(Exit::Signal(9)))),
            r#""run.ended","process":"web.1","run":2,"status":null,"signal":"SIGKILL""#,
        );
        check(
            turn(Turned::Ended(None)),
            r#""run.ended","process":"web.1","run":2,"status":null,"signal":null"#,
        );
        check(Entry::CutOff { at_ns: 0 }, r#""cut_off""#);
    }
}
