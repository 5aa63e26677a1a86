//! Asks a process for a page, and looks at the status of its answer alone.

use std::net::SocketAddr;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::driver::ready::words_of;
use crate::words::ready::{self, Tried};

/// Told to the server, which may log it.
const US: &str = concat!("devrun/", env!("CARGO_PKG_VERSION"), " (ready)");

/// A longer head is not one, in bytes.
const MOST_OF_HEAD: usize = 64 * 1024;
/// So much is read, in bytes: of interim answers (100 Continue) there may come as many as are sent, and the loop reads them at
/// one go.
const MOST_READ: u64 = 256 * 1024;

/// GET `path`. It has no time limit.
pub(super) async fn ask(address: SocketAddr, path: String, statuses: Vec<u16>) -> Tried {
    let stream = match TcpStream::connect(address).await {
        Ok(stream) => stream,
        Err(error) => return Tried::Failed(words_of(&error)),
    };
    match answer(stream, address.port(), &path).await {
        Ok(answer) if ready::is_fine(answer.status().as_u16(), &statuses) => Tried::Passed,
        Ok(answer) => Tried::Failed(format!("HTTP {}", answer.status().as_u16())),
        Err(error) => Tried::Failed(seen(&error)),
    }
}

/// Of a server that speaks TLS the first byte is no HTTP.
fn seen(error: &hyper::Error) -> String {
    match error.is_parse() && !error.is_parse_too_large() {
        true => "what it answers is no HTTP".into(),
        false => error.to_string(),
    }
}

async fn answer(
    stream: TcpStream,
    port: u16,
    path: &str,
) -> hyper::Result<Response<hyper::body::Incoming>> {
    // Frameworks that check it know this name.
    let host = format!("localhost:{port}");
    let request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, US)
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .expect("the settings have a path that fits");
    let (from, to) = stream.into_split();
    let stream = TokioIo::new(tokio::io::join(from.take(MOST_READ), to));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MOST_OF_HEAD);
    let (mut sender, connection) = builder.handshake(stream).await?;
    let answer = sender.send_request(request);
    tokio::pin!(answer, connection);
    tokio::select! {
        // An answer that came with the end of the connection counts.
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => {
            ended?;
            answer.await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// What comes of asking a server that sends `first`, and then `again` for ever.
    fn asked(first: &str, again: &str) -> Tried {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (first, again) = (first.to_owned(), again.repeat(1000));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(first.as_bytes());
            while stream.write_all(again.as_bytes()).is_ok() {}
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let asked = ask(address, "/".into(), Vec::new());
        runtime.block_on(async { timeout(Duration::from_secs(20), asked).await.unwrap() })
    }

    #[test]
    fn an_answer_in_another_protocol_is_called_so() {
        let expected = Tried::Failed("what it answers is no HTTP".into());
        for answer in ["\u{15}\u{3}\u{3}\0\u{2}\u{2}F", "220 mail ESMTP\r\n"] {
            assert_eq!(asked(answer, "A"), expected);
        }
    }

    #[test]
    fn an_answer_without_an_end_is_read_for_a_while_alone() {
        let failed = |tried: Tried| matches!(tried, Tried::Failed(_));
        assert!(failed(asked("", "HTTP/1.1 100 Continue\r\n\r\n")));
        assert!(failed(asked("HTTP/1.1 200 OK\r\n", "A: b\r\n")));
        let page = asked("HTTP/1.1 200 OK\r\n\r\n", "body");
        assert_eq!(page, Tried::Passed);
    }
}
