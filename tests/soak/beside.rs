//! Whole sessions, one after the other, each of which ends in one of the ways there are and leaves nobody.

use std::collections::HashMap;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::chance::Chance;
use crate::left::wait_until_nobody_is_left;
use crate::line::Order;
use crate::session::Soak;
use crate::support::{Devrun, Project, helper};
use crate::{kernel, records};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Signal(Signal),
    /// A second one at once.
    Twice(Signal),
    /// SIGKILL to the session's process and its whole group.
    Group,
    /// SIGKILL.
    Guardian,
    Stop,
}

const ENDS: [End; 10] = [
    End::Signal(Signal::SIGINT),
    End::Signal(Signal::SIGTERM),
    End::Signal(Signal::SIGHUP),
    End::Signal(Signal::SIGQUIT),
    End::Signal(Signal::SIGKILL),
    End::Twice(Signal::SIGINT),
    End::Twice(Signal::SIGTERM),
    End::Group,
    End::Guardian,
    End::Stop,
];

pub fn sessions(soak: &Soak) {
    let mut chance = Chance::of(soak.seed, 3);
    while soak.goes_on() {
        let end = *chance.one_of(&ENDS);
        let project = project(soak.seed ^ chance.next());
        let mut devrun = start(&project, &mut chance);
        chance.rest(3000);
        give_end(&project, &mut devrun, end);
        soak.tally.count(&format!("sessions beside: {end:?}"), 1);
        wait_until_nobody_is_left(&project);
        if let Err(fault) = compare(&project, &devrun.stdout.text(), end) {
            soak.tally
                .fail(format!("a session beside, {end:?}: {fault}"));
        }
    }
}

fn project(seed: u64) -> Project {
    let short = helper(&format!("soak short records {seed}"));
    Project::with_procfile(&format!("w: {short}\n")).file(
        "devrun.yaml",
        "timeout: 0.5\nrestart: always\nformation: { w: 4 }\n",
    )
}

/// The leader of a process group, with pipes or terminals for its processes.
fn start(project: &Project, chance: &mut Chance) -> Devrun {
    let tty = *chance.one_of(&["always", "never"]);
    let mut command = project.command(["start", "-p", "0", "--no-timestamp", "--tty", tty]);
    command.process_group(0);
    project.spawn(command)
}

fn give_end(project: &Project, devrun: &mut Devrun, end: End) {
    match end {
        End::Signal(Signal::SIGKILL) => devrun.kill(),
        End::Signal(signal) => {
            devrun.signal(signal).wait();
        }
        End::Twice(signal) => {
            devrun.signal(signal);
            // Less would be taken for one.
            std::thread::sleep(Duration::from_millis(200));
            // It may be over by now.
            let _ = kill(devrun.pid(), signal);
            devrun.wait();
        }
        End::Group => {
            let _ = killpg(devrun.pid(), Signal::SIGKILL);
            devrun.wait();
        }
        End::Guardian => {
            // A session that was just begun may have none yet.
            if let Some(guardian) = kernel::guardian(devrun.pid().as_raw()) {
                let _ = kill(Pid::from_raw(guardian), Signal::SIGKILL);
            } else {
                devrun.signal(Signal::SIGTERM);
            }
            devrun.wait();
        }
        End::Stop => {
            let stopped = project.run(&["stop"]);
            if stopped.status != 0 {
                devrun.signal(Signal::SIGTERM);
            }
            devrun.wait();
        }
    }
}

/// The plain stream: each writer's lines in order, and all of them if devrun ended in good order.
fn compare(project: &Project, stdout: &str, end: End) -> Result<(), String> {
    let mut orders: HashMap<&str, Order> = HashMap::new();
    let (mut shown, mut torn) = (0, Vec::new());
    let is_whole = stdout.ends_with('\n');
    let rows: Vec<&str> = stdout.lines().collect();
    for (place, row) in rows.iter().enumerate() {
        let (name, text) = row.split_once("| ").unwrap_or((row, ""));
        if !name.starts_with("w.") {
            continue;
        }
        let taken = orders.entry(name).or_default().take(text)?;
        let is_cut_off = place + 1 == rows.len() && !is_whole;
        if !taken && !is_cut_off {
            torn.push(row);
        }
        shown += text.len() as u64 + u64::from(taken);
    }
    let records: &Path = &project.directory().join("records");
    let written = records::of_all(records);
    if torn.len() as u64 > written.torn {
        return Err(format!("lines that nobody wrote are among these: {torn:?}"));
    }
    let is_orderly = !matches!(end, End::Group | End::Signal(Signal::SIGKILL));
    if shown > written.intended || (is_orderly && shown < written.taken) {
        let (taken, intended) = (written.taken, written.intended);
        return Err(format!(
            "{taken} to {intended} bytes were written, {shown} shown:\n{stdout}"
        ));
    }
    Ok(())
}
