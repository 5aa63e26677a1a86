//! One session owns an app: who joins it, who takes it over, and what is left when it ends.

use std::os::unix::fs::{PermissionsExt, symlink};

use nix::sys::signal::Signal;

use crate::support::{Devrun, Project, get, helper, is_alive, wait_until_gone};
use crate::wiring::{api, beside, shop, shows};

const USES_API: &str = "uses: { API_URL: ../api }\n";

/// Another app that uses `../api`.
fn consumer(project: &Project, name: &str) -> Project {
    beside(
        project,
        name,
        &format!("web: {}\n", shows("API_URL")),
        USES_API,
    )
}

/// `http://localhost:PORT` as it got there.
fn url(consumer: &mut Devrun) -> String {
    consumer.value_after("API_URL=[").replace(']', "")
}

/// What was shown of it is shown once: nobody was restarted.
fn is_still_its_first_run(consumer: &Devrun) {
    assert_eq!(consumer.count("API_URL=["), 1, "{}", consumer.stdout.text());
}

#[test]
fn a_directory_is_the_same_app_by_whatever_path() {
    let project = Project::called("shop").file("Procfile", "web: echo up; sleep 1000\n");
    let mut devrun = project.start();
    devrun.wait_for("| up");
    let other = project.sibling("elsewhere");
    let link = other.directory().join("shop");
    symlink(project.directory(), &link).unwrap();
    let mut command = project.command(["start", "-p", "0"]);
    command.current_dir(&link);
    let mut second = project.spawn(command);
    assert_eq!(second.wait(), 2);
    let expected = format!("devrun already runs this app (pid {}", devrun.pid());
    assert!(second.stderr.text().contains(&expected));
    let link = link.to_str().unwrap();
    let finished = project.run(&["start", "-p", "0", "-d", link]);
    assert_eq!(finished.status, 2);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_sibling_behind_a_link_is_the_app_that_runs() {
    let project = shop("API_URL", "uses: { API_URL: ../link }\n");
    let api = api(&project);
    symlink(
        api.directory(),
        project.sibling("x").directory().join("../link"),
    )
    .unwrap();
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    devrun.wait_for("api already runs (pid ");
    devrun.wait_for(&format!("API_URL=[http://localhost:{port}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn a_worktree_is_an_app_of_its_own() {
    let project = Project::called("shop").file("Procfile", "web: echo up; sleep 1000\n");
    project.write(".git/HEAD", "");
    let worktree = project
        .sibling("shop-fix")
        .file("Procfile", "web: echo up; sleep 1000\n")
        .file(".git", "gitdir: ../shop/.git/worktrees/shop-fix\n");
    let (mut one, mut other) = (project.start(), worktree.start());
    one.wait_for("| up");
    other.wait_for("| up");
    assert_eq!(one.interrupt(), 0);
    assert_eq!(other.interrupt(), 0);
}

#[test]
fn nobody_else_may_look_into_the_runtime_directory() {
    let project = shop("API_URL", USES_API);
    api(&project);
    let mut devrun = project.start();
    devrun.wait_for("API_URL=[http");
    let run = project.sibling("run").directory().join("devrun");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&run), 0o700);
    let mut sockets = 0;
    let mut left = vec![run];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                assert_eq!(mode(&path), 0o700, "{}", path.display());
                left.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                sockets += usize::from(path.extension().is_some_and(|end| end == "sock"));
            }
        }
    }
    assert!(sockets > 0);
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn a_session_that_was_killed_holds_nothing_once_its_family_is_gone() {
    let project = Project::called("shop").file("Procfile", "web: echo up $$; exec sleep 1000\n");
    let mut killed = project.start();
    let pid = killed.value_after("| up ").parse().unwrap();
    killed.kill();
    let mut next = project.start();
    next.wait_for("| up");
    assert!(!is_alive(pid), "two copies run");
    assert_eq!(next.interrupt(), 0);
}

#[test]
fn an_app_that_runs_is_joined_and_outlives_who_uses_it() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    devrun.wait_for(&format!("api already runs (pid {}", owner.pid()));
    devrun.wait_for(&format!("API_URL=[http://localhost:{port}]"));
    owner.wait_for(&format!("shop (pid {}) now uses api", devrun.pid()));
    assert_eq!(devrun.interrupt(), 0);
    assert!(get(&format!("http://localhost:{port}")).contains("200 OK"));
    assert_eq!(owner.interrupt(), 0);
    assert_eq!(owner.count("listens on"), 1);
}

