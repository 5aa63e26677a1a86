//! The signals that end a session, and what sends them: `kill`, a key, a terminal that is closed, a shell that ends.

use std::os::unix::process::CommandExt;

use nix::sys::signal::Signal;

use crate::families::{Bystander, Family};
use crate::support::Devrun;

/// What is done to a session that runs, what is said then, and its status.
struct Case {
    end: fn(&mut Devrun),
    said: &'static str,
    status: i32,
}

/// Ends a session of every kind of descendant, with pipes and with terminals: nobody is left, and nobody else
/// has noticed anything.
fn check(Case { end, said, status }: &Case) {
    for tty in ["never", "always"] {
        let (family, bystander) = (Family::new(), Bystander::new());
        let mut command = family.command(&["--tty", tty]);
        command.process_group(bystander.group());
        let mut devrun = family.run(command);
        end(&mut devrun);
        assert_eq!(devrun.wait(), *status, "{}", devrun.stdout.text());
        assert!(
            devrun.stdout.text().contains(said),
            "{}",
            devrun.stdout.text()
        );
        family.wait_until_gone();
        bystander.is_untouched();
    }
}

fn asks_to_stop(end: fn(&mut Devrun)) -> Case {
    Case {
        end,
        said: "did not stop in 0.3 s: killed",
        status: 0,
    }
}

#[test]
fn sigterm_leaves_nobody() {
    check(&asks_to_stop(|devrun| _ = devrun.signal(Signal::SIGTERM)));
}

#[test]
fn sigint_leaves_nobody() {
    check(&asks_to_stop(|devrun| _ = devrun.signal(Signal::SIGINT)));
}

#[test]
fn sighup_leaves_nobody() {
    check(&asks_to_stop(|devrun| _ = devrun.signal(Signal::SIGHUP)));
}

#[test]
fn sigquit_leaves_nobody() {
    check(&asks_to_stop(|devrun| _ = devrun.signal(Signal::SIGQUIT)));
}

/// devrun cannot say anything then: the guardian does what is left to do.
#[test]
fn sigabrt_leaves_nobody() {
    check(&Case {
        end: |devrun| _ = devrun.signal(Signal::SIGABRT),
        said: "started",
        status: 128 + Signal::SIGABRT as i32,
    });
}
