//! Who wrote in a session, what each is called from here, and who of them is meant.

use crate::cli::session;
use crate::store::segment::Source;
use crate::words::report::Report;

/// What devrun's own lines are asked for by.
const SYSTEM: &str = "system";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cast {
    /// Of the processes, by their places.
    pub(super) names: Vec<String>,
    /// By [`crate::log::stored::Author::index`].
    pub(super) is_shown: Vec<bool>,
}

impl Cast {
    /// Those that `asked` names, or all. A session that was started for another app `is_others`: of that, only
    /// what is of the app with this `key` is meant if nobody is named.
    ///
    /// # Errors
    /// A name that means nobody: which there are.
    pub(super) fn new(
        sources: &[Source],
        key: &str,
        is_others: bool,
        asked: &[String],
    ) -> Result<Self, Report> {
        let is_own = |source: &Source| source.app == key;
        let name = |source: &Source| match is_others && is_own(source) {
            true => source.in_app.clone(),
            false => source.name.clone(),
        };
        let names: Vec<String> = sources.iter().map(name).collect();
        if asked.is_empty() {
            let of_processes = sources.iter().map(|source| !is_others || is_own(source));
            let is_shown = [true].into_iter().chain(of_processes).collect();
            return Ok(Self { names, is_shown });
        }
        let mut is_shown = vec![false; sources.len() + 1];
        for name in asked {
            let is_called = |place: &usize| {
                let source = &sources[*place];
                let in_app = is_own(source) && session::is_called(&source.in_app, name);
                in_app || session::is_called(&names[*place], name)
            };
            let mut meant: Vec<usize> = (0..sources.len()).filter(is_called).collect();
            meant.iter_mut().for_each(|place| *place += 1);
            meant.extend((name == SYSTEM).then_some(0));
            if meant.is_empty() {
                let names = names.iter().map(String::as_str);
                return Err(session::unknown(name, names));
            }
            meant.into_iter().for_each(|index| is_shown[index] = true);
        }
        Ok(Self { names, is_shown })
    }

    /// The places of the processes that are not shown.
    pub(super) fn unexpected(&self) -> Vec<usize> {
        let places = 0..self.names.len();
        places.filter(|place| !self.is_shown[place + 1]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Vec<Source> {
        let source = |name: &str, app: &str, in_app: &str| Source {
            name: name.into(),
            app: app.into(),
            in_app: in_app.into(),
        };
        vec![
            source("web.1", "shop", "web.1"),
            source("worker.1", "shop", "worker.1"),
            source("worker.2", "shop", "worker.2"),
            source("api/web.1", "api", "web.1"),
        ]
    }

    fn check(key: &str, asked: &[&str], expected: &[&str]) {
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let cast = Cast::new(&sources(), key, key != "shop", &asked).unwrap();
        let names = ["system"]
            .into_iter()
            .chain(cast.names.iter().map(String::as_str));
        let shown = names.zip(&cast.is_shown);
        let shown: Vec<&str> = shown.filter(|(_, shown)| **shown).map(|it| it.0).collect();
        assert_eq!(shown, expected, "{asked:?}");
    }

    #[test]
    fn who_is_named_is_meant_or_everybody() {
        check(
            "shop",
            &[],
            &["system", "web.1", "worker.1", "worker.2", "api/web.1"],
        );
        check("shop", &["web"], &["web.1"]);
        check("shop", &["wor*"], &["worker.1", "worker.2"]);
        check("shop", &["worker.2", "system"], &["system", "worker.2"]);
        check("shop", &["api/web"], &["api/web.1"]);
    }

    #[test]
    fn in_a_session_of_another_app_ones_own_processes_have_their_own_names() {
        check("api", &[], &["system", "web.1"]);
        check("api", &["worker"], &["worker.1", "worker.2"]);
    }

    #[test]
    fn who_is_not_there_is_not_left_out_in_silence() {
        let asked = ["web".to_string(), "wrker".to_string()];
        let report = Cast::new(&sources(), "shop", false, &asked).unwrap_err();
        assert_eq!(report.headline, "no process `wrker` in this session");
        assert!(report.help.unwrap().starts_with("did you mean `worker`?"));
    }
}
