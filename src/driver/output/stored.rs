//! What goes to the log store besides the screen.

use crate::driver::output::Output;
use crate::store::writer::Writer;

impl Output {
    /// Stores from now on what is written and said.
    pub(crate) fn store(&self, store: Writer) {
        *self.0.store.borrow_mut() = Some(store);
    }

    /// Nothing is stored any more.
    pub(crate) fn stop_storing(&self) {
        self.0.store.borrow_mut().take();
    }

    /// Whether all that was written so far can be read again, as far as that is known.
    pub(crate) fn is_stored(&self) -> bool {
        self.0.store.borrow().is_some()
    }

    pub(crate) fn store_in(&self, store: impl FnOnce(&Writer)) {
        if let Some(writer) = &*self.0.store.borrow() {
            store(writer);
        }
    }
}
