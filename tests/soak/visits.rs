//! Whoever knocks at the control socket: with requests that are whole, half, nonsense, or never read to the end.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::chance::Chance;
use crate::session::Soak;

pub fn visit(soak: &Soak) {
    let mut chance = Chance::of(soak.seed, 2);
    while soak.goes_on() {
        let shared = soak.calm.read().unwrap();
        // It may have ended while that was waited for.
        let is_up = soak.goes_on();
        if let Some(stream) = connect(soak).filter(|_| is_up) {
            one(soak, &mut chance, stream);
        }
        drop(shared);
        chance.rest(100);
    }
}

/// Has processes started or restarted, and does not wait for what becomes of them: one that ends again and
/// again never settles.
pub fn steer(soak: &Soak, what: &str, processes: &[String]) {
    let key = soak.key.get_or_init(|| key(soak));
    let body = serde_json::json!({ "processes": processes }).to_string();
    let head = format!("POST /v1/apps/{key}/{what} HTTP/1.1\r\nhost: devrun\r\n");
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    soak.tally.count(&format!("requests: {what}"), 1);
    answered(soak, connect(soak).expect("it is up"), &request, "202");
}

/// The app's, by which its paths are called.
fn key(soak: &Soak) -> String {
    let told = soak.project.run(&["ps", "--json"]).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    told["apps"][0]["key"]
        .as_str()
        .expect("it has one")
        .to_string()
}

fn connect(soak: &Soak) -> Option<UnixStream> {
    let root = soak.project.directory();
    let sockets = root
        .parent()
        .expect("it is below a root")
        .join("run/devrun");
    let entries = std::fs::read_dir(sockets).ok()?.flatten();
    let is_socket = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b"s-");
    let mut sockets = entries.filter(|entry| is_socket(&entry.file_name()));
    let stream = sockets.find_map(|entry| UnixStream::connect(entry.path()).ok())?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("it may");
    Some(stream)
}

fn one(soak: &Soak, chance: &mut Chance, mut stream: UnixStream) {
    soak.tally.count("visits", 1);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: devrun\r\n\r\n");
    match chance.below(6) {
        0 => chance.rest(50),
        1 => answered(soak, stream, &get("/v1/apps"), "200"),
        2 => answered(soak, stream, &get("/v1/nothing"), "404"),
        3 => answered(soak, stream, "\x16\x03\x01 nonsense\r\n\r\n", "400"),
        4 => {
            let half = get("/v1/apps");
            let _ = stream.write_all(&half.as_bytes()[..chance.below(20) as usize]);
            chance.rest(100);
        }
        _ => {
            let _ = stream.write_all(get("/v1/apps").as_bytes());
            let _ = stream.read(&mut [0; 16]);
        }
    }
}

fn answered(soak: &Soak, mut stream: UnixStream, request: &str, status: &str) {
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes());
    let read = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    if !answer.starts_with(&format!("HTTP/1.1 {status}")) {
        let text = format!("{request:?} was answered with {answer:?} ({sent:?}, {read:?})");
        soak.tally.fail(text);
    }
}