#[test]
fn a_consumer_that_is_killed_leaves_what_it_joined_alone() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    let web = devrun.pid_of("web.1");
    url(&mut devrun);
    devrun.kill();
    wait_until_gone(web);
    assert!(get(&format!("http://localhost:{port}")).contains("200 OK"));
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn the_order_in_which_two_apps_start_does_not_matter() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    for is_api_first in [true, false] {
        let (mut owner, mut devrun) = if is_api_first {
            let mut owner = api.start();
            owner.wait_for("listens on");
            (owner, project.start())
        } else {
            let mut devrun = project.start();
            url(&mut devrun);
            (api.start(), devrun)
        };
        let port = owner.value_after("listens on ");
        assert_eq!(url(&mut devrun), format!("http://localhost:{port}"));
        assert_eq!(devrun.interrupt(), 0);
        assert_eq!(owner.interrupt(), 0);
        is_still_its_first_run(&devrun);
    }
}

#[test]
fn an_apps_own_directory_takes_it_over_on_the_same_ports() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut devrun = project.start();
    let before = url(&mut devrun);
    let process = devrun.pid_of("api/web.1");
    let mut owner = api.start();
    owner.wait_for(&format!(
        "taking api over from shop (pid {}), same ports",
        devrun.pid()
    ));
    devrun.wait_for(&format!(
        "handing api over to its own `devrun start` (pid {})",
        owner.pid()
    ));
    let port = owner.value_after("listens on ");
    assert_eq!(before, format!("http://localhost:{port}"));
    assert!(!is_alive(process), "two copies run");
    owner.wait_for(&format!("shop (pid {}) now uses api", devrun.pid()));
    assert_eq!(devrun.interrupt(), 0);
    is_still_its_first_run(&devrun);
    assert_eq!(devrun.count("starting api"), 1, "it was not fetched back");
    assert_eq!(owner.count("taking api over"), 1);
    assert!(get(&before).contains("200 OK"));
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn whoever_takes_an_app_over_may_say_on_which_ports() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut devrun = project.start();
    let before = url(&mut devrun);
    let base = crate::ports::free_base();
    let mut owner = api.spawn(api.command(["start", "-p", &base.to_string()]));
    owner.wait_for("taking api over from shop (pid ");
    owner.wait_for("), on other ports\n");
    owner.wait_for(&format!("listens on {base}\n"));
    let after = format!("http://localhost:{base}");
    assert_ne!(before, after);
    devrun.wait_for(&format!("API_URL=[{after}]"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn an_app_of_its_own_start_is_not_taken_over() {
    let project = Project::empty();
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for("listens on");
    let finished = api.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    let expected = format!("devrun already runs this app (pid {}", owner.pid());
    assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn all_who_use_an_app_go_on_when_it_is_taken_over() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut first = project.start();
    let before = url(&mut first);
    let mut second = consumer(&project, "admin").start();
    assert_eq!(url(&mut second), before);
    let mut owner = api.start();
    owner.see("shop (pid ").see("admin (pid ");
    let port = owner.value_after("listens on ");
    assert_eq!(before, format!("http://localhost:{port}"));
    for devrun in [&mut first, &mut second] {
        assert_eq!(devrun.interrupt(), 0);
        is_still_its_first_run(devrun);
    }
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn an_owner_that_ends_orderly_leaves_its_consumers_running() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for("listens on");
    let mut devrun = project.start();
    url(&mut devrun);
    owner.wait_for(") now uses api");
    owner.signal(Signal::SIGINT);
    owner.wait_for("shop still uses api");
    assert_eq!(owner.wait(), 0);
    devrun.wait_for("api was stopped in ");
    devrun.wait_for("; web.1 keeps API_URL\n");
    assert!(is_alive(devrun.pid_of("web.1")));
    let mut owner = api.start();
    owner.wait_for(") now uses api");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn an_owner_that_vanished_is_replaced_by_a_consumer_on_the_same_ports() {
    let project = shop("API_URL", USES_API);
    let api = api(&project);
    let mut owner = api.start();
    let port = owner.value_after("listens on ");
    let mut devrun = project.start();
    url(&mut devrun);
    owner.kill();
    devrun.wait_for("the session that ran api is gone: it is started again");
    devrun.wait_for(&format!("api/web.1 | listens on {port}"));
    assert_eq!(devrun.interrupt(), 0);
    is_still_its_first_run(&devrun);
}

#[test]
fn a_consumer_that_may_not_start_it_waits_for_another_owner() {
    let project = shop(
        "API_URL",
        "uses: { API_URL: { app: ../api, start: never } }\n",
    );
    let api = api(&project);
    let mut owner = api.start();
    owner.wait_for("listens on");
    let mut devrun = project.start();
    url(&mut devrun);
    owner.kill();
    devrun.wait_for("the session that ran api is gone: waiting for somebody to start it");
    let mut owner = api.start();
    owner.wait_for(") now uses api");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
    assert_eq!(devrun.count("api/web.1 started"), 0);
}

#[test]
fn of_many_that_start_at_the_same_instant_one_runs_the_app() {
    let project = Project::empty();
    let procfile = format!("web: echo copy >> copies; exec {}\n", helper("listen"));
    let api = beside(&project, "api", &procfile, "");
    let consumers: Vec<Project> = (0..4)
        .map(|number| consumer(&project, &format!("shop{number}")))
        .collect();
    let mut devruns: Vec<Devrun> = consumers.iter().map(Project::start).collect();
    let urls: Vec<String> = devruns.iter_mut().map(url).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    assert_eq!(api.read("copies"), "copy\n");
    for mut devrun in devruns {
        assert_eq!(devrun.interrupt(), 0);
        is_still_its_first_run(&devrun);
    }
}

#[test]
fn a_session_that_ends_ends_the_siblings_that_it_started() {
    let project = shop("API_URL", USES_API);
    api(&project);
    let mut devrun = project.start();
    url(&mut devrun);
    let process = devrun.pid_of("api/web.1");
    assert_eq!(devrun.interrupt(), 0);
    assert!(!is_alive(process));
}

#[test]
fn another_consumer_takes_a_sibling_on_when_its_session_ends() {
    let project = shop("API_URL", USES_API);
    api(&project);
    let mut first = project.start();
    let before = url(&mut first);
    let mut second = consumer(&project, "admin").start();
    assert_eq!(url(&mut second), before);
    assert_eq!(first.interrupt(), 0);
    let port = second.value_after("api/web.1 | listens on ");
    assert_eq!(before, format!("http://localhost:{port}"));
    assert_eq!(second.interrupt(), 0);
    is_still_its_first_run(&second);
}

#[test]
fn another_consumer_takes_a_sibling_on_when_its_session_is_killed() {
    let project = shop("API_URL", USES_API);
    api(&project);
    let mut first = project.start();
    let before = url(&mut first);
    let process = first.pid_of("api/web.1");
    let mut second = consumer(&project, "admin").start();
    assert_eq!(url(&mut second), before);
    first.kill();
    let port = second.value_after("api/web.1 | listens on ");
    assert!(!is_alive(process), "two copies run");
    assert_eq!(before, format!("http://localhost:{port}"));
    assert_eq!(second.interrupt(), 0);
    is_still_its_first_run(&second);
}

#[test]
fn what_an_owner_does_not_run_is_started_there_for_a_consumer() {
    let project = shop("API_URL", "uses: { API_URL: '../api#grpc' }\n");
    let procfile = format!("web: {0}\ngrpc: {0}\n", helper("listen"));
    let api = beside(&project, "api", &procfile, "");
    let mut owner = api.start_with(&["web"]);
    owner.wait_for("listens on");
    let mut devrun = project.start();
    let url = url(&mut devrun);
    owner.see("grpc.1 started (pid ");
    assert!(get(&url).contains("200 OK"));
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}

#[test]
fn ports_are_the_same_whoever_starts_first() {
    let base = crate::ports::free_base();
    let project = shop("API_URL", USES_API);
    project.write("devrun.yaml", format!("port: {base}\n{USES_API}"));
    let api = api(&project);
    api.write("devrun.yaml", format!("port: {base}\n"));
    let start = |project: &Project| project.spawn(project.command(["start"]));
    let port_of = |devrun: &mut Devrun, process: &str| -> u16 {
        let after = devrun.value_after(&format!("{process} started (pid "));
        let port = after.split("PORT=").nth(1).unwrap();
        port.trim_end_matches(')').parse().unwrap()
    };
    let mut devrun = start(&project);
    let (web, behind) = (
        port_of(&mut devrun, " web.1"),
        port_of(&mut devrun, "api/web.1"),
    );
    assert_eq!((web, behind), (base, base + 1));
    url(&mut devrun);
    assert_eq!(devrun.interrupt(), 0);
    let would_be = api.run(&["url"]).stdout;
    assert_eq!(would_be, format!("http://localhost:{behind}\n"));
    // Next day, in another order.
    let mut owner = start(&api);
    owner.wait_for("listens on");
    let mut devrun = start(&project);
    assert_eq!(port_of(&mut owner, "web.1"), behind);
    assert_eq!(port_of(&mut devrun, "web.1"), web);
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(owner.interrupt(), 0);
}
