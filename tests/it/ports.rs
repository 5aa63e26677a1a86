//! Who gets which port, and what is said about it. No test asks for a port by number: each first finds
//! some that are free.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::support::{Devrun, PATIENCE, Project, helper, pause};

/// A base whose first ports are free, and no other test is likely to be given.
pub fn free_base() -> u16 {
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_free = |port: u16| TcpListener::bind(("0.0.0.0", port)).is_ok();
        if port < 65_000
            && (1..5).all(|offset| is_free(port + offset) && is_free(port + 100 + offset))
        {
            return port;
        }
    }
}

/// Listens there. A child that another test forks just now may have a copy of what looked whether the port is
/// free, until it executes its program.
fn taken(address: &str, port: u16) -> TcpListener {
    let begun = Instant::now();
    loop {
        match TcpListener::bind((address, port)) {
            Ok(listener) => return listener,
            Err(error) if begun.elapsed() > PATIENCE => panic!("{address}:{port}: {error}"),
            Err(_) => pause(),
        }
    }
}

fn start(project: &Project, base: u16, arguments: &[&str]) -> Devrun {
    let base = base.to_string();
    let all = ["start", "-p", &base]
        .into_iter()
        .chain(arguments.iter().copied());
    Devrun::spawn(project.command(all))
}

fn ports(devrun: &mut Devrun, processes: &[&str]) -> BTreeMap<String, u16> {
    let port = |process: &&str| {
        let started = devrun.value_after(&format!("{process} started (pid "));
        let port = started.split("PORT=").nth(1).unwrap().trim_end_matches(')');
        (process.to_string(), port.parse().unwrap())
    };
    processes.iter().map(port).collect()
}

