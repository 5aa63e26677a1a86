//! Who gets which port, as far as other apps and strangers are concerned.

use std::net::{Ipv6Addr, TcpListener};

use crate::ports::free_base;
use crate::support::{Devrun, Project, helper};
use crate::wiring::{beside, shop};

const WEB: &str = "web: echo \"given $PORT\"; exec sleep 1000\n";

fn start(project: &Project, arguments: &[&str]) -> Devrun {
    let all = ["start"].iter().chain(arguments).copied();
    project.spawn(project.command(all))
}

fn port(devrun: &mut Devrun) -> u16 {
    devrun.value_after("| given ").parse().unwrap()
}

/// The port that the app gets now.
fn port_now(project: &Project, arguments: &[&str]) -> u16 {
    let mut devrun = start(project, arguments);
    let port = port(&mut devrun);
    assert_eq!(devrun.interrupt(), 0);
    port
}

#[test]
fn the_base_is_said_by_the_command_line_files_settings_or_shell() {
    let (line, file, settings, shell) = (free_base(), free_base(), free_base(), free_base());
    let project = Project::with_procfile(WEB);
    let base = |arguments: &[&str]| {
        let all = ["start"].iter().chain(arguments).copied();
        let mut command = project.command(all);
        command.env("PORT", shell.to_string());
        let mut devrun = project.spawn(command);
        let port = port(&mut devrun);
        assert_eq!(devrun.interrupt(), 0);
        port
    };
    assert_eq!(base(&[]), shell);
    project.write("devrun.yaml", format!("port: {settings}\n"));
    assert_eq!(base(&[]), settings);
    project.write(".env", format!("PORT={file}\n"));
    assert_eq!(base(&[]), file);
    assert_eq!(base(&["-p", &line.to_string()]), line);
}

#[test]
fn a_hundred_belongs_to_its_type_whatever_becomes_of_that() {
    let project = Project::with_procfile("web: a\nclock: b\napi: c\n")
        .file("devrun.yaml", "processes: { clock: { port: false } }\n");
    let port = |arguments: &[&str]| {
        let mut command = project.command(["run", "-p", "api"].iter().chain(arguments));
        command.args(["printenv", "PORT"]).env("PORT", "7000");
        let mut devrun = project.spawn(command);
        assert_eq!(devrun.wait(), 0);
        devrun.stdout.text()
    };
    assert_eq!(port(&[]), "7200\n");
    project.write(".foreman", "formation: api=1\n");
    assert_eq!(port(&[]), "7200\n");
}

#[test]
fn a_port_on_which_anybody_listens_is_taken_by_whatever_address() {
    let project = Project::with_procfile(WEB);
    let check = |listener: std::io::Result<TcpListener>| {
        // A machine without IPv6 has no such listener.
        let Ok(listener) = listener else { return };
        let base = listener.local_addr().unwrap().port();
        let mut devrun = start(&project, &["-p", &base.to_string()]);
        devrun.see(&format!("port {base} is taken by "));
        assert_ne!(port(&mut devrun), base);
        assert_eq!(devrun.interrupt(), 0);
    };
    check(TcpListener::bind(("127.0.0.1", free_base())));
    check(TcpListener::bind(("0.0.0.0", free_base())));
    check(TcpListener::bind((Ipv6Addr::LOCALHOST, free_base())));
    check(TcpListener::bind((Ipv6Addr::UNSPECIFIED, free_base())));
}

