//! Writer and reader together, on a real disk.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::registry::scratch::{Scratch, soon};
use crate::store::place::{StoredSession, sessions};
use crate::store::reader::{Beginning, Reader};
use crate::store::segment::{Decoded, Header, Record};
use crate::words::exit::Exit;

const SHOP: &str = "00000000000000aa";
const API: &str = "00000000000000bb";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

fn source(name: &str, app: &str) -> Source {
    Source {
        name: name.into(),
        app: app.into(),
        in_app: name.rsplit('/').next().unwrap().into(),
        color: None,
    }
}

fn opening() -> Opening {
    Opening {
        app: SHOP.into(),
        directory: "~/src/shop".into(),
        sources: vec![source("web.1", SHOP), source("api/web.1", API)],
    }
}

/// A store in `scratch`, and why it stops.
fn start(scratch: &Scratch, create: Create) -> (Writer, mpsc::Receiver<io::Error>) {
    let (stopped, has_stopped) = mpsc::channel();
    let logs = scratch.path("logs");
    let stopped = move |error| stopped.send(error).unwrap();
    let writer = Writer::start_with(opening(), move || Ok(logs), create, stopped);
    (writer.unwrap(), has_stopped)
}

fn finish(writer: Writer) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let finished = writer.finish(Instant::now() + PATIENCE);
    runtime.unwrap().block_on(finished);
}

fn session(scratch: &Scratch, app: &str) -> StoredSession {
    let mut found = None;
    soon(|| {
        found = sessions(&scratch.path("logs"), app).pop();
        found.is_some()
    });
    found.expect("a session is stored")
}

/// What a reader makes of records: texts that can be compared.
fn text(record: &Record<'_>) -> String {
    match &record.body {
        Body::Begun(begun) => format!("begun {}", begun.directory),
        Body::Source { index, source } => format!("{index} is {}", source.name),
        Body::Chunk { source, run, bytes } => {
            format!("{source}.{run} {}", bytes.escape_ascii())
        }
        Body::Said { text } => format!("said {text}"),
        Body::Gap { missing, cause } => format!("{cause:?} {} {}", missing.lines, missing.bytes),
        Body::RunStarted { source, run, pid } => format!("{source}.{run} started {pid}"),
        Body::RunEnded { source, run, exit } => format!("{source}.{run} ended {exit:?}"),
        Body::Ended => "ended".into(),
    }
}

fn read(reader: &mut Reader) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        texts.push(text(&record));
    }
    texts
}

#[test]
fn what_was_stored_is_read_as_it_was() {
    let scratch = Scratch::new("store-whole");
    let (writer, has_stopped) = start(&scratch, create);
    writer.said("2 processes");
    writer.run_started(0, 1, 77);
    writer.chunk(0, 1, b"one\ntw");
    writer.chunk(0, 1, b"o\r\n\x00\xff");
    writer.run_ended(0, 1, Some(Exit::Signal(9)));
    writer.run_started(1, 3, 78);
    writer.chunk(1, 3, b"hello\n");
    finish(writer);
    let session = session(&scratch, SHOP);
    let mut reader = Reader::open(&session, Beginning::Start);
    let expected = [
        "0 is web.1",
        "1 is api/web.1",
        "begun ~/src/shop",
        "said 2 processes",
        "0.1 started 77",
        "0.1 one\\ntw",
        "0.1 o\\r\\n\\x00\\xff",
        "0.1 ended Some(Signal(9))",
        "1.3 started 78",
        "1.3 hello\\n",
        "ended",
    ];
    assert_eq!(read(&mut reader), expected);
    assert!(reader.is_over());
    assert!(has_stopped.recv().is_err(), "it has not stopped by itself");
    let linked = sessions(&scratch.path("logs"), API).remove(0);
    assert_eq!(
        read(&mut Reader::open(&linked, Beginning::Last(1))),
        expected
    );
}

/// Lines of 100 bytes that are numbered from `from` on, `count` of them.
fn lines(from: usize, count: usize) -> Vec<u8> {
    let lines = (from..from + count).map(|number| format!("{number:099}\n"));
    lines.collect::<String>().into_bytes()
}

