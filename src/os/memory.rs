//! Memory that was freed, and that the allocator keeps for later.

/// Gives it back to the system. What a start takes for a while, plans and requests, is more than the session keeps.
pub(crate) fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time, from any thread.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}
