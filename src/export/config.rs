//! What of an environment goes along: in plain text, or as a reference to what is kept elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use crate::plan::PlannedProcess;
use crate::plan::uses::{Backing, Wire};
use crate::syntax::settings::PERSONAL;
use crate::words::env::{Source, Variable};
use crate::words::secret;
use crate::words::uses::Origin;

/// By the names of the variables.
pub(crate) type Values = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) plain: Values,
    /// Their values stand in no file that says what is to run.
    pub(crate) secret: Values,
}

/// The config of a process, and the names of what no file can hold.
///
/// The ports and the name of a process are its own affair (`own`); the rest of the shell's environment stays here.
pub(crate) fn config(
    process: &PlannedProcess,
    wires: &[&Wire],
    own: &[String],
) -> (Config, Vec<String>) {
    let mut config = Config::default();
    let mut left_out = Vec::new();
    for (name, variable) in process.env.iter() {
        if variable.source == Source::Shell || own.iter().any(|own| name == own.as_str()) {
            continue;
        }
        let text = name.to_str().zip(variable.value.to_str());
        let Some((name, value)) = text.filter(|(name, _)| is_name(name)) else {
            left_out.push(name.to_string_lossy().into_owned());
            continue;
        };
        let kept = match is_secret(process, wires, name, value, variable) {
            true => &mut config.secret,
            false => &mut config.plain,
        };
        kept.insert(name.to_string(), value.to_string());
    }
    (config, left_out)
}

/// As every target takes it.
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Env files and the personal settings are kept out of version control because of what stands in them: all of it may be
/// secret, and so may be what a use takes from there.
fn is_secret(
    process: &PlannedProcess,
    wires: &[&Wire],
    name: &str,
    value: &str,
    variable: &Variable,
) -> bool {
    // `Server=db;Password=…` tells one by a name of its own.
    let is_by_name_or_url = secret::is_in(name, value) || !secret::in_line(value).is_empty();
    match &variable.source {
        Source::EnvFile { .. } => true,
        Source::Use { .. } => {
            let mut wires = wires.iter();
            let wire = wires.find(|wire| wire.declared.variable == name);
            let refers = wire.is_some_and(|wire| {
                let template = wire.declared.value.as_deref().unwrap_or_default();
                template.contains("${") || wire.declared.target.to_string().contains("${")
            });
            let mut uses = process.uses.iter();
            let is_personal =
                wire.is_some_and(|wire| match (&wire.declared.origin, &wire.backing) {
                    (Origin::File(place), Backing::Resource) => is_personal(&place.file),
                    (Origin::File(_) | Origin::CommandLine, _) => false,
                });
            let is_marked = uses.any(|used| used.variable == name && used.is_secret);
            is_personal || refers || is_by_name_or_url || is_marked
        }
        Source::Settings { file, .. } => is_by_name_or_url || is_personal(file),
        Source::Automatic(_)
        | Source::Shell
        | Source::Devrun
        | Source::Port { .. }
        | Source::CommandLine
        | Source::ProcfileLine { .. } => is_by_name_or_url,
    }
}

fn is_personal(file: &str) -> bool {
    Path::new(file).file_name() == Some(PERSONAL.as_ref())
}

/// Takes what all of them have, and have alike, out of each.
pub(crate) fn common(configs: &mut [Config]) -> Config {
    let common = Config {
        plain: common_values(configs, |config| &config.plain),
        secret: common_values(configs, |config| &config.secret),
    };
    for config in configs {
        config
            .plain
            .retain(|name, _| !common.plain.contains_key(name));
        config
            .secret
            .retain(|name, _| !common.secret.contains_key(name));
    }
    common
}

fn common_values(configs: &[Config], of: impl Fn(&Config) -> &Values) -> Values {
    let Some((first, others)) = configs.split_first() else {
        return Values::new();
    };
    let is_common = |(name, value): &(&String, &String)| {
        let mut others = others.iter();
        others.all(|other| of(other).get(*name) == Some(*value))
    };
    let found = of(first).iter().filter(is_common);
    found
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_have_alike_is_common() {
        let config = |plain: &[(&str, &str)], secret: &[(&str, &str)]| {
            let values = |values: &[(&str, &str)]| -> Values {
                let values = values.iter();
                values
                    .map(|(name, value)| (name.to_string(), value.to_string()))
                    .collect()
            };
            Config {
                plain: values(plain),
                secret: values(secret),
            }
        };
        let mut configs = [
            config(&[("A", "1"), ("B", "1")], &[("K", "1"), ("L", "1")]),
            config(&[("A", "1"), ("B", "2")], &[("K", "1")]),
        ];
        assert_eq!(common(&mut configs), config(&[("A", "1")], &[("K", "1")]));
        assert_eq!(configs[0], config(&[("B", "1")], &[("L", "1")]));
        assert_eq!(configs[1], config(&[("B", "2")], &[]));
        assert_eq!(common(&mut []), Config::default());
    }

    #[test]
    fn a_name_is_one_for_every_target() {
        for name in ["A", "_a1", "PATH"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "1A", "a.b", "a-b", "Ä", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
