//! What a web page could reach of a session: nothing, for it listens on no TCP port.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::left::{left, wait_until_nobody_is_left};
use crate::support::{Project, helper};

/// Of devrun's own processes of the project, managers, guardians and whoever reads logs: their sockets.
fn sockets(project: &Project) -> BTreeSet<String> {
    let pids = left(project).into_iter();
    let pids = pids.map(|line| line.split(' ').next().unwrap().to_string());
    let is_ours = |pid: &String| {
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        program.is_ok_and(|program| program == Path::new(env!("CARGO_BIN_EXE_devrun")))
    };
    let ours: Vec<String> = pids.filter(is_ours).collect();
    assert!(ours.len() >= 3, "{ours:?}");
    let descriptors = ours
        .iter()
        .flat_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).unwrap());
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let inodes = targets.filter_map(|target| {
        let inode = target.to_str()?.strip_prefix("socket:[")?;
        Some(inode.strip_suffix(']')?.to_string())
    });
    inodes.collect()
}

/// The lines of that table of the kernel's whose sockets are among these.
fn listed<'a>(table: &'a str, column: usize, inodes: &BTreeSet<String>) -> Vec<&'a str> {
    let lines = table.lines().skip(1);
    let is_one = |line: &&str| {
        let inode = line.split_whitespace().nth(column);
        inode.is_some_and(|inode| inodes.contains(inode))
    };
    lines.filter(is_one).collect()
}

fn control_socket(project: &Project) -> PathBuf {
    let entries = fs::read_dir(project.directory().with_file_name("run/devrun")).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths
        .find(|path| path.extension().is_some_and(|it| it == "sock"))
        .unwrap()
}

/// A request as it is sent, and all of its answer.
fn asked(project: &Project, request: &str) -> String {
    let mut stream = UnixStream::connect(control_socket(project)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_socket_of_a_session_is_a_unix_socket_with_a_file() {
    let project =
        Project::with_procfile(&format!("web: {}\nasks: read -r name\n", helper("listen")));
    let mut devrun = project.start_with(&["--tty", "always"]);
    devrun.wait_for("listens on");
    let mut reader = project.spawn(project.command(["logs", "-f"]));
    reader.wait_for("listens on");
    let mut visitor = UnixStream::connect(control_socket(&project)).unwrap();
    let apps: serde_json::Value =
        serde_json::from_str(&project.run(&["ps", "--json"]).stdout).unwrap();
    let attach = format!(
        "POST /v1/apps/{}/processes/asks.1/attach HTTP/1.1\r\nhost: devrun\r\nconnection: upgrade\r\n\
        upgrade: devrun-terminal\r\ndevrun-visitor: {{\"pid\":1,\"columns\":80,\"rows\":24}}\r\n\r\n",
        apps["apps"][0]["key"].as_str().unwrap()
    );
    visitor.write_all(attach.as_bytes()).unwrap();
    devrun.wait_for("its terminal is used from elsewhere");

    let inodes = sockets(&project);
    for (table, column) in [
        ("tcp", 9),
        ("tcp6", 9),
        ("udp", 9),
        ("udp6", 9),
        ("raw", 9),
        ("packet", 8),
    ] {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        assert_eq!(listed(&text, column, &inodes), [""; 0], "{table}");
    }
    let unix = fs::read_to_string("/proc/net/unix").unwrap();
    let ours = listed(&unix, 6, &inodes);
    let names: BTreeSet<&str> = ours
        .iter()
        .filter_map(|line| line.split_whitespace().nth(7))
        .collect();
    // An abstract one would begin with `@`, and has no mode.
    assert_eq!(
        names,
        BTreeSet::from([control_socket(&project).to_str().unwrap()])
    );
    drop(visitor);
    assert_eq!(devrun.interrupt(), 0);
    reader.wait();
    wait_until_nobody_is_left(&project);
}

/// Should somebody forward a TCP port to the socket, it is still no page's.
#[test]
fn what_a_page_sends_is_refused_and_nothing_may_be_read_by_one() {
    let project = Project::with_procfile("web: echo up; exec sleep 1000\n");
    let mut devrun = project.start();
    devrun.wait_for("| up");
    let length = "content-length: 0\r\n";
    for head in [
        "GET /v1/apps HTTP/1.1\r\nhost: evil.test\r\norigin: https://evil.test\r\n",
        "GET /v1/apps HTTP/1.1\r\nhost: localhost\r\norigin: null\r\n",
        "POST /v1/stop HTTP/1.1\r\nhost: localhost:5000\r\norigin: http://localhost:5000\r\ncontent-type: text/plain\r\n",
        "POST /v1/attach HTTP/1.1\r\nhost: x\r\norigin: http://x\r\nconnection: upgrade\r\nupgrade: devrun-terminal\r\n",
        "OPTIONS /v1/stop HTTP/1.1\r\nhost: x\r\norigin: http://x\r\naccess-control-request-method: POST\r\n",
    ] {
        let answer = asked(&project, &format!("{head}{length}\r\n"));
        assert!(
            answer.starts_with("HTTP/1.1 403 Forbidden\r\n"),
            "{head}: {answer}"
        );
        assert!(!answer.contains("access-control"), "{answer}");
    }
    let answer = asked(&project, "GET /v1/apps HTTP/1.1\r\nhost: devrun\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(!answer.contains("access-control"), "{answer}");
    assert_eq!(devrun.interrupt(), 0);
}
