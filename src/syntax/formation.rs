//! Reads a formation: `all=1,web=2,worker=0`.

/// More processes than anybody means: a slip of the finger.
pub(crate) const MAX_PROCESSES: usize = 5_000;

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
/// The reason for each entry that is none.
pub(crate) fn parse(text: &str) -> Result<Formation, String> {
    let mut formation = Formation::default();
    let mut reasons = Vec::new();
    for entry in text.split(',').map(str::trim) {
        match parse_entry(entry) {
            Ok((name, _)) if is_known(&formation, name) => {
                reasons.push(format!("`{name}` stands in it twice"));
            }
            Ok(("all", count)) => formation.all = Some(count),
            Ok((name, count)) => formation.counts.push((name.to_string(), count)),
            Err(why) => reasons.push(why),
        }
    }
    if reasons.is_empty() {
        Ok(formation)
    } else {
        Err(reasons.join("; "))
    }
}

fn is_known(formation: &Formation, name: &str) -> bool {
    (name == "all" && formation.all.is_some())
        || formation.counts.iter().any(|(known, _)| known == name)
}

fn parse_entry(entry: &str) -> Result<(&str, u16), String> {
    let pair = entry
        .split_once('=')
        .map(|(name, count)| (name.trim(), count.trim()));
    let Some((name, count)) = pair.filter(|(name, _)| !name.is_empty()) else {
        let name = Some(entry).filter(|entry| !entry.is_empty() && !entry.contains('='));
        return Err(format!("write it as `{}=1`", name.unwrap_or("web")));
    };
    let number = count
        .parse::<u16>()
        .ok()
        .filter(|number| usize::from(*number) <= MAX_PROCESSES);
    match number {
        Some(number) => Ok((name, number)),
        None => Err(format!(
            "`{count}` is not a number from 0 to {MAX_PROCESSES}"
        )),
    }
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
    fn every_bad_entry_has_its_reason() {
        let check = |text: &str, expected: &str| assert_eq!(parse(text).unwrap_err(), expected);
        check("web=-1", "`-1` is not a number from 0 to 5000");
        check("web=1,web=2", "`web` stands in it twice");
        check("all=1,all=2", "`all` stands in it twice");
        check("", "write it as `web=1`");
        check("=1", "write it as `web=1`");
        check(
            "web=abc,worker,api=5001",
            "`abc` is not a number from 0 to 5000; write it as `worker=1`; `5001` is not a number from 0 to 5000",
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_formation_or_has_a_reason(text in ".{0,60}") {
            match parse(&text) {
                Ok(formation) => assert!(formation.all.is_some() || !formation.counts.is_empty()),
                Err(why) => assert!(!why.is_empty()),
            }
        }
    }
}
