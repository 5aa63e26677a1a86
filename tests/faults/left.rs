//! Who is left of a session: by the directories and the environment that all of its descendants inherit.

use std::path::Path;
use std::time::Instant;

use crate::support::{PATIENCE, Project, pause};

/// Waits until nobody works in the project's directories or has them in its environment or arguments: no devrun,
/// no guardian, no process of theirs in whatever session. What lives on after [`PATIENCE`] is shown.
pub fn wait_until_nobody_is_left(project: &Project) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = left(project);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left behind: {left:#?}");
        pause();
    }
}

/// Each of them as `PID COMMAND`. Zombies do not count.
pub fn left(project: &Project) -> Vec<String> {
    let directory = project.directory();
    processes_of(directory.parent().expect("it is below the test's own"))
}

#[cfg(target_os = "linux")]
fn processes_of(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir("/proc")
        .expect("there is a /proc")
        .flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let myself = std::process::id() as i32;
    pids.filter(|pid| *pid != myself && is_below(*pid, root) && crate::support::is_alive(*pid))
        .map(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            format!("{pid} {command}")
        })
        .collect()
}

#[cfg(target_os = "linux")]
fn is_below(pid: i32, root: &Path) -> bool {
    let directory = std::fs::read_link(format!("/proc/{pid}/cwd"));
    let path = root.as_os_str().as_encoded_bytes();
    let names_it = |file: &str| {
        let text = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        text.windows(path.len()).any(|window| window == path)
    };
    directory.is_ok_and(|it| it.starts_with(root)) || names_it("environ") || names_it("cmdline")
}

/// `ps` shows there what a process of ours has in its environment.
#[cfg(not(target_os = "linux"))]
fn processes_of(root: &Path) -> Vec<String> {
    let output = std::process::Command::new("ps")
        .args(["-axEww", "-o", "pid=,state=,command="])
        .output()
        .expect("there is a ps");
    let root = root.to_str().expect("it is text");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_of = |line: &&str| {
        let state = line.split_whitespace().nth(1).unwrap_or_default();
        line.contains(root) && !state.starts_with('Z')
    };
    lines.lines().filter(is_of).map(str::to_string).collect()
}
