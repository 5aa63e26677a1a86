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
    /// Those that they are to have, by their places.
    pub(super) colors: Vec<Option<u8>>,
    /// By [`crate::log::stored::Author::index`].
    pub(super) is_shown: Vec<bool>,
}

/// From where a session is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewpoint<'a> {
    /// Of the app that is meant.
    pub(super) key: &'a str,
    /// The session was started for another one.
    pub(super) is_others: bool,
}

impl Viewpoint<'_> {
    fn is_own(self, source: &Source) -> bool {
        source.app == self.key
    }

    fn name(self, source: &Source) -> &str {
        match self.is_others && self.is_own(source) {
            true => &source.in_app,
            false => &source.name,
        }
    }

    /// What the other app calls `web` cannot be called so from here.
    fn is_known(self, source: &Source) -> bool {
        !self.is_others || self.is_own(source) || source.name.contains('/')
    }

    /// Whether somebody means this process who says `asked`.
    pub(super) fn means(self, source: &Source, asked: &str) -> bool {
        let in_app = self.is_own(source) && session::is_called(&source.in_app, asked);
        in_app || (self.is_known(source) && session::is_called(&source.name, asked))
    }

    /// The one other app of which all are that are asked for. `None`: there is none, or somebody is of this one.
    pub(super) fn other_app<'a>(self, sources: &'a [Source], asked: &[String]) -> Option<&'a str> {
        let is_meant = |source: &&Source| asked.iter().any(|asked| self.means(source, asked));
        let mut meant = sources.iter().filter(is_meant);
        let app = meant.next()?.app.as_str();
        let is_one = app != self.key && meant.all(|source| source.app == app);
        (is_one && !asked.iter().any(|asked| asked == SYSTEM)).then_some(app)
    }
}

impl Cast {
    /// Those that `asked` names. If nobody is named, all; of a session that was started for another app, what is of
    /// the one that is meant.
    ///
    /// # Errors
    /// A name that means nobody: which there are.
    pub(super) fn new(
        sources: &[Source],
        from: Viewpoint<'_>,
        asked: &[String],
    ) -> Result<Self, Report> {
        let names = sources.iter().map(|source| from.name(source).to_string());
        let mut cast = Self {
            names: names.collect(),
            colors: sources.iter().map(|source| source.color).collect(),
            is_shown: vec![false; sources.len() + 1],
        };
        if asked.is_empty() {
            cast.show(0);
            let is_meant = |source: &Source| !from.is_others || from.is_own(source);
            cast.show_all(sources, is_meant);
        }
        for name in asked {
            let has_met = cast.show_all(sources, |source| from.means(source, name));
            if name == SYSTEM {
                cast.show(0);
            } else if !has_met {
                let known = sources.iter().filter(|source| from.is_known(source));
                return Err(session::unknown(name, known.map(|it| from.name(it))));
            }
        }
        Ok(cast)
    }

    fn show(&mut self, index: usize) {
        self.is_shown[index] = true;
    }

    /// Returns whether there is one.
    fn show_all(&mut self, sources: &[Source], is_meant: impl Fn(&Source) -> bool) -> bool {
        let places = (0..sources.len()).filter(|place| is_meant(&sources[*place]));
        let places: Vec<usize> = places.collect();
        places.iter().for_each(|place| self.show(place + 1));
        !places.is_empty()
    }

    /// What devrun said is none of what the processes wrote.
    pub(super) fn hide_system(&mut self) {
        self.is_shown[0] = false;
    }

    pub(super) fn shows_system(&self) -> bool {
        self.is_shown[0]
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
            color: None,
        };
        vec![
            source("web.1", "shop", "web.1"),
            source("worker.1", "shop", "worker.1"),
            source("worker.2", "shop", "worker.2"),
            source("api/web.1", "api", "web.1"),
        ]
    }

    fn from(key: &str) -> Viewpoint<'_> {
        let is_others = key != "shop";
        Viewpoint { key, is_others }
    }

    fn check(key: &str, asked: &[&str], expected: &[&str]) {
        let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let cast = Cast::new(&sources(), from(key), &asked).unwrap();
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
        check("api", &["web"], &["web.1"]);
        check("api", &["api/web"], &["web.1"]);
        let asked = ["worker".to_string()];
        Cast::new(&sources(), from("api"), &asked).unwrap_err();
    }

    #[test]
    fn all_may_be_of_one_other_app() {
        let check = |asked: &[&str], expected: Option<&str>| {
            let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
            assert_eq!(from("shop").other_app(&sources(), &asked), expected);
        };
        check(&["api/web"], Some("api"));
        check(&["api/*", "api/web.1"], Some("api"));
        check(&["api/web", "web"], None);
        check(&["api/web", "system"], None);
        check(&["worker"], None);
        check(&[], None);
    }

    #[test]
    fn who_is_not_there_is_not_left_out_in_silence() {
        let asked = ["web".to_string(), "wrker".to_string()];
        let report = Cast::new(&sources(), from("shop"), &asked).unwrap_err();
        assert_eq!(report.headline, "no process `wrker` in this session");
        assert!(report.help.unwrap().starts_with("did you mean `worker`?"));
    }
}
