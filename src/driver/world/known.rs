//! The ports of all processes, and whether anybody has touched them.

use std::ops::{Deref, DerefMut};

use crate::plan::resolve::Ports;

/// By the places of the processes.
pub(super) struct Known {
    ports: Vec<Ports>,
    /// Since they were last seen to be as somebody knows them: they may be the same all the same.
    pub(super) are_touched: bool,
}

impl Known {
    pub(super) fn new(ports: Vec<Ports>) -> Self {
        let are_touched = true;
        Self { ports, are_touched }
    }
}

impl Deref for Known {
    type Target = [Ports];

    fn deref(&self) -> &[Ports] {
        &self.ports
    }
}

impl DerefMut for Known {
    fn deref_mut(&mut self) -> &mut [Ports] {
        self.are_touched = true;
        &mut self.ports
    }
}
