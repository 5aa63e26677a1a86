//! Ports that somebody else holds, takes meanwhile, or that are spent; and machines with half of the address families.

mod stolen;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt, socket,
    sockopt,
};

use crate::left::wait_until_nobody_is_left;
use crate::support::{Devrun, PATIENCE, Project, helper, pause, wait_until};

const WEB: &str = "web: exec sleep 1000\n";

/// The first of so many hundreds of ports that are all free: neither those that the kernel gives to whoever does not care
/// (from 32768 on), nor those that devrun proposes (up to 24999). No two tests get the same, of whatever test program:
/// each hundred is marked, until its test ends, by a UDP socket, which is no matter to devrun.
fn free_blocks(count: u16) -> u16 {
    thread_local! {
        // Every test has a thread of its own.
        static MARKS: RefCell<Vec<UdpSocket>> = const { RefCell::new(Vec::new()) };
    }
    let mut base = None;
    wait_until(|| {
        let found = look_for_blocks(count);
        base = found.map(|(base, marks)| {
            MARKS.with_borrow_mut(|all| all.extend(marks));
            base
        });
        base.is_some()
    });
    base.expect("it was waited for")
}

fn look_for_blocks(count: u16) -> Option<(u16, Vec<UdpSocket>)> {
    let first = (std::process::id() % 70) as u16;
    for block in 0..70 {
        let base = 25_000 + (first + block) % 70 * 100;
        let last = (0..count).map(|block| base + 100 * block + 99);
        let marks = last.map(|port| UdpSocket::bind(("127.0.0.1", port)));
        let Ok(marks) = marks.collect::<std::io::Result<Vec<_>>>() else {
            continue;
        };
        // No connection may linger there either: that would stop who holds a port without SO_REUSEADDR.
        let is_free = |port| {
            let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
            try_to_hold(address, Hold::IsBound).is_ok()
        };
        if (base..base + 100 * count).all(is_free) {
            return Some((base, marks));
        }
    }
    None
}

fn start(project: &Project, base: u16, arguments: &[&str]) -> Devrun {
    let base = base.to_string();
    let all = ["start", "-p", &base];
    project.spawn(project.command(all.iter().chain(arguments)))
}

/// The PORT that a process was started with first.
fn port(devrun: &mut Devrun, process: &str) -> u16 {
    let started = devrun.value_after(&format!("{process} started (pid "));
    let port = started.split("PORT=").nth(1).expect("it has a port");
    port.trim_end_matches(')').parse().expect("it is a number")
}

fn end(mut devrun: Devrun, project: &Project) {
    assert_eq!(devrun.interrupt(), 0);
    wait_until_nobody_is_left(project);
}

/// How this test is told of as the holder of a port.
fn us() -> String {
    format!("(pid {}, in ", std::process::id())
}

/// What somebody does with a port.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hold {
    Listens,
    /// With SO_REUSEADDR and SO_REUSEPORT.
    ListensWithReuse,
    IsBound,
    /// With SO_REUSEADDR.
    IsBoundWithReuse,
}

fn try_to_hold(address: SocketAddr, how: Hold) -> nix::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let socket = socket(family, SockType::Stream, SockFlag::empty(), None)?;
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    if address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    if matches!(how, Hold::ListensWithReuse | Hold::IsBoundWithReuse) {
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    }
    if how == Hold::ListensWithReuse {
        setsockopt(&socket, sockopt::ReusePort, &true)?;
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    if matches!(how, Hold::Listens | Hold::ListensWithReuse) {
        listen(&socket, Backlog::new(1)?)?;
    }
    Ok(socket)
}

/// `None`: this machine has no such address.
fn hold(address: SocketAddr, how: Hold) -> Option<OwnedFd> {
    let begun = Instant::now();
    loop {
        match try_to_hold(address, how) {
            Ok(socket) => return Some(socket),
            Err(Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT) => return None,
            // A child that another test forks just now may have a copy of what looked whether the port is free, until
            // it executes its program.
            Err(Errno::EADDRINUSE) if begun.elapsed() < PATIENCE => pause(),
            Err(error) => panic!("{address}: {error}"),
        }
    }
}

