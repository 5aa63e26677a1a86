//! What devrun has to say of a program in a process's place, as events.

use crate::render::json::Json;
use crate::render::json::line::Line;
use crate::words::name::ProcessName;
use crate::words::stand_in::{Program, StandIn, Then};

impl Json {
    pub(super) fn stand_in(&mut self, news: &StandIn, out: &mut Vec<u8>) {
        match news {
            StandIn::Expected { process, program } => {
                let line = self.about_program("stand_in.expected", process, program, out);
                line.end();
            }
            StandIn::Begun {
                process,
                run,
                program,
            } => {
                self.begin_run(process, *run, Some(program.pid));
                let line = self.about_program("stand_in.begun", process, program, out);
                line.put("run", run).end();
            }
            StandIn::Ended {
                process,
                program,
                then,
            } => {
                let next = match then {
                    Then::Back => "restart",
                    Then::AsBefore => "as_before",
                    Then::Stopped => "stopped",
                };
                let line = self.about_program("stand_in.ended", process, program, out);
                line.put("next", next).end();
            }
            StandIn::EnvKept {
                process,
                program,
                variables,
            } => {
                let line = self.about_program("stand_in.env_kept", process, program, out);
                line.put("variables", variables).end();
            }
        }
    }

    fn about_program<'a>(
        &mut self,
        event: &str,
        process: &ProcessName,
        program: &Program,
        out: &'a mut Vec<u8>,
    ) -> Line<'a> {
        let line = self.about(event, process, out);
        line.put("program_pid", program.pid)
            .put("command", &program.command)
    }
}
