//! The real system around the guardian: its descriptors, and the calls of `os`.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::guardian::kernel::{Child, Exec, Heard, Kernel};
use crate::guardian::protocol::{Inbox, News, Request, Spawn};
use crate::os::descriptor::{self, Waits};
use crate::os::family::{self, Descent, Marks, Member};
use crate::os::memory;
use crate::os::signals;
use crate::os::spawn::{self, Changed, Ends, Habits, Program};
use crate::os::terminal::Settings;
use crate::words::exit::Exit;

/// Where it cannot be waited for news, they are looked for so often.
const BLIND_INTERVAL: Duration = Duration::from_millis(10);

/// So many descriptors are held back for looks at /proc: who cannot look takes nobody to be gone, and would never end.
const SPARE: usize = 3;

/// So many bytes of news, about two hundred, are sent before the end of the turn: the manager sees to the first of a
/// thousand ends while the last ones are still reaped.
const MOST_HELD: usize = 4 * 1024;
/// While one request follows upon the other, the manager is not woken for the news of each, but so often.
const HELD_FOR: Duration = Duration::from_millis(5);

pub(super) struct System {
    /// To the manager, as long as it is there.
    manager: Option<OwnedFd>,
    noted: OwnedFd,
    habits: Habits,
    /// From here on it stays so.
    changed: Changed,
    /// News that are not sent yet, and since when the first of them is not.
    outbox: Vec<u8>,
    held_since: Option<Instant>,
    inbox: Inbox,
    /// The descriptors of each request that has some. Fewer than were sent where we have too many open.
    passed: VecDeque<Vec<OwnedFd>>,
    descent: Descent,
    /// Children between fork and exec, and the pipes that tell how that goes.
    spawning: Vec<(i32, OwnedFd)>,
    /// The user's terminal while it is raw, and how it was before.
    attached: Option<(OwnedFd, Settings)>,
    /// Those that were taken after the fork. Never looked at: they are open, that is all.
    locks: Vec<OwnedFd>,
    /// Held back.
    spare: Vec<OwnedFd>,
    /// The system did not say whether a child has ended: it is asked again.
    is_unsure: bool,
}

impl System {
    /// Leaves the caller's session, and adopts orphans from now on.
    pub(super) fn enter(manager: OwnedFd, habits: Habits) -> io::Result<Self> {
        spawn::leave_session(c"drguard")?;
        spawn::adopt_orphans()?;
        spawn::go_on_without_parent()?;
        descriptor::detach_standard_ones()?;
        let noted = signals::watch()?;
        signals::release()?;
        let mut system = Self {
            manager: Some(manager),
            noted,
            habits,
            changed: Changed(signals::not_default()),
            outbox: Vec::new(),
            held_since: None,
            inbox: Inbox::default(),
            passed: VecDeque::new(),
            descent: Descent::begin(),
            spawning: Vec::new(),
            attached: None,
            locks: Vec::new(),
            spare: Vec::new(),
            is_unsure: false,
        };
        system.hold_back();
        Ok(system)
    }

    /// Before a look: what is held back is for it.
    fn let_go(&mut self) {
        self.spare.clear();
    }

    /// Before anything else is opened. Between two looks nothing is, so that many of them cost no more than one.
    fn hold_back(&mut self) {
        while self.spare.len() < SPARE {
            match self.noted.try_clone() {
                Ok(copy) => self.spare.push(copy),
                Err(_) => return,
            }
        }
    }

    /// Whether there is something to read: of signals, from the manager, of each spawn.
    fn poll(&self, timeout: Option<Duration>) -> io::Result<(bool, bool, Vec<bool>)> {
        let mut watched = vec![self.noted.as_fd()];
        watched.extend(self.manager.as_ref().map(AsFd::as_fd));
        let before_spawns = watched.len();
        watched.extend(self.spawning.iter().map(|(_, failure)| failure.as_fd()));
        // What it tells is taken after every wait.
        watched.extend(self.descent.news());
        let mut readable = descriptor::poll(&watched, self.descent.patience(timeout))?;
        let mut of_spawns = readable.split_off(before_spawns);
        of_spawns.truncate(self.spawning.len());
        Ok((readable[0], readable.get(1) == Some(&true), of_spawns))
    }