/// Listens there, on 127.0.0.1.
fn taken(port: u16) -> OwnedFd {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    hold(address, Hold::Listens).expect("there is IPv4")
}

/// One process for each address, whose own place is held there and nowhere else.
#[test]
fn a_port_is_taken_whatever_the_address_and_however_it_is_held() {
    let addresses: [(&str, IpAddr); 4] = [
        ("localhost4", Ipv4Addr::LOCALHOST.into()),
        ("any4", Ipv4Addr::UNSPECIFIED.into()),
        ("localhost6", Ipv6Addr::LOCALHOST.into()),
        ("any6", Ipv6Addr::UNSPECIFIED.into()),
    ];
    let procfile = addresses.map(|(name, _)| format!("{name}: exec sleep 1000\n"));
    let project = Project::with_procfile(&procfile.concat());
    for how in [Hold::Listens, Hold::ListensWithReuse, Hold::IsBound] {
        let base = free_blocks(4);
        let places = addresses.iter().zip((base..).step_by(100));
        let held = places.map(|((name, address), place)| {
            let held = hold((*address, place).into(), how);
            if held.is_none() {
                println!("left out: this machine has no {address}");
            }
            (name, place, held)
        });
        let held: Vec<_> = held.collect();
        let mut devrun = start(&project, base, &[]);
        for (name, place, _) in held.iter().filter(|(_, _, held)| held.is_some()) {
            // The kernel tells of nobody who has only bound it.
            let holder = match how {
                Hold::IsBound => "somebody who cannot be found".into(),
                Hold::Listens | Hold::ListensWithReuse | Hold::IsBoundWithReuse => us(),
            };
            devrun
                .wait_for(&format!("port {place} is taken by "))
                .wait_for(&holder)
                .wait_for(&format!("{name}.1 gets {}", place + 1));
        }
        for (name, place, held) in &held {
            let given = place + u16::from(held.is_some());
            assert_eq!(port(&mut devrun, &format!(" {name}.1")), given, "{how:?}");
        }
        end(devrun, &project);
    }
}

#[test]
fn connections_that_linger_do_not_hold_a_port() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let base = free_blocks(1);
    let listener = TcpListener::bind(("127.0.0.1", base)).unwrap();
    let client = TcpStream::connect(("127.0.0.1", base)).unwrap();
    // The side that closes first is the one that lingers.
    drop(listener.accept().unwrap());
    drop(client);
    drop(listener);
    let mut devrun = start(&project, base, &[]);
    devrun.wait_for(&format!("listens on {base}"));
    assert_eq!(devrun.count("is taken"), 0);
    end(devrun, &project);
}

/// What holds without IPv6 as well: a free port is had, a taken one is not, by base and without one.
#[cfg(target_os = "linux")]
fn works_without_ipv6(project: &Project, mut devrun_with: impl FnMut(&[&str]) -> Command) {
    let mut devrun = project.spawn(devrun_with(&["start", "-p", "0"]));
    devrun.see("listens on ").see("web.1  ready ");
    end(devrun, project);
    let base = free_blocks(1);
    let text = base.to_string();
    let mut devrun = project.spawn(devrun_with(&["start", "-p", &text, "-m", "web=2"]));
    devrun.see(&format!("listens on {base}\n"));
    devrun.see(&format!("listens on {}\n", base + 1));
    assert_eq!(devrun.count("is taken"), 0);
    end(devrun, project);
}

#[cfg(target_os = "linux")]
#[test]
fn where_the_kernel_knows_no_ipv6_ports_are_chosen_all_the_same() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let without = helper("without-ipv6");
    works_without_ipv6(&project, |arguments| {
        let (program, mode) = without.split_once(' ').expect("it has an argument");
        let mut command = Command::new(program);
        project.prepare(&mut command);
        command.arg(mode).arg(env!("CARGO_BIN_EXE_devrun"));
        command.args(arguments);
        command
    });
}

