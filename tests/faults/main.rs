//! The fault suite: what goes wrong around a session, and what a user sees of it then. Every case is told from
//! outside, has an end of its own, and leaves no process. One file per kind of fault.

mod bounds;
mod environment;
mod families;
mod files;
mod killed;
mod left;
mod names;
#[cfg(target_os = "linux")]
mod passing;
mod pipes;
mod ports;
mod restarts;
mod scarcity;
#[path = "../it/screen.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest of it")]
mod screen;
mod signals;
#[cfg(target_os = "linux")]
mod storms;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest of it")]
mod support;
mod yaml;
