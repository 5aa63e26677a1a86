//! Carries out what is typed: a letter, names, Enter.

use std::time::Instant;

use crate::driver::{Driver, browser};
use crate::plan;
use crate::plan::names::{self, Unmatched};
use crate::supervisor::{Event, ProcessIndex};
use crate::syntax::line_command::{self, LineCommand, Unknown, Verb};
use crate::words::answer::{Answer, ProcessRow};
use crate::words::name::ProcessName;
use crate::words::notice::Shown;

impl Driver {
    /// Takes in whole lines: a terminal that is not raw gives no others.
    pub(super) fn lines_typed(&mut self, typed: &[u8]) -> Vec<Event> {
        // The terminal echoed the Enter of each.
        self.output.change(|stream, out| stream.enter(out));
        let text = String::from_utf8_lossy(typed).into_owned();
        text.lines()
            .flat_map(|line| self.line_typed(line))
            .collect()
    }

    fn line_typed(&mut self, line: &str) -> Vec<Event> {
        // Keys that were meant for a process that ended just then.
        let line = line.trim_start_matches(|c: char| c.is_control());
        let command = match line_command::parse(line) {
            Ok(Some(command)) => command,
            Ok(None) => return Vec::new(),
            Err(Unknown(typed)) => {
                self.output.answer(&Answer::UnknownCommand { typed });
                return Vec::new();
            }
        };
        match self.meant(&command) {
            Ok(places) => self.command(&command, &places),
            Err(answer) => {
                self.output.answer(&answer);
                Vec::new()
            }
        }
    }

    fn command(&mut self, command: &LineCommand, places: &[ProcessIndex]) -> Vec<Event> {
        match command.verb {
            Verb::Restart => return self.restart(places),
            Verb::Stop => return self.stop(places),
            Verb::Start => return self.start_again(places),
            Verb::Quit => return vec![Event::ShutdownRequested],
            Verb::Attach => self.ask_to_attach(&command.names, places),
            Verb::Mute => self.mute(places),
            Verb::Focus => self.focus(places),
            Verb::Open => self.open(places),
            Verb::Urls => self.output.answer(&Answer::Urls(self.rows_of(places))),
            Verb::List => self.output.answer(&Answer::List(self.rows_of(places))),
            Verb::Help => self.output.answer(&Answer::Help {
                detach_keys: self.detach_keys.as_str().to_string(),
            }),
        }
        Vec::new()
    }

    /// The processes that a command is for. Help is for everybody, whatever stands behind it; who wants to
    /// be rid of one process may not lose all.
    fn meant(&self, command: &LineCommand) -> Result<Vec<ProcessIndex>, Answer> {
        if command.verb == Verb::Help {
            return Ok(Vec::new());
        }
        if command.verb == Verb::Quit && !command.names.is_empty() {
            return Err(Answer::QuitTakesNoName);
        }
        self.places(&command.names)
    }

