//! A row for each process, and below it what else there is to say of it.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::render::answer::age;
use crate::render::ps::{AppProcesses, Block, notes};
use crate::render::text;
use crate::words::wire::process::ProcessReport;
use crate::words::wording::{self, duration, listed};

const HEADS: [&str; 9] = [
    "PROCESS", "STATE", "PORT", "URL", "PID", "UP", "RESTARTS", "CPU", "MEM",
];
/// Numbers stand below each other.
const IS_RIGHT: [bool; 9] = [false, false, false, false, false, false, true, true, true];
/// Which columns there are: what there is no room for is left out, the least important first.
const LAYOUTS: [&[usize]; 6] = [
    &[0, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0, 1, 3, 4, 5, 6, 7, 8],
    &[0, 1, 3, 5, 6, 7, 8],
    &[0, 1, 3, 5, 7, 8],
    &[0, 1, 3, 5],
    &[0, 1, 3],
];

type Cells = [String; 9];

/// The blocks of several sessions have titles. `columns`: how wide it may be; `None`: as wide as it is.
pub(crate) fn table(blocks: &[Block], columns: Option<usize>, is_titled: bool) -> String {
    let mut out = String::new();
    for (place, block) in blocks.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        if let Some(app) = block.apps.first().filter(|_| is_titled) {
            push(&title(app), columns, &mut out);
        }
        push_rows(block, columns, &mut out);
        for app in &block.apps {
            // At the root of a repository one expects that its session runs all members.
            let is_expected = is_titled || (block.home.is_none() && app.is_same_session);
            for line in about(app, is_expected) {
                push(&line, columns, &mut out);
            }
        }
    }
    out
}

fn push_rows(block: &Block, columns: Option<usize>, out: &mut String) {
    let processes: Vec<_> = block.processes().collect();
    let names = processes.iter().map(|(app, it)| block.called_of(app, it));
    let names: Vec<String> = names.collect();
    let rows = processes.iter().zip(&names);
    let mut rows: Vec<Cells> = rows.map(|((_, it), name)| cells(name, it)).collect();
    rows.insert(0, HEADS.map(String::from));
    let widths = widths(&rows);
    let fits = |layout: &&&[usize]| columns.is_none_or(|columns| width(layout, &widths) <= columns);
    let fitting = LAYOUTS.iter().find(fits);
    let layout = fitting.or(LAYOUTS.last()).copied().unwrap_or_default();
    push_line(&line(&rows[0], layout, &widths), out);
    for ((row, (_, report)), name) in rows[1..].iter().zip(&processes).zip(&names) {
        push_line(&line(row, layout, &widths), out);
        for note in notes::notes(block, name, report) {
            let indented = format!("{:1$}{note}", "", widths[0] + 2);
            push(&indented, columns, out);
        }
    }
}

fn widths(rows: &[Cells]) -> [usize; 9] {
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    std::array::from_fn(|column| width(column).unwrap_or(0))
}

fn width(layout: &[usize], widths: &[usize; 9]) -> usize {
    let cells: usize = layout.iter().map(|column| widths[*column]).sum();
    cells + 2 * layout.len().saturating_sub(1)
}

fn line(row: &Cells, layout: &[usize], widths: &[usize; 9]) -> String {
    let cells = layout.iter().map(|column| {
        let cell = &row[*column];
        let blanks = " ".repeat(widths[*column].saturating_sub(cell.width()));
        match IS_RIGHT[*column] {
            true => format!("{blanks}{cell}"),
            false => format!("{cell}{blanks}"),
        }
    });
    cells.collect::<Vec<String>>().join("  ")
}

fn push_line(line: &str, out: &mut String) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Text that may go on in another line.
fn push(text: &str, columns: Option<usize>, out: &mut String) {
    let text = wording::escaped(text);
    match columns {
        Some(columns) => text::wrapped(&text, columns)
            .iter()
            .for_each(|line| push_line(line, out)),
        None => push_line(&text, out),
    }
}

fn cells(name: &str, report: &ProcessReport) -> Cells {
    let state = &report.state;
    let usage = report.usage.unwrap_or_default();
    let up = report.up_ms.map(Duration::from_millis);
    let told = Some(state.state.clone()).filter(|state| !state.is_empty());
    let cells = [
        Some(name.to_string()),
        told,
        state.port.map(|port| port.to_string()),
        state.url.clone(),
        state.pid.map(|pid| pid.to_string()),
        up.map(age),
        Some(report.restarts.to_string()),
        usage.cpu.map(|cpu| format!("{cpu:.0}%")),
        usage.memory.map(size),
    ];
    let escaped = |text: String| wording::escaped(&text).into_owned();
    cells.map(|cell| cell.map_or_else(|| "-".into(), escaped))
}

/// `84 M`, `1.2 G`: in powers of 1024.
pub(super) fn size(bytes: u64) -> String {
    const K: f64 = 1024.0;
    let kilobytes = bytes as f64 / K;
    match kilobytes {
        small if small < K => format!("{small:.0} K"),
        middle if middle < K * K => format!("{:.0} M", middle / K),
        large => format!("{:.1} G", large / (K * K)),
    }
}

/// `shop in ~/shop: devrun start (pid 41200), up 12 m 3 s`.
fn title(app: &AppProcesses) -> String {
    let up = duration(app.session.up);
    format!(
        "{} in {}: {}, up {up}",
        app.name,
        app.directory,
        run_by(app)
    )
}

fn run_by(app: &AppProcesses) -> String {
    let pid = app.session.pid;
    match app.is_sibling {
        true => format!("started for {} (pid {pid})", app.session.app),
        false => format!("devrun start (pid {pid})"),
    }
}

/// Whose session runs it, where that is not what one expects, and who uses it.
fn about(app: &AppProcesses, is_expected: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if !is_expected && app.is_sibling {
        lines.push(format!("{}: {}", app.name, run_by(app)));
    } else if !is_expected && !app.is_same_session {
        let (name, directory, pid) = (&app.name, &app.directory, app.session.pid);
        lines.push(format!("{name}: devrun start in {directory} (pid {pid})"));
    }
    if !app.used_by.is_empty() {
        lines.push(format!("{} is used by {}", app.name, listed(&app.used_by)));
    }
    lines
}
