//! What a user does to a session: commands at random, each of which has to end as it may.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::chance::Chance;
use crate::screen::{LEAVE, Screen};
use crate::session::{self, Soak, TERMINALS};
use crate::support::Devrun;
use crate::visits;

/// Until time is over.
pub fn work(soak: &Soak, mut chance: Chance) {
    while soak.goes_on() {
        let shared = soak.calm.read().unwrap();
        // It may have ended while that was waited for.
        if soak.goes_on() {
            one(soak, &mut chance);
        }
        drop(shared);
        chance.rest(300);
    }
}

fn one(soak: &Soak, chance: &mut Chance) {
    let names = session::names();
    let name = &chance.one_of(&names)[..];
    match chance.below(17) {
        0 | 1 => run(soak, &["restart", "--timeout", "2", name], &[0, 1, 124]),
        2 => run(soak, &["restart", "--timeout", "2"], &[0, 1, 124]),
        3 => {
            run(soak, &["stop", name], &[0, 1]);
            visits::steer(soak, "start", &[name.to_string()]);
        }
        16 => visits::steer(soak, "restart", &[name.to_string()]),
        4 => run(soak, &["ps"], &[0]),
        5 => run(soak, &["ps", "--json"], &[0]),
        6 => run(soak, &["logs", "-n", "50"], &[0]),
        7 => run(soak, &["logs", name, "-n", "5", "--json"], &[0]),
        8 => follow(soak, chance, name),
        9 => run(soak, &["wait", "--timeout", "1", name], &[0, 1, 124]),
        10 => run(soak, &["run", "-p", name, "sh", "-c", "exit 7"], &[7]),
        11 => run(soak, &["env", name], &[0]),
        12 => attach(soak, chance),
        13 => send(soak, chance, Signal::SIGSTOP),
        14 => send(soak, chance, Signal::SIGCONT),
        _ => send(soak, chance, Signal::SIGKILL),
    }
}

/// A command to its end, which has to be one of those.
fn run(soak: &Soak, arguments: &[&str], may_be: &[i32]) {
    let done = soak.project.run(arguments);
    soak.tally.count(&format!("commands: {}", arguments[0]), 1);
    soak.tally
        .count(&format!("commands: status {}", done.status), 1);
    if !may_be.contains(&done.status) {
        let (status, stderr) = (done.status, &done.stderr);
        soak.tally
            .fail(format!("{arguments:?} ended with {status}: {stderr}"));
    }
}

/// `logs -f` for a while, ended as a user does, or by the reader's end.
fn follow(soak: &Soak, chance: &mut Chance, name: &str) {
    let command = soak.project.command(["logs", "-f", name]);
    let mut devrun = Devrun::spawn(command);
    chance.rest(1500);
    soak.tally.count("commands: logs -f", 1);
    if chance.below(2) == 0 {
        return devrun.kill();
    }
    let status = devrun.interrupt();
    // Before it has a handler, the signal ends it.
    if ![0, 130].contains(&status) {
        soak.tally.fail(format!(
            "logs -f ended with {status}: {}",
            devrun.stderr.text()
        ));
    }
}

/// A look at a terminal, which may be gone, and away again.
fn attach(soak: &Soak, chance: &mut Chance) {
    let name = format!("screen.{}", 1 + chance.below(TERMINALS));
    let command = soak.project.command(["attach", &name]);
    let mut screen = Screen::run(&soak.project, command, 80);
    chance.rest(800);
    soak.tally.count("commands: attach", 1);
    if chance.below(4) == 0 {
        screen.signal(Signal::SIGKILL);
        return;
    }
    // Where it says how to leave, or why there is nothing to see.
    screen.wait_for("\n").type_(LEAVE);
    let status = screen.wait();
    soak.tally
        .count(&format!("commands: attach, status {status}"), 1);
}

/// To the first process of a run, from outside.
fn send(soak: &Soak, chance: &mut Chance, signal: Signal) {
    let live = soak.live.lock().unwrap();
    let mut pids: Vec<i32> = live
        .iter()
        .filter(|(name, _)| *name != "stays.1")
        .map(|(_, pid)| *pid)
        .collect();
    pids.sort_unstable();
    if pids.is_empty() {
        return;
    }
    let pid = *chance.one_of(&pids);
    // Nobody else can have that pid within the blink of an eye since it was in this directory.
    let directory = std::fs::read_link(format!("/proc/{pid}/cwd"));
    if directory.is_ok_and(|it| it == soak.project.directory()) {
        let _ = kill(Pid::from_raw(pid), signal);
        soak.tally
            .count(&format!("signals from outside: {signal}"), 1);
    }
}
