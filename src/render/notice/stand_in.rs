//! The words for what devrun has to say of a program in a process's place.

use crate::words::stand_in::{Program, StandIn, Then};
use crate::words::wording::listed;

pub(super) fn sentence(news: &StandIn) -> String {
    match news {
        StandIn::Expected { process, program } => {
            let Program { pid, command } = program;
            format!("{process} makes room for `{command}` (pid {pid})")
        }
        StandIn::Begun {
            process,
            run: _,
            program: Program { pid, command },
        } => format!("{process} is run by `{command}` (pid {pid})"),
        StandIn::Ended {
            process,
            program,
            then,
        } => {
            let then = match then {
                Then::Back => "is started again",
                Then::AsBefore => "does not run, as before",
                Then::Stopped => "is stopped",
            };
            format!("`{}` has ended; {process} {then}", program.command)
        }
        StandIn::EnvKept {
            process,
            program,
            variables,
        } => {
            let variables = listed(variables);
            let command = &program.command;
            format!("{process}: {variables} changed; `{command}` goes on without that")
        }
    }
}
