//! Names in the column of a terminal.

use std::borrow::Cow;

use crate::render::charset::Charset;

/// The least that a name can be cut to.
const SHORTEST: usize = 5;

/// The names of a stream, each as its column has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    all: Vec<String>,
    /// Those that were too long, and what they are cut to; the longest first, as one may hold another.
    cut: Vec<(String, String)>,
}

impl Labels {
    /// At most `limit` columns each. Two names that differ have two labels, as far as that is possible.
    pub(crate) fn new<'a>(
        names: impl Iterator<Item = &'a str>,
        limit: usize,
        charset: Charset,
    ) -> Self {
        let mut labels = Self::default();
        for name in names {
            let label = shortened(name, limit, charset, &labels.all);
            if label != name {
                labels.cut.push((name.to_string(), label.clone()));
            }
            labels.all.push(label);
        }
        labels
            .cut
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        labels
    }

    /// In the order of the names.
    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    /// `text` with every name in it as its column has it.
    pub(crate) fn within<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let cut = |text: Cow<'a, str>, (name, label): &(String, String)| {
            if text.contains(name.as_str()) {
                Cow::Owned(text.replace(name, label))
            } else {
                text
            }
        };
        self.cut.iter().fold(Cow::Borrowed(text), cut)
    }
}

/// `a-very-long-name.1` → `a-ve…me.1`: the instance stays. A name is ASCII. `limit` is in columns.
fn shortened(name: &str, limit: usize, charset: Charset, taken: &[String]) -> String {
    let limit = limit.max(SHORTEST);
    if name.len() <= limit {
        return name.to_string();
    }
    let instance = name.rfind('.').map_or(0, |dot| name.len() - dot);
    let kept = limit - 1;
    let in_the_middle = kept.div_ceil(2).max(instance).min(kept - 1);
    let cut = |back: usize| {
        let (front, back) = (kept - back, name.len() - back);
        format!("{}{}{}", &name[..front], charset.cut(), &name[back..])
    };
    // Elsewhere if another name is the same but for its middle.
    let elsewhere = instance.max(1)..kept;
    let mut labels = std::iter::once(in_the_middle).chain(elsewhere).map(cut);
    labels
        .find(|label| !taken.contains(label))
        .unwrap_or_else(|| cut(in_the_middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: usize, charset: Charset, names: &[&str], expected: &[&str]) {
        let labels = Labels::new(names.iter().copied(), limit, charset);
        assert_eq!(labels.all(), expected);
    }

    #[test]
    fn the_instance_stays() {
        let check = |name, limit, expected| check(limit, Charset::Utf8, &[name], &[expected]);
        check("a-very-long-name.1", 9, "a-ve…me.1");
        check("a-very-long-name.1", 10, "a-ve…ame.1");
        check("worker.12", 6, "wo….12");
        check("worker.1200", 6, "w…1200");
        check("worker.12", 0, "w….12");
        check("web.1", 5, "web.1");
        check("system", 5, "sy…em");
    }

    #[test]
    fn without_utf8_a_tilde_stands_for_what_is_cut_out() {
        let names = ["a-very-long-name.1", "web.1"];
        check(9, Charset::Ascii, &names, &["a-ve~me.1", "web.1"]);
    }

    #[test]
    fn names_that_differ_in_the_middle_are_cut_elsewhere() {
        let names = ["shop-eu-worker.1", "shop-us-worker.1", "shop-us-worker.2"];
        let expected = ["shop…ker.1", "shop-us….1", "shop…ker.2"];
        check(10, Charset::Utf8, &names, &expected);
        let names = ["aaaaaaaaaaaaaaaabaa.1", "aaaaaaaaaaaaaaaacaa.1"];
        check(6, Charset::Utf8, &names, &["aa…a.1", "aaa….1"]);
    }

    #[test]
    fn text_has_names_as_the_column_has_them() {
        let names = ["long-name.1", "a-long-name.1", "long-name.12", "web.1"];
        let labels = Labels::new(names.into_iter(), 7, Charset::Utf8);
        let said = "a-long-name.1, long-name.12 and web.1 use long-name.1";
        assert_eq!(
            labels.within(said),
            "a-l…e.1, lon….12 and web.1 use lon…e.1"
        );
    }
}