#[test]
fn a_port_that_browsers_refuse_is_never_given() {
    let mut devrun = start(&Project::with_procfile(WEB), &["-p", "6566"]);
    devrun.see("port 6566 is one that browsers refuse");
    assert_ne!(port(&mut devrun), 6566);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_port_that_was_lost_to_a_stranger_is_tried_again() {
    let project = Project::with_procfile(WEB);
    let base = free_base();
    let taken = TcpListener::bind(("127.0.0.1", base)).unwrap();
    let text = base.to_string();
    assert_ne!(port_now(&project, &["-p", &text]), base);
    drop(taken);
    assert_eq!(port_now(&project, &["-p", &text]), base);
}

#[test]
fn what_is_remembered_belongs_to_a_base() {
    let project = Project::called("shop").file("Procfile", WEB);
    let other = project.sibling("api").file("Procfile", WEB);
    let (base, another) = (free_base(), free_base());
    let text = base.to_string();
    let mut first = start(&project, &["-p", &text]);
    assert_eq!(port(&mut first), base);
    let given_up = port_now(&other, &["-p", &text]);
    assert_eq!(first.interrupt(), 0);
    assert_eq!(port_now(&other, &["-p", &text]), given_up);
    assert_eq!(port_now(&other, &["-p", &another.to_string()]), another);
}

#[test]
fn a_pinned_port_is_had_or_the_process_is_not_started() {
    let base = free_base();
    let settings = format!("processes: {{ web: {{ port: {base} }} }}\n");
    let project = Project::with_procfile(WEB).file("devrun.yaml", settings);
    assert_eq!(port_now(&project, &["-p", "0"]), base);
    let _taken = TcpListener::bind(("127.0.0.1", base)).unwrap();
    let finished = project.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    assert!(finished.stdout.is_empty());
    let expected = format!("error: port {base} of `web.1` cannot be had");
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
    let holder = format!("(pid {}", std::process::id());
    assert!(finished.stderr.contains(&holder), "{}", finished.stderr);
}

#[test]
fn an_app_that_cannot_have_its_pinned_port_fails_who_needs_it() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let procfile = "web: echo \"API_URL=[${API_URL-none}]\"; exec sleep 1000\n\
        other: echo other; exec sleep 1000\n";
    let check = |optional: bool, expected: &str| {
        let settings = format!(
            "uses: {{ API_URL: {{ app: ../api, optional: {optional} }} }}\n\
             processes: {{ other: {{ uses: [] }} }}\n"
        );
        let project = Project::called("shop")
            .file("Procfile", procfile)
            .file("devrun.yaml", settings);
        let settings = format!("processes: {{ web: {{ port: {port} }} }}\n");
        beside(&project, "api", "web: exec sleep 1000\n", &settings);
        let mut devrun = project.start();
        let cannot = format!("api could not be started: port {port} of `web.1` cannot be had");
        devrun.see(&cannot).see("| other").see(expected);
        assert_eq!(devrun.count("starting api"), 0);
        devrun.interrupt();
        assert_eq!(devrun.count("could not be started"), 1);
    };
    check(true, "API_URL=[none]");
    check(false, "web.1 failed: API_URL: api/web.1 failed");
}

#[test]
fn a_pinned_port_of_a_member_is_told_with_its_app() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let root = Project::called("mono").file("devrun.yaml", "apps: [api, shop]\n");
    let pinned = format!("port: 0\nprocesses: {{ web: {{ port: {port} }} }}\n");
    for (name, settings) in [("api", pinned.as_str()), ("shop", "port: 0\n")] {
        root.write(&format!("{name}/Procfile"), WEB);
        root.write(&format!("{name}/devrun.yaml"), settings);
    }
    let finished = root.run(&["start"]);
    assert_eq!(finished.status, 2);
    let expected = format!("error: api: port {port} of `web.1` cannot be had");
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
}

#[test]
fn who_listens_elsewhere_is_told_its_cure() {
    // A server that devrun knows by its name, and that goes its own way.
    let project = Project::with_procfile("web: ./flask run\n").file(
        "flask",
        format!("#!/bin/sh\nexec {}\n", helper("elsewhere")),
    );
    let path = project.directory().join("flask");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap();
    let mut devrun = project.start();
    devrun.wait_for("web.1 was given PORT=");
    devrun.wait_for("in the Procfile: web: ./flask run --port $PORT");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_binds_its_port_is_ready_and_how_long_that_took_is_said() {
    let mut devrun = Project::with_procfile(&format!("web: {}\n", helper("listen"))).start();
    let port = devrun.value_after("listens on ");
    devrun.wait_for("all up ");
    devrun.wait_for(&format!("web.1  ready    http://localhost:{port}"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn who_has_no_port_is_waited_for_until_it_runs() {
    let settings = "processes: { db: { port: false }, web: { depends_on: [db] } }\n";
    let project = Project::with_procfile("web: echo up; exec sleep 1000\ndb: exec sleep 1000\n")
        .file("devrun.yaml", settings);
    let mut devrun = project.start();
    devrun.wait_for("db.1 started (pid ").wait_for("| up");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn two_apps_never_get_the_same_port_from_one_session_either() {
    let base = free_base();
    let project = shop(
        "API_URL",
        &format!("port: {base}\nuses: {{ API_URL: ../api }}\n"),
    );
    beside(&project, "api", &format!("web: {}\n", helper("listen")), "")
        .write("devrun.yaml", format!("port: {base}\n"));
    let mut devrun = start(&project, &[]);
    devrun.see(&format!("api/web.1 gets {}", base + 1));
    devrun.see(&format!("API_URL=[http://localhost:{}]", base + 1));
    assert_eq!(devrun.interrupt(), 0);
}