/// So many lines go into one chunk.
const IN_CHUNK: usize = 600;

/// Stores chunk after chunk, none of them faster than the disk takes them. Returns how many lines that were.
fn store_slowly(writer: &Writer, chunks: usize) -> usize {
    for chunk in 0..chunks {
        writer.chunk(0, 1, &lines(chunk * IN_CHUNK, IN_CHUNK));
        while writer.shared.lock().bytes.len() > FULL / 2 {
            std::thread::yield_now();
        }
    }
    chunks * IN_CHUNK
}

/// Reads until nothing follows: the output, and what is missing in it.
fn follow(reader: &mut Reader) -> (Vec<u8>, Vec<(Amount, GapCause)>) {
    let watch = reader.watch().unwrap();
    let (mut output, mut gaps) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + PATIENCE;
    while !reader.is_over() {
        assert!(Instant::now() < deadline, "{} bytes", output.len());
        match reader.next().unwrap().map(|record| record.body) {
            Some(Body::Chunk { bytes, .. }) => output.extend_from_slice(bytes),
            Some(Body::Gap { missing, cause }) => gaps.push((missing, cause)),
            Some(_) => {}
            None => watch.wait(PATIENCE).unwrap(),
        }
    }
    (output, gaps)
}

#[test]
fn a_reader_follows_from_segment_to_segment() {
    let scratch = Scratch::new("store-follow-live");
    let (writer, _has_stopped) = start(&scratch, create);
    let session = session(&scratch, SHOP);
    let mut reader = Reader::open(&session, Beginning::Start);
    let thread = std::thread::spawn(move || follow(&mut reader));
    let count = store_slowly(&writer, 200);
    finish(writer);
    let (output, gaps) = thread.join().unwrap();
    assert!(output == lines(0, count), "{} bytes", output.len());
    assert_eq!(gaps, []);
    assert_eq!(session.segments().len(), 3);
    // A late reader can begin with less.
    let at = std::time::SystemTime::now();
    for from in [Beginning::Time(at), Beginning::Last(1), Beginning::Last(0)] {
        let (output, gaps) = follow(&mut Reader::open(&session, from));
        assert!(output.len() < 4 * 1024 * 1024 && lines(0, count).ends_with(&output));
        assert_eq!(gaps, []);
    }
    for from in [Beginning::Time(UNIX_EPOCH), Beginning::Last(9)] {
        let (output, _) = follow(&mut Reader::open(&session, from));
        assert_eq!(output.len(), count * 100);
    }
}

#[test]
fn what_makes_room_is_missed_by_its_count() {
    let scratch = Scratch::new("store-pruned");
    let (writer, _has_stopped) = start(&scratch, create);
    let session = session(&scratch, SHOP);
    store_slowly(&writer, 1);
    // It has the first segment open.
    let mut reader = Reader::open(&session, Beginning::Start);
    soon(|| reader.next().unwrap().is_some());
    let count = store_slowly(&writer, 1200) + IN_CHUNK;
    finish(writer);
    let files = fs::read_dir(session.segments()[0].path.parent().unwrap()).unwrap();
    let sizes = files.map(|file| file.unwrap().metadata().unwrap().len());
    let size: u64 = sizes.sum();
    assert!((55_000_000..64_000_000).contains(&size), "{size}");
    for reader in [&mut reader, &mut Reader::open(&session, Beginning::Start)] {
        let (output, gaps) = follow(reader);
        let [(missing, GapCause::Pruned)] = gaps[..] else {
            panic!("{gaps:?}");
        };
        assert_eq!(missing.lines as usize * 100 + output.len(), count * 100);
        assert_eq!(missing.bytes, missing.lines * 100);
    }
}

/// So many chunks that the first segments go.
const MANY: usize = 1300;

#[test]
fn whoever_follows_misses_nothing_unsaid_where_files_are_used_again() {
    let scratch = Scratch::new("store-reused-live");
    let (writer, _has_stopped) = start(&scratch, create);
    let session = session(&scratch, SHOP);
    let mut reader = Reader::open(&session, Beginning::Start);
    let thread = std::thread::spawn(move || follow(&mut reader));
    let count = store_slowly(&writer, MANY);
    finish(writer);
    let (output, gaps) = thread.join().unwrap();
    let missing = gaps.iter().map(|(missing, _)| missing.bytes as usize);
    assert_eq!(missing.sum::<usize>() + output.len(), count * 100);
    assert!(gaps.iter().all(|(_, cause)| *cause == GapCause::Pruned));
    assert!(output.chunks(100).is_sorted(), "each line once, in order");
}

