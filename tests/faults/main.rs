//! The fault suite: what goes wrong around a session, and what a user sees of it then. Every case is told from
//! outside, has an end of its own, and leaves no process. One file per kind of fault.

#[cfg(target_os = "linux")]
mod injected;
mod left;
#[cfg(target_os = "linux")]
mod storms;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest of it")]
mod support;
