//! As much HTTP as the two examples need: GET, one request a connection. It binds to PORT.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long a connection may say nothing. Browsers open some that they may never use.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Answer {
    pub status: &'static str,
    pub content_type: &'static str,
    pub body: String,
}

impl Answer {
    pub fn not_found() -> Self {
        Self {
            status: "404 Not Found",
            content_type: "text/plain",
            body: "there is only /\n".into(),
        }
    }
}

/// Answers until the process is ended. `answer` is given the path, and called from several threads at once:
/// a connection that says nothing must not keep the others waiting.
///
/// # Errors
/// PORT is not set or no number, or somebody else listens there.
pub fn serve(answer: impl Fn(&str) -> Answer + Sync) -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, port))?];
    // `localhost` is ::1 as well, but not every machine has it.
    listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
    println!("listening on {port}");
    let answer = &answer;
    thread::scope(|scope| {
        for listener in &listeners {
            scope.spawn(move || {
                for stream in listener.incoming().flatten() {
                    scope.spawn(move || {
                        if let Err(error) = converse(stream, answer) {
                            println!("a request failed: {error}");
                        }
                    });
                }
            });
        }
    });
    Ok(())
}

fn converse(mut stream: TcpStream, answer: impl Fn(&str) -> Answer) -> Result<(), Box<dyn Error>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let Some(request) = read_request(&stream) else {
        return Ok(());
    };
    let path = request.split(' ').nth(1).unwrap_or("/");
    let Answer {
        status,
        content_type,
        body,
    } = answer(path);
    println!("{request}: {status}");
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}

/// The first line of a request; `None` if the other side asked nothing. The headers are read as well: a
/// connection that is closed with something unread is reset.
fn read_request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    lines.find(String::is_empty)?;
    Some(first)
}
