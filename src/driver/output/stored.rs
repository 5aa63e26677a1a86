//! What goes to the log store besides the screen.

use crate::driver::output::Output;
use crate::driver::storing;
use crate::plan::Plan;
use crate::store::writer::Writer;
use crate::supervisor::ProcessIndex;
use crate::words::notice::Notice;

/// Where the session is stored.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) writer: Writer,
    /// The command that shows what is in it.
    read_again: String,
}

impl Output {
    /// Stores from now on what is written and said; `read_again` is the command that shows it.
    pub(crate) fn store(&self, writer: Writer, read_again: String) {
        *self.0.store.borrow_mut() = Some(Store { writer, read_again });
    }

    /// Nothing is stored any more, for this reason.
    pub(crate) fn stop_storing(&self, cause: String) {
        self.0.store.borrow_mut().take();
        self.say(&Notice::StoreStopped { cause });
    }

    /// A process has another color from now on.
    pub(crate) fn choose_color(&self, plan: &Plan, process: ProcessIndex) {
        let chosen = plan.processes[process].color;
        self.change(|stream, _| stream.choose_color(process, chosen));
        self.store_in(|store| store.source(process, storing::source(plan, process)));
    }

    /// Puts into the session's last words what only the store knows.
    pub(crate) fn complete(&self, notice: &mut Notice) {
        if let Notice::Done { read_again, .. } = notice {
            let store = self.0.store.borrow();
            *read_again = store.as_ref().map(|store| store.read_again.clone());
        }
    }

    /// Whether all that was written so far can be read again, as far as that is known.
    pub(super) fn is_stored(&self) -> bool {
        self.0.store.borrow().is_some()
    }

    pub(crate) fn store_in(&self, store: impl FnOnce(&Writer)) {
        if let Some(known) = &*self.0.store.borrow() {
            store(&known.writer);
        }
    }
}
