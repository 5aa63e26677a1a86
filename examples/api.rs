//! The `api` process of Procfile.example: a backing service that tells another quote for every request.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

const QUOTES: [&str; 3] = [
    "An app exports its service by binding to a port.",
    "One app can become the backing service for another app.",
    "Config is what varies between deploys.",
];

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {port}");
    for (number, stream) in listener.incoming().enumerate() {
        if let Err(error) = answer(stream?, number + 1) {
            println!("a request failed: {error}");
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, number: usize) -> Result<(), Box<dyn Error>> {
    let request = read_request(&stream)?;
    println!("{request}: quote {number}");
    let quote = QUOTES[(number - 1) % QUOTES.len()];
    let body = format!("{quote} (quote {number})\n");
    write!(
        stream,
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}

/// The first line of a request. Its headers are read as well: a connection that is closed with something
/// unread is reset.
fn read_request(stream: &TcpStream) -> Result<String, Box<dyn Error>> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().ok_or("the request is empty")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    Ok(first)
}
