//! The doors for the fuzz targets (fuzz/), there only in their builds: each takes any bytes and panics
//! where something does not hold that always has to.

mod foreman;
mod guardian;
mod init;

use crate::control;
use crate::control::encoding;
use crate::control::frames::{Frames, FromVisitor, Malformed, ToVisitor};
use crate::export;
use crate::render::stream::{Look, Stream};
use crate::store::segment::{self, Decoded};
use crate::syntax::{dotenv, formation, procfile, settings};
use crate::words::wire::Told;

const PREFIX: &str = "web.1  | ";

/// Children write to a terminal: only colours, links and whole rows come out, however the bytes were cut.
pub fn sanitizer(bytes: &[u8]) {
    let (cuts, text) = parts(bytes);
    let shown = written(true, cuts, text);
    let again = written(true, &[], text);
    assert_eq!(shown, again, "the cuts make a difference");
    let shown = String::from_utf8(written_calmly(true, cuts, text)).expect("it is UTF-8");
    for row in shown.split_terminator('\n') {
        let text = row.strip_prefix(PREFIX).expect("each row has a prefix");
        let text = without(text, "\x1b]8;", "\x1b\\", |c| !c.is_control());
        let is_colour = |c| matches!(c, '0'..='9' | ';' | ':');
        let text = without(&text, "\x1b[", "m", is_colour);
        let is_control = |c: char| c.is_control() && c != '\t';
        assert!(!text.contains(is_control), "{row:?}");
    }
    assert!(
        shown.is_empty() || shown.ends_with('\n'),
        "a row has no end"
    );
}

/// Children write into a pipe: each byte comes out, in order.
pub fn lines(bytes: &[u8]) {
    let (cuts, text) = parts(bytes);
    let shown = written_calmly(false, cuts, text);
    let mut payload = Vec::new();
    for row in shown.split_inclusive(|byte| *byte == b'\n') {
        payload.extend_from_slice(
            row.strip_prefix(PREFIX.as_bytes())
                .expect("each row has a prefix"),
        );
    }
    if !text.ends_with(b"\n") && !text.is_empty() {
        assert_eq!(payload.pop(), Some(b'\n'), "the last row has no end");
    }
    assert!(payload == text, "bytes were changed");
}

pub fn procfile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = procfile::parse("Procfile", &text);
    foreman::procfile(&text);
}

pub fn dotenv(bytes: &[u8]) {
    let _ = dotenv::parse(".env", bytes, &|name| (name.len() == 1).then(|| "x".into()));
    foreman::dotenv(&String::from_utf8_lossy(bytes));
}

pub fn formation(bytes: &[u8]) {
    let _ = formation::parse(&String::from_utf8_lossy(bytes));
}

/// Whatever stands in it, a place of a report is one of the file.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parsed = settings::parse("devrun.yaml", &text);
    let lines = text.split('\n').count();
    for place in parsed.errors.iter().flat_map(|report| &report.places) {
        assert!((1..=lines).contains(&place.line), "{place:?}");
    }
    let _ = parsed.value.clone().overlaid(parsed.value);
}

/// What another session sends: a stream is the same however it was cut, and what was understood is
/// understood again.
pub fn wire(bytes: &[u8]) {
    let (cuts, text) = parts(bytes);
    let told = told(&[], text);
    assert_eq!(told, self::told(cuts, text), "the cuts make a difference");
    let lines: Vec<u8> = told.iter().flat_map(encoding::line).collect();
    assert_eq!(told, self::told(&[], &lines), "it says something else");
    if let Ok(asker) = encoding::asker(text) {
        let header = encoding::header(&asker);
        let again = encoding::asker(header.as_bytes()).expect("it is ours");
        assert_eq!(asker, again);
    }
    let typed = |cuts: &[u8], text: &[u8]| frames(cuts, text, Frames::next_from_visitor);
    let shown = |cuts: &[u8], text: &[u8]| frames(cuts, text, Frames::next_to_visitor);
    let (keys, screen) = (typed(&[], text), shown(&[], text));
    assert_eq!(keys, typed(cuts, text), "the cuts make a difference");
    assert_eq!(screen, shown(cuts, text), "the cuts make a difference");
    let mut again = Vec::new();
    keys.iter().for_each(|frame| frame.write(&mut again));
    assert_eq!(keys_of(&keys), keys_of(&typed(&[], &again)));
    let mut again = Vec::new();
    screen.iter().for_each(|frame| frame.write(&mut again));
    assert_eq!(output_of(&screen), output_of(&shown(&[], &again)));
}

/// All keys, however they are parted.
fn keys_of(frames: &[FromVisitor]) -> Vec<u8> {
    let keys = frames.iter().filter_map(|frame| match frame {
        FromVisitor::Keys(keys) => Some(&keys[..]),
        FromVisitor::Size(_) => None,
    });
    keys.collect::<Vec<_>>().concat()
}

