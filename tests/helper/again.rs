//! Servers that are slow to let go of their port, or stubborn, or late; and programs in a world without IPv6.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
#[cfg(not(target_os = "linux"))]
use std::time::SystemTime;

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
#[cfg(target_os = "linux")]
use nix::unistd::getpgrp;
use nix::unistd::{ForkResult, Pid, fork, getppid, setsid};

use crate::{daemonise, ignore, park, port, say, serve};

/// Adds a line to the file: when its process was started, in milliseconds of a clock.
pub fn stamp(file: &str) {
    let line = format!("{}\n", started());
    let file = OpenOptions::new().create(true).append(true).open(file);
    let mut file = file.expect("the directory is ours");
    file.write_all(line.as_bytes()).expect("there is room");
}

/// Of the process, which leads our group: it may come late to tell the time itself, on a busy machine.
#[cfg(target_os = "linux")]
fn started() -> u128 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", getpgrp()));
    let stat = stat.expect("who leads us lives");
    let fields = stat.rsplit(") ").next().expect("there is a last part");
    let ticks = fields.split(' ').nth(19).expect("there are so many");
    ticks.parse::<u128>().expect("it is a number") * 10
}

#[cfg(not(target_os = "linux"))]
fn started() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("it is later").as_millis()
}

/// Serves PORT and is deaf to SIGTERM.
pub fn stubborn_server() -> ! {
    ignore(Signal::SIGTERM);
    serve((Ipv4Addr::LOCALHOST, port()).into())
}

/// The same, as a daemon that is left behind.
pub fn stubborn_daemon_server(file: &str) {
    daemonise(file, || stubborn_server());
}

/// Ends at SIGTERM, but for a child that keeps the port for so many milliseconds more.
pub fn lingering_server(millis: u64) -> ! {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port())).expect("the port is free");
    let parent = Pid::this();
    // SAFETY: this program has one thread.
    if let ForkResult::Child = unsafe { fork() }.expect("fork works") {
        ignore(Signal::SIGTERM);
        say(&format!("listens on {}", port()));
        while getppid() == parent {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(millis));
        std::process::exit(0);
    }
    drop(listener);
    park()
}

/// What the vite of this world does: where PORT is taken, it takes another one.
pub fn listen_somewhere() -> ! {
    let address = (Ipv4Addr::LOCALHOST, port());
    let chosen = TcpListener::bind(address).or_else(|_| TcpListener::bind((address.0, 0)));
    let address = chosen.and_then(|listener| listener.local_addr());
    serve(address.expect("some port is free"))
}

/// Set by SIGTERM.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

extern "C" fn note_end(_: libc::c_int) {
    IS_ENDING.store(true, Ordering::Relaxed);
}

/// Ends at SIGTERM, but for a child in a session of its own, which then has much to say, listens on PORT, and ends late
/// with status 3: once there is a file `enough`, which is gone then. `number` tells the runs apart.
pub fn last_words(number: &str) -> ! {
    // SAFETY: this program has one thread.
    if let ForkResult::Parent { .. } = unsafe { fork() }.expect("fork works") {
        park()
    }
    setsid().expect("we lead no group");
    let action = SigAction::new(
        SigHandler::Handler(note_end),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler only stores into an atomic.
    unsafe { sigaction(Signal::SIGTERM, &action) }.expect("it may be handled");
    say(&format!("run {number} is up"));
    while !IS_ENDING.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port())).expect("the port is free");
    for word in 1..=20 {
        say(&format!("run {number} ends: {word}"));
    }
    while std::fs::remove_file("enough").is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(listener);
    std::process::exit(3);
}

/// The program in `arguments`, for which, and for all that it starts, there is no AF_INET6: as on a kernel that was
/// started with `ipv6.disable=1`.
#[cfg(target_os = "linux")]
pub fn without_ipv6(arguments: &[&str]) -> ! {
    let [program, rest @ ..] = arguments else {
        panic!("without what?");
    };
    refuse_ipv6().expect("a process may always bind its own hands");
    panic!("{}", Command::new(program).args(rest).exec());
}

/// `socket(AF_INET6, …)` fails with EAFNOSUPPORT from now on.
#[cfg(target_os = "linux")]
fn refuse_ipv6() -> std::io::Result<()> {
    let step = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let is = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let answer = libc::BPF_RET | libc::BPF_K;
    // The lower half of the first argument, on either byte order.
    let family = 16 + if cfg!(target_endian = "big") { 4 } else { 0 };
    let filter = [
        step(load, 0, 0, 0),
        step(is, 0, 3, libc::SYS_socket as u32),
        step(load, 0, 0, family),
        step(is, 0, 1, libc::AF_INET6 as u32),
        step(
            answer,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | libc::EAFNOSUPPORT as u32,
        ),
        step(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the filter, which lives until then.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) == 0
    };
    if done {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}