#[test]
fn foremans_rule_counts_from_the_base_by_hundreds() {
    let project = Project::with_procfile("web: sleep 1000\nworker: sleep 1000\n");
    let base = free_base();
    let mut devrun = start(&project, base, &["-m", "all=1,web=2"]);
    let ports = ports(&mut devrun, &["web.1", "web.2", "worker.1"]);
    assert_eq!(
        ports.into_values().collect::<Vec<_>>(),
        [base, base + 1, base + 100]
    );
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_base_of_a_file_beats_the_shells() {
    let project = Project::with_procfile("web: sleep 1000\n");
    let (in_file, in_shell) = (free_base(), free_base());
    let base = |project: &Project| {
        let mut command = project.command(["start"]);
        command.env("PORT", in_shell.to_string());
        let mut devrun = Devrun::spawn(command);
        let port = ports(&mut devrun, &["web.1"])["web.1"];
        assert_eq!(devrun.interrupt(), 0);
        port
    };
    assert_eq!(base(&project), in_shell);
    project.write(".env", format!("PORT={in_file}\n"));
    assert_eq!(base(&project), in_file);
}

#[test]
fn a_taken_port_is_skipped_and_its_holder_named() {
    let project = Project::with_procfile("web: sleep 1000\n");
    let base = free_base();
    let _taken = taken("127.0.0.1", base);
    let mut devrun = start(&project, base, &[]);
    let own = std::process::id();
    devrun
        .wait_for(&format!("port {base} is taken by "))
        .wait_for(&format!("(pid {own}, in "));
    devrun.wait_for(&format!("web.1 gets {}", base + 1));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn strict_ports_refuse_before_anything_is_started() {
    let project = Project::with_procfile("web: sleep 1000\n");
    let base = free_base();
    let _taken = taken("0.0.0.0", base);
    let base = base.to_string();
    let finished = project.run(&["start", "-p", &base, "--strict-ports"]);
    assert_eq!(finished.status, 2);
    assert!(finished.stdout.is_empty());
    let expected =
        format!("error: port {base} is taken, and `web.1` may have no other\n caused by: ");
    assert!(
        finished.stderr.starts_with(&expected),
        "{}",
        finished.stderr
    );
}

/// Two apps that share the directories of one user.
fn sibling(project: &Project, name: &str) -> std::path::PathBuf {
    project.write(&format!("{name}/Procfile"), "web: sleep 1000\n");
    project.directory().join(name)
}

#[test]
fn two_apps_keep_their_ports_whoever_starts_first() {
    let project = Project::empty();
    let (shop, api) = (sibling(&project, "shop"), sibling(&project, "api"));
    let base = free_base();
    let text = base.to_string();
    let start = |directory: &std::path::Path| {
        let mut command = project.command(["start", "-p", &text]);
        command.current_dir(directory);
        Devrun::spawn(command)
    };
    let mut first = start(&shop);
    assert_eq!(ports(&mut first, &["web.1"])["web.1"], base);
    let mut second = start(&api);
    second.wait_for(&format!(
        "port {base} is taken by web.1 of devrun app shop (pid {}, in ",
        first.pid()
    ));
    assert_eq!(ports(&mut second, &["web.1"])["web.1"], base + 1);
    assert_eq!(first.interrupt(), 0);
    assert_eq!(second.interrupt(), 0);
    let mut second = start(&api);
    second.wait_for(&format!(
        "web.1 keeps {}: {base} was another app's the last time",
        base + 1
    ));
    assert_eq!(ports(&mut second, &["web.1"])["web.1"], base + 1);
    assert_eq!(second.interrupt(), 0);
}

#[test]
fn two_starts_at_the_same_instant_never_pick_the_same_port() {
    let project = Project::empty();
    let base = free_base().to_string();
    let mut devruns: Vec<Devrun> = (0..6)
        .map(|number| {
            let mut command = project.command(["start", "-p", &base]);
            command.current_dir(sibling(&project, &format!("app{number}")));
            Devrun::spawn(command)
        })
        .collect();
    let given: Vec<u16> = devruns
        .iter_mut()
        .map(|devrun| ports(devrun, &["web.1"])["web.1"])
        .collect();
    let distinct: std::collections::BTreeSet<u16> = given.iter().copied().collect();
    assert_eq!(distinct.len(), 6, "{given:?}");
    for devrun in &mut devruns {
        assert_eq!(devrun.interrupt(), 0);
    }
}

#[test]
fn a_process_that_listens_elsewhere_is_told_so() {
    let procfile = format!("web: {}\napi: sleep 1000\n", helper("elsewhere"));
    let mut devrun = Project::with_procfile(&procfile).start();
    devrun
        .wait_for("web.1 was given PORT=")
        .wait_for(" but listens on ")
        .wait_for("127.0.0.1 only)");
    devrun.wait_for(" is dead; api.1 was given that URL");
    devrun.wait_for("! web.1  running");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_port_that_was_lost_between_two_runs_is_given_up() {
    let project = Project::with_procfile(
        "web: echo $PORT >> ports; echo wrote; test -e taken && exec sleep 1000; exit 1\nother: echo $WEB_URL; sleep 1000\n",
    );
    let base = free_base();
    let mut devrun = start(&project, base, &[]);
    devrun.wait_for("restart 1 in 0.5 s");
    let _taken = taken("127.0.0.1", base);
    project.write("taken", "");
    let moved = format!(
        "web.1 gets {}: port {base} was taken meanwhile by ",
        base + 1
    );
    devrun
        .wait_for(&moved)
        .wait_for(&format!("(pid {}, in ", std::process::id()))
        .wait_for("; other.1 was given that URL");
    devrun
        .wait_for(&format!("PORT={}", base + 1))
        .wait_for("wrote");
    assert_eq!(devrun.interrupt(), 0);
    let said = devrun.stdout.text();
    assert_eq!(
        project.read("ports"),
        format!("{base}\n{}\n", base + 1),
        "{said}"
    );
}

#[test]
fn a_port_that_moved_is_held_until_the_family_is_gone_though_its_manager_is() {
    let project = Project::with_procfile(
        "web: test -e taken || exit 1; trap '' TERM; echo up; until test -e go; do sleep 0.01; done\n",
    );
    let base = free_base();
    let mut killed = start(&project, base, &[]);
    killed.wait_for("restart 1 in 0.5 s");
    let taken = taken("127.0.0.1", base);
    project.write("taken", "");
    let moved = base + 1;
    killed.wait_for(&format!("web.1 gets {moved}: "));
    killed.wait_for("| up").signal(Signal::SIGKILL);
    assert_eq!(killed.wait(), 128 + Signal::SIGKILL as i32);
    drop(taken);

    let mut command = project.command(["start", "-p", &moved.to_string()]);
    command.current_dir(sibling(&project, "other"));
    let mut other = Devrun::spawn(command);
    other.wait_for(&format!(
        "port {moved} is taken by web.1 of devrun app app (pid {}, in ",
        killed.pid()
    ));
    project.write("go", "");
    assert_eq!(ports(&mut other, &["web.1"])["web.1"], moved + 1);
    assert_eq!(other.interrupt(), 0);
}

#[test]
fn a_stranger_on_the_port_of_a_run_is_named() {
    let project = Project::with_procfile("web: echo up; sleep 1000\n");
    let base = free_base();
    let mut devrun = start(&project, base, &[]);
    devrun.wait_for("| up");
    let _stranger = taken("127.0.0.1", base);
    devrun.wait_for(&format!("port {base} of web.1 is in the hands of "));
    assert_eq!(devrun.interrupt(), 0);
}

/// A process that appends its ports to a file, and fails until there is a file `taken`.
fn with_further_port() -> Project {
    let line = "echo $PORT $ADMIN >> ports; echo wrote; test -e taken && exec sleep 1000; exit 1";
    let settings = "processes: { web: { ports: [ADMIN] } }\n";
    Project::with_procfile(&format!("web: {line}\n")).file("devrun.yaml", settings)
}

#[test]
fn a_further_port_that_was_lost_between_two_runs_is_replaced_alone() {
    let project = with_further_port();
    let base = free_base();
    let mut devrun = start(&project, base, &[]);
    devrun.wait_for("restart 1 in 0.5 s");
    let _taken = taken("127.0.0.1", base + 1);
    project.write("taken", "");
    devrun.wait_for("wrote");
    assert_eq!(devrun.interrupt(), 0);
    let ports = format!("{base} {}\n{base} {}\n", base + 1, base + 2);
    assert_eq!(project.read("ports"), ports, "{}", devrun.stdout.text());
}

#[test]
fn a_further_port_stays_where_port_has_moved() {
    let project = with_further_port();
    let base = free_base();
    let mut devrun = start(&project, base, &[]);
    devrun.wait_for("restart 1 in 0.5 s");
    let _taken = taken("127.0.0.1", base);
    project.write("taken", "");
    devrun
        .wait_for(&format!("web.1 gets {}", base + 2))
        .wait_for("wrote");
    assert_eq!(devrun.interrupt(), 0);
    let ports = format!("{base} {0}\n{1} {0}\n", base + 1, base + 2);
    assert_eq!(project.read("ports"), ports, "{}", devrun.stdout.text());
}
