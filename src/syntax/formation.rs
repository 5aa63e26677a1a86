//! Reads a formation: `all=1,web=2,worker=0`.

use crate::words::report::Report;

/// More processes than anybody means: a slip of the finger.
pub(crate) const MAX_PROCESSES: usize = 2_000;

/// How many of each process type, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Formation {
    /// For every type that is not named.
    pub(crate) all: Option<u16>,
    /// By type, in the order given; whether these types exist is for the plan to say.
    pub(crate) counts: Vec<(String, u16)>,
}

impl Formation {
    /// Types that are not named run only where `all` is.
    pub(crate) fn count(&self, process_type: &str) -> u16 {
        let named = self.counts.iter().find(|(name, _)| name == process_type);
        named.map_or(self.all.unwrap_or(0), |(_, count)| *count)
    }
}

/// # Errors
/// One for each entry that is none.
pub(crate) fn parse(text: &str) -> Result<Formation, Vec<Report>> {
    let mut formation = Formation::default();
    let mut errors = Vec::new();
    for entry in text.split(',').map(str::trim) {
        match parse_entry(entry) {
            Ok((name, _)) if is_known(&formation, name) => {
                errors.push(bad(entry).caused_by(format!("`{name}` stands in it twice")));
            }
            Ok(("all", count)) => formation.all = Some(count),
            Ok((name, count)) => formation.counts.push((name.to_string(), count)),
            Err(report) => errors.push(report),
        }
    }
    if errors.is_empty() {
        Ok(formation)
    } else {
        Err(errors)
    }
}

fn is_known(formation: &Formation, name: &str) -> bool {
    (name == "all" && formation.all.is_some())
        || formation.counts.iter().any(|(known, _)| known == name)
}

fn parse_entry(entry: &str) -> Result<(&str, u16), Report> {
    let Some((name, count)) = entry.split_once('=') else {
        let name = if entry.is_empty() { "web" } else { entry };
        return Err(bad(entry).help(format!("write it as `{name}=1`")));
    };
    let (name, count) = (name.trim(), count.trim());
    let number = count
        .parse::<u16>()
        .ok()
        .filter(|count| usize::from(*count) <= MAX_PROCESSES);
    match number {
        Some(number) => Ok((name, number)),
        None => Err(bad(entry)
            .caused_by(format!(
                "`{count}` is not a number from 0 to {MAX_PROCESSES}"
            ))
            .help("write it as `web=2,worker=1`".to_string())),
    }
}

fn bad(entry: &str) -> Report {
    Report::new(format!("`{entry}` is no part of a formation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_it_names_runs_unless_all_is_given() {
        let counts = |text: &str| {
            let formation = parse(text).unwrap();
            ["web", "worker"].map(|name| formation.count(name))
        };
        assert_eq!(counts("web=2"), [2, 0]);
        assert_eq!(counts("all=1,web=2"), [2, 1]);
        assert_eq!(counts("all=1, worker = 0"), [1, 0]);
    }

    #[test]
    fn every_bad_entry_is_reported() {
        let errors = |text: &str| -> Vec<String> {
            let reports = parse(text).unwrap_err();
            reports
                .iter()
                .map(|report| report.to_string().lines().next().unwrap().to_string())
                .collect()
        };
        assert_eq!(
            errors("web=-1"),
            ["error: `web=-1` is no part of a formation"]
        );
        assert_eq!(errors("web=abc,worker,web=2001").len(), 3);
        assert_eq!(
            errors("web=1,web=2"),
            ["error: `web=2` is no part of a formation"]
        );
        assert_eq!(errors(""), ["error: `` is no part of a formation"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_formation_or_a_report(text in ".{0,60}") {
            match parse(&text) {
                Ok(formation) => assert!(formation.all.is_some() || !formation.counts.is_empty()),
                Err(reports) => assert!(!reports.is_empty()),
            }
        }
    }
}
