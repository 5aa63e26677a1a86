//! A child's bytes → lines.

pub(crate) mod lines;
pub(crate) mod matcher;
pub(crate) mod recent;
pub(crate) mod stored;
pub(crate) mod tail;
