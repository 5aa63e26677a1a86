//! Descendants that are hard to end, each of which writes its pid into a file once it is what it is to be.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, raise};
use nix::unistd::{ForkResult, fork, setsid};

use crate::{daemonise, ignore, park, say};

/// Deaf to every signal by which one asks.
pub fn deaf(file: &str) -> ! {
    let asking = [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ];
    asking.into_iter().for_each(ignore);
    settle(file);
    park()
}

/// A child in a session of its own, below a parent that lives and passes nothing on.
pub fn own_session(file: &str) -> ! {
    in_own_session(|| {
        settle(file);
        park()
    })
}

/// The same, and it is stopped.
pub fn stopped_in_own_session(file: &str) -> ! {
    in_own_session(stop(file))
}

/// It is stopped, and its parents are gone.
pub fn stopped_daemon(file: &str) -> ! {
    daemonise(&format!("{file}.begun"), stop(file));
    park()
}

/// Leaves a process behind with nothing of ours about it: no environment, no descriptor, a session and a
/// directory of its own. It is so before its parent ends.
pub fn bare_daemon(file: &str) {
    let path = std::path::absolute(file).expect("there is a directory");
    let myself = std::env::current_exe().expect("it is known");
    // SAFETY: this program has one thread.
    if let ForkResult::Child = unsafe { fork() }.expect("fork works") {
        setsid().expect("we lead no group");
        let mut bare = Command::new(myself);
        bare.env_clear().current_dir("/").arg("bare").arg(path);
        panic!("{}", bare.exec());
    }
    while !std::fs::exists(file).unwrap_or(false) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A daemon that wipes its environment and lets go of its output once there is a file `go`, and then listens on
/// another port than its PORT.
pub fn forgetful_daemon(file: &str) {
    daemonise(file, || {
        while !std::fs::exists("go").unwrap_or(false) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let myself = std::env::current_exe().expect("it is known");
        let mut forgetful = Command::new(myself);
        forgetful.env_clear().arg("elsewhere");
        forgetful.stdout(Stdio::null()).stderr(Stdio::null());
        panic!("{}", forgetful.exec());
    });
}

/// What [`bare_daemon`] becomes.
pub fn bare(file: &str) -> ! {
    for descriptor in 0..1024 {
        // Most of them are not open.
        let _ = nix::unistd::close(descriptor);
    }
    settle(file);
    park()
}

/// Goes on in another process a hundred times a second, deaf to SIGTERM: a child is forked, its parent ends. It
/// does so for some ten seconds.
pub fn hop(file: &str) {
    setsid().expect("a shell forked us");
    ignore(Signal::SIGTERM);
    settle(file);
    for _ in 0..1000 {
        std::thread::sleep(Duration::from_millis(10));
        // SAFETY: one thread.
        if let ForkResult::Parent { .. } = unsafe { fork() }.expect("fork works") {
            return;
        }
    }
}

/// Tells of every signal that it is sent, and of nothing else.
pub fn stand_by() -> ! {
    let all = SigSet::all();
    all.thread_block().expect("they may be blocked");
    say("stands by");
    loop {
        let signal = all.wait().expect("one arrives");
        say(&format!("got {signal}"));
    }
}

fn in_own_session(then: impl FnOnce()) -> ! {
    // SAFETY: this program has one thread.
    if let ForkResult::Child = unsafe { fork() }.expect("fork works") {
        setsid().expect("we lead no group");
        then();
    }
    park()
}

/// Whoever sees the pid sees a process that is stopped, or is about to be.
fn stop(file: &str) -> impl FnOnce() {
    let file = file.to_string();
    move || {
        settle(&file);
        raise(Signal::SIGSTOP).expect("it may be sent");
        park()
    }
}

pub fn settle(file: &str) {
    let draft = format!("{file}.draft");
    std::fs::write(&draft, std::process::id().to_string()).expect("the directory is ours");
    std::fs::rename(draft, file).expect("the directory is ours");
}
