//! `devrun env --explain`: every variable, its value, where that comes from, and all that it hides.

use std::ffi::{OsStr, OsString};

use unicode_width::UnicodeWidthStr;

use crate::render::env::shown;
use crate::words::env::{Env, Source, Variable};
use crate::words::secret::Secrets;
use crate::words::wording;

/// A longer name is not cut, but moves its own row alone.
const MAX_NAME: usize = 32;
const HIDES: &str = "hides  ";

/// A row: what stands before the value, the value, and its source.
struct Row {
    head: String,
    value: String,
    source: String,
}

/// A table of so many columns, as far as values allow it: those are never cut. Where a source does not fit
/// behind its value it stands in the next line.
pub(crate) fn explain(env: &Env, secrets: Secrets, columns: usize) -> String {
    let widest = env.iter().map(|(name, _)| name.to_string_lossy().width());
    let indent = widest.filter(|width| *width <= MAX_NAME).max().unwrap_or(0);
    let rows: Vec<_> = env
        .iter()
        .map(|(name, variable)| of_variable(name, variable, secrets, indent))
        .collect();
    let column = value_column(rows.iter().map(|(row, _)| row), columns);
    let mut table = String::new();
    for (row, hidden) in &rows {
        row.push(&mut table, column, columns);
        for row in hidden {
            row.push(&mut table, 0, columns);
        }
    }
    table
}

/// Its own row, and one for each value that it hides, the strongest first.
fn of_variable(
    name: &OsStr,
    variable: &Variable,
    secrets: Secrets,
    indent: usize,
) -> (Row, Vec<Row>) {
    let row = |head: String, value: &OsStr, source: &Source| Row {
        head,
        value: shown(name, value, secrets),
        source: wording::escaped(&source.to_string()).into_owned(),
    };
    let of_hidden = |(value, source): &(OsString, Source)| {
        row(format!("{:indent$}    {HIDES}", ""), value, source)
    };
    let hidden = variable.hidden.iter().rev().map(of_hidden).collect();
    let own = wording::escaped(&name.to_string_lossy()).into_owned();
    let head = padded(&own, indent) + "  ";
    (row(head, &variable.value, &variable.source), hidden)
}

/// How wide values are so that most rows have their source in one column; of several widths the smallest.
fn value_column<'a>(rows: impl Iterator<Item = &'a Row> + Clone, columns: usize) -> usize {
    let aligned = |width: usize| {
        let fits = |row: &&Row| row.value.width() <= width && row.width(width) <= columns;
        rows.clone().filter(fits).count()
    };
    let mut widths: Vec<usize> = rows.clone().map(|row| row.value.width()).collect();
    widths.sort_unstable();
    widths.dedup();
    // The last of several equals is the one that is found.
    let most = widths.into_iter().rev().max_by_key(|width| aligned(*width));
    most.unwrap_or(0)
}

impl Row {
    /// With its value in so many columns, or as wide as that is.
    fn width(&self, column: usize) -> usize {
        let value = self.value.width();
        let gap = if value <= column { 2 } else { 3 };
        self.head.width() + value.max(column) + gap + self.source.width()
    }

    fn push(&self, table: &mut String, column: usize, columns: usize) {
        table.push_str(&self.head);
        if self.value.width() <= column && self.width(column) <= columns {
            table.push_str(&padded(&self.value, column + 2));
        } else if self.width(0) <= columns {
            table.push_str(&padded(&self.value, self.value.width() + 3));
        } else {
            table.push_str(&self.value);
            table.push('\n');
            // In the column of the other sources, if it is short enough for that.
            let head = self.head.width();
            let margin = if column > 0 { head + column + 2 } else { head };
            let room = columns.saturating_sub(self.source.width());
            let margin = margin.min(room.max(head));
            table.push_str(&" ".repeat(margin));
        }
        table.push_str(&self.source);
        table.push('\n');
    }
}

fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(text.width());
    format!("{text}{:blanks$}", "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::name::ProcessType;

    fn settings(line: usize, provider: &str) -> Source {
        Source::Use {
            origin: format!("devrun.yaml:{line}"),
            provider: provider.into(),
        }
    }

    fn env_file(line: usize) -> Source {
        Source::EnvFile {
            file: ".env".into(),
            line,
        }
    }

    fn shop() -> Env {
        let mut env = Env::default();
        let mut lay = |name: &str, value: &str, source: Source| {
            env.lay(name.into(), value.into(), source);
        };
        lay("API_URL", "http://localhost:5100", Source::Shell);
        lay("API_URL", "https://staging.example.com/v1", env_file(3));
        let api = settings(3, "web.1 of ~/src/api (live)");
        lay("API_URL", "http://localhost:5001/v1", api);
        let database = "postgresql://shop:abc@localhost:5432/shop_dev";
        lay("DATABASE_URL", database, settings(4, ""));
        lay("PORT", "5000", Source::Port { base: 5000 });
        let worker = ProcessType::new("worker").unwrap();
        let worker = Source::Automatic(worker);
        lay("WORKER_URL", "http://localhost:5100", worker);
        lay("RAILS_ENV", "development", env_file(1));
        env
    }

    #[test]
    fn a_table_shows_sources_and_all_that_is_hidden() {
        let expected = "\
API_URL       http://localhost:5001/v1                        devrun.yaml:3, web.1 of ~/src/api (live)
                hides  https://staging.example.com/v1   .env:3
                hides  http://localhost:5100   your shell
DATABASE_URL  postgresql://shop:****@localhost:5432/shop_dev  devrun.yaml:4
PORT          5000                                            devrun (base 5000)
RAILS_ENV     development                                     .env:1
WORKER_URL    http://localhost:5100                           automatic (same Procfile)
";
        assert_eq!(explain(&shop(), Secrets::Masked, 110), expected);
    }

    #[test]
    fn what_does_not_fit_has_its_source_in_the_next_line() {
        let expected = "\
API_URL       http://localhost:5001/v1
               devrun.yaml:3, web.1 of ~/src/api (live)
                hides  https://staging.example.com/v1
                       .env:3
                hides  http://localhost:5100
                       your shell
DATABASE_URL  postgresql://shop:****@localhost:5432/shop_dev
                           devrun.yaml:4
PORT          5000         devrun (base 5000)
RAILS_ENV     development  .env:1
WORKER_URL    http://localhost:5100
                           automatic (same Procfile)
";
        assert_eq!(explain(&shop(), Secrets::Masked, 55), expected);
    }

    #[test]
    fn secrets_are_there_when_they_are_asked_for() {
        let shown = explain(&shop(), Secrets::Revealed, 80);
        assert!(shown.contains("shop:abc@"), "{shown}");
        assert_eq!(explain(&Env::default(), Secrets::Masked, 80), "");
    }

    proptest! {
        #[test]
        fn no_value_is_cut_and_no_row_too_wide_but_for_its_value(
            values in prop::collection::vec("[a-zé]{0,60}", 1..8),
            columns in 0..120_usize,
        ) {
            let mut env = Env::default();
            for (at, value) in values.iter().enumerate() {
                env.lay(format!("V{at}").into(), value.into(), env_file(at));
            }
            let table = explain(&env, Secrets::Masked, columns);
            for (at, value) in values.iter().enumerate() {
                let head = format!("V{at}  {value}");
                let source = format!(".env:{at}");
                prop_assert!(table.contains(&head) && table.contains(&source));
            }
            let is_whole = |line: &&str| line.starts_with('V') && line.contains(".env");
            for line in table.lines().filter(is_whole) {
                prop_assert!(line.width() <= columns, "{}", line);
            }
        }
    }
}
