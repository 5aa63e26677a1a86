//! Records there and back, cut anywhere and damaged anywhere.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Of the segment in which they are.
const NUMBER: u64 = 7;

/// A record that owns what it holds.
#[derive(Clone, Debug)]
enum Owned {
    Begun(Begun),
    Source(usize, Source),
    Chunk(usize, u32, Vec<u8>),
    Said(String),
    Gap(Amount),
    RunStarted(usize, u32, i32),
    RunEnded(usize, u32, Option<Exit>),
    Ended,
}

impl Owned {
    fn record(&self, at_ns: u64) -> Record<'_> {
        let body = match self {
            Self::Begun(begun) => Body::Begun(begun.clone()),
            Self::Source(index, source) => Body::Source {
                index: *index,
                source: source.clone(),
            },
            Self::Chunk(source, run, bytes) => Body::Chunk {
                source: *source,
                run: *run,
                bytes,
            },
            Self::Said(text) => Body::Said { text },
            Self::Gap(missing) => Body::Gap {
                missing: *missing,
                cause: GapCause::Slow,
            },
            Self::RunStarted(source, run, pid) => Body::RunStarted {
                source: *source,
                run: *run,
                pid: *pid,
            },
            Self::RunEnded(source, run, exit) => Body::RunEnded {
                source: *source,
                run: *run,
                exit: *exit,
            },
            Self::Ended => Body::Ended,
        };
        Record { at_ns, body }
    }
}

fn any_record() -> impl Strategy<Value = (u64, Owned)> {
    let source = || 0..=usize::from(u16::MAX);
    let amount = any::<(u64, u64)>().prop_map(|(lines, bytes)| Amount { lines, bytes });
    let begun = any::<(String, u32, String)>();
    let begun = begun.prop_map(|(version, pid, directory)| Begun {
        version,
        pid,
        directory,
    });
    let named = any::<(String, String, String)>();
    let named = named.prop_map(|(name, app, in_app)| Source {
        name,
        app,
        in_app,
        color: None,
    });
    let exit = prop_oneof![
        Just(None),
        any::<u8>().prop_map(|status| Some(Exit::Status(status))),
        (1..128).prop_map(|signal| Some(Exit::Signal(signal))),
    ];
    let owned = prop_oneof![
        begun.prop_map(Owned::Begun),
        (source(), named).prop_map(|(index, source)| Owned::Source(index, source)),
        (source(), any::<u32>(), vec(any::<u8>(), 0..200))
            .prop_map(|(source, run, bytes)| Owned::Chunk(source, run, bytes)),
        any::<String>().prop_map(Owned::Said),
        amount.prop_map(Owned::Gap),
        (source(), any::<u32>(), any::<i32>())
            .prop_map(|(source, run, pid)| Owned::RunStarted(source, run, pid)),
        (source(), any::<u32>(), exit)
            .prop_map(|(source, run, exit)| Owned::RunEnded(source, run, exit)),
        Just(Owned::Ended),
    ];
    (any::<u64>(), owned)
}

fn encoded(records: &[(u64, Owned)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at_ns, owned) in records {
        let begin = out.len();
        push(*at_ns, &owned.record(*at_ns).body, &mut out);
        seal(NUMBER, &mut out[begin..]);
    }
    out
}

/// The records up to where there is none, and what stands there.
fn decoded(mut bytes: &[u8]) -> (Vec<Record<'_>>, Decoded<()>) {
    let mut records = Vec::new();
    loop {
        match decode(NUMBER, bytes) {
            Decoded::Whole { value, length } => {
                records.push(value);
                bytes = &bytes[length..];
            }
            Decoded::Incomplete => return (records, Decoded::Incomplete),
            Decoded::Damaged => return (records, Decoded::Damaged),
        }
    }
}

fn expected(records: &[(u64, Owned)]) -> Vec<Record<'_>> {
    let records = records.iter();
    records.map(|(at, owned)| owned.record(*at)).collect()
}

