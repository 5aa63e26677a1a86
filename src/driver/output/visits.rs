//! Those who look at processes' terminals from elsewhere: each gets all that its process writes.

use crate::control::{FollowerId, Screen};
use crate::driver::output::Output;
use crate::os::pty::Size;

/// In the order in which they came, or were resized.
#[derive(Debug, Default)]
pub(super) struct Visits(Vec<Visit>);

#[derive(Debug)]
struct Visit {
    id: FollowerId,
    source: usize,
    screen: Screen,
}

impl Visits {
    pub(super) fn show(&self, source: usize, chunk: &[u8]) {
        for visit in self.0.iter().filter(|visit| visit.source == source) {
            visit.screen.show(chunk);
        }
    }
}

impl Output {
    /// From here on `screen` shows what `source` writes; before that, at most `rows` of what it wrote last.
    pub(crate) fn visit(&self, id: FollowerId, source: usize, screen: Screen) {
        let mut recent = Vec::new();
        let rows = usize::from(screen.size().rows);
        if let Some(stream) = self.0.stream.borrow().text() {
            stream.recent_screen(source, rows, &mut recent);
        }
        screen.show(&recent);
        let visit = Visit { id, source, screen };
        self.0.visits.borrow_mut().0.push(visit);
    }

    /// The visitor's terminal has another size: it counts from now on. Returns whose terminal that is.
    pub(crate) fn visitor_resized(&self, id: FollowerId) -> Option<usize> {
        let visits = &mut self.0.visits.borrow_mut().0;
        let place = visits.iter().position(|visit| visit.id == id)?;
        let visit = visits.remove(place);
        let source = visit.source;
        visits.push(visit);
        Some(source)
    }

    /// Returns whose terminal the visitor has left; `None`: that was over before.
    pub(crate) fn visitor_gone(&self, id: FollowerId) -> Option<usize> {
        let visits = &mut self.0.visits.borrow_mut().0;
        let place = visits.iter().position(|visit| visit.id == id)?;
        Some(visits.remove(place).source)
    }

    /// Of the terminal of whoever came to `source`, or was resized, last.
    pub(crate) fn visitors_size(&self, source: usize) -> Option<Size> {
        let visits = self.0.visits.borrow();
        let mut visits = visits.0.iter().rev();
        let last = visits.find(|visit| visit.source == source);
        last.map(|visit| visit.screen.size())
    }

    /// The run of `source` is over, in these words.
    pub(crate) fn end_visits(&self, source: usize, words: &str) {
        let visits = &mut self.0.visits.borrow_mut().0;
        for visit in visits.extract_if(.., |visit| visit.source == source) {
            visit.screen.end(words);
        }
    }

    /// Nothing is shown any more: the session ends.
    pub(crate) fn close_visits(&self) {
        self.0.visits.borrow_mut().0.clear();
    }
}
