//! What a user sees, from outside: one binary, by topic. Children are one-line `sh` programs, or the
//! program in tests/helper for what `sh` cannot do.

mod attach;
mod attach_remote;
mod check;
mod commands;
mod complete;
mod detach;
mod docs;
mod env;
mod errors;
mod export;
mod export_apps;
mod export_ready;
mod export_secrets;
mod init;
mod job;
mod json;
#[cfg(target_os = "linux")]
#[expect(dead_code, reason = "the other test binaries use the rest of it")]
mod kernel;
mod keyboard;
#[path = "../faults/left.rs"]
mod left;
mod link;
mod links;
#[cfg(target_os = "linux")]
mod linux;
mod logs;
mod logs_ends;
mod man;
mod open;
mod orphans;
mod output;
mod ports;
mod ps;
mod readme;
mod ready;
mod real;
mod run_as;
mod run_up;
mod schema;
mod schemas;
mod screen;
mod screens;
mod settings;
mod shutdown;
mod start;
mod statuses;
mod steer;
mod store;
mod supervision;
mod support;
mod terminal;
mod uses;
mod wait;
mod watch;
mod wiring;
