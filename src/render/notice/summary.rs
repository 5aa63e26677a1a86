//! The screen that says who is up, and where.

use std::time::Duration;

use crate::render::notice::elapsed;
use crate::render::text::{Layout, Page, Text};
use crate::words::notice::{Shown, SummaryRow};
use crate::words::policy::KeyHints;
use crate::words::wording::{self, processes};

/// "running" and "ready" stand in one column, whoever is there.
const USUAL_STATE: usize = 7;

/// A row with its texts.
struct Row {
    /// `! ` for who is not as was hoped: in a long table it is to be found.
    mark: &'static str,
    label: String,
    state: &'static str,
    /// Where it listens.
    place: Option<String>,
    /// `place`, or that there is none.
    about: String,
    /// "uses api.1", if it declares any.
    uses: Option<String>,
}

pub(super) fn texts(
    after: Duration,
    rows: &[SummaryRow],
    hints: KeyHints,
    page: &Page<'_>,
) -> Vec<Text> {
    // Nobody finds who listens elsewhere.
    let is_up = |row: &&SummaryRow| row.state.is_up() && row.elsewhere.is_none();
    let up = rows.iter().filter(is_up).count();
    let first = if up == rows.len() {
        format!("all up {}", elapsed("in", after))
    } else {
        // When the others came up says nothing of those who did not.
        format!("{up} of {} up", processes(rows.len()))
    };
    let rows: Vec<Row> = rows.iter().map(|row| Row::new(row, page)).collect();
    let lines = table(&rows, page).into_iter().chain(keys(hints, page));
    std::iter::once(Text::Prose(first))
        .chain(lines.map(Text::Verbatim))
        .collect()
}

fn table(rows: &[Row], page: &Page<'_>) -> Vec<String> {
    let widest = |column: &dyn Fn(&Row) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let label_width = widest(&|row| row.label.chars().count());
    let state_width = USUAL_STATE.max(widest(&|row| {
        row.state.len() * usize::from(!row.about.is_empty())
    }));
    let line = |row: &Row, about: &str| {
        let Row {
            mark, label, state, ..
        } = row;
        let line = format!("{mark}{label:label_width$}  {state:state_width$}  {about}");
        vec![line.trim_end().to_string()]
    };
    let whole = |row: &Row| line(row, &row.about);
    let about_width = widest(&|row| match row.uses {
        Some(_) => row.about.chars().count(),
        None => 0,
    });
    let with_uses = |row: &Row| match &row.uses {
        Some(uses) => line(row, &format!("{:about_width$}   {uses}", row.about)),
        None => whole(row),
    };
    let with_places = |row: &Row| line(row, row.place.as_deref().unwrap_or_default());
    // A URL is shown only of who is ready.
    let without_states = |row: &Row| {
        let place = row.place.as_deref().unwrap_or(row.state);
        vec![format!("{:label_width$}  {place}", row.label)]
    };
    let one_below_another = |row: &Row| {
        let first = format!("{}{:label_width$}  {}", row.mark, row.label, row.state);
        let place = row.place.iter().map(|place| format!("    {place}"));
        std::iter::once(first).chain(place).collect()
    };
    let layouts: [Layout<'_, Row>; 5] = [
        &with_uses,
        &whole,
        &with_places,
        &without_states,
        &one_below_another,
    ];
    page.table(rows, &layouts).concat()
}

/// What the keyboard can do.
fn keys(hints: KeyHints, page: &Page<'_>) -> Vec<String> {
    let hints: &[&str] = match hints {
        KeyHints::None => &[],
        KeyHints::CtrlC => &["Ctrl-C: stop"],
        KeyHints::Commands => &["h + Enter: commands", "Ctrl-C: stop"],
        KeyHints::Clients => &[
            "devrun ps: how it is",
            "devrun logs -f: what it writes",
            "devrun stop: ends it",
        ],
    };
    let beside = |hints: &&[&str]| vec![hints.join("   ")];
    let below = |hints: &&[&str]| hints.iter().map(ToString::to_string).collect();
    let mut keys = page.table(&[hints], &[&beside, &below]).concat();
    keys.retain(|line| !line.is_empty());
    keys
}

impl Row {
    fn new(row: &SummaryRow, page: &Page<'_>) -> Self {
        let place = wording::place(row.url.as_deref(), row.elsewhere);
        let nowhere = if row.does_not_listen {
            "(does not listen)"
        } else {
            ""
        };
        // Who is stopped was stopped by hand.
        let is_wanted = row.state.is_up() || row.state == Shown::Stopped;
        let is_as_hoped = is_wanted && row.elsewhere.is_none();
        Self {
            mark: if is_as_hoped { "  " } else { "! " },
            label: page.label(&row.process),
            state: row.state.word(),
            about: place.clone().unwrap_or_else(|| nowhere.into()),
            place,
            uses: (!row.uses.is_empty()).then(|| {
                let providers = row.uses.iter().map(|provider| page.label(provider));
                format!("uses {}", wording::listed(providers))
            }),
        }
    }
}