#[cfg(target_os = "linux")]
#[test]
fn where_ipv6_is_switched_off_ports_are_chosen_all_the_same() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    // A network of its own, as root of a namespace where we are none.
    let script =
        "ip link set lo up && echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && exec \"$@\"";
    let inside = |program: &str| {
        let mut command = Command::new("unshare");
        project.prepare(&mut command);
        command.args(["-Urn", "sh", "-c", script, "sh", program]);
        command
    };
    if !inside("true").status().is_ok_and(|status| status.success()) {
        println!("left out: no network namespace may be made here (unshare, ip)");
        return;
    }
    works_without_ipv6(&project, |arguments| {
        let mut command = inside(env!("CARGO_BIN_EXE_devrun"));
        command.args(arguments);
        command
    });
}

#[test]
fn six_sessions_at_the_same_instant_on_overlapping_bases_share_no_port() {
    let project = Project::empty();
    let base = free_blocks(4);
    let bases = [0, 1, 50, 100, 0, 101].map(|offset| base + offset);
    let apps: Vec<Project> = (0..6)
        .map(|number| {
            let app = project.sibling(&format!("app{number}"));
            app.file(
                "Procfile",
                "web: exec sleep 1000\nworker: echo $PORT $ADMIN >> further; exec sleep 1000\n",
            )
            .file("devrun.yaml", "processes: { worker: { ports: [ADMIN] } }\n")
        })
        .collect();
    for _ in 0..3 {
        let sessions = apps.iter().zip(bases);
        let mut sessions: Vec<Devrun> = sessions
            .map(|(app, base)| start(app, base, &["-m", "all=1,web=2"]))
            .collect();
        let mut ports = Vec::new();
        for (devrun, app) in sessions.iter_mut().zip(&apps) {
            ports.extend(["web.1", "web.2"].map(|process| port(devrun, process)));
            app.wait_for_file("further");
            while !app.read("further").ends_with('\n') {
                pause();
            }
            let both = app.read("further");
            ports.extend(
                both.split_whitespace()
                    .map(|port| port.parse::<u16>().unwrap()),
            );
            std::fs::remove_file(app.directory().join("further")).unwrap();
        }
        let distinct: BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!((distinct.len(), ports.len()), (24, 24), "{ports:?}");
        for devrun in &mut sessions {
            assert_eq!(devrun.interrupt(), 0);
        }
    }
    wait_until_nobody_is_left(&project);
}

#[test]
fn when_all_hundred_ports_of_a_block_are_taken_any_other_will_do() {
    let project = Project::with_procfile(WEB);
    let base = free_blocks(1);
    let block = base..base + 100;
    let _taken: Vec<OwnedFd> = block.clone().map(taken).collect();
    let mut devrun = start(&project, base, &[]);
    let given = port(&mut devrun, "web.1");
    assert!(!block.contains(&given), "{given}");
    devrun.see(&format!("web.1 gets {given}\n"));
    end(devrun, &project);
}

#[test]
fn the_range_ends_at_65535() {
    let project = Project::with_procfile(WEB);
    let last = taken(65_535);
    let mut devrun = start(&project, 65_535, &[]);
    devrun.wait_for("port 65535 is taken by ").wait_for(&us());
    assert!((1024..65_535).contains(&port(&mut devrun, "web.1")));
    end(devrun, &project);
    drop(last);
    let mut devrun = start(&project, 65_535, &[]);
    assert_eq!(port(&mut devrun, "web.1"), 65_535);
    end(devrun, &project);
}

