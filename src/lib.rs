//! devrun: a local development process manager. The rooms stand in the order in which the data flows;
//! ARCHITECTURE.md walks through them.

mod words;

mod syntax;

mod plan;

mod supervisor;

mod log;

mod render;

mod detect;
mod export;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod os;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod guardian;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod load;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod registry;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod store;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod control;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod driver;

#[expect(clippy::disallowed_methods, reason = "the shell half")]
mod cli;

#[cfg(feature = "benches")]
pub mod benches;

#[cfg(fuzzing)]
pub mod fuzz;

pub use cli::main;
