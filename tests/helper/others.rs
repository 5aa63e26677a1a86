//! What another user, or a shell with strange habits, does.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Uid, setuid};

use crate::ends::settle;
use crate::{ignore, park};

/// How long it stays if nobody ends it, in seconds.
const STAY: u32 = 60;

/// Asks a session for its apps, and says what comes: nothing, or the first line of the answer.
pub fn ask(socket: &str) {
    let answer = UnixStream::connect(socket).map(|mut stream| {
        let mut answer = String::new();
        // Who is not heard may find the connection closed before all is written.
        let _ = stream.write_all(b"GET /v1/apps HTTP/1.1\r\nhost: devrun\r\n\r\n");
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    match answer {
        Ok(answer) => println!("heard {:?}", answer.lines().next().unwrap_or_default()),
        Err(error) => println!("not connected: {:?}", error.kind()),
    }
}

/// Takes root's rights altogether, as `sudo` does; our file has to be setuid. Then it is in `file`, and stays.
pub fn as_root(file: &str) -> ! {
    setuid(Uid::from_raw(0)).expect("the program is root's, and setuid");
    ignore(Signal::SIGTERM);
    nix::unistd::alarm::set(STAY);
    settle(file);
    park()
}

/// Becomes a program that begins with these signals held back.
pub fn with_signals_blocked(program: &[&str]) -> ! {
    let mut held = SigSet::empty();
    for signal in [
        Signal::SIGUSR1,
        Signal::SIGWINCH,
        Signal::SIGTERM,
        Signal::SIGCHLD,
    ] {
        held.add(signal);
    }
    held.thread_block().expect("they may be held back");
    let error = Command::new(program[0]).args(&program[1..]).exec();
    panic!("{error}");
}
