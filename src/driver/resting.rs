//! What is done once for the long time in which nothing happens.

use std::time::Duration;

use crate::os::memory;

/// From the summary on; what comes with it is over by then.
const CALM: Duration = Duration::from_millis(500);

/// The start is over. In a task, and not in a turn of the loop: that would use again what is given back.
pub(super) fn begin() {
    tokio::task::spawn_local(async {
        tokio::time::sleep(CALM).await;
        memory::give_back();
    });
}
