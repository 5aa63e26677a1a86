//! Reads a stored session: from where it is needed to its end and, if that is followed, on from there.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::cli::logs::outlet::Outlet;
use crate::cli::tell::tell;
use crate::log::matcher::{Matcher, Wanted};
use crate::log::recent::Recent;
use crate::log::stored::{Author, Cause, End, Entry, Gap, Line, Lines, Turn, Turned};
use crate::os::descriptor;
use crate::os::directory_watch::Watch;
use crate::render::stored;
use crate::store::place::StoredSession;
use crate::store::reader::{Beginning, Reader};
use crate::store::segment::{Amount, Body, GapCause, Record, Source};

/// A line without an end is shown after so much silence.
const SILENCE: Duration = Duration::from_millis(300);
/// A session that has just begun has told by then who is in it.
const TELLS_IN: Duration = Duration::from_secs(2);
/// So often somebody looks where the system tells nothing, because too much is watched already.
const UNWATCHED: Duration = Duration::from_millis(20);
/// In segments: where the last lines are looked for, before everything is read.
const TAILS: [usize; 2] = [1, 4];

#[derive(Debug)]
pub(super) struct Asked {
    /// So many of the last lines; `None`: all.
    pub(super) last: Option<usize>,
    /// In nanoseconds since 1970, as `until`.
    pub(super) since: u64,
    pub(super) until: u64,
    pub(super) follows: bool,
    /// What is lost has no place in what is written to stdout: it is told on stderr.
    pub(super) tells_gaps: bool,
    /// When runs begin and end.
    pub(super) tells_runs: bool,
    /// A line that has no end stands where it was written, and not where it ends or never did.
    pub(super) places_open: bool,
    pub(super) wanted: Option<Wanted>,
}

#[derive(Debug)]
pub(super) struct Reading {
    session: StoredSession,
    asked: Asked,
    sieve: Sieve,
    lines: Lines,
    /// What is read now was only just written, as far as the store keeps up.
    is_following: bool,
    /// To be told on stderr, if lines from before are shown.
    untold: Vec<Gap>,
    /// The session has ended in good order.
    has_ended: bool,
    /// When the last record was or, without one, the session began.
    at_ns: u64,
}

/// What lets through that which was asked for.
#[derive(Debug)]
struct Sieve {
    since: u64,
    until: u64,
    /// By [`Author::index`].
    is_shown: Vec<bool>,
    matcher: Option<Matcher>,
    outlet: Outlet,
}

/// How the reading ended.
#[derive(Debug)]
pub(super) enum Over {
    /// At the end of what is there.
    Read { has_found: bool },
    /// The session that was followed has ended, in good order or by force.
    Ended { at_ns: u64, is_orderly: bool },
    /// Somebody asked for that, or nobody reads any more.
    Stopped,
    /// For another reason than that nobody reads.
    Unwritten(io::Error),
}

/// Why nothing more could be done.
#[derive(Debug)]
enum Failed {
    Read(io::Error),
    Written(io::Error),
}

/// Who is in a session, by their places.
///
/// # Errors
/// The disk does not give what is on it.
pub(super) fn sources(session: &StoredSession) -> io::Result<Vec<Source>> {
    let deadline = Instant::now() + TELLS_IN;
    loop {
        let mut reader = Reader::open(session, Beginning::Last(1));
        let watch = reader.watch();
        let mut sources = told(&mut reader)?;
        if sources.is_empty() && reader.is_over() {
            // The last segment was never begun.
            sources = told(&mut Reader::open(session, Beginning::Start))?;
        }
        if !sources.is_empty() || reader.is_over() || Instant::now() >= deadline {
            return Ok(sources);
        }
        wait(watch.as_ref().ok(), TELLS_IN)?;
    }
}

