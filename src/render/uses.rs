//! What an app uses, and who uses it → the table and the JSON of `devrun uses`. docs/json.md describes that.

use std::fmt;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::render::harmless;
use crate::words::wording;

/// Changes when a field is removed or gets another meaning.
const VERSION: u32 = 1;

/// One app that is meant. Nothing in it is secret any more.
#[derive(Clone, Debug)]
pub(crate) struct AppUses {
    pub(crate) app: String,
    /// As it is shown.
    pub(crate) directory: String,
    /// `None`: nobody runs it.
    pub(crate) owner: Option<Owner>,
    /// One for each variable, in the order of the settings.
    pub(crate) rows: Vec<Row>,
    /// The apps of other sessions that use it.
    pub(crate) used_by: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) variable: String,
    pub(crate) target: String,
    pub(crate) state: State,
    /// `None`: no process that devrun knows.
    pub(crate) provider: Option<String>,
    /// Whose session runs it.
    pub(crate) owner: Option<Owner>,
    /// The value of the variable; `None`: there is none.
    pub(crate) url: Option<String>,
    /// The processes.
    pub(crate) used_by: Vec<String>,
    pub(crate) is_optional: bool,
}

/// A session, by what it was started for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Owner {
    pub(crate) app: String,
    pub(crate) pid: i32,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Of a process that its session knows: `ready`.
    Of(String),
    NotRunning,
    /// There is no such app on this machine.
    Absent,
    /// A URL: managed elsewhere.
    Elsewhere,
    /// By a stronger layer: a file with its line, `--set`.
    Hidden(String),
    /// No process has it.
    Unused,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(word) => f.write_str(word),
            Self::NotRunning => f.write_str("not running"),
            Self::Absent => f.write_str("absent"),
            Self::Elsewhere => f.write_str("elsewhere"),
            Self::Hidden(by) => write!(f, "hidden by {by}"),
            Self::Unused => f.write_str("unused"),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.app, self.pid)
    }
}

const HEADS: [&str; 6] = ["VARIABLE", "TARGET", "STATE", "OWNER", "URL", "USED BY"];

/// A table; where that is wider than `columns` (`None`: it may be), each use is a few lines.
pub(crate) fn table(apps: &[AppUses], columns: Option<usize>) -> String {
    let mut out = String::new();
    for app in apps {
        if apps.len() > 1 {
            out.push_str(&format!("{} in {}:\n", app.app, app.directory));
        }
        let rows: Vec<[String; 6]> = app.rows.iter().map(cells).collect();
        match aligned(&rows) {
            _ if rows.is_empty() => out.push_str("nothing is used by declaration\n"),
            table if columns.is_none_or(|columns| fits(&table, columns)) => out.push_str(&table),
            _ => rows.iter().for_each(|row| push_lines(row, &mut out)),
        }
        if !app.used_by.is_empty() {
            let by = wording::escaped(&wording::listed(&app.used_by)).into_owned();
            out.push_str(&format!("{} is used by {by}\n", app.app));
        }
    }
    out
}

fn cells(row: &Row) -> [String; 6] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let used_by = (!row.used_by.is_empty()).then(|| row.used_by.join(", "));
    let cells = [
        row.variable.clone(),
        row.target.clone(),
        row.state.to_string(),
        or_dash(row.owner.as_ref().map(Owner::to_string)),
        or_dash(row.url.clone()),
        or_dash(used_by),
    ];
    cells.map(|cell| wording::escaped(&cell).into_owned())
}

fn aligned(rows: &[[String; 6]]) -> String {
    let heads = HEADS.map(str::to_string);
    let all = || std::iter::once(&heads).chain(rows);
    let mut table = String::new();
    for row in all() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = all().map(|row| row[column].width()).max().unwrap_or(0);
            let blanks = width.saturating_sub(cell.width());
            line.push_str(&format!("{cell}{:blanks$}  ", ""));
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn fits(table: &str, columns: usize) -> bool {
    table.lines().all(|line| line.width() <= columns)
}

fn push_lines(row: &[String; 6], out: &mut String) {
    let [variable, target, state, owner, url, used_by] = row;
    out.push_str(&format!("{variable}  {state}\n"));
    for (head, cell) in [
        ("target", target),
        ("owner", owner),
        ("url", url),
        ("used by", used_by),
    ] {
        if cell != "-" {
            out.push_str(&format!("  {head:7}  {cell}\n"));
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    apps: Vec<AppEntry<'a>>,
}

#[derive(Serialize)]
struct AppEntry<'a> {
    name: &'a str,
    directory: &'a str,
    owner: Option<&'a Owner>,
    uses: Vec<UseEntry<'a>>,
    used_by: &'a [String],
}

#[derive(Serialize)]
struct UseEntry<'a> {
    variable: &'a str,
    target: &'a str,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_by: Option<&'a str>,
    provider: Option<&'a str>,
    owner: Option<&'a Owner>,
    url: Option<&'a str>,
    used_by: &'a [String],
    optional: bool,
}

/// In one line, with its end.
pub(crate) fn json(apps: &[AppUses]) -> String {
    let document = Document {
        v: VERSION,
        apps: apps.iter().map(AppEntry::from).collect(),
    };
    harmless::json(&document) + "\n"
}

impl<'a> From<&'a AppUses> for AppEntry<'a> {
    fn from(app: &'a AppUses) -> Self {
        Self {
            name: &app.app,
            directory: &app.directory,
            owner: app.owner.as_ref(),
            uses: app.rows.iter().map(UseEntry::from).collect(),
            used_by: &app.used_by,
        }
    }
}

impl<'a> From<&'a Row> for UseEntry<'a> {
    fn from(row: &'a Row) -> Self {
        let (state, hidden_by) = match &row.state {
            State::Hidden(by) => ("hidden".to_string(), Some(by.as_str())),
            State::Of(_) | State::NotRunning | State::Absent | State::Elsewhere | State::Unused => {
                (row.state.to_string(), None)
            }
        };
        Self {
            variable: &row.variable,
            target: &row.target,
            state,
            hidden_by,
            provider: row.provider.as_deref(),
            owner: row.owner.as_ref(),
            url: row.url.as_deref(),
            used_by: &row.used_by,
            optional: row.is_optional,
        }
    }
}
