//! Those who look at processes' terminals from elsewhere: each gets all that its process writes.

use std::collections::HashMap;

use crate::control::{FollowerId, Screen};
use crate::driver::output::Output;
use crate::os::pty::Size;
use crate::render::modes::Modes;
use crate::render::sanitize::Sanitizer;
use crate::render::stream::Stream;

#[derive(Debug, Default)]
pub(super) struct Visits {
    /// In the order in which they came, or were resized.
    visits: Vec<Visit>,
    /// What runs have switched on in their terminals, where the stream does not follow that.
    terminals: HashMap<usize, Sanitizer>,
    /// Where what nobody sees is written to.
    unseen: Vec<u8>,
}

#[derive(Debug)]
struct Visit {
    id: FollowerId,
    source: usize,
    screen: Screen,
}

impl Visits {
    pub(super) fn show(&mut self, source: usize, chunk: &[u8]) {
        if let Some(terminal) = self.terminals.get_mut(&source) {
            terminal.text(chunk, &mut self.unseen);
            self.unseen.clear();
        }
        for visit in self.visits.iter().filter(|visit| visit.source == source) {
            visit.screen.show(chunk);
        }
    }
}

impl Output {
    /// A run of `source` begins that has a terminal: whoever comes to it later finds it as it is by then.
    pub(crate) fn follow_terminal(&self, source: usize) {
        let stream = self.0.stream.borrow();
        if !stream.text().is_some_and(Stream::knows_modes) {
            let terminals = &mut self.0.visits.borrow_mut().terminals;
            terminals.insert(source, Sanitizer::default());
        }
    }

    /// From here on `screen` shows what `source` writes, behind what it wrote last. Returns whether `source`
    /// draws: then that is nothing before it draws anew.
    pub(crate) fn visit(&self, id: FollowerId, source: usize, screen: Screen) -> bool {
        let mut recent = Vec::new();
        let rows = usize::from(screen.size().rows);
        let stream = self.0.stream.borrow();
        let visits = &mut *self.0.visits.borrow_mut();
        let followed = visits.terminals.get(&source).map(Sanitizer::modes);
        let text = stream.text();
        let modes = followed.or_else(|| text.map(|text| text.modes(source)));
        match (text, modes) {
            (Some(text), Some(modes)) => text.recent_screen(source, modes, rows, &mut recent),
            (None, Some(modes)) => modes.switch_on(&mut recent),
            (_, None) => {}
        }
        let draws =
            modes.is_some_and(Modes::is_alternate) || text.is_some_and(|text| text.paints(source));
        screen.show(&recent);
        visits.visits.push(Visit { id, source, screen });
        draws
    }

    /// The visitor's terminal has another size: it counts from now on. Returns whose terminal that is.
    pub(crate) fn visitor_resized(&self, id: FollowerId) -> Option<usize> {
        let visits = &mut self.0.visits.borrow_mut().visits;
        let place = visits.iter().position(|visit| visit.id == id)?;
        let visit = visits.remove(place);
        let source = visit.source;
        visits.push(visit);
        Some(source)
    }

    /// Returns whose terminal the visitor has left; `None`: that was over before.
    pub(crate) fn visitor_gone(&self, id: FollowerId) -> Option<usize> {
        let visits = &mut self.0.visits.borrow_mut().visits;
        let place = visits.iter().position(|visit| visit.id == id)?;
        Some(visits.remove(place).source)
    }

    /// Of the terminal of whoever came to `source`, or was resized, last.
    pub(crate) fn visitors_size(&self, source: usize) -> Option<Size> {
        let visits = self.0.visits.borrow();
        let mut visits = visits.visits.iter().rev();
        let last = visits.find(|visit| visit.source == source);
        last.map(|visit| visit.screen.size())
    }

    /// The run of `source` is over, in these words.
    pub(crate) fn end_visits(&self, source: usize, words: &str) {
        let visits = &mut *self.0.visits.borrow_mut();
        visits.terminals.remove(&source);
        let visits = &mut visits.visits;
        for visit in visits.extract_if(.., |visit| visit.source == source) {
            visit.screen.end(words);
        }
    }

    /// Nothing is shown any more: the session ends.
    pub(crate) fn close_visits(&self) {
        self.0.visits.borrow_mut().visits.clear();
    }
}