proptest! {
    #[test]
    fn records_come_back_as_they_were(records in vec(any_record(), 0..20)) {
        let bytes = encoded(&records);
        prop_assert_eq!(decoded(&bytes), (expected(&records), Decoded::Incomplete));
    }

    #[test]
    fn cut_anywhere_the_first_of_them_are_there(
        records in vec(any_record(), 1..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let bytes = encoded(&records);
        let (found, end) = decoded(&bytes[..cut.index(bytes.len())]);
        prop_assert!(expected(&records).starts_with(&found));
        prop_assert_eq!(end, Decoded::Incomplete);
    }

    #[test]
    fn of_a_damaged_record_nothing_is_made(
        records in vec(any_record(), 1..8),
        place in any::<proptest::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut bytes = encoded(&records);
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        let (found, _) = decoded(&bytes);
        prop_assert!(expected(&records).starts_with(&found));
        prop_assert!(found.len() < records.len());
    }

    #[test]
    fn nothing_of_a_files_earlier_life_is_a_record(
        record in any_record(),
        numbers in any::<[u64; 2]>(),
    ) {
        let [number, later] = numbers;
        prop_assume!(number != later);
        let mut bytes = encoded(&[record]);
        seal(number, &mut bytes);
        prop_assert_eq!(decode(later, &bytes), Decoded::Damaged);
    }

    #[test]
    fn garbage_is_no_record(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(decoded(&bytes).0.is_empty());
        let _ = unsealed(&bytes);
        let _ = length(&bytes);
        let _ = Header::decode(&bytes);
    }

    #[test]
    fn headers_come_back_as_they_were(
        numbers in any::<[u64; 4]>(),
        is_reused in any::<bool>(),
        cut in 0..HEADER,
    ) {
        let [began_at, lines, bytes, number] = numbers;
        let before = Amount { lines, bytes };
        let header = Header { began_at, before, number, is_reused };
        let mut out = Vec::new();
        header.push(&mut out);
        let whole = Decoded::Whole { value: header, length: HEADER };
        prop_assert_eq!(Header::decode(&out), whole);
        prop_assert_eq!(Header::decode(&out[..cut]), Decoded::Incomplete);
        out[cut] ^= 1;
        prop_assert_eq!(Header::decode(&out), Decoded::Damaged);
    }
}

#[test]
fn pages_that_never_reached_the_disk_are_no_records() {
    for length in [FRAME, 4096, 64 * 1024] {
        assert_eq!(
            decode(NUMBER, &vec![0; length]),
            Decoded::Damaged,
            "{length}"
        );
        assert_eq!(Header::decode(&vec![0; length]), Decoded::Damaged);
    }
}

#[test]
fn a_length_beyond_reason_is_not_waited_for() {
    let mut bytes = vec![0xff; 100];
    assert_eq!(decode(NUMBER, &bytes), Decoded::Damaged);
    bytes[4..8].copy_from_slice(&1000_u32.to_le_bytes());
    assert_eq!(decode(NUMBER, &bytes), Decoded::Incomplete);
}

/// What an older or newer devrun wrote is read as it was meant, or not at all.
#[test]
fn the_layout_stays() {
    let mut bytes = Vec::new();
    let record = Owned::Chunk(2, 7, b"hi\n".to_vec());
    push(0x0102, &record.record(0).body, &mut bytes);
    seal(NUMBER, &mut bytes);
    let frame = [
        3, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 3, 0, b'h', b'i', b'\n',
    ];
    assert_eq!(bytes[4..], frame);
    assert_eq!(bytes[..4], [104, 214, 112, 210]);
    let longer: Vec<u8> = (0..100).collect();
    assert_eq!(checksum(NUMBER, &longer), 4152810301);
}

#[test]
fn amounts_are_counted_in_newlines() {
    let check = |text: &str, lines: u64| assert_eq!(Amount::of(text.as_bytes()).lines, lines);
    check("", 0);
    check("open", 0);
    check("a\nb\n", 2);
}
