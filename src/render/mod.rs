//! Lines and notices → the bytes that a terminal or a pipe gets.

mod escape;
pub(crate) mod modes;
mod moves;
mod name;
pub(crate) mod notice;
pub(crate) mod palette;
pub(crate) mod sanitize;
mod screen;
mod sgr;
pub(crate) mod stream;
pub(crate) mod timestamp;