    /// Sends the news that were held. Blocks while the manager does not read: it always does, unless it is stopped or
    /// about to die.
    pub(super) fn flush(&mut self) {
        let mut rest = &self.outbox[..];
        while let Some(manager) = self.manager.as_ref().filter(|_| !rest.is_empty()) {
            match descriptor::send(manager.as_fd(), rest, &[], Waits::Yes) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if descriptor::is_short(&error) => std::thread::sleep(BLIND_INTERVAL),
                // Its end is seen, and dealt with, where we read. If it lives, it is not to wait for ever for
                // news that were lost, nor to read on in the middle of them.
                Err(_) => {
                    descriptor::hang_up(manager.as_fd());
                    break;
                }
            }
        }
        self.outbox.clear();
        self.held_since = None;
    }

    /// There are news, but for a moment requests come first.
    fn holds_news(&self) -> bool {
        let is_fresh = self
            .held_since
            .is_some_and(|since| since.elapsed() < HELD_FOR);
        let is_pressed = |(_, of_manager, _): (bool, bool, Vec<bool>)| of_manager;
        is_fresh && self.poll(Some(Duration::ZERO)).is_ok_and(is_pressed)
    }

    fn hear_of_execs(&mut self, are_known: &[bool], heard: &mut Heard) {
        let mut are_known = are_known.iter();
        self.spawning.retain(|(pid, failure)| {
            let is_known = are_known.next() == Some(&true);
            if is_known {
                let errno = exec_error(failure);
                heard.execs.push(Exec { pid: *pid, errno });
            }
            !is_known
        });
    }

    fn hear_signals(&mut self, heard: &mut Heard) {
        // Whatever is to be read there, and whether it can be.
        heard.is_bereaved = true;
        let mut noted = [0; 256];
        while let Ok(Some(count @ 1..)) = descriptor::read(self.noted.as_fd(), &mut noted) {
            heard.is_asked_to_stop |= noted[..count].iter().any(asks_to_stop);
        }
        // Whoever ended up to here is found by the look that follows.
        signals::note_children_again();
    }

    fn hear_manager(&mut self, heard: &mut Heard) {
        let Some(manager) = &self.manager else { return };
        match descriptor::receive(manager.as_fd(), self.inbox.end(), &mut self.passed) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // What is there is there the next time as well: at once, if nobody waits.
            Err(error) if descriptor::is_short(&error) => {
                std::thread::sleep(BLIND_INTERVAL);
                return;
            }
            Ok(0) | Err(_) => heard.is_manager_gone = true,
            Ok(_) => {}
        }
        loop {
            let body = self.inbox.take_frame();
            match body.and_then(|body| body.map(Request::from_body).transpose()) {
                Ok(Some(request)) => heard.requests.push(request),
                Ok(None) => break,
                // Whoever that is, it is not our manager.
                Err(_) => {
                    heard.is_manager_gone = true;
                    break;
                }
            }
        }
        if heard.is_manager_gone {
            self.manager = None;
        }
    }
}

impl Kernel for System {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn hear(&mut self, timeout: Option<Duration>) -> Heard {
        if !self.holds_news() {
            self.flush();
        }
        self.hold_back();
        let mut heard = Heard {
            is_bereaved: std::mem::take(&mut self.is_unsure),
            ..Heard::default()
        };
        let timeout = if heard.is_bereaved {
            Some(BLIND_INTERVAL)
        } else {
            timeout
        };
        let (of_signals, of_manager, of_spawns) = self.poll(timeout).unwrap_or_else(|_| {
            // The kernel has no memory for it now. Neither of the first two blocks.
            std::thread::sleep(BLIND_INTERVAL);
            (true, true, Vec::new())
        });
        heard.is_bereaved |= self.descent.take_news();
        self.hear_of_execs(&of_spawns, &mut heard);
        if of_signals {
            self.hear_signals(&mut heard);
        }
        if of_manager {
            self.hear_manager(&mut heard);
        }
        heard
    }

