//! The world around a supervisor, which does what it is told and asserts what must always hold.

use std::time::{Duration, Instant};

use crate::plan::{Host, Need, PlannedProcess, Provider};
use crate::supervisor::tests::chance::fate::{self, Fate};
use crate::supervisor::tests::chance::tries::{Passes, Trying};
use crate::supervisor::tests::chance::with_an_external;
use crate::supervisor::tests::some_instant;
use crate::supervisor::{Action, Elsewhere, Event, ProcessIndex, SessionRules, Supervisor};
use crate::words::exit::Exit;
use crate::words::name::ProcessName;
use crate::words::notice::{Ended, Next, NotStarted, Notice, Shown};
use crate::words::policy::{Attendance, RestartPolicy};
use crate::words::watching::{Then, Watching};

const ONE_KEY_PRESS: Duration = Duration::from_millis(150);

/// One run, from the request to spawn it to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) number: u32,
    pub(super) is_spawned: bool,
    /// How and when its leader ended, and how many of its tree were left.
    pub(super) leader: Option<(Exit, Instant, usize)>,
    /// That was not because we ended it.
    pub(super) ends_itself: bool,
    pub(super) terminated: Option<Instant>,
    pub(super) is_killed: bool,
    /// It listens on its PORT,
    pub(super) is_served: bool,
    /// or, since then, on another one only.
    pub(super) elsewhere_since: Option<Instant>,
    /// It is somebody's program, which was not spawned.
    pub(super) is_stand_in: bool,
    pub(super) passes: Passes,
}

/// A process as the world sees it.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) plan: PlannedProcess,
    pub(super) run: Option<Run>,
    pub(super) starts: Vec<Instant>,
    /// Programs that had its place.
    pub(super) stand_ins: u32,
    /// A program waits for its place.
    pub(super) has_guest: bool,
    /// It was, when that asked for it.
    pub(super) was_unwanted: bool,
    pub(super) last_exit: Option<Exit>,
    /// Its last start failed, and may be tried again.
    pub(super) is_tried_again: bool,
    /// Somebody asked for a run by hand since the last one began.
    pub(super) is_asked_for: bool,
    /// Somebody asked for the end of this run: then it is no failure.
    pub(super) is_unwanted: bool,
    pub(super) is_here: bool,
    /// What was told of it while it was not here.
    pub(super) elsewhere: Elsewhere,
    /// Another session has asked for it.
    pub(super) is_leaving: bool,
    pub(super) is_wanted: bool,
    /// It had failed when files were changed.
    pub(super) was_failed: bool,
    /// They may have cured it: its next failure is final.
    is_on_trial: bool,
    pub(super) tries: u32,
    pub(super) trying: Option<Trying>,
}

pub(super) struct World {
    pub(super) supervisor: Supervisor,
    pub(super) rules: SessionRules,
    pub(super) now: Instant,
    pub(super) children: Vec<Child>,
    pub(super) requests: Vec<Instant>,
    /// Before the event that is being handled, which may end all.
    pub(super) was_stopping: bool,
    pub(super) is_guardian_lost: bool,
    /// The only external.
    pub(super) is_reached: bool,
    /// Of those that nobody has started again by hand.
    pub(super) failures: Vec<(ProcessIndex, Instant, u8)>,
    /// How often it was said of a run that it ended by itself.
    pub(super) ends_said: usize,
    said: Said,
    pub(super) status: Option<u8>,
    /// Of what the supervisor is told.
    pub(super) fate: Fate,
    /// What it was told, and hears again.
    pub(super) echoes: Vec<Event>,
    /// More is about to happen before it hears of anything.
    pub(super) is_slow: bool,
    pub(super) unheard: Vec<Event>,
}

/// How often that was said which may be said but once.
#[derive(Default)]
struct Said {
    summaries: u32,
    stops: u32,
    dones: u32,
}

