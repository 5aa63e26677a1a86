//! Lines and notices → the bytes that a terminal or a pipe gets.

pub(crate) mod json;
mod name;
pub(crate) mod notice;
pub(crate) mod palette;
pub(crate) mod renderer;
pub(crate) mod sanitize;
mod sgr;
pub(crate) mod stream;
pub(crate) mod timestamp;
