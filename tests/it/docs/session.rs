//! What stays in the background of a scene: a `devrun start`, or whatever else goes on until Ctrl-C.

use std::path::PathBuf;
use std::process::Command;

use super::compare::{ANY, blurred, difference, is_like};
use super::scene::Paths;
use crate::screen::{CTRL_C, Screen};
use crate::support::{Devrun, Project, Seen};

pub struct Session {
    /// Where it was started: a ```text block of that directory goes on with it.
    pub directory: PathBuf,
    live: Live,
    paths: Paths,
    /// So many of its lines belong to what the page has shown.
    shown: usize,
    /// What the page has shown last ends with `…`.
    is_left_open: bool,
}

enum Live {
    Piped(Box<Devrun>),
    OnTerminal(Box<Screen>),
}

impl Session {
    /// On a terminal of so many columns, or in a pipe.
    pub fn start(
        project: &Project,
        directory: PathBuf,
        command: Command,
        terminal: Option<u16>,
    ) -> Self {
        let live = match terminal {
            None => Live::Piped(Box::new(project.spawn(command))),
            Some(columns) => Live::OnTerminal(Box::new(Screen::run(project, command, columns))),
        };
        Self {
            directory,
            live,
            paths: Paths::of(project),
            shown: 0,
            is_left_open: false,
        }
    }

    fn seen(&self) -> Seen {
        match &self.live {
            Live::Piped(devrun) => devrun.stdout.clone(),
            Live::OnTerminal(screen) => screen.seen.clone(),
        }
    }

    /// Its whole lines after those that the page has shown.
    fn new_lines(&self, bytes: &[u8]) -> Vec<String> {
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = &bytes[..end.map_or(0, |end| end + 1)];
        blurred(&self.paths.shorten(whole)).split_off(self.shown)
    }

    /// Waits until it has written these lines. The first ones that it is asked for are its first; later ones may stand
    /// anywhere behind what was shown.
    pub fn writes(&mut self, expected: &str) -> Result<(), String> {
        let expected = blurred(expected);
        let found = |bytes: &[u8]| places(&expected, &self.new_lines(bytes));
        let places = self.seen().wait_until(found);
        let places =
            places.map_err(|seen| difference(&expected, &self.new_lines(seen.as_bytes())))?;
        let start = match self.shown {
            0 => 0,
            _ => places.iter().copied().min().unwrap_or(0),
        };
        let end = places.iter().max().map_or(0, |last| last + 1);
        let lines = self.new_lines(&self.seen().bytes());
        if !has_gap(&expected) && places.len() < end - start {
            return Err(difference(&expected, &lines[start..end]));
        }
        self.shown += end;
        self.is_left_open = expected.last().is_some_and(|line| line == ANY);
        Ok(())
    }

    /// Of one that is over: what it still has written are these lines, and no others.
    pub fn wrote_to_its_end(&self, expected: &str) -> Result<(), String> {
        let expected = blurred(expected);
        let lines = self.new_lines(&self.seen().bytes());
        let may_have_more = self.is_left_open || has_gap(&expected);
        match places(&expected, &lines) {
            Some(places) if may_have_more || places.len() == lines.len() => Ok(()),
            Some(_) | None => Err(difference(&expected, &lines)),
        }
    }

    /// Ends it by Ctrl-C; its status.
    pub fn interrupt(&mut self) -> i32 {
        match &mut self.live {
            Live::Piped(devrun) => devrun.interrupt(),
            Live::OnTerminal(screen) => screen.type_(CTRL_C).wait(),
        }
    }
}

fn has_gap(expected: &[String]) -> bool {
    expected.iter().any(|line| line == ANY)
}

/// Where the expected lines are: those of one process in the page's order, those of several as they come. `None` as long
/// as one is missing.
fn places(expected: &[String], lines: &[String]) -> Option<Vec<usize>> {
    let mut places: Vec<usize> = Vec::new();
    for wanted in expected.iter().filter(|line| *line != ANY) {
        let is_its = |at: &usize| writer(&lines[*at]) == writer(wanted);
        let last = places.iter().filter(|at| is_its(at)).max();
        let mut later = last.map_or(0, |at| at + 1)..lines.len();
        places.push(later.find(|at| is_its(at) && is_like(wanted, &lines[*at]))?);
    }
    Some(places)
}

/// `web.1`, of `00:00 web.1 | text`.
fn writer(line: &str) -> &str {
    let (prefix, _) = line.split_once(" |").unwrap_or_default();
    prefix.rsplit(' ').next().unwrap_or_default()
}