impl World {
    pub(super) fn new(processes: Vec<PlannedProcess>, rules: SessionRules) -> Self {
        let child = |plan: &PlannedProcess| Child {
            plan: plan.clone(),
            run: None,
            starts: Vec::new(),
            stand_ins: 0,
            has_guest: false,
            was_unwanted: false,
            last_exit: None,
            is_tried_again: false,
            is_asked_for: false,
            is_unwanted: false,
            is_here: plan.host == Host::Here,
            elsewhere: Elsewhere::Unknown,
            is_leaving: false,
            is_wanted: plan.is_wanted,
            was_failed: false,
            is_on_trial: false,
            tries: 0,
            trying: None,
        };
        Self {
            children: processes.iter().map(child).collect(),
            supervisor: Supervisor::new(&with_an_external(processes), rules, 0),
            rules,
            now: some_instant(),
            requests: Vec::new(),
            was_stopping: false,
            is_guardian_lost: false,
            is_reached: false,
            failures: Vec::new(),
            ends_said: 0,
            said: Said::default(),
            status: None,
            fate: Fate::Once,
            echoes: Vec::new(),
            is_slow: false,
            unheard: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        if self.fate == Fate::Lost && fate::can_be_lost(&event) {
            return;
        }
        self.hear(event.clone());
        self.hear_as_fated(event);
    }

    pub(super) fn hear(&mut self, event: Event) {
        let waits = self.is_slow && event.is_news();
        self.unheard.push(event);
        if !waits {
            self.catch_up();
        }
    }

    /// It hears all that has happened at once.
    pub(super) fn catch_up(&mut self) {
        if self.unheard.is_empty() {
            return;
        }
        self.was_stopping = self.supervisor.is_stopping();
        let unheard = std::mem::take(&mut self.unheard);
        let actions = self.supervisor.handle(self.now, unheard);
        for action in actions {
            assert_eq!(self.status, None, "nothing follows the end: {action:?}");
            self.carry_out(action);
        }
        self.check_deadline();
    }

    pub(super) fn check_deadline(&self) {
        let deadline = self.supervisor.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "the loop would spin"
        );
        if self.status.is_none() {
            for row in self.supervisor.rows(self.now) {
                let is_held = row.state == Shown::Waiting && row.pid.is_none();
                let index = self.index(&row.process);
                let is_ours = self.children[index].is_here;
                let is_known = !row.waits_for.is_empty();
                assert!(!is_held || !is_ours || is_known, "it waits for nothing");
            }
        }
    }

    pub(super) fn carry_out(&mut self, action: Action) {
        match action {
            Action::Spawn { process, run } => self.spawn(process, run),
            Action::Terminate { process, run } => {
                self.check_stage(process);
                let now = self.now;
                let run = self.living(process, run);
                assert_eq!(run.terminated.replace(now), None, "once a run");
            }
            Action::Kill { process, run } => self.kill(process, run),
            Action::Try {
                process, number, ..
            } => self.begin_try(process, number),
            Action::GiveUpTry { process, number } => self.give_up_try(process, number),
            Action::Say(notice) => self.hear_said(notice),
            Action::Signal { process, run, .. } => {
                let run = self.living(process, run);
                assert!(run.terminated.is_none(), "not who is being ended");
            }
            Action::LetIn { process, run } => self.let_in(process, run),
            Action::TurnAway { process } => {
                let child = &mut self.children[process];
                assert!(std::mem::take(&mut child.has_guest), "once, and who waits");
                // Then it is as if nobody had asked, unless another session has it.
                child.is_unwanted &= child.is_leaving || !self.supervisor.is_stopping();
            }
            Action::GivenAway { process } => {
                let child = &mut self.children[process];
                assert!(child.run.is_none(), "with nothing of it alive");
                assert!(std::mem::take(&mut child.is_leaving), "once, and asked for");
                child.is_here = false;
                child.elsewhere = Elsewhere::Unknown;
            }
            Action::Settled { .. } => {
                let attendance = self.rules.attendance;
                assert_eq!(attendance, Attendance::Nobody, "somebody attends it");
            }
            Action::Finish { status } => {
                let is_over = self.children.iter().all(|child| child.run.is_none());
                let is_over = is_over && self.are_tries_given_up();
                assert!(is_over || self.is_guardian_lost, "with nothing alive");
                assert!(self.said.dones == 1 || self.is_guardian_lost);
                self.status = Some(status);
            }
        }
    }

