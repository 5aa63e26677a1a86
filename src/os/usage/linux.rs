//! The clock of a process (clock_getcpuclockid(3)), and /proc (proc(5)).

use std::fs;
use std::mem;
use std::time::Duration;

pub(super) fn cpu_time(pid: i32) -> Option<Duration> {
    // SAFETY: both write no more than what they are given, and all-zero is valid for it.
    let time = unsafe {
        let mut clock: libc::clockid_t = 0;
        let mut time: libc::timespec = mem::zeroed();
        let is_told = libc::clock_getcpuclockid(pid, &raw mut clock) == 0
            && libc::clock_gettime(clock, &raw mut time) == 0;
        is_told.then_some(time)?
    };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(time.tv_nsec).ok()?))
}

pub(super) fn memory(pid: i32) -> Option<u64> {
    share(pid).or_else(|| resident(pid))
}

fn share(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    kilobytes(&text, "Pss:")
}

fn resident(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    kilobytes(&text, "VmRSS:")
}

/// In bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    let number: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_whole_name() {
        let text =
            "00400000-7ffd---p 00000000 00:00 0    [rollup]\nPss_Anon:  1 kB\nPss:   884 kB\n";
        assert_eq!(kilobytes(text, "Pss:"), Some(884 * 1024));
        assert_eq!(kilobytes(text, "VmRSS:"), None);
        assert_eq!(kilobytes("Pss: many\n", "Pss:"), None);
    }

    #[test]
    fn what_is_shared_is_not_all_that_is_resident() {
        let own = std::process::id() as i32;
        let resident = resident(own).unwrap();
        if let Some(share) = share(own) {
            assert!(share > 0 && share <= resident * 2, "{share} of {resident}");
        }
    }
}
