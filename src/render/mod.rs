//! Lines and notices → the bytes that a terminal or a pipe gets.

pub(crate) mod notice;
pub(crate) mod palette;
pub(crate) mod sanitize;
pub(crate) mod stream;
pub(crate) mod timestamp;