    fn spawn(&mut self, process: ProcessIndex, number: u32) {
        let is_stopping = self.supervisor.is_stopping() || !self.requests.is_empty();
        assert!(!is_stopping, "nothing is spawned during a shutdown");
        self.check_needs(process);
        let child = &mut self.children[process];
        assert!(child.is_ours(), "not what is another session's");
        assert!(child.run.is_none(), "one run a process");
        assert!(!child.has_guest, "who waits for its place comes first");
        assert_eq!(number, child.last_run() + 1);
        let is_asked_for = std::mem::take(&mut child.is_asked_for);
        child.is_unwanted = false;
        let may_start = match (child.plan.restart, child.last_exit) {
            _ if is_asked_for => true,
            (_, None) | (RestartPolicy::Always, Some(_)) => true,
            (RestartPolicy::OnFailure, Some(exit)) => !exit.is_success(),
            (RestartPolicy::Never, Some(_)) => false,
        };
        assert!(may_start, "by its policy");
        child.starts.push(self.now);
        let window = Duration::from_secs(8);
        let is_recent = |at: &&Instant| self.now.duration_since(**at) < window;
        assert!(child.starts.iter().filter(is_recent).count() <= 20);
        child.run = Some(Run {
            number,
            is_spawned: false,
            leader: None,
            ends_itself: false,
            terminated: None,
            is_killed: false,
            is_served: false,
            elsewhere_since: None,
            is_stand_in: false,
            passes: Passes::default(),
        });
    }

    fn let_in(&mut self, process: ProcessIndex, number: u32) {
        let is_stopping = self.was_stopping || !self.requests.is_empty();
        assert!(!is_stopping, "nobody is let in during a shutdown");
        let child = &mut self.children[process];
        assert!(child.is_ours(), "not into what is another session's");
        assert!(child.run.is_none(), "one run a process");
        assert!(std::mem::take(&mut child.has_guest), "once, and who waits");
        assert_eq!(number, child.last_run() + 1);
        child.stand_ins += 1;
        child.is_unwanted = false;
        child.run = Some(Run {
            number,
            is_spawned: true,
            leader: None,
            ends_itself: false,
            terminated: None,
            is_killed: false,
            is_served: false,
            elsewhere_since: None,
            is_stand_in: true,
            passes: Passes::default(),
        });
    }

    fn kill(&mut self, process: ProcessIndex, number: u32) {
        let second = self.is_killing();
        let (now, grace) = (self.now, self.children[process].plan.grace);
        let starting = self.children[process].run.as_ref();
        if starting.is_some_and(|run| !run.is_spawned && run.number == number) {
            assert!(
                second,
                "who has not begun is killed by a second request alone"
            );
            return;
        }
        let run = self.living(process, number);
        assert!(!run.is_killed, "once a run");
        let asked = run.terminated.expect("asked first");
        assert!(
            second || now >= asked + grace,
            "not before its grace is over"
        );
        run.is_killed = true;
    }

    /// There was a second request.
    fn is_killing(&self) -> bool {
        self.requests.first().is_some_and(|first| {
            let mut later = self.requests.iter();
            later.any(|at| *at >= *first + ONE_KEY_PRESS)
        })
    }

    /// In a shutdown, who uses a process is gone before it is signalled, or its grace is over. What is left of
    /// a tree after its leader failed is signalled whenever that is.
    fn check_stage(&self, process: ProcessIndex) {
        let of_tree = self.children[process]
            .run
            .is_some_and(|run| run.leader.is_some());
        if !self.supervisor.is_stopping() || self.is_killing() || of_tree {
            return;
        }
        for consumer in &self.children {
            let mut needs = consumer.plan.needs.iter();
            if needs.any(|need| need.on == Provider::Process(process)) {
                let has_time = consumer
                    .run
                    .is_some_and(|run| !run.is_tree_gone() && !run.is_killed);
                assert!(!has_time, "consumers before what they use");
            }
        }
    }

