//! What a process of the soak does: one of many ways to write, to multiply and to end, chosen at random. Each
//! writer keeps a record of what it wrote, by which the soak checks what was shown.
//!
//! A line is `PID-START NUMBER LENGTH PADDING`: whose, which of its lines from 1, and how long it is. A record
//! is a file `RECORDS/PROCESS-LEADER/PID-START` of two numbers (u64, little-endian): the bytes that the writer was
//! about to have written, and those that it knows were taken. What was shown lies between the two: they
//! differ only where a writer was killed within a write.

use std::fs::File;
use std::io::IsTerminal;
use std::net::TcpListener;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use nix::unistd::{ForkResult, fork, setsid};

/// Which lines may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// All, also in pieces and longer than a pipe takes at once.
    Any,
    /// Those that one write(2) hands on whole, so that each is one row of the plain stream too.
    Short,
}

/// A writer may not tear the lines of others: longer ones only where it is alone.
const SHORT: usize = 2000;
const LONG: usize = 300_000;

/// The life of a process of the soak.
pub fn live(lines: Lines, records: &str, seed: &str) {
    let process = std::env::var("PS").expect("devrun tells the name");
    let mut chance = Chance::of_run(seed);
    let directory = Path::new(records).join(format!("{process}-{}", std::process::id()));
    let mut writer = Writer::new(&directory);
    match (lines, chance.below(13)) {
        (_, 0) => paced(&mut writer, &mut chance),
        (_, 1) => fails(&mut writer, &mut chance),
        (_, 2) => aborts(&mut writer, &mut chance),
        (Lines::Any, 3) => floods(&mut writer, &mut chance),
        (_, 4) => multiplies(&mut writer, &mut chance),
        (_, 5) => daemonises(&mut writer, &mut chance),
        (_, 6) => is_stubborn(&mut writer, &mut chance),
        (_, 7) => stops_itself(&mut writer),
        (_, 8) => serves(&mut writer, &mut chance),
        (Lines::Any, 9) => prompts(&mut writer, &mut chance),
        (Lines::Any, 10) => writes_long_lines(&mut writer, &mut chance),
        (_, 11) => has_last_words(&mut writer),
        _ => storms(&mut writer, &mut chance),
    }
}

/// One line, and no end.
pub fn stay(records: &str) -> ! {
    let process = std::env::var("PS").expect("devrun tells the name");
    let directory = Path::new(records).join(format!("{process}-{}", std::process::id()));
    Writer::new(&directory).lines(1, SHORT);
    crate::park()
}

fn paced(writer: &mut Writer, chance: &mut Chance) {
    write_for(writer, chance, 8000);
}

fn fails(writer: &mut Writer, chance: &mut Chance) {
    write_for(writer, chance, 2000);
    std::process::exit(1 + chance.below(100) as i32);
}

fn aborts(writer: &mut Writer, chance: &mut Chance) {
    write_for(writer, chance, 2000);
    std::process::abort();
}

/// Thousands of lines in large pieces, then the end at once.
fn floods(writer: &mut Writer, chance: &mut Chance) {
    for _ in 0..1 + chance.below(4) {
        writer.block(1000 + chance.below(8000), 20 + chance.below(200));
        chance.rest(1500);
    }
    std::process::exit(chance.below(2) as i32);
}

/// Children that write as well, each second one in a session of its own; nobody waits for them. Not on a terminal: there
/// a line of any length is torn where its writer is killed, and that of another one would follow.
fn multiplies(writer: &mut Writer, chance: &mut Chance) {
    if std::io::stdout().is_terminal() {
        return paced(writer, chance);
    }
    for number in 0..1 + chance.below(3) {
        if is_child() {
            if number % 2 == 1 {
                let _ = setsid();
            }
            let mut own = writer.of_child();
            let mut chance = chance.other(number);
            return write_for(&mut own, &mut chance, 3000);
        }
    }
    write_for(writer, chance, 3000);
    std::process::exit(chance.below(3) as i32);
}

/// The classic way, though the parent waits for nobody.
fn daemonises(writer: &mut Writer, chance: &mut Chance) {
    writer.lines(1 + chance.below(20), SHORT);
    if !is_child() {
        return;
    }
    let _ = setsid();
    if is_child() {
        let mut own = writer.of_child();
        if chance.below(2) == 0 {
            crate::ignore(Signal::SIGTERM);
        }
        write_for(&mut own, chance, 5000);
    }
}

fn is_stubborn(writer: &mut Writer, chance: &mut Chance) {
    crate::ignore(Signal::SIGTERM);
    write_for(writer, chance, 6000);
    std::process::exit(chance.below(2) as i32);
}

/// Whoever wants it to go on has to say so.
fn stops_itself(writer: &mut Writer) {
    writer.lines(3, SHORT);
    raise(Signal::SIGSTOP).expect("it is our own");
    writer.lines(3, SHORT);
}

fn serves(writer: &mut Writer, chance: &mut Chance) {
    let address = (std::net::Ipv4Addr::LOCALHOST, crate::port());
    let Ok(_listener) = TcpListener::bind(address) else {
        std::process::exit(1);
    };
    write_for(writer, chance, 8000);
}

/// Lines in two pieces, with a pause that is long enough for the first one to be shown.
fn prompts(writer: &mut Writer, chance: &mut Chance) {
    for _ in 0..1 + chance.below(4) {
        let line = writer.next(40 + chance.below(100));
        let (first, rest) = line.split_at(1 + chance.below(30));
        writer.write(first);
        chance.rest(700);
        writer.write(rest);
    }
}

