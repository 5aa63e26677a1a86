//! What a session leaves on the disk for `devrun logs`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::{Project, wait_until};

/// Of what stands before each record: checksum, length, time, run, source, kind and a spare byte.
const FRAME: usize = 24;
/// Of a segment's header.
const HEADER: usize = 48;
const SOURCE: u8 = 2;
const CHUNK: u8 = 3;
const SAID: u8 = 4;
const ENDED: u8 = 8;

fn logs(project: &Project) -> PathBuf {
    project.directory().join("../state/devrun/logs")
}

/// The directories of all sessions, and links to them, by path.
fn sessions(project: &Project) -> Vec<PathBuf> {
    let entries = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let apps = entries(&logs(project));
    let mut sessions: Vec<_> = apps.iter().flat_map(|app| entries(app)).collect();
    sessions.sort();
    sessions
}

/// Kind, source and payload of each record that is whole.
fn records(session: &Path) -> Vec<(u8, u16, Vec<u8>)> {
    let entries = fs::read_dir(session).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "log"))
        .collect();
    segments.sort();
    let mut records = Vec::new();
    for segment in segments {
        let bytes = fs::read(segment).unwrap();
        let mut rest = bytes.get(HEADER..).unwrap_or_default();
        while let Some((frame, behind)) = rest.split_at_checked(FRAME) {
            let length = u32::from_le_bytes(frame[4..8].try_into().unwrap()) as usize;
            let Some((payload, behind)) = behind.split_at_checked(length) else {
                break;
            };
            let source = u16::from_le_bytes([frame[20], frame[21]]);
            records.push((frame[22], source, payload.to_vec()));
            rest = behind;
        }
    }
    records
}

/// What the process wrote, as far as it is stored.
fn stored(session: &Path, process: &str) -> Vec<u8> {
    let records = records(session);
    let name = format!("\"name\":\"{process}\"");
    let is_its = |(kind, _, payload): &&(u8, u16, Vec<u8>)| {
        *kind == SOURCE && String::from_utf8_lossy(payload).contains(&name)
    };
    let Some((_, source, _)) = records.iter().find(is_its) else {
        return Vec::new();
    };
    let chunks = records
        .iter()
        .filter(|(kind, of, _)| (kind, of) == (&CHUNK, source));
    chunks.flat_map(|(_, _, bytes)| bytes.clone()).collect()
}

fn said(session: &Path) -> String {
    let records = records(session).into_iter();
    let said = records.filter(|(kind, _, _)| *kind == SAID);
    said.map(|(_, _, text)| String::from_utf8(text).unwrap() + "\n")
        .collect()
}

#[test]
fn what_was_written_is_there_byte_for_byte_after_a_kill() {
    let all: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    let lines: String = (0..50_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    let project = Project::with_procfile(
        "bytes: cat all; printf end; exec sleep 1000\nlines: cat lines; exec sleep 1000\n",
    );
    let project = project.file("all", &all).file("lines", &lines);
    let mut devrun = project.start_with(&["--tty", "never"]);
    devrun.see("line 49999");
    let mut session = PathBuf::new();
    wait_until(|| {
        session = sessions(&project).pop().unwrap_or_default();
        stored(&session, "bytes.1").ends_with(b"end")
            && stored(&session, "lines.1") == lines.as_bytes()
    });
    devrun.kill();
    assert!(stored(&session, "bytes.1") == [&all[..], b"end"].concat());
    assert!(said(&session).contains("lines.1 started"));
    assert!(records(&session).iter().all(|(kind, _, _)| *kind != ENDED));
}

#[test]
fn what_is_not_shown_is_stored_as_well_and_the_last_record_is_the_end() {
    let project = Project::with_procfile("job: echo '\x1b[2Jhello\x07'; echo bye\n");
    let mut devrun = project.start_with(&["--quiet"]);
    assert_eq!(devrun.wait(), 0);
    let [session] = &sessions(&project)[..] else {
        panic!("there is one");
    };
    assert_eq!(stored(session, "job.1"), b"\x1b[2Jhello\x07\nbye\n");
    assert!(said(session).contains("done. up "), "{}", said(session));
    assert_eq!(records(session).last().unwrap().0, ENDED);
}

#[test]
fn nobody_else_looks_into_it_and_five_sessions_are_kept() {
    let project = Project::with_procfile("job: echo hello\n");
    let state = project.directory().join("../state");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    let mut firsts = Vec::new();
    for _ in 0..7 {
        assert_eq!(project.start().wait(), 0);
        firsts.extend(sessions(&project).last().cloned());
    }
    assert_eq!(sessions(&project), firsts[2..]);
    let last = sessions(&project).pop().unwrap();
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o777;
    for directory in last.ancestors().take(4) {
        assert_eq!(mode(directory), 0o700, "{directory:?}");
    }
    for entry in fs::read_dir(&last).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
    assert_eq!(mode(&state), 0o755, "it may be shared");
}

#[test]
fn without_a_place_everything_runs_and_that_is_said_once() {
    let project = Project::with_procfile("web: while :; do echo up; sleep 0.01; done\n");
    let mut command = project.command(["start", "-p", "0"]);
    let below_a_file = project.directory().join("Procfile/state");
    command.env("XDG_STATE_HOME", below_a_file);
    let mut devrun = project.spawn(command);
    devrun.see("the log store has stopped: Not a directory; devrun logs ends here");
    devrun.see("web.1  | up\n");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("log store"), 1);
}

#[test]
fn every_app_of_a_session_has_it() {
    let shop = Project::called("shop").file("Procfile", "web: echo shop; exec sleep 1000\n");
    let api = shop.sibling("api");
    let api = api.file("Procfile", "web: echo api; exec sleep 1000\n");
    let mut devrun = shop.start_with(&["./", "../api"]);
    devrun.see("| shop\n").see("| api\n");
    wait_until(|| sessions(&api).len() == 2);
    assert_eq!(devrun.interrupt(), 0);
    let [one, other] = &sessions(&shop)[..] else {
        panic!("a session and a link to it");
    };
    assert_eq!(one.canonicalize().unwrap(), other.canonicalize().unwrap());
    assert_ne!(one.is_symlink(), other.is_symlink());
    assert_eq!(stored(one, "api/web.1"), b"api\n");
    assert_eq!(stored(other, "web.1"), b"shop\n");
}