    /// No run begins before what it waits for is there.
    fn check_needs(&self, process: ProcessIndex) {
        let child = &self.children[process];
        let waits = child.plan.needs.iter().filter(|need| need.waits);
        for need in waits {
            match need.on {
                Provider::External(_) => assert!(self.is_reached),
                Provider::Process(provider) => {
                    let provider = &self.children[provider];
                    assert!(provider.meets(need, self.now), "{need:?} {provider:?}");
                }
            }
        }
        let is_its = |need: &Need| need.on == Provider::Process(process);
        let mut others = self.children.iter();
        let is_needed = others.any(|other| other.plan.needs.iter().any(is_its));
        assert!(child.is_wanted || is_needed, "somebody wants it");
    }

    pub(super) fn note_listening(&mut self, process: ProcessIndex, number: u32, ports: &[u16]) {
        let (now, child) = (self.now, &mut self.children[process]);
        let port = child.plan.port;
        let run = child
            .run
            .as_mut()
            .filter(|run| run.goes_on() && run.number == number);
        if let Some((run, port)) = run.zip(port) {
            let was_served = std::mem::replace(&mut run.is_served, ports.contains(&port));
            let is_elsewhere = !run.is_served && !ports.is_empty();
            run.elsewhere_since = is_elsewhere.then(|| run.elsewhere_since.unwrap_or(now));
            if run.is_served != was_served {
                child.note_served();
            }
        }
    }

    /// Only the living are signalled.
    fn living(&mut self, process: ProcessIndex, number: u32) -> &mut Run {
        let run = self.children[process].run.as_mut();
        let is_living =
            |run: &&mut Run| run.is_spawned && run.number == number && !run.is_tree_gone();
        run.filter(is_living).expect("it lives")
    }

    fn hear_said(&mut self, notice: Notice) {
        match notice {
            Notice::AllUp { .. } => self.said.summaries += 1,
            Notice::Stopping { .. } => self.said.stops += 1,
            Notice::Done { .. } => self.said.dones += 1,
            Notice::SpawnFailed(failed) => self.hear_failed_start(&failed),
            Notice::NeedFailed { provider, .. } => self.hear_failed_need(&provider),
            Notice::Exited(ended) => self.hear_end(&ended),
            Notice::Watching(news) => self.hear_change(&news),
            Notice::Awaited { .. } => {
                let attendance = self.rules.attendance;
                assert_eq!(attendance, Attendance::Nobody, "somebody attends it");
            }
            _ => {}
        }
        let Said {
            summaries,
            stops,
            dones,
        } = self.said;
        assert!(summaries <= 1 && stops <= 1 && dones <= 1, "said once");
    }

    /// Whom it is started for as well waits for it, or did in vain.
    fn hear_change(&mut self, news: &Watching) {
        let Watching::Changed { process, then, .. } = news else {
            return;
        };
        assert!(!self.was_stopping, "nothing is begun again");
        if matches!(then, Then::Signal(_)) {
            return;
        }
        let mut begun = vec![self.index(process)];
        let mut place = 0;
        while let Some(process) = begun.get(place).copied() {
            let child = &mut self.children[process];
            child.is_asked_for = true;
            child.is_on_trial |= place == 0 && child.was_failed && child.plan.watch.is_none();
            if place == 0 {
                child.is_wanted = true;
                self.failures.retain(|(failed, ..)| *failed != process);
            }
            let is_its = |need: &Need| need.on == Provider::Process(process);
            let all = 0..self.children.len();
            let consumers = all.filter(|it| self.children[*it].plan.needs.iter().any(is_its));
            let new: Vec<usize> = consumers.filter(|it| !begun.contains(it)).collect();
            begun.extend(new);
            place += 1;
        }
    }