/// Those that stand before all else in a segment.
fn told(reader: &mut Reader) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    while let Some(record) = reader.next()? {
        match record.body {
            Body::Begun(_) | Body::Gap { .. } => {}
            Body::Source { index: _, source } => sources.push(source),
            Body::Chunk { .. }
            | Body::Said { .. }
            | Body::RunStarted { .. }
            | Body::RunEnded { .. }
            | Body::Ended => break,
        }
    }
    Ok(sources)
}

impl Reading {
    pub(super) fn new(
        session: StoredSession,
        is_shown: Vec<bool>,
        asked: Asked,
        outlet: Outlet,
    ) -> Self {
        let sieve = Sieve {
            since: asked.since,
            until: asked.until,
            is_shown,
            matcher: None,
            outlet,
        };
        Self {
            at_ns: nanoseconds(session.started_at),
            session,
            asked,
            sieve,
            lines: Lines::default(),
            is_following: false,
            untold: Vec::new(),
            has_ended: false,
        }
    }

    pub(super) fn follows(&self) -> bool {
        self.asked.follows
    }

    /// Writes all that was asked for, until `stop` or until there will be no more.
    ///
    /// # Errors
    /// The disk does not give what is on it.
    pub(super) fn run(mut self, stop: &AtomicBool) -> io::Result<Over> {
        let done = self.past(stop).and_then(|reader| {
            let reader = reader.filter(|_| self.asked.follows);
            reader.map_or(Ok(()), |reader| self.follow(reader, stop))
        });
        match done {
            Err(Failed::Read(error)) => Err(error),
            Err(Failed::Written(error)) if descriptor::is_gone(&error) => Ok(Over::Stopped),
            Err(Failed::Written(error)) => Ok(Over::Unwritten(error)),
            Ok(()) if stop.load(Ordering::Relaxed) => Ok(Over::Stopped),
            Ok(()) if self.asked.follows => Ok(Over::Ended {
                at_ns: self.at_ns,
                is_orderly: self.has_ended,
            }),
            Ok(()) => {
                let matcher = self.sieve.matcher.as_ref();
                let has_found = matcher.is_some_and(Matcher::has_found);
                Ok(Over::Read { has_found })
            }
        }
    }

    /// Shows what is there. Returns where that ended; `None`: nobody wants to know of the rest.
    fn past(&mut self, stop: &AtomicBool) -> Result<Option<Reader>, Failed> {
        let all = match self.asked.since {
            0 => Beginning::Start,
            since => Beginning::Time(UNIX_EPOCH + Duration::from_nanos(since)),
        };
        let is_tail = self.asked.last.is_some();
        let tails = TAILS.map(Beginning::Last).into_iter();
        // What stands around a match may stand far before it.
        let has_context = self.asked.wanted.as_ref().is_some_and(|it| it.context > 0);
        let tails = tails.filter(|_| is_tail && !has_context);
        for from in tails.chain([all]) {
            let mut reader = Reader::open(&self.session, from);
            self.begin(from);
            let is_at_end = self.read(&mut reader, stop)?;
            if !self.asked.follows || reader.is_over() {
                self.finish();
            }
            if from == all || self.has_enough() {
                self.lines.go_on();
                self.tell_gaps();
                self.sieve.outlet.open();
                if reader.is_over() {
                    self.tell_cut_off();
                }
                self.sieve.outlet.write().map_err(Failed::Written)?;
                return Ok(is_at_end.then_some(reader));
            }
        }
        Ok(None)
    }

    /// Forgets what an earlier look has brought.
    fn begin(&mut self, from: Beginning) {
        self.lines = match from {
            Beginning::Last(_) => Lines::of_tail(),
            Beginning::Start | Beginning::Time(_) => Lines::default(),
        };
        self.lines.since = self.asked.since;
        self.sieve.matcher = self.asked.wanted.clone().map(Matcher::new);
        self.untold.clear();
        if let Some(last) = self.asked.last {
            self.sieve.outlet.keep_last(last);
        }
    }

