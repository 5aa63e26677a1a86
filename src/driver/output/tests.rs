//! The output with real pipes at both ends.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::*;
use crate::driver::output::room::FULL_WHILE_STOPPING;

use crate::render::stream::{Look, Stream};
use crate::render::timestamp::Timestamp;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a test as the driver runs: in a `LocalSet` of a runtime with one thread.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let test = async { time::timeout(PATIENCE, test).await.expect("in time") };
    tokio::task::LocalSet::new().block_on(&runtime, test)
}

fn pipe() -> (OwnedFd, File) {
    let (read, write) = descriptor::pipe().unwrap();
    (read, File::from(write))
}

fn output(stdout: impl Into<OwnedFd>) -> Output {
    output_that_tells(stdout, mpsc::unbounded_channel().0)
}

fn output_that_tells(stdout: impl Into<OwnedFd>, told: mpsc::UnboundedSender<Told>) -> Output {
    let look = Look {
        is_terminal: false,
        ..Look::default()
    };
    let stream = Renderer::Text(Stream::new(&["a.1".into(), "b.1".into()], look));
    let clock = Clock::new(Timestamp::None);
    Output::start(stream, clock, stdout.into(), (2, Lines::Shown), told).unwrap()
}

/// A child that writes to the source from another thread, and how it is known that it wrote all.
fn child(
    output: &Output,
    source: usize,
    write: impl FnOnce(&mut File) + Send + 'static,
) -> (Reader, oneshot::Receiver<File>) {
    let (read, mut end) = pipe();
    let mut reader = output.read(source, 1, read).unwrap();
    reader.begin();
    let (done, is_done) = oneshot::channel();
    std::thread::spawn(move || {
        write(&mut end);
        let _ = done.send(end);
    });
    (reader, is_done)
}

/// What the reader of stdout has got so far.
#[derive(Clone, Default)]
struct Seen(Arc<(Mutex<Vec<u8>>, Notify)>);

impl Seen {
    fn read(stdout: OwnedFd) -> (Self, std::thread::JoinHandle<()>) {
        let seen = Self::default();
        let (threads, mut stdout) = (seen.clone(), File::from(stdout));
        let thread = std::thread::spawn(move || {
            let mut chunk = [0; 64 * 1024];
            while let Ok(count @ 1..) = stdout.read(&mut chunk) {
                threads.0.0.lock().unwrap().extend(&chunk[..count]);
                threads.0.1.notify_waiters();
            }
        });
        (seen, thread)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().unwrap()).into_owned()
    }

    async fn wait_for(&self, text: &str) {
        loop {
            let more = self.0.1.notified();
            if self.text().contains(text) {
                return;
            }
            more.await;
        }
    }
}

fn numbered(count: usize) -> String {
    (1..=count).map(|line| format!("line {line}\n")).collect()
}

/// Of one process: what stands behind its prefixes.
fn of(name: &str, seen: &str) -> String {
    let prefix = format!("{name:6} | ");
    let lines = seen.split_inclusive('\n');
    lines
        .filter_map(|line| line.strip_prefix(&prefix))
        .collect()
}

#[test]
fn everything_that_was_written_before_the_end_is_there() {
    let (stdout, end) = pipe();
    let (seen, thread) = Seen::read(stdout);
    run(async {
        let output = output(end);
        let write = |end: &mut File| end.write_all(numbered(20_000).as_bytes()).unwrap();
        let (reader, is_done) = child(&output, 0, write);
        // Somebody else holds the pipe open: its end does not come.
        let _held = is_done.await.unwrap();
        let last_lines = reader.drain().await;
        assert_eq!(last_lines.last().unwrap(), "line 20000");
        let ended = output.finish(Instant::now() + PATIENCE).await;
        assert_eq!((ended.lost, ended.has_failed), (0, false));
    });
    thread.join().unwrap();
    assert!(of("a.1", &seen.text()) == numbered(20_000));
}

#[test]
fn an_open_line_is_shown_after_silence_and_at_the_end_of_the_pipe() {
    let (stdout, end) = pipe();
    let (seen, _thread) = Seen::read(stdout);
    run(async {
        let output = output(end);
        let prompt = |end: &mut File| end.write_all(b"name? ").unwrap();
        let (reader, is_done) = child(&output, 0, prompt);
        seen.wait_for("a.1    | name? ").await;
        is_done.await.unwrap().write_all(b"Ada").unwrap();
        // The pipe is closed now; the run is not over.
        seen.wait_for("a.1    | name? Ada").await;
        assert_eq!(reader.drain().await, ["name? Ada"]);
        output.flushed().await;
        seen.wait_for("a.1    | name? Ada\n").await;
    });
}

#[test]
fn a_flood_does_not_starve_a_quiet_process() {
    let (stdout, end) = pipe();
    let (seen, _thread) = Seen::read(stdout);
    run(async {
        let output = output(end);
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        let flood = move |end: &mut File| while end.write_all(&line).is_ok() {};
        let (_flood, _) = child(&output, 0, flood);
        let (_quiet, _) = child(&output, 1, |end| end.write_all(b"here\n").unwrap());
        seen.wait_for("b.1    | here\n").await;
    });
}

#[test]
fn who_writes_little_does_not_wait_its_turn_among_floods() {
    let (_stdout, end) = pipe();
    run(async {
        let (told, mut hears) = mpsc::unbounded_channel();
        let output = output_that_tells(end, told);
        let chunk = format!("{:63}\n", "").repeat(CHUNK / 64);
        let flood = move |end: &mut File| while end.write_all(chunk.as_bytes()).is_ok() {};
        let (_flood, _) = child(&output, 0, flood);
        while !output.is_full(0) {
            tokio::task::yield_now().await;
        }
        output.await_writing(1);
        let (_quiet, _) = child(&output, 1, |end| end.write_all(b"here\n").unwrap());
        assert_eq!(hears.recv().await, Some(Told::Wrote(1)));
    });
}

