//! Ports that somebody takes, or only tries, after they were chosen and before the process binds them.

use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use nix::sys::socket::{Backlog, ControlMessage, MsgFlags, listen, sendmsg};

use crate::left::wait_until_nobody_is_left;
use crate::ports::{Hold, end, free_blocks, hold, port, start, taken, us};
use crate::support::{Devrun, Project, helper};

/// A server that binds its port only when there is a file `go`, and somebody who is given its URL.
fn slow_to_bind(server: &str) -> Project {
    let server = helper(server);
    Project::with_procfile(&format!(
        "web: echo run >> runs; until [ -e go ]; do sleep 0.01; done; exec {server}\nother: exec sleep 1000\n"
    ))
}

/// A session whose web.1 was started, and is about to bind `base`.
fn about_to_bind(project: &Project) -> (Devrun, u16) {
    let base = free_blocks(2);
    let mut devrun = start(project, base, &[]);
    assert_eq!(port(&mut devrun, "web.1"), base);
    project.wait_for_file("runs");
    (devrun, base)
}

#[test]
fn a_port_that_is_stolen_before_it_is_bound_is_chosen_anew_and_the_thief_is_named() {
    let project = slow_to_bind("listen");
    let (mut devrun, base) = about_to_bind(&project);
    let _thief = taken(base);
    devrun
        .wait_for(&format!("port {base} of web.1 is in the hands of "))
        .wait_for(&us());
    project.write("go", "");
    devrun
        .wait_for("web.1 exited with status 101 ")
        .wait_for("restart 1 in 0.5 s");
    devrun
        .wait_for(&format!(
            "web.1 gets {}: port {base} was taken meanwhile by ",
            base + 1
        ))
        .wait_for(&us())
        .wait_for("; other.1 was given that URL");
    devrun.wait_for(&format!("listens on {}", base + 1));
    end(devrun, &project);
}

/// The kernel lets us bind beside somebody who bound with SO_REUSEADDR, as long as he does not listen: so that
/// port counts as free, until he does.
#[test]
fn whoever_begins_to_listen_on_a_port_that_was_chosen_is_a_thief() {
    let project = slow_to_bind("listen");
    let base = free_blocks(2);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, base));
    let thief = hold(address, Hold::IsBoundWithReuse).expect("there is IPv4");
    let mut devrun = start(&project, base, &[]);
    let given = port(&mut devrun, "web.1");
    listen(&thief, Backlog::new(1).unwrap()).unwrap();
    project.write("go", "");
    if given == base {
        devrun
            .wait_for(&format!(
                "web.1 gets {}: port {base} was taken meanwhile by ",
                base + 1
            ))
            .wait_for(&us());
    }
    devrun.see(&format!("listens on {}", base + 1));
    end(devrun, &project);
}

#[test]
fn a_thief_that_is_gone_in_time_costs_no_more_than_the_run() {
    let project = slow_to_bind("listen");
    let (mut devrun, base) = about_to_bind(&project);
    let thief = taken(base);
    project.write("go", "");
    devrun.wait_for("restart 1 in 0.5 s");
    drop(thief);
    devrun.wait_for(&format!("listens on {base}\n"));
    assert_eq!(devrun.count("was taken meanwhile"), 0);
    end(devrun, &project);
}

#[test]
fn who_goes_elsewhere_because_its_port_was_stolen_is_found_there() {
    let project = slow_to_bind("listen-somewhere");
    let (mut devrun, base) = about_to_bind(&project);
    let _thief = taken(base);
    devrun
        .wait_for(&format!("port {base} of web.1 is in the hands of "))
        .wait_for(&us());
    project.write("go", "");
    devrun
        .wait_for(&format!("web.1 was given PORT={base} but listens on "))
        .wait_for("other.1 was given that URL");
    end(devrun, &project);
}

#[test]
fn a_pinned_port_that_is_stolen_is_not_exchanged() {
    let base = free_blocks(1);
    let project = slow_to_bind("listen").file(
        "devrun.yaml",
        format!("processes: {{ web: {{ port: {base} }} }}\n"),
    );
    let mut devrun = project.start();
    project.wait_for_file("runs");
    let _thief = taken(base);
    project.write("go", "");
    devrun
        .wait_for(&format!(
            "web.1 could not be started: port {base} is taken by "
        ))
        .wait_for(&us());
    devrun.interrupt();
    wait_until_nobody_is_left(&project);
}

/// Many programs find a free port by trying: each look of theirs is a listener for some microseconds.
#[test]
fn who_only_tries_whether_a_port_is_free_makes_nobody_ready() {
    let procfile = "web: exec sleep 1000\napi: exec sleep 1000\n";
    let settings = "uses: { API_URL: api }\nprocesses: { api: { uses: [] } }\n";
    let project = Project::with_procfile(procfile).file("devrun.yaml", settings);
    let base = free_blocks(2);
    let mut devrun = start(&project, base, &[]);
    assert_eq!(port(&mut devrun, "api.1"), base + 100);
    // What nobody serves is asked for every 10 ms for 2 s.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        drop(TcpListener::bind(("127.0.0.1", base + 100)));
    }
    assert_eq!(devrun.interrupt(), 0);
    let said = devrun.stdout.text();
    assert!(!said.contains("web.1 started"), "{said}");
    wait_until_nobody_is_left(&project);
}

/// As a proxy of another user has it: it listens for the process, and nobody may see that it does. Here the listener is
/// under way from one process to another.
#[test]
fn a_listener_whose_owner_cannot_be_told_serves_the_port() {
    let procfile = "web: exec sleep 1000\napi: exec sleep 1000\n";
    let settings = "uses: { API_URL: api }\nprocesses: { api: { uses: [] } }\n";
    let project = Project::with_procfile(procfile).file("devrun.yaml", settings);
    let base = free_blocks(2);
    let mut devrun = start(&project, base, &[]);
    let port = port(&mut devrun, "api.1");
    let _way = under_way(TcpListener::bind(("127.0.0.1", port)).expect("it is free"));
    devrun.wait_for("web.1 started");
    end(devrun, &project);
}

/// A message that holds the listener, which no process has open.
fn under_way(listener: TcpListener) -> (UnixDatagram, UnixDatagram) {
    let (from, to) = UnixDatagram::pair().expect("there are sockets");
    let listeners = [listener.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&listeners)];
    let bytes = [IoSlice::new(b"a listener")];
    sendmsg::<()>(from.as_raw_fd(), &bytes, &rights, MsgFlags::empty(), None)
        .expect("there is room");
    (from, to)
}
