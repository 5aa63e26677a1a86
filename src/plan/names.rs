//! Which processes a name means that somebody types: exact, a beginning of one, or `all`.

use crate::words::name::ProcessName;

/// Why a name means no process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unmatched {
    Nobody,
    /// Names of several types begin so: these.
    Several(Vec<String>),
}

/// The places of the processes that `asked` means among `names`, in order. A process type means all of its
/// instances, an app all of its processes.
pub(crate) fn matching(asked: &str, names: &[ProcessName]) -> Result<Vec<usize>, Unmatched> {
    let places = |is_meant: &dyn Fn(&ProcessName) -> bool| -> Vec<usize> {
        let meant = names.iter().enumerate().filter(|(_, name)| is_meant(name));
        meant.map(|(place, _)| place).collect()
    };
    if asked == "all" {
        return Ok(places(&|_| true));
    }
    let is_app = |name: &ProcessName| name.app.as_ref().is_some_and(|app| app.as_str() == asked);
    let exact = places(&|name| name.to_string() == asked || type_of(name) == asked || is_app(name));
    if !exact.is_empty() {
        return Ok(exact);
    }
    let begun = places(&|name| name.to_string().starts_with(asked));
    let mut types: Vec<String> = begun.iter().map(|place| type_of(&names[*place])).collect();
    types.dedup();
    match types.len() {
        0 => Err(Unmatched::Nobody),
        1 => Ok(begun),
        _ => Err(Unmatched::Several(types)),
    }
}

/// `web`, or `api/web`.
fn type_of(name: &ProcessName) -> String {
    match &name.app {
        Some(app) => format!("{app}/{}", name.process_type),
        None => name.process_type.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;
    use crate::words::name::{AppName, ProcessType};

    fn name(process_type: &str, instance: u16) -> ProcessName {
        ProcessName {
            instance: NonZeroU16::new(instance).unwrap(),
            ..ProcessName::first(ProcessType::new(process_type).unwrap())
        }
    }

    #[test]
    fn an_app_means_all_of_its_processes() {
        let of_api = |process_type| ProcessName {
            app: Some(AppName::from_directory("api")),
            ..name(process_type, 1)
        };
        let names = [name("web", 1), of_api("web"), of_api("redis")];
        assert_eq!(matching("api", &names), Ok(vec![1, 2]));
        assert_eq!(matching("api/web", &names), Ok(vec![1]));
        assert_eq!(matching("api/r", &names), Ok(vec![2]));
        assert_eq!(matching("web", &names), Ok(vec![0]));
    }

    #[test]
    fn exact_names_before_beginnings_and_beginnings_of_one_type_only() {
        let names = [
            name("web", 1),
            name("worker", 1),
            name("worker", 2),
            name("worker-mail", 1),
        ];
        let check = |asked: &str, expected: &[usize]| {
            assert_eq!(matching(asked, &names), Ok(expected.to_vec()), "{asked}");
        };
        check("web", &[0]);
        check("web.1", &[0]);
        check("we", &[0]);
        check("worker", &[1, 2]);
        check("worker.2", &[2]);
        check("worker.", &[1, 2]);
        check("worker-", &[3]);
        check("all", &[0, 1, 2, 3]);
        let several = |types: &[&str]| {
            Err(Unmatched::Several(
                types.iter().map(ToString::to_string).collect(),
            ))
        };
        assert_eq!(
            matching("w", &names),
            several(&["web", "worker", "worker-mail"])
        );
        assert_eq!(matching("wor", &names), several(&["worker", "worker-mail"]));
        assert_eq!(matching("db", &names), Err(Unmatched::Nobody));
        assert_eq!(matching("worker.3", &names), Err(Unmatched::Nobody));
    }
}
