//! Decides what of an app's stored sessions goes: the oldest first, whole segments, never what is being
//! written.

/// So many sessions of an app are kept, the present one among them.
const SESSIONS: usize = 5;
/// In bytes, of all of an app's sessions.
const SPACE: u64 = 64_000_000;

/// What an app has of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) is_live: bool,
    /// Numbers and sizes in bytes, the oldest first. Empty where the session belongs to another app, whose
    /// space it takes.
    pub(super) segments: Vec<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doomed {
    /// With all that it has.
    Session(usize),
    Segment {
        session: usize,
        number: u64,
    },
}

/// What goes so that at most five of `sessions`, the oldest of which comes first, are left, with room for
/// `more` bytes.
pub(super) fn doomed(sessions: &[Stored], more: u64) -> Vec<Doomed> {
    let surplus = sessions.len().saturating_sub(SESSIONS);
    let too_many = |place: usize| place < surplus && !sessions[place].is_live;
    let places = 0..sessions.len();
    let mut doomed: Vec<Doomed> = places
        .clone()
        .filter(|place| too_many(*place))
        .map(Doomed::Session)
        .collect();
    let kept = || places.clone().filter(|place| !too_many(*place));
    let sizes = kept().flat_map(|place| &sessions[place].segments);
    let mut total = more + sizes.map(|(_, size)| size).sum::<u64>();
    for place in kept() {
        let Stored { is_live, segments } = &sessions[place];
        // The last one of the living is being written.
        let spared = usize::from(*is_live);
        let mut is_whole = true;
        for (number, size) in &segments[..segments.len().saturating_sub(spared)] {
            if total <= SPACE {
                return doomed;
            }
            is_whole = false;
            total -= size;
            doomed.push(Doomed::Segment {
                session: place,
                number: *number,
            });
        }
        if !is_live && !is_whole {
            doomed.push(Doomed::Session(place));
        }
    }
    doomed
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBIBYTE: u64 = 1024 * 1024;

    fn dead(sizes: &[u64]) -> Stored {
        let sizes = sizes.iter().map(|size| size * MEBIBYTE);
        Stored {
            is_live: false,
            segments: (1..).zip(sizes).collect(),
        }
    }

    fn live(sizes: &[u64]) -> Stored {
        Stored {
            is_live: true,
            ..dead(sizes)
        }
    }

    fn check(sessions: &[Stored], more: u64, expected: &[Doomed]) {
        assert_eq!(doomed(sessions, more * MEBIBYTE), expected, "{sessions:?}");
    }

    fn segment(session: usize, number: u64) -> Doomed {
        Doomed::Segment { session, number }
    }

    #[test]
    fn five_sessions_are_kept_and_those_that_live() {
        let [dead, live] = [dead(&[1]), live(&[1])];
        let of = |count: usize| {
            let mut sessions = vec![dead.clone(); count - 1];
            sessions.push(live.clone());
            sessions
        };
        check(&[], 4, &[]);
        check(&of(5), 4, &[]);
        check(&of(7), 4, &[Doomed::Session(0), Doomed::Session(1)]);
        let mut others = of(7);
        others[0] = live.clone();
        check(&others, 4, &[Doomed::Session(1)]);
        check(&vec![live; 7], 4, &[]);
    }

    #[test]
    fn the_oldest_segments_make_room() {
        check(&[dead(&[4, 4]), live(&[4; 12])], 4, &[]);
        check(&[dead(&[4, 4]), live(&[4; 13])], 4, &[segment(0, 1)]);
        check(
            &[dead(&[4]), dead(&[4]), live(&[4; 14])],
            4,
            &[
                segment(0, 1),
                Doomed::Session(0),
                segment(1, 1),
                Doomed::Session(1),
            ],
        );
        check(&[live(&[4; 16])], 4, &[segment(0, 1), segment(0, 2)]);
    }

    #[test]
    fn what_is_being_written_stays() {
        let others = [live(&[40]), live(&[40]), live(&[])];
        check(&others, 4, &[]);
        let others = [live(&[4, 40]), dead(&[]), live(&[40])];
        check(&others, 4, &[segment(0, 1)]);
    }

    #[test]
    fn a_session_that_goes_needs_no_room() {
        let mut sessions = vec![dead(&[60]); 2];
        sessions.extend(vec![live(&[]); 4]);
        sessions[1] = dead(&[4]);
        check(&sessions, 4, &[Doomed::Session(0)]);
    }
}