/// All output, however it is parted.
fn output_of(frames: &[ToVisitor]) -> Vec<u8> {
    let output = frames.iter().filter_map(|frame| match frame {
        ToVisitor::Output(bytes) => Some(&bytes[..]),
        ToVisitor::LeftOut(_) | ToVisitor::Ended(_) => None,
    });
    output.collect::<Vec<_>>().concat()
}

/// The frames of a stream until one of them cannot be understood.
fn frames<T>(
    cuts: &[u8],
    text: &[u8],
    next: impl Fn(&mut Frames) -> Result<Option<T>, Malformed>,
) -> Vec<T> {
    let mut frames = Frames::default();
    let mut heard = Vec::new();
    let mut rest = text;
    for cut in cuts.iter().copied().map(usize::from).chain([text.len()]) {
        let (piece, others) = rest.split_at(cut.min(rest.len()));
        rest = others;
        frames.push(piece);
        loop {
            match next(&mut frames) {
                Ok(Some(frame)) => heard.push(frame),
                Ok(None) => break,
                Err(Malformed) => return heard,
            }
        }
    }
    heard
}

/// What comes in on the control socket: it is answered as HTTP is, or not at all.
pub fn request(bytes: &[u8]) {
    let answer = control::fuzz::answered(bytes);
    let is_http = answer.is_empty() || answer.starts_with(b"HTTP/1.");
    assert!(is_http, "{:?}", String::from_utf8_lossy(&answer));
}

/// What manager and guardian say to each other.
pub fn guardian(bytes: &[u8]) {
    let (cuts, text) = parts(bytes);
    guardian::protocol(cuts, text);
}

/// A directory for `devrun init`.
pub fn init(bytes: &[u8]) {
    init::any_files(bytes);
}

/// Texts that `devrun export` writes, in the quotes of each target.
pub fn export(bytes: &[u8]) {
    export::fuzz::read_back(bytes);
}

/// A segment of the log store, with checksums as they should be: nothing that stands in one is read beyond
/// its end, and what was understood is understood again.
pub fn segment(bytes: &[u8]) {
    let _ = segment::Header::decode(bytes);
    let mut rest = bytes.to_vec();
    while let Some(length) = segment::length(&rest) {
        segment::seal(1, &mut rest[..length]);
        if let Decoded::Whole { value, length } = segment::decode(1, &rest) {
            let mut again = Vec::new();
            segment::push(value.at_ns, &value.body, &mut again);
            segment::seal(1, &mut again);
            let Decoded::Whole { value: second, .. } = segment::decode(1, &again) else {
                panic!("what was written is not understood: {value:?}");
            };
            assert_eq!(value, second, "it says something else, of {length} bytes");
        }
        rest.drain(..length);
    }
}

/// What a stream tells until something in it cannot be understood.
fn told(cuts: &[u8], text: &[u8]) -> Vec<Told> {
    let mut lines = encoding::Lines::default();
    let mut rest = text;
    for cut in cuts.iter().copied().map(usize::from).chain([text.len()]) {
        let (piece, others) = rest.split_at(cut.min(rest.len()));
        if lines.push(piece).is_err() {
            break;
        }
        rest = others;
    }
    std::iter::from_fn(|| lines.next()).collect()
}

/// The first bytes say where the others are cut.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len().min(8))
}

/// What one process's `text` becomes.
fn written(is_terminal: bool, cuts: &[u8], text: &[u8]) -> Vec<u8> {
    write(is_terminal, cuts, text, |_| false)
}

/// The same with a silence after every second piece.
fn written_calmly(is_terminal: bool, cuts: &[u8], text: &[u8]) -> Vec<u8> {
    write(is_terminal, cuts, text, |piece| piece % 2 == 1)
}

fn write(is_terminal: bool, cuts: &[u8], text: &[u8], is_calm: impl Fn(usize) -> bool) -> Vec<u8> {
    let look = Look {
        is_terminal,
        ..Look::default()
    };
    let mut stream = Stream::new(&["web.1".into()], look);
    // Most of the time goes into drawing the cells of a screen.
    stream.set_columns(0, 20);
    let mut out = Vec::new();
    let mut rest = text;
    for (piece, cut) in cuts.iter().enumerate() {
        let (chunk, others) = rest.split_at(usize::from(*cut).min(rest.len()));
        stream.chunk(0, chunk, &mut out);
        if is_calm(piece) && stream.has_open(0) {
            stream.show_open(0, &mut out);
        }
        rest = others;
    }
    stream.chunk(0, rest, &mut out);
    stream.end(0, &mut out);
    out
}

/// `text` without all that stands between `begin` and `end`, which are characters of that kind.
fn without(text: &str, begin: &str, end: &str, is_within: impl Fn(char) -> bool) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once(begin) {
        kept.push_str(before);
        let (within, behind) = sequence.split_once(end).expect("a sequence is whole");
        assert!(within.chars().all(&is_within), "{begin:?} and {within:?}");
        rest = behind;
    }
    kept + rest
}
