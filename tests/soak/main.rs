//! The soak: a session whose processes write, multiply and end at random, while random commands are given to it
//! and whole sessions come and go beside it. At the end everything is counted: what was started was reaped,
//! what was written was shown, and neither descriptors nor threads nor memory have grown.
//!
//! `DEVRUN_SOAK_SECONDS` (60) and `DEVRUN_SOAK_SEED` (a new one) say how long and how. The seed settles what is
//! chosen, and not when the system gets around to it.

#[cfg(target_os = "linux")]
mod beside;
#[cfg(target_os = "linux")]
mod calm;
#[cfg(target_os = "linux")]
mod chance;
#[cfg(target_os = "linux")]
mod hands;
#[cfg(target_os = "linux")]
#[path = "../it/kernel.rs"]
#[expect(dead_code, reason = "another test binary uses the rest of it")]
mod kernel;
#[cfg(target_os = "linux")]
#[path = "../faults/left.rs"]
mod left;
#[cfg(target_os = "linux")]
mod line;
#[cfg(target_os = "linux")]
mod records;
#[cfg(target_os = "linux")]
#[path = "../it/screen.rs"]
#[expect(dead_code, reason = "another test binary uses the rest of it")]
mod screen;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod shown;
#[cfg(target_os = "linux")]
mod stored;
#[cfg(target_os = "linux")]
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "another test binary uses the rest of it")]
mod support;
#[cfg(target_os = "linux")]
mod tally;
#[cfg(target_os = "linux")]
mod visits;

#[cfg(target_os = "linux")]
use nix::sys::signal::{self, SigHandler, Signal};

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let number = |name: &str| {
        let value = std::env::var(name).ok()?;
        Some(value.parse().expect("it is a number"))
    };
    let seconds = number("DEVRUN_SOAK_SECONDS").unwrap_or(60);
    let seed = number("DEVRUN_SOAK_SEED").unwrap_or_else(chance::seed);
    // A shell that starts us in the background has them ignored, and so had every command that we interrupt.
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        // SAFETY: the default action runs no code of ours.
        unsafe { signal::signal(signal, SigHandler::SigDfl) }.expect("it may be changed");
    }
    session::soak(std::time::Duration::from_secs(seconds), seed)
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the soak is left out: it reads /proc");
}
