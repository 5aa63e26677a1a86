//! What the processes of a session wrote, and what devrun said, on the user's disk: for `devrun logs`, now
//! and when the session is long over. All of it is optional: without a directory, or room, nothing is stored
//! and nothing stops.

mod keeper;
pub(crate) mod place;
pub(crate) mod reader;
mod retention;
pub(crate) mod segment;
pub(crate) mod writer;
