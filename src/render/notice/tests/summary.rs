//! The summary, at any width.

use super::*;
use crate::words::notice::{Shown, SummaryRow};
use crate::words::policy::KeyHints;

fn row(process: &str, state: Shown, url: Option<&str>) -> SummaryRow {
    SummaryRow {
        process: name(process),
        state,
        url: url.map(Into::into),
        does_not_listen: state == Shown::Running,
        elsewhere: None,
        uses: Vec::new(),
    }
}

fn two() -> Vec<SummaryRow> {
    vec![
        row("web", Shown::Ready, Some("http://localhost:5000")),
        row("worker", Shown::Running, None),
    ]
}

fn four() -> Vec<SummaryRow> {
    let elsewhere = SummaryRow {
        does_not_listen: false,
        elsewhere: Some(5173),
        ..row("api", Shown::Running, None)
    };
    let failed = row("job", Shown::Restarting, None);
    [two(), vec![elsewhere, failed]].concat()
}

fn all_up(rows: Vec<SummaryRow>, hints: KeyHints) -> Notice {
    Notice::AllUp {
        after: Duration::from_millis(2100),
        rows,
        hints,
    }
}

#[test]
fn a_row_has_a_url_only_where_it_is_served() {
    check(
        &all_up(two(), KeyHints::None),
        &[
            "all up in 2.1 s",
            "  web.1     ready    http://localhost:5000",
            "  worker.1  running  (does not listen)",
        ],
    );
}

#[test]
fn what_a_process_uses_is_shown_where_there_is_room() {
    let mut rows = two();
    rows[0].uses = vec![name("api"), name("db")];
    rows[1].uses = vec![name("db")];
    let expected = [
        "all up in 2.1 s",
        "  web.1     ready    http://localhost:5000   uses api.1 and db.1",
        "  worker.1  running  (does not listen)       uses db.1",
    ];
    let notice = all_up(rows, KeyHints::None);
    assert_eq!(laid_out(&notice, 66), expected);
    check(
        &notice,
        &[
            "all up in 2.1 s",
            "  web.1     ready    http://localhost:5000",
            "  worker.1  running  (does not listen)",
        ],
    );
}

#[test]
fn who_is_not_as_was_hoped_is_marked() {
    check(
        &all_up(four(), KeyHints::Commands),
        &[
            "2 of 4 processes up",
            "  web.1     ready    http://localhost:5000",
            "  worker.1  running  (does not listen)",
            "! api.1     running  (listens on 5173)",
            "! job.1     restarting",
            "h + Enter: commands   Ctrl-C: stop",
        ],
    );
}

#[test]
fn the_less_room_there_is_the_less_stands_beside_a_name() {
    let notice = all_up(two().split_off(1), KeyHints::None);
    let expected = ["all up in 2.1 s", "  worker.1  running"];
    assert_eq!(laid_out(&notice, 37), expected);
    let notice = all_up(four(), KeyHints::Commands);
    let expected = [
        "2 of 4 processes up",
        "web.1     http://localhost:5000",
        "worker.1  running",
        "api.1     (listens on 5173)",
        "job.1     restarting",
        "h + Enter: commands",
        "Ctrl-C: stop",
    ];
    assert_eq!(laid_out(&notice, 31), expected);
    let expected = [
        "2 of 4 processes up",
        "  web.1     ready",
        "    http://localhost:5000",
        "  worker.1  running",
        "! api.1     running",
        "    (listens on 5173)",
        "! job.1     restarting",
        "h + Enter: commands",
        "Ctrl-C: stop",
    ];
    assert_eq!(laid_out(&notice, 25), expected);
}