#[test]
fn of_a_files_earlier_life_nothing_is_read() {
    let scratch = Scratch::new("store-reused-dead");
    let (writer, _has_stopped) = start(&scratch, create);
    let count = store_slowly(&writer, MANY);
    drop(writer);
    let session = session(&scratch, SHOP);
    assert!(soon(|| !session.is_live()));
    let segments = session.segments();
    let (last, earlier) = segments.split_last().unwrap();
    let earlier = fs::read(&earlier.last().unwrap().path).unwrap();
    let written = fs::read(&last.path).unwrap();
    let Decoded::Whole { value, .. } = Header::decode(&written) else {
        panic!("{last:?}");
    };
    assert!(value.is_reused && written.len() < earlier.len());
    // As a session leaves it that was killed: whole records stand behind its own, or the rest of one.
    for stale in [first_record(&earlier), written.len()] {
        let left = [&written[..], &earlier[stale..]].concat();
        fs::write(&last.path, left).unwrap();
        let (output, gaps) = follow(&mut Reader::open(&session, Beginning::Last(2)));
        assert!(lines(0, count).ends_with(&output) && output.len() > earlier.len() / 2);
        assert_eq!(gaps, []);
    }
}

/// Where that of a segment stands.
fn first_record(segment: &[u8]) -> usize {
    let Decoded::Whole { length, .. } = Header::decode(segment) else {
        panic!("it has a header");
    };
    length
}

#[test]
fn what_the_disk_is_too_slow_for_is_counted_and_nobody_waits() {
    let scratch = Scratch::new("store-slow");
    let (go, is_going) = mpsc::channel::<()>();
    let logs = scratch.path("logs");
    let held = move || {
        let _ = is_going.recv();
        Ok(logs)
    };
    let writer = Writer::start(opening(), held, |_| ()).unwrap();
    let chunk = lines(0, IN_CHUNK);
    for _ in 0..150 {
        writer.chunk(0, 1, &chunk);
    }
    assert!(writer.shared.lock().bytes.len() <= FULL + IN_CHUNK);
    writer.said("slow");
    drop(go);
    soon(|| writer.shared.lock().bytes.is_empty());
    writer.chunk(0, 1, b"again\n");
    finish(writer);
    let mut reader = Reader::open(&session(&scratch, SHOP), Beginning::Start);
    let mut texts = read(&mut reader);
    let last = texts.split_off(texts.len() - 4);
    let kept = texts
        .iter()
        .filter(|text| text.starts_with("0.1 0"))
        .count();
    let lost = (150 - kept) * IN_CHUNK;
    assert!(lost > 0);
    let gap = format!("Slow {lost} {}", lost * 100);
    assert_eq!(last, [gap.as_str(), "said slow", "0.1 again\\n", "ended"]);
}

