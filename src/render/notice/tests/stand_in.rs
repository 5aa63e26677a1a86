//! What is said of programs in the places of processes.

use super::{check, name};
use crate::words::notice::Notice;
use crate::words::stand_in::{Program, StandIn, Then};

fn program() -> Program {
    Program {
        pid: 41_300,
        command: "pdb app.py".into(),
    }
}

#[test]
fn it_comes_and_goes() {
    let check = |news: StandIn, expected: &[&str]| check(&Notice::StandIn(news), expected);
    let (process, program) = (|| name("web"), program);
    check(
        StandIn::Expected {
            process: process(),
            program: program(),
        },
        &["web.1 makes room for `pdb app.py` (pid 41300)"],
    );
    check(
        StandIn::Begun {
            process: process(),
            run: 2,
            program: program(),
        },
        &["web.1 is run by `pdb app.py` (pid 41300)"],
    );
    for (then, expected) in [
        (Then::Back, "`pdb app.py` has ended; web.1 is started again"),
        (
            Then::AsBefore,
            "`pdb app.py` has ended; web.1 does not run, as before",
        ),
        (Then::Stopped, "`pdb app.py` has ended; web.1 is stopped"),
    ] {
        let ended = StandIn::Ended {
            process: process(),
            program: program(),
            then,
        };
        check(ended, &[expected]);
    }
    check(
        StandIn::EnvKept {
            process: process(),
            program: program(),
            variables: vec!["API_URL".into()],
        },
        &["web.1: API_URL changed; `pdb app.py` goes on without that"],
    );
}