#[test]
fn whoever_would_get_a_port_beyond_the_range_is_named_and_nothing_is_started() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let procfile = names.map(|name| format!("{name}: echo up > started\n"));
    let project = Project::with_procfile(&procfile.concat());
    let refused = project.run(&["start", "-p", "65500"]);
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    let expected = "error: `b.1` would get port 65600\n \
        caused by: ports end at 65535; 65500 + 100 for each type before it\n \
        help: choose a lower base port: `devrun start -p 5000`\n";
    assert!(refused.stderr.starts_with(expected), "{}", refused.stderr);
    assert!(refused.stderr.contains("error: `j.1` would get port 66400"));
    let refused = project.run(&["start", "-p", "65535", "-m", "a=2"]);
    assert_eq!(refused.status, 2);
    let expected = "error: `a.2` would get port 65536";
    assert!(refused.stderr.starts_with(expected), "{}", refused.stderr);
    assert_eq!(project.run(&["start", "-p", "65536"]).status, 2);
    assert!(!project.directory().join("started").exists());
}

#[test]
fn base_0_means_any_ports_and_no_two_the_same() {
    let project = Project::with_procfile("web: exec sleep 1000\nworker: exec sleep 1000\n");
    let mut devrun = start(&project, 0, &["-m", "all=5"]);
    let instances = ["web", "worker"].into_iter();
    let names = instances.flat_map(|name| (1..=5).map(move |n| format!("{name}.{n}")));
    let ports: BTreeSet<u16> = names.map(|name| port(&mut devrun, &name)).collect();
    assert_eq!(ports.len(), 10, "{ports:?}");
    assert!(ports.iter().all(|port| *port >= 1024), "{ports:?}");
    end(devrun, &project);
}

/// Not even root is anybody else: who may bind below 1024 is asked of the kernel, not of the user's number.
#[cfg(target_os = "linux")]
#[test]
fn a_privileged_base_is_said_to_need_privileges() {
    let limit = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if limit.is_ok_and(|limit| limit.trim() == "0") {
        println!("left out: here anybody may bind any port");
        return;
    }
    const NOBODY: u32 = 65_534;
    let project = Project::with_procfile(WEB);
    let is_root = nix::unistd::geteuid().is_root();
    let as_nobody = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
            let root = project.directory().parent().expect("it has one").to_owned();
            for directory in ["app", "home", "run", "state"] {
                std::os::unix::fs::chown(root.join(directory), Some(NOBODY), None).unwrap();
            }
        }
        project.spawn(command)
    };
    let mut devrun = as_nobody(&["start", "-p", "80"]);
    devrun.wait_for("port 80 needs privileges");
    assert!(port(&mut devrun, "web.1") >= 1024);
    assert_eq!(devrun.count("needs privileges"), 1);
    end(devrun, &project);
    let mut devrun = as_nobody(&["start", "-p", "80", "--strict-ports"]);
    assert_eq!(devrun.wait(), 2);
    let said = devrun.stderr.text();
    let expected = "error: port 80 needs privileges, and `web.1` may have no other\n";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_block_of_150_overflows_around_the_next_types_own() {
    let project = Project::with_procfile("web: true\nworker: true\n");
    let base = free_blocks(3);
    let mut devrun = start(&project, base, &["-m", "all=1,web=150"]);
    assert_eq!(devrun.wait(), 0);
    assert_eq!(port(&mut devrun, "worker.1"), base + 100);
    let names = (1..=150).map(|number| format!(" web.{number}"));
    let webs: Vec<u16> = names.map(|name| port(&mut devrun, &name)).collect();
    let own: Vec<u16> = (base..base + 100).collect();
    assert_eq!(webs[..100], own);
    let distinct: BTreeSet<u16> = webs.iter().copied().chain([base + 100]).collect();
    assert_eq!(distinct.len(), 151);
    devrun.see(&format!("port {} belongs to worker.1", base + 100));
    wait_until_nobody_is_left(&project);
}

#[test]
fn what_is_held_by_udp_is_free() {
    let project = Project::with_procfile(&format!("web: {}\n", helper("listen")));
    let base = free_blocks(1);
    let _udp = UdpSocket::bind(("127.0.0.1", base)).unwrap();
    let mut devrun = start(&project, base, &[]);
    devrun.wait_for(&format!("listens on {base}\n"));
    end(devrun, &project);
}