    fn hear_end(&mut self, ended: &Ended) {
        self.ends_said += 1;
        let index = self.index(&ended.process);
        let has_failed = self.is_failure(index, &ended.next, ended.exit);
        let child = &self.children[index];
        let leader = child.run.and_then(|run| run.leader);
        let (exit, at, left) = leader.expect("an end follows its leader's");
        let is_unready = ended.exit == Exit::Unready && exit.is_success();
        assert!(exit == ended.exit || is_unready);
        self.children[index].last_exit = Some(ended.exit);
        // A daemon ends with its tree.
        let is_daemon = exit.is_success() && left > 0;
        let at = if is_daemon { self.now } else { at };
        if has_failed {
            self.note_failure(index, at, ended.exit.status());
        }
    }

    fn hear_failed_start(&mut self, failed: &NotStarted) {
        let exit = Exit::Status(126);
        let index = self.index(&failed.process);
        let child = &mut self.children[index];
        let is_final = failed.next == Next::Unstartable;
        assert_eq!(is_final, !child.is_tried_again, "what may pass may");
        assert_ne!(failed.next, Next::Completed);
        child.last_exit = Some(exit);
        let makes_room = child.is_leaving || child.has_guest;
        if !makes_room && self.is_failure(index, &failed.next, exit) {
            self.note_failure(index, self.now, exit.status());
        }
    }

    /// For good.
    fn is_failure(&self, process: ProcessIndex, next: &Next, exit: Exit) -> bool {
        let child = &self.children[process];
        match next {
            Next::Unstartable | Next::GivenUp { .. } => true,
            Next::NotRestarted => {
                // A run that lasted, or somebody who asked for one, may have ended the trial.
                let is_last = child.is_on_trial && self.supervisor.has_failed(process);
                let is_once = self.rules.fail_fast || is_last;
                let is_final = child.plan.restart == RestartPolicy::Never || is_once;
                is_final && !exit.is_success() && !child.is_unwanted
            }
            Next::Restart { .. } | Next::Completed => false,
        }
    }

    /// What failed elsewhere counts from then on.
    fn hear_failed_need(&mut self, provider: &ProcessName) {
        let provider = self.index(provider);
        let is_known = self.failures.iter().any(|(failed, ..)| *failed == provider);
        let child = &self.children[provider];
        if let (Elsewhere::Failed(status), false, false) =
            (child.elsewhere, child.is_here, is_known)
        {
            self.note_failure(provider, self.now, status);
        }
    }

    fn index(&self, name: &ProcessName) -> ProcessIndex {
        let mut children = self.children.iter();
        let index = children.position(|child| child.plan.name == *name);
        index.expect("it is known")
    }

    fn note_failure(&mut self, process: ProcessIndex, at: Instant, status: u8) {
        self.failures.push((process, at, status));
    }
}

impl Run {
    fn is_tree_gone(&self) -> bool {
        self.leader.is_some_and(|(_, _, left)| left == 0)
    }

    /// Nothing of it is left now, and nobody asked it to end: that is told, and may be a failure.
    pub(super) fn has_ended_itself(&self) -> bool {
        let is_daemon = self
            .leader
            .is_some_and(|(exit, _, left)| exit.is_success() && left > 0);
        self.ends_itself && !(is_daemon && self.terminated.is_some())
    }

    pub(super) fn goes_on(&self) -> bool {
        self.is_spawned && self.terminated.is_none() && !self.is_tree_gone()
    }
}

impl Child {
    /// The number of its latest run, whoever that was.
    pub(super) fn last_run(&self) -> u32 {
        self.starts.len() as u32 + self.stand_ins
    }

    /// This session may do something with it.
    pub(super) fn is_ours(&self) -> bool {
        self.is_here && !self.is_leaving
    }

    fn meets(&self, need: &Need, now: Instant) -> bool {
        if !self.is_here {
            let is_absent = matches!(self.elsewhere, Elsewhere::Absent | Elsewhere::Failed(_));
            return self.elsewhere == Elsewhere::Ready || is_absent && need.is_optional;
        }
        let Some(run) = self.run else {
            let is_done = self.last_exit.is_some_and(Exit::is_success);
            let is_enough = need.variable.is_none() || self.plan.port.is_none();
            return need.is_optional || is_done && is_enough;
        };
        run.goes_on() && self.is_there(&run, now)
    }
}