fn writes_long_lines(writer: &mut Writer, chance: &mut Chance) {
    for _ in 0..1 + chance.below(8) {
        writer.lines(1, chance.below(LONG));
        chance.rest(300);
    }
}

static IS_TOLD_TO_END: AtomicBool = AtomicBool::new(false);

extern "C" fn note_the_end(_: nix::libc::c_int) {
    IS_TOLD_TO_END.store(true, Ordering::Relaxed);
}

fn has_last_words(writer: &mut Writer) {
    let handler = SigHandler::Handler(note_the_end);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler stores to an atomic and does no more.
    unsafe { sigaction(Signal::SIGTERM, &action) }.expect("it may be handled");
    let begun = Instant::now();
    while !IS_TOLD_TO_END.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_secs(10) {
        writer.lines(1, 100);
        std::thread::sleep(Duration::from_millis(50));
    }
    writer.lines(100, 100);
}

/// Short-lived children in sessions of their own, deaf to SIGTERM, which write nothing.
fn storms(writer: &mut Writer, chance: &mut Chance) {
    for _ in 0..chance.below(40) {
        writer.lines(1, 100);
        if is_child() {
            let _ = setsid();
            crate::ignore(Signal::SIGTERM);
            nix::unistd::alarm::set(1 + chance.below(2) as u32);
            crate::park()
        }
        chance.rest(50);
    }
}

/// Lines at a random rate, for at most so many milliseconds.
fn write_for(writer: &mut Writer, chance: &mut Chance, milliseconds: usize) {
    let begun = Instant::now();
    let duration = Duration::from_millis(chance.below(milliseconds) as u64);
    let pause = 1 + chance.below(150);
    while begun.elapsed() < duration {
        writer.lines(1 + chance.below(5), 30 + chance.below(SHORT - 30));
        chance.rest(pause);
    }
}

/// Forks. Where the system lets nobody multiply, this is the end, without a word that the soak does not know.
fn is_child() -> bool {
    // SAFETY: this program has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => true,
        Ok(ForkResult::Parent { .. }) => false,
        Err(_) => std::process::exit(4),
    }
}

struct Writer {
    directory: PathBuf,
    /// `PID-START`: the second number is when it began, in the kernel's ticks.
    key: String,
    record: File,
    number: u64,
    intended: u64,
    taken: u64,
}

impl Writer {
    fn new(directory: &Path) -> Self {
        std::fs::create_dir_all(directory).expect("the directory is ours");
        let stat = std::fs::read_to_string("/proc/self/stat").expect("there is a /proc");
        let fields = stat.rsplit(") ").next().expect("it has a name");
        let start = fields.split(' ').nth(19).expect("it has a start");
        let key = format!("{}-{start}", std::process::id());
        let record = File::create(directory.join(&key)).expect("the directory is ours");
        let writer = Self {
            directory: directory.into(),
            key,
            record,
            number: 0,
            intended: 0,
            taken: 0,
        };
        writer.note();
        writer
    }

    /// That of a process which was just forked.
    fn of_child(&self) -> Self {
        Self::new(&self.directory)
    }

    /// One write each.
    fn lines(&mut self, count: usize, length: usize) {
        for _ in 0..count {
            let line = self.next(length);
            self.write(&line);
        }
    }

    /// All of them in one piece, as far as the pipe goes.
    fn block(&mut self, count: usize, length: usize) {
        let block: Vec<u8> = (0..count).flat_map(|_| self.next(length)).collect();
        self.write(&block);
    }

    fn next(&mut self, length: usize) -> Vec<u8> {
        self.number += 1;
        let head = format!("{} {} {length} ", self.key, self.number);
        let mut line = head.into_bytes();
        // Other bytes in each line, so that a mixture of two is seen.
        let letter = b'a' + (self.number % 26) as u8;
        line.resize(line.len().max(length), letter);
        line.push(b'\n');
        line
    }

    /// What is large is parted, so that little of it is in doubt if the writer is killed.
    fn write(&mut self, bytes: &[u8]) {
        bytes
            .chunks(16 * 1024)
            .for_each(|piece| self.hand_on(piece));
    }

    fn hand_on(&mut self, mut bytes: &[u8]) {
        self.intended += bytes.len() as u64;
        self.note();
        while !bytes.is_empty() {
            // Not `Stdout`, which keeps what has no newline.
            let taken = nix::unistd::write(std::io::stdout(), bytes);
            let Ok(taken) = taken else {
                std::process::exit(3);
            };
            self.taken += taken as u64;
            self.note();
            bytes = &bytes[taken..];
        }
    }

    fn note(&self) {
        let mut numbers = [0; 16];
        let (intended, taken) = numbers.split_at_mut(8);
        intended.copy_from_slice(&self.intended.to_le_bytes());
        taken.copy_from_slice(&self.taken.to_le_bytes());
        self.record
            .write_all_at(&numbers, 0)
            .expect("there is room");
    }
}

/// Numbers that the seed, the process and the number of its run settle.
struct Chance(u64);

impl Chance {
    fn of_run(seed: &str) -> Self {
        let id = std::env::var("DEVRUN_ID").expect("devrun marks a run");
        // Of `SESSION.PROCESS.RUN` the session is another one each time.
        let run = id.split_once('.').map_or("", |(_, run)| run);
        let text = format!("{seed}.{run}");
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash)
    }

    /// For a child, which is not to do the same.
    fn other(&self, number: usize) -> Self {
        Self(self.0 ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 to `bound` - 1 (splitmix64).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }

    /// Sleeps for less than so many milliseconds.
    fn rest(&mut self, milliseconds: usize) {
        std::thread::sleep(Duration::from_millis(self.below(milliseconds) as u64));
    }
}
