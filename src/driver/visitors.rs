//! Processes' terminals are used from elsewhere, over the control socket: keys go there, and all that the
//! process writes comes back.

use std::os::fd::AsFd;
use std::time::Duration;

use crate::control::{FollowerId, Refusal, Visitor, Whom};
use crate::driver::Driver;
use crate::driver::attachment::feed;
use crate::os::pty::{self, Size};
use crate::os::terminal;
use crate::supervisor::ProcessIndex;
use crate::words::notice::Notice;

/// How long a program that draws may take to notice one size before it gets another.
const REDRAWS_WITHIN: Duration = Duration::from_millis(50);

impl Driver {
    /// Returns the name of the process whose terminal it is.
    pub(super) fn visitor(&mut self, visitor: Visitor) -> Result<String, Refusal> {
        let process = self.visited(&visitor.whom)?;
        let name = self.plan.processes[process].name.clone();
        let Some(input) = self.terminal_of(process) else {
            return Err(self.cannot_be_visited(process));
        };
        let Visitor {
            id,
            pid,
            screen,
            mut keys,
            ..
        } = visitor;
        // What it has switched on may stand in a line that has no end yet.
        self.output
            .change(|stream, out| stream.show_open(process, out));
        let draws = self.output.visit(id, process, screen);
        self.fit_terminal(process);
        if draws {
            self.have_drawn(process);
        }
        tokio::task::spawn_local(feed(input, async move || keys.recv().await));
        self.output.say(&Notice::Visited {
            process: name.clone(),
            pid,
        });
        Ok(name.to_string())
    }

    pub(super) fn visitor_resized(&self, id: FollowerId) {
        if let Some(process) = self.output.visitor_resized(id) {
            self.fit_terminal(process);
        }
    }

    pub(super) fn visitor_gone(&self, id: FollowerId) {
        if let Some(process) = self.output.visitor_gone(id) {
            self.fit_terminal(process);
        }
    }

    /// Makes the process's terminal as large as that of whoever looks at it; beside its prefix, if nobody does.
    pub(super) fn fit_terminal(&self, process: ProcessIndex) {
        let Some(input) = self.terminal_of(process) else {
            return;
        };
        let looks_here = self.attachment.as_ref();
        let looks_here = looks_here.is_some_and(|attachment| attachment.process == process);
        let own = || terminal::size().filter(|_| looks_here);
        let size = self.output.visitors_size(process).or_else(own);
        let size = size.unwrap_or_else(|| {
            let size = self.terminals.unwrap_or(Size::USUAL);
            self.output.beside_prefix(process, size)
        });
        self.output
            .change(|stream, _| stream.set_columns(process, size.columns));
        // Who has gone meanwhile needs none.
        let _ = pty::resize(input.as_fd(), size);
    }

    /// Who draws does it anew for a terminal of another size, and the visitor's may have that of before.
    fn have_drawn(&self, process: ProcessIndex) {
        let (Some(input), Some(size)) = (
            self.terminal_of(process),
            self.output.visitors_size(process),
        ) else {
            return;
        };
        let rows = size.rows.saturating_sub(1).max(1);
        // Who has gone meanwhile draws nothing.
        let _ = pty::resize(input.as_fd(), Size { rows, ..size });
        let output = self.output.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(REDRAWS_WITHIN).await;
            if let Some(size) = output.visitors_size(process) {
                // As above.
                let _ = pty::resize(input.as_fd(), size);
            }
        });
    }

    fn visited(&self, whom: &Whom) -> Result<ProcessIndex, Refusal> {
        match whom {
            Whom::Process { app, process } => self.place_of(app, process),
            Whom::WhoeverWaits => {
                let all = 0..self.plan.processes.len();
                let usable: Vec<ProcessIndex> =
                    all.filter(|place| self.has_terminal(*place)).collect();
                let mut waiting = usable
                    .iter()
                    .filter(|place| self.output.has_prompt(**place));
                match (waiting.next(), &usable[..]) {
                    (Some(place), _) | (None, [place]) => Ok(*place),
                    (None, _) => {
                        let names = usable.iter();
                        let names = names.map(|place| self.plan.processes[*place].name.to_string());
                        Err(Refusal::WhoseTerminal(names.collect()))
                    }
                }
            }
        }
    }

    fn cannot_be_visited(&self, process: ProcessIndex) -> Refusal {
        let name = self.plan.processes[process].name.to_string();
        if self.runs.keys().any(|id| id.process as usize == process) {
            return Refusal::HasNoTerminal(name);
        }
        if let Some(by) = self.supervisor.program(process).cloned() {
            return Refusal::StoodIn { process: name, by };
        }
        let state = self.supervisor.rows(self.now())[process].state.word();
        Refusal::NotUp {
            process: name,
            state,
        }
    }
}
