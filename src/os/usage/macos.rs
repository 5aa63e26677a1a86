//! The answers of libproc (`proc_pid_rusage`).

use std::mem;
use std::sync::LazyLock;
use std::time::Duration;

pub(super) fn cpu_time(pid: i32) -> Option<Duration> {
    let usage = usage(pid)?;
    let ticks = u128::from(usage.ri_user_time) + u128::from(usage.ri_system_time);
    let (numerator, denominator) = *NANOSECONDS_PER_TICK;
    let nanoseconds = ticks * u128::from(numerator) / u128::from(denominator);
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

pub(super) fn memory(pid: i32) -> Option<u64> {
    usage(pid).map(|usage| usage.ri_phys_footprint)
}

fn usage(pid: i32) -> Option<libc::rusage_info_v2> {
    // SAFETY: all-zero is valid for the kernel's plain structure, and it writes the one of that version.
    unsafe {
        let mut usage: libc::rusage_info_v2 = mem::zeroed();
        let buffer = (&raw mut usage).cast::<libc::rusage_info_t>();
        (libc::proc_pid_rusage(pid, libc::RUSAGE_INFO_V2, buffer) == 0).then_some(usage)
    }
}

/// The kernel counts in units of the processor's own clock: 125/3 ns on ARM.
#[expect(deprecated, reason = "one call is no reason for the crate mach2")]
static NANOSECONDS_PER_TICK: LazyLock<(u32, u32)> = LazyLock::new(|| {
    let mut base = libc::mach_timebase_info { numer: 1, denom: 1 };
    // SAFETY: it fills the structure that it is given.
    unsafe { libc::mach_timebase_info(&raw mut base) };
    (base.numer, base.denom.max(1))
});
