//! Asks a process for a page, and looks at the status of its answer alone.

use std::net::SocketAddr;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::driver::ready::words_of;
use crate::words::ready::{self, Tried};

/// Told to the server, which may log it.
const US: &str = concat!("devrun/", env!("CARGO_PKG_VERSION"), " (ready)");

/// GET `path`. It has no time limit.
pub(super) async fn ask(address: SocketAddr, path: String, statuses: Vec<u16>) -> Tried {
    let stream = match TcpStream::connect(address).await {
        Ok(stream) => stream,
        Err(error) => return Tried::Failed(words_of(&error)),
    };
    match answer(stream, address.port(), &path).await {
        Ok(answer) if ready::is_fine(answer.status().as_u16(), &statuses) => Tried::Passed,
        Ok(answer) => Tried::Failed(format!("HTTP {}", answer.status().as_u16())),
        Err(error) => Tried::Failed(error.to_string()),
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
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
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
