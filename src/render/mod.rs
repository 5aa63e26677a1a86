//! Lines and notices → the bytes that a terminal or a pipe gets.

pub(crate) mod answer;
pub(crate) mod charset;
pub(crate) mod check;
pub(crate) mod env;
pub(crate) mod escape;
pub(crate) mod harmless;
pub(crate) mod json;
pub(crate) mod modes;
mod moves;
mod name;
pub(crate) mod notice;
pub(crate) mod palette;
pub(crate) mod ps;
pub(crate) mod renderer;
pub(crate) mod sanitize;
mod screen;
mod sgr;
pub(crate) mod stored;
pub(crate) mod stream;
mod text;
pub(crate) mod timestamp;
pub(crate) mod uses;
pub(crate) mod whole;
