//! The `web` process of Procfile.example: a page that shows what its backing service says. It binds to
//! PORT, and finds the service by the URL in its environment.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let api = std::env::var("API_URL")?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {port}, quotes come from {api}");
    for stream in listener.incoming() {
        if let Err(error) = answer(stream?, &api) {
            println!("a request failed: {error}");
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, api: &str) -> Result<(), Box<dyn Error>> {
    let request = read_request(&stream)?;
    println!("{request}");
    let (status, text) = match fetch(api) {
        Ok(quote) => ("200 OK", format!("<blockquote>{quote}</blockquote>")),
        Err(error) => (
            "502 Bad Gateway",
            format!("<p>no answer from {api}: {error}</p>"),
        ),
    };
    let page = format!(
        "<!doctype html><title>devrun</title><h1>It works</h1>{text}\
         <p>This page is <code>web</code>; the quote was fetched from <code>{api}</code>.</p>\n"
    );
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    )?;
    Ok(())
}

/// GET / from an `http://host:port`.
fn fetch(url: &str) -> Result<String, Box<dyn Error>> {
    let host = url
        .strip_prefix("http://")
        .ok_or("the URL is no http URL")?;
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (_, body) = response
        .split_once("\r\n\r\n")
        .ok_or("the answer has no body")?;
    Ok(body.trim_end().to_string())
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