    /// Whether no line that is still missing would be among the last ones.
    fn has_enough(&self) -> bool {
        self.sieve.outlet.recent().is_some_and(|recent| {
            let torn = self.lines.torn_until();
            let is_torn = recent
                .since()
                .is_some_and(|since| torn.is_some_and(|torn| torn >= since));
            recent.is_full() && !is_torn
        })
    }

    /// Shows what comes, until nothing more will.
    fn follow(&mut self, mut reader: Reader, stop: &AtomicBool) -> Result<(), Failed> {
        let watch = reader.watch().ok();
        let mut calmed = Instant::now();
        self.is_following = true;
        while !stop.load(Ordering::Relaxed) {
            // This process may stand still between any two lines of it: what came since the look began is nobody's
            // silence.
            let looked_ns = now_ns();
            self.read(&mut reader, stop)?;
            if reader.is_over() {
                self.finish();
            } else {
                self.show_open(looked_ns);
            }
            if calmed.elapsed() >= SILENCE || reader.is_over() {
                calmed = Instant::now();
                self.sieve.outlet.calm();
            }
            self.sieve.outlet.write().map_err(Failed::Written)?;
            if reader.is_over() {
                break;
            }
            wait(watch.as_ref(), self.patience()).map_err(Failed::Read)?;
        }
        Ok(())
    }

    /// Takes in all that is there now. `false`: what follows is later than was asked for, or nobody waits for
    /// it any more.
    fn read(&mut self, reader: &mut Reader, stop: &AtomicBool) -> Result<bool, Failed> {
        while let Some(record) = reader.next().map_err(Failed::Read)? {
            if record.at_ns > self.asked.until || stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            self.take(&record);
            self.sieve.outlet.write_full().map_err(Failed::Written)?;
        }
        Ok(true)
    }

    fn take(&mut self, record: &Record<'_>) {
        let at_ns = record.at_ns;
        self.at_ns = at_ns;
        if self.asked.places_open && self.shows_open() {
            let sink = &mut into(&mut self.sieve);
            self.lines.show_open(at_ns, SILENCE, sink);
        }
        let Self { sieve, lines, .. } = self;
        match record.body {
            Body::Begun(_) => {}
            Body::Source { index, ref source } => {
                sieve.outlet.choose_color(index, source.color);
            }
            Body::Chunk { source, run, bytes } => {
                // Nothing is cut that nobody is shown.
                if sieve.shows(source + 1) {
                    lines.chunk((source, run), at_ns, bytes, &mut into(sieve));
                    if self.is_following {
                        lines.was_read(source, now_ns());
                    }
                }
            }
            Body::Said { text } => into(sieve)(said(at_ns, text)),
            Body::Gap { missing, cause } => {
                lines.lose(&mut into(sieve));
                self.lose(gap(at_ns, missing, cause));
            }
            Body::RunStarted { source, run, pid } => {
                lines.begin_run(source, run, &mut into(sieve));
                self.turn(at_ns, (source, run), Turned::Started { pid });
            }
            Body::RunEnded { source, run, exit } => {
                lines.end(source, &mut into(sieve));
                if sieve.shows(source + 1) {
                    sieve.outlet.end_run(source);
                }
                self.turn(at_ns, (source, run), Turned::Ended(exit));
            }
            Body::Ended => self.has_ended = true,
        }
    }

    fn lose(&mut self, gap: Gap) {
        if !self.asked.tells_gaps {
            self.sieve.take(Entry::Gap(gap));
        } else if self.sieve.is_timely(gap.at_ns) {
            self.untold.push(gap);
            if self.sieve.outlet.recent().is_none() {
                self.tell_gaps();
            }
        }
    }

    /// Where only the last lines are shown, what was lost before them is left out as well.
    fn tell_gaps(&mut self) {
        let recent = self.sieve.outlet.recent();
        let since = recent.filter(|recent| recent.is_full());
        let since = since.and_then(Recent::since).unwrap_or_default();
        let gaps = self.untold.drain(..);
        for gap in gaps.filter(|gap| gap.at_ns >= since) {
            tell!("{}", stored::lost(gap));
        }
    }

