//! Nothing is left behind, however devrun ends.

use nix::sys::signal::Signal;

use crate::support::Project;

#[test]
fn a_bystander_in_the_callers_group_is_untouched() {
    let project = Project::with_procfile("web: sleep 1000\n");
    let mut bystander = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    let mut devrun = project.start();
    devrun.wait_for("web.1 started");
    assert_eq!(devrun.interrupt(), 0);
    assert!(bystander.try_wait().unwrap().is_none());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn a_devrun_inside_devrun_ends_its_own_first() {
    let inner = Project::with_procfile(
        "job: trap 'echo inner bye; exit 0' TERM; echo inner up; while :; do sleep 0.01; done\n",
    );
    let procfile = format!(
        "web: {} start -p 0 -f {}/Procfile\n",
        env!("CARGO_BIN_EXE_devrun"),
        inner.directory().display()
    );
    let mut devrun = Project::with_procfile(&procfile).start();
    devrun
        .wait_for("inner up")
        .signal(Signal::SIGINT)
        .wait_for("inner bye")
        .wait_for("done. up");
    assert_eq!(devrun.wait(), 0);
}
