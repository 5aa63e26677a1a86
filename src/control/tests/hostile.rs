//! What no request and no answer can spoil.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;
use crate::control::server::MAX_CONNECTIONS;

/// Sends `bytes` as they are, and reads until the other side closes.
async fn raw(stream: &mut UnixStream, bytes: &[u8]) -> String {
    // The other side may have seen enough before all is written, or read.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[test]
fn nonsense_is_refused_and_harms_nobody() {
    with_session("nonsense", async |mut session| {
        let socket = session.socket.clone();
        let mut check = async |bytes: &[u8], status: &str| {
            let mut stream = UnixStream::connect(&socket).await.unwrap();
            let answer = raw(&mut stream, bytes).await;
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
            let is_so = match status {
                "" => answer.is_empty(),
                status => answer.starts_with(&format!("HTTP/1.1 {status}")),
            };
            assert!(is_so, "{shown:?} → {answer:?}");
            session.answers().await;
        };
        let post = |path: &str, body: &str| {
            let length = body.len();
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
        };
        let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n");
        check(b"\r\n\r\n\0\0garbage\r\n\r\n", "400").await;
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "").await;
        check(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "400").await;
        check(get("/", "").as_bytes(), "404").await;
        check(get("/v1/knock", "").as_bytes(), "405").await;
        check(get("/v1/apps", "origin: null\r\n").as_bytes(), "403").await;
        check(post("/v1/knock", "{").as_bytes(), "400").await;
        check(post("/v1/knock", "{\"app\":7}").as_bytes(), "400").await;
        check(post("/v1/knock", &"[".repeat(60_000)).as_bytes(), "400").await;
        let huge = format!("{{\"app\":\"{}\"}}", "x".repeat(70_000));
        check(post("/v1/knock", &huge).as_bytes(), "413").await;
        check(post("/v1/apps/ab/hand-over", "{}").as_bytes(), "400").await;
        let follow = "/v1/apps/ab/follow";
        check(get(follow, "").as_bytes(), "400").await;
        check(get(follow, "devrun-asker: {}\r\n").as_bytes(), "400").await;
        let attach = |more: &str| {
            format!("POST /v1/attach HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n{more}\r\n")
        };
        check(attach("").as_bytes(), "426").await;
        check(attach("upgrade: websocket\r\n").as_bytes(), "426").await;
        let upgrade = "connection: upgrade\r\nupgrade: devrun-terminal\r\n";
        check(attach(upgrade).as_bytes(), "400").await;
        let visitor = format!("{upgrade}devrun-visitor: {{\"pid\":7,\"columns\":-1}}\r\n");
        check(attach(&visitor).as_bytes(), "400").await;
        let huge = format!("x: {}\r\n", "x".repeat(200_000));
        check(get("/v1/apps", &huge).as_bytes(), "431").await;
        let many = "x: x\r\n".repeat(1000);
        check(get("/v1/apps", &many).as_bytes(), "431").await;
        let long = format!("/{}", "x".repeat(200_000));
        check(get(&long, "").as_bytes(), "431").await;
    });
}

#[test]
fn a_request_that_has_no_end_is_closed_after_a_while() {
    let check = |name: &str, bytes: &'static [u8], status: &'static str| {
        with_session(name, async |session| {
            let mut stream = UnixStream::connect(&session.socket).await.unwrap();
            tokio::time::pause();
            let before = tokio::time::Instant::now();
            let answer = raw(&mut stream, bytes).await;
            assert!(answer.starts_with(status), "{answer:?}");
            assert_eq!(before.elapsed().as_secs(), 5);
        });
    };
    check("silent", b"", "");
    check("half-head", b"GET /v1/apps HTTP/1.1\r\nho", "");
    let half = b"POST /v1/knock HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{\"a";
    check("half-body", half, "HTTP/1.1 408");
}

#[test]
fn whoever_comes_when_all_places_are_taken_is_turned_away() {
    with_session("full", async |mut session| {
        let mut others = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            others.push(UnixStream::connect(&session.socket).await.unwrap());
        }
        client::apps(&session.socket).await.unwrap_err();
        assert!(session.requests.try_recv().is_err());
        let mut first = others.swap_remove(0);
        raw(&mut first, b"\r\n\r\n\0\r\n\r\n").await;
        session.answers().await;
    });
}

#[test]
fn a_malformed_answer_is_an_error() {
    let check = |name: &str, answer: &'static str| {
        let scratch = Scratch::new(name);
        run(async || {
            let listener = tokio::net::UnixListener::bind(scratch.socket()).unwrap();
            let answers = spawn_local(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut request = [0; 1000];
                    let _ = stream.read(&mut request).await.unwrap();
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
            client::apps(&scratch.socket()).await.unwrap_err();
            let socket = scratch.socket();
            if let Ok(mut following) = client::follow(&socket, "ab", &asker()).await {
                assert_eq!(following.next().await, None);
            }
            answers.abort();
        });
    };
    check("nothing", "");
    check("no-http", "220 mail.example ESMTP\r\n");
    check("no-json", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    check("cut", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n[");
    check("error", "HTTP/1.1 500 x\r\ncontent-length: 2\r\n\r\nok");
    check(
        "chunk",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"x\n}\r\n-7\r\n",
    );
}