    fn tell(&mut self, news: &News) {
        self.held_since.get_or_insert_with(Instant::now);
        self.outbox.extend(news.to_frame());
        if self.outbox.len() >= MOST_HELD {
            self.flush();
        }
    }

    fn fork(&mut self, spawn: &Spawn) -> io::Result<Child> {
        self.hold_back();
        let passed = self.passed.pop_front().unwrap_or_default();
        // Else they were lost on the way.
        let [input, output] = <[OwnedFd; 2]>::try_from(passed)
            .map_err(|_| io::Error::from_raw_os_error(descriptor::TOO_MANY))?;
        let program = Program::new(&spawn.arguments, &spawn.environment, &spawn.directory)?;
        let identity = descriptor::identity(output.as_fd())?;
        let ends = Ends {
            input: &input,
            output: &output,
            are_terminal: spawn.has_terminal,
        };
        let forked = spawn::fork(&program, ends, self.habits, self.changed)?;
        self.descent.follow(forked.pid);
        self.spawning.push((forked.pid, forked.failure));
        Ok(Child {
            pid: forked.pid,
            holder: forked.holder,
            output: identity,
        })
    }

    fn peek_exit(&mut self, pid: i32) -> Option<Exit> {
        spawn::peek_exit(pid).unwrap_or_else(|_| {
            self.is_unsure = true;
            None
        })
    }

    fn reap(&mut self, pid: i32) -> Option<Exit> {
        spawn::reap(pid)
    }

    fn wait_for_exit(&mut self, pid: i32) {
        spawn::wait_for_exit(pid);
    }

    fn release_holder(&mut self, holder: i32) {
        #[cfg(target_os = "linux")]
        spawn::holder::release(holder);
        #[cfg(not(target_os = "linux"))]
        unreachable!("{holder}: there are none");
    }

    fn send(&mut self, pid: i32, signal: i32) {
        signals::send(pid, signal);
    }

    fn send_to_group(&mut self, leader: i32, signal: i32) {
        signals::send_to_group(leader, signal);
    }

    fn ask(&mut self, pid: i32, signal: i32) {
        signals::ask(pid, signal);
    }

    fn may_send(&mut self, pid: i32) -> bool {
        signals::may_send(pid)
    }

    fn tree(&mut self, root: i32) -> Vec<Member> {
        self.let_go();
        family::tree(root)
    }

    fn orphans(&mut self, leaders: &HashSet<i32>, runs: &[&Marks]) -> Option<Vec<Member>> {
        self.let_go();
        self.descent.orphans(leaders, runs)
    }

    fn hears_of_orphans(&self) -> bool {
        cfg!(target_os = "linux")
    }

    fn lives_on(&mut self, orphan: &Member) -> bool {
        self.let_go();
        orphan.lives_on()
    }

    fn are_on(&mut self, marks: &Marks, orphan: &Member) -> bool {
        self.let_go();
        self.descent.is_below(orphan, marks.leader) || marks.are_on(orphan)
    }

    fn hold_lock(&mut self) {
        // Where it was lost on the way the manager holds it, as long as that lives.
        self.locks
            .extend(self.passed.pop_front().into_iter().flatten());
    }

    fn give_back(&mut self) {
        memory::give_back();
    }

    fn note_terminal(&mut self, modes: [u32; 8]) {
        let terminal = self.passed.pop_front().and_then(|mut it| it.pop());
        self.attached = terminal.map(|it| (it, Settings::from_halves(modes)));
    }

    fn forget_terminal(&mut self) {
        self.attached = None;
    }

    fn restore_terminal(&mut self) {
        if let Some((terminal, before)) = self.attached.take() {
            before.put_back(terminal.as_fd());
        }
    }
}

fn asks_to_stop(byte: &u8) -> bool {
    let mut stopping = signals::STOPPING.iter();
    stopping.any(|signal| *signal as i32 == i32::from(*byte))
}

/// What the child wrote into its pipe, if it wrote anything: the exec closes the pipe.
fn exec_error(failure: &OwnedFd) -> Option<i32> {
    let mut errno = [0; 4];
    let count = descriptor::read(failure.as_fd(), &mut errno).ok().flatten();
    (count == Some(errno.len())).then(|| i32::from_ne_bytes(errno))
}
