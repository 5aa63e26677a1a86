//! A child's bytes → lines.

pub(crate) mod lines;
pub(crate) mod tail;