/// A line does not stand in two pages of a pipe, so a full one holds less than its capacity: at the worst little more than
/// half of it. Who has to wait for the processor again and again is no flood meanwhile.
#[test]
fn a_flood_of_lines_through_a_usual_pipe_is_one() {
    const TRIES: usize = 20;
    for length in [100, 2049] {
        let is_known = (0..TRIES).any(|_| is_known_as_a_flood(length));
        assert!(is_known, "{length}");
    }
}

/// Whether lines so long are not given the room that is for those who write little.
fn is_known_as_a_flood(length: usize) -> bool {
    let (_stdout, end) = pipe();
    run(async {
        let output = output(end);
        let line = [b"x".repeat(length - 1), b"\n".to_vec()].concat();
        let flood = move |end: &mut File| while end.write_all(&line).is_ok() {};
        let (_flood, _) = child(&output, 0, flood);
        while !output.is_full(0) {
            tokio::task::yield_now().await;
        }
        time::sleep(SILENCE).await;
        output.0.writer.waiting() < output.0.writer.depth() + 2 * CHUNK
    })
}

#[test]
fn a_stranger_who_writes_on_does_not_prolong_the_run() {
    let (stdout, end) = pipe();
    let (_seen, _thread) = Seen::read(stdout);
    run(async {
        let output = output(end);
        let flood = |end: &mut File| while end.write_all(&[b'x'; 64 * 1024]).is_ok() {};
        let (reader, _) = child(&output, 0, flood);
        reader.drain().await;
    });
}

#[test]
fn who_does_not_read_makes_the_children_wait_but_not_their_end() {
    const LINES: usize = 3_000_000;
    let (stdout, end) = pipe();
    let ended = run(async {
        let output = output(end);
        let write = |end: &mut File| {
            for line in numbered(LINES).as_bytes().chunks(64 * 1024) {
                end.write_all(line).unwrap();
            }
        };
        let (reader, mut is_done) = child(&output, 0, write);
        while output.0.writer.waiting() < output.0.writer.depth() {
            tokio::task::yield_now().await;
        }
        assert!(is_done.try_recv().is_err(), "it has to wait");
        output.begin_stop();
        // It can write all, and end by itself.
        let _held = is_done.await.unwrap();
        assert_eq!(reader.drain().await.last().unwrap(), "line 3000000");
        let most = FULL_WHILE_STOPPING + 4 * CHUNK;
        assert!((FULL_WHILE_STOPPING..most).contains(&output.0.writer.waiting()));
        output.finish(Instant::now()).await
    });
    assert!(ended.lost as usize > numbered(LINES).len() - FULL_WHILE_STOPPING);
    assert!(!ended.has_failed);
    // What is there is whole lines, and in order.
    let mut seen = String::new();
    File::from(stdout).read_to_string(&mut seen).unwrap();
    assert!(numbered(LINES).starts_with(&of("a.1", &seen)));
}

#[test]
fn what_is_written_while_a_terminal_is_left_comes_afterwards() {
    let (stdout, end) = pipe();
    run(async {
        let output = output(end);
        output.attach(0, 24);
        output.detach();
        let (reader, is_done) = child(&output, 0, |end| end.write_all(b"bye\n").unwrap());
        is_done.await.unwrap();
        reader.drain().await;
        output.flushed().await;
        output.show_held();
        output.finish(Instant::now() + PATIENCE).await;
    });
    let mut seen = String::new();
    File::from(stdout).read_to_string(&mut seen).unwrap();
    assert!(seen.ends_with("\r\na.1    | bye\n"), "{seen:?}");
}

#[test]
fn a_reader_that_goes_is_noticed_though_nobody_writes() {
    let (stdout, end) = pipe();
    run(async {
        let output = output(end);
        drop(stdout);
        output.closed().await;
        // Children are read on, so that they can end.
        let write = |end: &mut File| end.write_all(numbered(1_000_000).as_bytes()).unwrap();
        let (reader, is_done) = child(&output, 0, write);
        is_done.await.unwrap();
        assert_eq!(reader.drain().await.last().unwrap(), "line 1000000");
        assert_eq!(output.finish(Instant::now() + PATIENCE).await.lost, 0);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_remembered() {
    run(async {
        let output = output(File::options().write(true).open("/dev/full").unwrap());
        output.say(&Notice::GuardianLost);
        let ended = output.finish(Instant::now() + PATIENCE).await;
        assert!(ended.has_failed);
    });
}

#[test]
fn a_line_of_many_mebibytes_takes_little_memory() {
    const LENGTH: usize = 64 * 1024 * 1024;
    let (stdout, end) = pipe();
    let reader = std::thread::spawn(move || {
        let (mut stdout, mut count, mut chunk) = (File::from(stdout), 0, vec![0; 1024 * 1024]);
        while let Ok(read @ 1..) = stdout.read(&mut chunk) {
            count += read;
        }
        count
    });
    run(async {
        let output = output(end);
        let write = |end: &mut File| {
            for _ in 0..LENGTH / CHUNK {
                end.write_all(&[0; CHUNK]).unwrap();
            }
        };
        let (reader, is_done) = child(&output, 0, write);
        is_done.await.unwrap();
        reader.drain().await;
        assert!(output.0.writer.waiting() <= output.0.writer.depth() + 4 * CHUNK);
        assert_eq!(output.finish(Instant::now() + PATIENCE).await.lost, 0);
    });
    assert_eq!(reader.join().unwrap(), "a.1    | ".len() + LENGTH + 1);
}
