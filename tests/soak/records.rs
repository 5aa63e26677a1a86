//! What the writers of a run have noted of themselves (tests/helper/soak.rs).

use std::fs;
use std::path::{Path, PathBuf};

use crate::kernel;

/// Of all writers of one run: the bytes that were to be written, and those that are known to be.
#[derive(Default)]
pub struct Written {
    pub intended: u64,
    pub taken: u64,
    pub writers: u64,
    /// So many of them were killed within a write, which may have torn a line.
    pub torn: u64,
    /// Those that still are alive: `PID-START`.
    pub alive: Vec<String>,
}

/// Of the run of `process` whose first process is `leader`. Nothing, where that was ended before it could note
/// anything.
pub fn of_run(records: &Path, process: &str, leader: i32) -> Written {
    let mut written = Written::default();
    written.add(&directory(records, process, leader));
    written
}

/// Of all runs that there are.
pub fn of_all(records: &Path) -> Written {
    let mut written = Written::default();
    for run in fs::read_dir(records).into_iter().flatten().flatten() {
        written.add(&run.path());
    }
    written
}

/// So that the next run of that pid begins anew.
pub fn forget(records: &Path, process: &str, leader: i32) {
    let _ = fs::remove_dir_all(directory(records, process, leader));
}

fn directory(records: &Path, process: &str, leader: i32) -> PathBuf {
    records.join(format!("{process}-{leader}"))
}

impl Written {
    fn add(&mut self, directory: &Path) {
        for record in fs::read_dir(directory).into_iter().flatten().flatten() {
            let noted = fs::read(record.path()).expect("it is ours");
            let number = |at: usize| {
                let bytes = noted.get(at..at + 8);
                bytes.map_or(0, |bytes| {
                    u64::from_le_bytes(bytes.try_into().expect("they are eight"))
                })
            };
            let (intended, taken) = (number(0), number(8));
            self.intended += intended;
            self.taken += taken;
            self.torn += u64::from(taken < intended);
            self.writers += 1;
            let writer = record.file_name().into_string().expect("it is text");
            if is_alive(&writer) {
                self.alive.push(writer);
            }
        }
    }
}

fn is_alive(writer: &str) -> bool {
    let (pid, start) = writer.split_once('-').expect("it is PID-START");
    let stat = kernel::stat(pid.parse().expect("it is a pid"));
    stat.is_some_and(|stat| stat.start.to_string() == start && !stat.is_zombie)
}
