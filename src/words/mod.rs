//! The vocabulary that every other room speaks. No I/O, and nothing else of devrun is used here.

pub(crate) mod answer;
pub(crate) mod base64;
pub(crate) mod env;
pub(crate) mod exit;
pub(crate) mod name;
pub(crate) mod notice;
pub(crate) mod policy;
pub(crate) mod port;
pub(crate) mod ready;
pub(crate) mod report;
pub(crate) mod secret;
pub(crate) mod stand_in;
pub(crate) mod texts;
pub(crate) mod url;
pub(crate) mod uses;
pub(crate) mod watching;
pub(crate) mod wire;
pub(crate) mod wiring;
pub(crate) mod wording;
