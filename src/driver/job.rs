//! Ctrl-Z and `fg`: the whole session is stopped and goes on, with all its processes.

use std::time::{Duration, Instant};

use crate::driver::Driver;
use crate::guardian::protocol::Request;
use crate::os::signals;

/// How long what was printed may take to reach the terminal: it is the shell's then.
const FLUSH: Duration = Duration::from_millis(500);

impl Driver {
    /// Stops every process and ourselves, and goes on where the shell lets us. No time passes for the
    /// session meanwhile: a grace is not over because somebody went for lunch.
    pub(super) async fn stop_job(&mut self) {
        self.guardian.send(&Request::Pause, Vec::new());
        let _ = tokio::time::timeout(FLUSH, self.guardian.sent()).await;
        let _ = tokio::time::timeout(FLUSH, self.output.flushed()).await;
        self.set_raw(false);
        let since = Instant::now();
        // Where no shell would ever set us going again the kernel does not stop us: it fails, or returns.
        let _ = signals::stop_ourselves();
        self.stopped_for += since.elapsed();
        self.set_raw(true);
        self.guardian.send(&Request::Resume, Vec::new());
        self.resized();
    }
}
