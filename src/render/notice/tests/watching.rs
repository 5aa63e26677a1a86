//! What is said of files that changed.

use super::*;
use crate::words::watching::{Blind, Changed, Then, Watching};

fn changed(others: usize, then: Then, expected: &[&str]) {
    let file = "src/app.py".into();
    let changed = Changed { file, others };
    let process = name("web");
    let news = Watching::Changed {
        process,
        changed,
        then,
    };
    check(&Notice::Watching(news), expected);
}

#[test]
fn what_changed_and_what_follows_is_named() {
    changed(0, Then::Start, &["web.1: src/app.py changed, starting it"]);
    changed(
        1,
        Then::Restart,
        &["web.1: src/app.py changed (and 1 other), restarting it"],
    );
    changed(
        3,
        Then::Signal(1),
        &["web.1: src/app.py changed (and 3 others), sending it SIGHUP"],
    );
}

#[test]
fn what_is_not_seen_is_named_with_the_reason() {
    let blind = |why: Blind, expected: &[&str]| {
        let files = "~/shop".into();
        check(&Notice::Watching(Watching::Blind { files, why }), expected);
    };
    blind(
        Blind::Limit {
            setting: "fs.inotify.max_user_watches".into(),
        },
        &[
            "not all changes of ~/shop will be seen: the system's limit",
            "  fs.inotify.max_user_watches is reached",
        ],
    );
    blind(
        Blind::TooMany {
            directories: 50_000,
        },
        &[
            "not all changes of ~/shop will be seen: more than 50000",
            "  directories; `ignore:` helps",
        ],
    );
    blind(
        Blind::Network { kind: "NFS".into() },
        &[
            "~/shop is on NFS: changes that other machines make there are",
            "  not seen",
        ],
    );
    blind(
        Blind::Cause("Too many open files".into()),
        &["changes of ~/shop will not be seen: Too many open files"],
    );
}