    /// The processes that these names mean, each once, in Procfile order.
    fn places(&self, asked: &[String]) -> Result<Vec<ProcessIndex>, Answer> {
        let processes = self.names();
        let mut places = Vec::new();
        for asked in asked {
            let asked = asked.clone();
            match names::matching(&asked, &processes) {
                Ok(meant) => {
                    let is_app = |place: &ProcessIndex| {
                        let app = &processes[*place].app;
                        app.as_ref().is_some_and(|app| app.as_str() == asked)
                    };
                    // By an app's name nobody means what was never asked for.
                    let is_meant = |place: &ProcessIndex| {
                        !is_app(place) || self.plan.processes[*place].is_wanted
                    };
                    places.extend(meant.into_iter().filter(is_meant));
                }
                Err(Unmatched::Nobody) => {
                    let names = self.types();
                    return Err(Answer::UnknownProcess { asked, names });
                }
                Err(Unmatched::Several(names)) => return Err(Answer::Ambiguous { asked, names }),
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    fn names(&self) -> Vec<ProcessName> {
        let processes = self.plan.processes.iter();
        processes.map(|process| process.name.clone()).collect()
    }

    fn types(&self) -> Vec<String> {
        let processes = self.plan.processes.iter();
        let mut types: Vec<String> = processes
            .map(|process| match &process.name.app {
                Some(app) => format!("{app}/{}", process.name.process_type),
                None => process.name.process_type.to_string(),
            })
            .collect();
        types.dedup();
        types
    }

    fn name(&self, place: ProcessIndex) -> ProcessName {
        self.plan.processes[place].name.clone()
    }

    fn rows(&self) -> Vec<ProcessRow> {
        let mut rows = self.supervisor.rows(self.now());
        for (place, row) in rows.iter_mut().enumerate() {
            row.waits = self.can_attach(place) && self.output.has_prompt(place);
        }
        rows
    }

    /// Without places those of all that anybody has asked for.
    fn rows_of(&self, places: &[ProcessIndex]) -> Vec<ProcessRow> {
        let rows = self.rows().into_iter().enumerate();
        let asked = rows.filter(|(place, row)| match places {
            [] => !row.is_dormant,
            places => places.contains(place),
        });
        asked.map(|(_, row)| row).collect()
    }

    /// The places of the processes that are in one of these states.
    fn in_state(&self, states: &[Shown]) -> Vec<ProcessIndex> {
        let rows = self.rows().into_iter().enumerate();
        let rows = rows.filter(|(_, row)| states.contains(&row.state) && !row.is_dormant);
        rows.map(|(place, _)| place).collect()
    }

    /// Those of the places that are ours. Of the others it is said who runs them: they are never touched.
    fn ours(&self, places: &[ProcessIndex]) -> Vec<ProcessIndex> {
        let is_ours = |place: &ProcessIndex| self.is_ours(*place);
        let (ours, others): (Vec<ProcessIndex>, Vec<ProcessIndex>) =
            places.iter().copied().partition(is_ours);
        for place in others {
            self.output.answer(&self.runs_elsewhere(place));
        }
        ours
    }

    pub(super) fn runs_elsewhere(&self, place: ProcessIndex) -> Answer {
        Answer::RunsElsewhere {
            process: self.name(place),
            directory: self.plan.apps[self.plan.processes[place].app].shown.clone(),
        }
    }

    pub(super) fn is_ours(&self, place: ProcessIndex) -> bool {
        self.world.is_owned(self.plan.processes[place].app)
    }

    fn restart(&self, places: &[ProcessIndex]) -> Vec<Event> {
        let restart = |process: &ProcessIndex| Event::RestartAsked { process: *process };
        if !places.is_empty() {
            return self.ours(places).iter().map(restart).collect();
        }
        let failed = self.in_state(&[Shown::Failed, Shown::Restarting]);
        if failed.is_empty() {
            self.output.answer(&Answer::NothingFailed);
        }
        failed.iter().map(restart).collect()
    }

    fn stop(&self, places: &[ProcessIndex]) -> Vec<Event> {
        if places.is_empty() {
            self.output.answer(&Answer::NameMissing { command: 'x' });
        }
        let over = self.in_state(&[Shown::Completed, Shown::Failed, Shown::Stopped]);
        let (over, running): (Vec<ProcessIndex>, Vec<ProcessIndex>) = self
            .ours(places)
            .into_iter()
            .partition(|place| over.contains(place) || self.plan_is_dormant(*place));
        for place in over {
            self.output.answer(&Answer::NotRunning(self.name(place)));
        }
        let stop = |process| Event::StopAsked { process };
        running.into_iter().map(stop).collect()
    }

    fn plan_is_dormant(&self, place: ProcessIndex) -> bool {
        self.rows()[place].is_dormant
    }

    fn start_again(&mut self, places: &[ProcessIndex]) -> Vec<Event> {
        let stopped = self.in_state(&[Shown::Stopped]);
        let places = if places.is_empty() { &stopped } else { places };
        if places.is_empty() {
            self.output.answer(&Answer::NothingStopped);
        }
        let up = self.in_state(&[
            Shown::Starting,
            Shown::Running,
            Shown::RunningDaemon,
            Shown::Ready,
        ]);
        let (up, down): (Vec<ProcessIndex>, Vec<ProcessIndex>) =
            places.iter().copied().partition(|place| up.contains(place));
        for place in up {
            self.output.answer(&Answer::RunsAlready(self.name(place)));
        }
        let (ours, others): (Vec<ProcessIndex>, Vec<ProcessIndex>) =
            down.into_iter().partition(|place| self.is_ours(*place));
        let mut events: Vec<Event> = ours
            .into_iter()
            .map(|process| Event::StartAsked { process })
            .collect();
        for process in others {
            // With the first one the whole app may have come to us.
            if !self.is_ours(process) {
                events.extend(self.start_elsewhere(process));
            }
        }
        events
    }

    /// Once more shows who was muted; alone shows all.
    fn mute(&self, places: &[ProcessIndex]) {
        let all: Vec<ProcessIndex> = (0..self.plan.processes.len()).collect();
        if places.is_empty() {
            if !self.unmute(&all) {
                self.output.answer(&Answer::NobodyMuted);
            }
            return;
        }
        let muted = self.newly_muted(places);
        if muted.is_empty() {
            self.unmute(places);
        } else {
            self.output.answer(&Answer::Muted(muted));
        }
    }

    fn focus(&self, places: &[ProcessIndex]) {
        let all = 0..self.plan.processes.len();
        if places.is_empty() {
            self.mute(places);
            return;
        }
        let (shown, others): (Vec<_>, Vec<_>) = all.partition(|place| places.contains(place));
        self.unmute(&shown);
        self.newly_muted(&others);
        let shown = shown.into_iter().map(|place| self.name(place)).collect();
        self.output.answer(&Answer::Focused(shown));
    }

    fn newly_muted(&self, places: &[ProcessIndex]) -> Vec<ProcessName> {
        let mute = |place: &&ProcessIndex| self.output.change(|stream, _| stream.mute(**place));
        let muted = places.iter().filter(mute);
        muted.map(|place| self.name(*place)).collect()
    }

    /// Whether anybody was muted.
    fn unmute(&self, places: &[ProcessIndex]) -> bool {
        let unmute = |place: &ProcessIndex| {
            let hidden = self.output.change(|stream, _| stream.unmute(*place))?;
            Some((self.name(*place), hidden))
        };
        let unmuted: Vec<(ProcessName, u64)> = places.iter().filter_map(unmute).collect();
        if unmuted.is_empty() {
            return false;
        }
        self.output.answer(&Answer::Unmuted {
            hidden: unmuted.iter().map(|(_, hidden)| hidden).sum(),
            processes: unmuted.into_iter().map(|(process, _)| process).collect(),
        });
        true
    }

    /// Alone: the first that is served.
    fn open(&self, places: &[ProcessIndex]) {
        let rows = self.rows();
        let mut served = rows.iter().filter_map(|row| row.url.clone());
        let url = match places {
            [] => served.next().ok_or(Answer::NobodyServes),
            [place, ..] => {
                let row = &rows[*place];
                let instead = || Some(self.url_elsewhere(*place, row.elsewhere?));
                let url = row.url.clone().or_else(instead);
                url.ok_or(Answer::NotServed(row.process.clone()))
            }
        };
        match url {
            Ok(url) => {
                self.output.answer(&Answer::Opening { url: url.clone() });
                browser::open(url, self.output.clone());
            }
            Err(answer) => self.output.answer(&answer),
        }
    }

    /// Where a process is to be found that does not listen on its PORT.
    fn url_elsewhere(&self, place: ProcessIndex, port: u16) -> String {
        plan::url(self.plan.processes[place].scheme, port)
    }

    /// It happens in the loop, which can wait.
    fn ask_to_attach(&mut self, asked: &[String], places: &[ProcessIndex]) {
        let asks = |place: &ProcessIndex| self.can_attach(*place) && self.output.has_prompt(*place);
        let all = 0..self.plan.processes.len();
        let waiting = all.clone().find(asks);
        let only = (all.len() == 1).then_some(0);
        match places.first().copied().or(waiting).or(only) {
            Some(_) if places.len() > 1 => {
                let names = places.iter().map(|place| self.name(*place).to_string());
                self.output.answer(&Answer::Ambiguous {
                    asked: asked.join(" "),
                    names: names.collect(),
                });
            }
            Some(place) => self.attaching = Some(place),
            None => self.output.answer(&Answer::NameMissing { command: 'a' }),
        }
    }

    /// Time as the session has it: it stands still while the job is stopped.
    pub(super) fn now(&self) -> Instant {
        Instant::now() - self.stopped_for
    }
}
