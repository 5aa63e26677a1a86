//! What follows the end of a run, and what may not.
