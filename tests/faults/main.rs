//! The fault suite: what goes wrong around a session, and what a user sees of it then. Every case is told from
//! outside, has an end of its own, and leaves no process. One file per kind of fault.

mod bounds;
#[cfg(target_os = "linux")]
mod browser;
mod bytes;
#[cfg(target_os = "linux")]
mod copy;
mod ends;
mod environment;
mod executes;
mod families;
mod files;
mod fronts;
#[cfg(target_os = "linux")]
mod guardian;
#[cfg(target_os = "linux")]
mod injected;
#[cfg(target_os = "linux")]
#[path = "../it/kernel.rs"]
#[expect(dead_code, reason = "the soak uses the rest of it")]
mod kernel;
mod killed;
mod left;
mod locks;
mod names;
mod numbers;
#[cfg(target_os = "linux")]
mod order;
#[cfg(target_os = "linux")]
mod others;
mod outlets;
#[cfg(target_os = "linux")]
mod passing;
mod pipes;
mod ports;
mod readers;
mod restarts;
#[cfg(target_os = "linux")]
mod rights;
mod scarcity;
#[path = "../it/screen.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest of it")]
mod screen;
mod screens;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(target_os = "linux")]
mod shares;
#[cfg(target_os = "linux")]
mod stale;
#[cfg(target_os = "linux")]
mod storms;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest of it")]
mod support;
mod tries;
mod yaml;
