//! What the kernel knows of a process.

use std::fs;
use std::time::Duration;

use nix::unistd::Pid;

pub struct Stat {
    pub parent: i32,
    /// In ticks since the system began.
    pub start: u64,
    pub is_zombie: bool,
    pub name: String,
    /// Of the processor, as itself and in the kernel.
    pub time: Duration,
}

pub fn stat(pid: i32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        start: ticks(19)?,
        is_zombie: fields[0] == "Z",
        name: head.split_once('(')?.1.to_string(),
        // A tick is 10 ms on every Linux that there is.
        time: Duration::from_millis((ticks(11)? + ticks(12)?) * 10),
    })
}

/// Zombies too.
pub fn children(parent: i32) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("there is a /proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|stat| stat.parent == parent))
        .collect()
}

pub fn zombies(parent: i32) -> Vec<i32> {
    let is_zombie = |pid: &i32| stat(*pid).is_some_and(|stat| stat.is_zombie);
    children(parent).into_iter().filter(is_zombie).collect()
}

/// The guardian of a session that is up.
pub fn guardian_of(manager: Pid) -> Pid {
    Pid::from_raw(guardian(manager.as_raw()).expect("it has one"))
}

/// The guardian of that session, if it has one yet.
pub fn guardian(manager: i32) -> Option<i32> {
    let is_guardian = |pid: &i32| stat(*pid).is_some_and(|stat| stat.name == "drguard");
    children(manager).into_iter().find(is_guardian)
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    pub descriptors: usize,
    pub threads: u64,
    /// Resident, in KiB.
    pub memory: u64,
    pub children: usize,
}

pub fn holdings(pid: i32) -> Holdings {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.map_or(0, |number| number.parse().expect("it is a number"))
    };
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
    Holdings {
        descriptors: descriptors.into_iter().flatten().count(),
        threads: number("Threads:"),
        memory: number("VmRSS:"),
        children: children(pid).len(),
    }
}
