//! Memory that a start has used, and that a session which only waits does not.

/// Gives back what was freed and the allocator keeps for later: what a start takes for a while, plans and requests, is
/// more than the session keeps. And the pages of the program, which the kernel maps by the dozen around each that is
/// used: those that are used once more come back from its cache.
pub(crate) fn give_back() {
    // SAFETY: malloc_trim(3) may be called at any time, from any thread.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
    // SAFETY: the callback gets what the loader knows, which it only reads.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::dl_iterate_phdr(Some(leave_unmapped), std::ptr::null_mut());
    }
}

/// Of the program alone, which comes first: the libraries are shared with everybody.
#[cfg(target_os = "linux")]
unsafe extern "C" fn leave_unmapped(
    program: *mut libc::dl_phdr_info,
    _size: usize,
    _data: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: sysconf touches no memory of ours; the loader's table is there as long as the program is.
    let (page, base, headers) = unsafe {
        let count = usize::from((*program).dlpi_phnum);
        let headers = std::slice::from_raw_parts((*program).dlpi_phdr, count);
        let page = libc::sysconf(libc::_SC_PAGESIZE);
        (page as usize, (*program).dlpi_addr as usize, headers)
    };
    for header in headers {
        // What was ever written to, as by the loader, is in no file.
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let begin = (base + header.p_vaddr as usize).next_multiple_of(page);
        let end = (base + header.p_vaddr as usize + header.p_memsz as usize) / page * page;
        if begin < end {
            // SAFETY: a private mapping of a file that nobody has written to reads as before.
            unsafe { libc::madvise(begin as *mut _, end - begin, libc::MADV_DONTNEED) };
        }
    }
    1
}
