//! Real servers, each in an app of its own, behind a variable of another app: what that reads and writes,
//! it does through its variable, with the server's own client.

mod chain;
mod databases;
mod web;

use std::path::PathBuf;

use crate::support::{Devrun, Project};
use crate::{descendants, pids_in, program, wait_until_gone};

/// `../NAME`, on any free ports.
fn beside(project: &Project, name: &str, procfile: &str) -> Project {
    project
        .sibling(name)
        .file("Procfile", procfile)
        .file("devrun.yaml", "port: 0\n")
}

/// An app that uses another one, and runs `client` once: devrun starts it when the other one is ready.
fn shop(uses: &str, client: &str) -> Project {
    Project::called("shop")
        .file("Procfile", format!("client: {client}; exec sleep 1000\n"))
        .file("devrun.yaml", format!("port: 0\nuses:\n  {uses}\n"))
}

fn in_path(name: &str) -> String {
    program(name, &["/usr/sbin".into()]).display().to_string()
}

/// The client of `shop` reaches `provider` when shop starts it, and when it is run in its own directory.
fn is_reached_both_ways(shop: &Project, provider: &Project, reached: &str) {
    let start = |project: &Project| project.spawn(project.command(["start"]));
    are_reached_both_ways(start(shop), || start(provider), || start(shop), reached);
}

/// The same, for who starts them in another way: shop `alone`, later the provider, and then shop.
fn are_reached_both_ways(
    mut alone: Devrun,
    provider: impl FnOnce() -> Devrun,
    shop: impl FnOnce() -> Devrun,
    reached: &str,
) {
    let reached = format!("| {reached}\n");
    alone.see(&reached);
    end(vec![alone]);
    let mut provider = provider();
    provider.see("all up ");
    let mut shop = shop();
    shop.see(&reached);
    assert_eq!(shop.count(" started (pid "), 1, "{}", shop.stdout.text());
    end(vec![shop, provider]);
}

/// Ends them in this order; nothing may be left of them.
fn end(sessions: Vec<Devrun>) {
    let pids: Vec<i32> = sessions
        .iter()
        .flat_map(|session| pids_in(&session.stdout.text()))
        .flat_map(descendants)
        .collect();
    for mut session in sessions {
        assert_eq!(session.interrupt(), 0, "{}", session.stdout.text());
    }
    pids.into_iter().for_each(wait_until_gone);
}

/// A JDK runs a program from its source; many machines have none, and it is large.
fn java() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    let compiler = std::env::split_paths(&path).map(|directory| directory.join("javac"));
    let compiler = compiler.into_iter().find(|compiler| compiler.exists())?;
    Some(compiler.with_file_name("java"))
}
