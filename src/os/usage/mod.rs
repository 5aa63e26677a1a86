//! What a process takes: time of the processors, and memory.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

use std::time::Duration;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;

/// All that its threads have computed so far, those that have ended included; not its children. `None`: it is
/// gone, or this is not told of it.
pub(crate) fn cpu_time(pid: i32) -> Option<Duration> {
    system::cpu_time(pid)
}

/// Its share of the memory, in bytes: what several processes have in common counts for each of them in part
/// (Linux: PSS, macOS: the footprint), so that the sum over a tree is what the tree takes. Where that is not
/// told (another user's rights), all that it has in memory. The cost grows with its size: some milliseconds
/// for each gigabyte.
pub(crate) fn memory(pid: i32) -> Option<u64> {
    system::memory(pid)
}

#[cfg(test)]
mod tests {
    use std::hint;

    use super::*;

    #[test]
    fn a_process_that_computes_takes_time() {
        let own = std::process::id() as i32;
        let before = cpu_time(own).unwrap();
        while cpu_time(own).unwrap() < before + Duration::from_millis(20) {
            hint::spin_loop();
        }
    }

    #[test]
    fn memory_that_is_written_to_counts() {
        const SIZE: usize = 64 * 1024 * 1024;
        let own = std::process::id() as i32;
        let before = memory(own).unwrap();
        let written = hint::black_box(vec![1u8; SIZE]);
        let grown = memory(own).unwrap().saturating_sub(before);
        // Other tests run beside this one.
        assert!(grown > SIZE as u64 / 2, "{grown}");
        drop(written);
    }

    #[test]
    fn of_nobody_nothing_is_told() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id() as i32;
        child.wait().unwrap();
        assert_eq!((cpu_time(pid), memory(pid)), (None, None));
    }
}
