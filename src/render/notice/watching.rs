//! The words for what devrun has to say of files that changed.

use crate::words::exit;
use crate::words::watching::{Blind, Changed, Then, Watching};
use crate::words::wording::counted;

pub(super) fn sentence(news: &Watching) -> String {
    match news {
        Watching::Changed {
            process,
            changed,
            then,
        } => {
            let then = match then {
                Then::Restart => "restarting it".into(),
                Then::Start => "starting it".into(),
                Then::Signal(signal) => format!("sending it {}", exit::signal_name(*signal)),
            };
            format!("{process}: {}, {then}", what(changed))
        }
        Watching::Blind { files, why } => blind(files, why),
    }
}

fn what(Changed { file, others }: &Changed) -> String {
    match others {
        0 => format!("{file} changed"),
        count => format!(
            "{file} changed (and {})",
            counted(*count, "other", "others")
        ),
    }
}

fn blind(files: &str, why: &Blind) -> String {
    match why {
        Blind::Limit { setting } => {
            format!(
                "not all changes of {files} will be seen: the system's limit {setting} is reached"
            )
        }
        Blind::TooMany { directories } => {
            format!(
                "not all changes of {files} will be seen: more than {directories} directories; `ignore:` helps"
            )
        }
        Blind::Network { kind } => {
            format!("{files} is on {kind}: changes that other machines make there are not seen")
        }
        Blind::Cause(cause) => format!("changes of {files} will not be seen: {cause}"),
    }
}