/// A disk that takes longer for what is left than an end may last, and takes something of it all the time.
#[test]
fn a_slow_disk_is_waited_for_at_the_end_while_something_comes_of_it() {
    static DISK: Mutex<Option<File>> = Mutex::new(None);
    const CHUNKS: usize = 60;
    let (mut reads, writes) = io::pipe().unwrap();
    *DISK.lock().unwrap() = Some(File::from(OwnedFd::from(writes)));
    let slow: Create = |_| {
        Ok(DISK
            .lock()
            .unwrap()
            .take()
            .expect("it is the first segment"))
    };
    let scratch = Scratch::new("store-slow-end");
    let (writer, _stopped) = start(&scratch, slow);
    for chunk in 0..CHUNKS {
        writer.chunk(0, 1, &lines(chunk * IN_CHUNK, IN_CHUNK));
    }
    let taken = std::thread::spawn(move || {
        let (mut all, mut piece) = (0, vec![0; 32 * 1024]);
        while let Ok(count @ 1..) = reads.read(&mut piece) {
            all += count;
            std::thread::park_timeout(Duration::from_millis(10));
        }
        all
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let soon = Instant::now() + Duration::from_millis(500);
    runtime.unwrap().block_on(writer.finish(soon));
    assert!(taken.join().unwrap() > lines(0, CHUNKS * IN_CHUNK).len());
}

/// What stops a store is told once, and stops nothing else.
#[test]
fn a_store_that_cannot_go_on_says_why_and_takes_no_memory() {
    let scratch = Scratch::new("store-stopped");
    let full: Create = |_| File::options().write(true).open("/dev/full");
    let (writer, has_stopped) = start(&scratch, full);
    let error = has_stopped.recv_timeout(PATIENCE).unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
    writer.chunk(0, 1, b"x");
    writer.said("x");
    assert_eq!(writer.shared.lock().bytes.capacity(), 0);
    finish(writer);
    assert!(has_stopped.recv().is_err());
    assert_eq!(sessions(&scratch.path("logs"), SHOP), [], "it is none");

    let (stopped, has_stopped) = mpsc::channel();
    let nowhere = || Err(io::ErrorKind::ReadOnlyFilesystem.into());
    let writer = Writer::start(opening(), nowhere, move |error| {
        stopped.send(error).unwrap()
    });
    let error = has_stopped.recv_timeout(PATIENCE).unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ReadOnlyFilesystem);
    finish(writer.unwrap());
}

/// A session of two segments without a farewell, all that it wrote, and its first segment.
fn killed(scratch: &Scratch) -> (StoredSession, Vec<u8>, PathBuf) {
    let (writer, _) = start(scratch, create);
    let count = store_slowly(&writer, 100);
    drop(writer);
    let session = session(scratch, SHOP);
    assert!(soon(|| !session.is_live()));
    let first = session.segments()[0].path.clone();
    (session, lines(0, count), first)
}

#[test]
fn a_torn_end_is_where_reading_ends() {
    let scratch = Scratch::new("store-torn");
    let (session, written, _) = killed(&scratch);
    let last = session.segments()[1].path.clone();
    let length = fs::metadata(&last).unwrap().len();
    for cut in [1, 30, 60_000, length - 30] {
        let file = File::options().write(true).open(&last).unwrap();
        file.set_len(length - cut).unwrap();
        let mut reader = Reader::open(&session, Beginning::Start);
        let (output, gaps) = follow(&mut reader);
        assert!(written.starts_with(&output) && output.len() < written.len());
        assert_eq!(gaps, []);
        assert_eq!(reader.next().unwrap(), None);
    }
    // Of such a session nothing else is asked: it has no segment at all.
    for segment in session.segments() {
        fs::remove_file(segment.path).unwrap();
    }
    let (output, gaps) = follow(&mut Reader::open(&session, Beginning::Start));
    assert_eq!((output.len(), gaps.len()), (0, 0));
}

#[test]
fn behind_a_damaged_record_the_next_segment_follows() {
    use std::os::unix::fs::FileExt;
    let scratch = Scratch::new("store-damaged");
    let (session, written, first) = killed(&scratch);
    let file = File::options().write(true).open(&first).unwrap();
    file.write_all_at(b"!", 1_000_000).unwrap();
    let (output, gaps) = follow(&mut Reader::open(&session, Beginning::Start));
    let [(missing, GapCause::Damaged)] = gaps[..] else {
        panic!("{gaps:?}");
    };
    assert_eq!(missing.lines as usize * 100 + output.len(), written.len());
    assert!((900_000..1_000_000).contains(&(output.len() - output_behind(&session))));
    // With nothing behind it, how many lines that are nobody knows.
    fs::remove_file(&session.segments()[1].path).unwrap();
    let (_, gaps) = follow(&mut Reader::open(&session, Beginning::Start));
    assert!(matches!(
        gaps[..],
        [(
            Amount {
                lines: 0,
                bytes: 3_000_000..
            },
            GapCause::Damaged
        )]
    ));
}

/// How much output its last segment holds, in bytes.
fn output_behind(session: &StoredSession) -> usize {
    follow(&mut Reader::open(session, Beginning::Last(1)))
        .0
        .len()
}