    fn turn(&mut self, at_ns: u64, (place, run): (usize, u32), what: Turned) {
        if self.asked.tells_runs && self.sieve.shows(place + 1) {
            let turn = Turn {
                at_ns,
                place,
                run,
                what,
            };
            self.sieve.take(Entry::Turn(turn));
        }
    }

    /// Why nothing follows. Who looks for something, or follows and is told on stderr, is not told here.
    fn tell_cut_off(&mut self) {
        if !self.has_ended && !self.asked.follows && self.asked.wanted.is_none() {
            let at_ns = self.at_ns;
            self.sieve.outlet.push(Entry::CutOff { at_ns });
        }
    }

    /// Nobody goes on with what is open.
    fn finish(&mut self) {
        self.lines.lose(&mut into(&mut self.sieve));
    }

    /// A prompt is shown before its line has an end; but whether it matches nobody knows before.
    fn shows_open(&self) -> bool {
        self.sieve.matcher.is_none()
    }

    fn show_open(&mut self, looked_ns: u64) {
        if self.shows_open() {
            let sink = &mut into(&mut self.sieve);
            self.lines.show_open(looked_ns, SILENCE, sink);
        }
    }

    /// Until there is something to do, even if nobody writes.
    fn patience(&self) -> Duration {
        let open_since = self.lines.open_since().filter(|_| self.shows_open());
        let silent = open_since.map(|since| Duration::from_nanos(now_ns().saturating_sub(since)));
        SILENCE.saturating_sub(silent.unwrap_or_default())
    }
}

impl Sieve {
    fn shows(&self, index: usize) -> bool {
        // A segment that was damaged may not have told of all.
        self.is_shown.get(index).copied().unwrap_or_default()
    }

    fn is_timely(&self, at_ns: u64) -> bool {
        (self.since..=self.until).contains(&at_ns)
    }

    fn take(&mut self, entry: Entry<'_>) {
        if !self.is_timely(entry.at_ns()) {
            return;
        }
        let Self {
            matcher, outlet, ..
        } = self;
        match (matcher, entry) {
            (None, entry) => outlet.push(entry),
            (Some(matcher), Entry::Line(line)) => matcher.take(line, &mut |it| outlet.push(it)),
            // It is told elsewhere, or nothing that was looked for.
            (
                Some(_),
                Entry::Gap(_) | Entry::Turn(_) | Entry::LeftOut { .. } | Entry::CutOff { .. },
            ) => {}
        }
    }
}

fn wait(watch: Option<&Watch>, patience: Duration) -> io::Result<()> {
    match watch {
        Some(watch) => watch.wait(patience),
        None => {
            thread::sleep(UNWATCHED.min(patience));
            Ok(())
        }
    }
}

fn into(sieve: &mut Sieve) -> impl FnMut(Line<'_>) {
    |line| {
        if sieve.shows(line.author.index()) {
            sieve.take(Entry::Line(line));
        }
    }
}

fn said(at_ns: u64, text: &str) -> Line<'_> {
    Line {
        author: Author::System,
        at_ns,
        text: text.as_bytes(),
        is_continued: false,
        end: End::Newline,
    }
}

fn gap(at_ns: u64, missing: Amount, cause: GapCause) -> Gap {
    let cause = match cause {
        GapCause::Slow => Cause::Slow,
        GapCause::Pruned => Cause::Removed,
        GapCause::Damaged => Cause::Damaged,
    };
    let Amount { lines, bytes } = missing;
    Gap {
        at_ns,
        lines,
        bytes,
        cause,
    }
}

fn now_ns() -> u64 {
    nanoseconds(SystemTime::now())
}

/// Since 1970.
fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
