//! A program for the tests that does what `sh` cannot: listen, daemonise, ignore, fork without end.

mod bytes;
mod ends;
mod environment;
mod others;
mod ready;
#[cfg(target_os = "linux")]
mod soak;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, fork, setsid};

mod again;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // So that `cargo test` may run it.
        [] => {}
        ["listen"] => serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port()))),
        ["listen6"] => serve(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port()))),
        ["elsewhere"] => serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ["listen-until", file] => {
            end_with(file);
            serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port())))
        }
        ["fetch", variable] => fetch(variable),
        ["fetch-at-once", variable] => fetch_at_once(variable),
        ["daemon", file] => daemonise(file, || serve((Ipv4Addr::LOCALHOST, port()).into())),
        ["stubborn-daemon", file] => daemonise(file, || {
            ignore(Signal::SIGTERM);
            park()
        }),
        #[cfg(target_os = "linux")]
        // Its main thread ends, another one lives on: it looks like a zombie, and is none.
        ["headless-daemon", file] => daemonise(file, || {
            std::thread::spawn(|| {
                ignore(Signal::SIGTERM);
                park()
            });
            // SAFETY: ends this thread alone, without running anything else.
            unsafe { nix::libc::syscall(nix::libc::SYS_exit, 0) };
        }),
        ["leave-behind", file] => {
            daemonise(file, || park());
        }
        ["ignore-term"] => {
            ignore(Signal::SIGTERM);
            say("ignores SIGTERM");
            park()
        }
        ["flood", lines] => flood(lines.parse().expect("it is a number")),
        ["pace", lines, per_second, copy] => pace(number(lines), number(per_second), copy),
        ["storm"] => storm(),
        ["deaf", file] => ends::deaf(file),
        ["own-session", file] => ends::own_session(file),
        ["stopped-in-own-session", file] => ends::stopped_in_own_session(file),
        ["stopped-daemon", file] => ends::stopped_daemon(file),
        ["bare-daemon", file] => ends::bare_daemon(file),
        ["forgetful-daemon", file] => ends::forgetful_daemon(file),
        ["bare", file] => ends::bare(file),
        ["hop", file] => ends::hop(file),
        ["stand-by"] => ends::stand_by(),
        ["stamp", file] => again::stamp(file),
        ["stubborn-server"] => again::stubborn_server(),
        ["stubborn-daemon-server", file] => again::stubborn_daemon_server(file),
        ["lingering-server", millis] => again::lingering_server(number(millis)),
        ["listen-somewhere"] => again::listen_somewhere(),
        ["last-words", number] => again::last_words(number),
        #[cfg(target_os = "linux")]
        ["without-ipv6", ref rest @ ..] => again::without_ipv6(rest),
        ["with-environment", ref arguments @ ..] => {
            environment::become_with(arguments);
        }
        ["healthy-while", file] => ready::healthy_while(file),
        ["answer", status] => ready::answer(status),
        ["mute-until", file] => ready::mute_until(file),
        ["pour", count] => bytes::pour(number(count)),
        ["brood", children] => bytes::brood(number(children)),
        ["as-root", file] => others::as_root(file),
        ["ask", socket] => others::ask(socket),
        ["with-signals-blocked", ref program @ ..] => others::with_signals_blocked(program),
        #[cfg(target_os = "linux")]
        ["soak", "any", records, seed] => soak::live(soak::Lines::Any, records, seed),
        #[cfg(target_os = "linux")]
        ["soak", "short", records, seed] => soak::live(soak::Lines::Short, records, seed),
        #[cfg(target_os = "linux")]
        ["soak", "stays", records] => soak::stay(records),
        _ => panic!("what is {arguments:?}?"),
    }
}

fn port() -> u16 {
    std::env::var("PORT")
        .expect("PORT is set")
        .parse()
        .expect("PORT is a number")
}

fn say(text: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .expect("stdout is read");
}

/// Answers every request with the environment variables that end in `_URL`.
fn serve(address: SocketAddr) -> ! {
    let listener = TcpListener::bind(address).expect("the port is free");
    say(&format!(
        "listens on {}",
        listener.local_addr().expect("it is bound").port()
    ));
    serve_on(&listener)
}

fn serve_on(listener: &TcpListener) -> ! {
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            continue;
        };
        let mut request = [0; 1024];
        let _ = stream.read(&mut request);
        let urls = std::env::vars().filter(|(name, _)| name.ends_with("_URL"));
        let urls: Vec<String> = urls
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{}\n", urls.join("\n"));
    }
}

/// Ends this program with status 1 as soon as there is that file, which is gone then.
fn end_with(file: &str) {
    let file = file.to_string();
    std::thread::spawn(move || {
        while std::fs::remove_file(&file).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::process::exit(1);
    });
}

/// GET / from the URL in `variable`, as soon as somebody listens there.
fn fetch(variable: &str) -> ! {
    while try_fetch(variable).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    park()
}

/// The same, for who was told that somebody listens there.
fn fetch_at_once(variable: &str) -> ! {
    if let Err(error) = try_fetch(variable) {
        say(&format!("not fetched: {error}"));
    }
    park()
}

fn try_fetch(variable: &str) -> std::io::Result<()> {
    let url = std::env::var(variable).expect("the variable is set");
    let address = url.rsplit('/').next().expect("there is a last part");
    let mut stream = std::net::TcpStream::connect(address)?;
    let mut answer = String::new();
    let _ = write!(stream, "GET / HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let _ = stream.read_to_string(&mut answer);
    // A server that only tried whether its port is free hangs up.
    let first = answer.lines().next().ok_or(ErrorKind::UnexpectedEof)?;
    say(&format!("fetched {first}"));
    Ok(())
}

/// The classic way: fork, setsid, fork; the parents end with status 0. The daemon's pid is in `file`.
fn daemonise(file: &str, then: impl FnOnce()) {
    // SAFETY: this program has one thread.
    if let ForkResult::Parent { .. } = unsafe { fork() }.expect("fork works") {
        while !std::fs::exists(file).unwrap_or(false) {
            std::thread::sleep(Duration::from_millis(1));
        }
        return;
    }
    setsid().expect("we lead no group");
    // SAFETY: as above.
    if let ForkResult::Parent { .. } = unsafe { fork() }.expect("fork works") {
        std::process::exit(0);
    }
    let draft = format!("{file}.draft");
    std::fs::write(&draft, std::process::id().to_string()).expect("the directory is ours");
    std::fs::rename(draft, file).expect("the directory is ours");
    then();
}

/// Numbered lines, and ends at once.
fn flood(lines: usize) {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for line in 1..=lines {
        writeln!(out, "line {line}").expect("stdout is read");
    }
    out.flush().expect("stdout is read");
}

fn number(text: &str) -> u64 {
    text.parse().expect("it is a number")
}

/// So many lines, each with its number and the time (nanoseconds since 1970), at an even pace from when there is a
/// file `go`. They are in the file `copy` as well, and that is whole before the last of them is written.
fn pace(lines: u64, per_second: u64, copy: &str) {
    say("is up");
    while !std::fs::exists("go").unwrap_or(false) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut copy = std::fs::File::create(copy).expect("the directory is ours");
    let begun = Instant::now();
    let mut written = 0;
    while written < lines {
        std::thread::sleep(Duration::from_millis(1));
        let elapsed = begun.elapsed().as_micros() as u64;
        let due = (elapsed * per_second / 1_000_000).min(lines);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.expect("it is later").as_nanos();
        let numbers = written + 1..=due;
        let text: String = numbers
            .map(|line| format!("line {line} at {now}\n"))
            .collect();
        copy.write_all(text.as_bytes()).expect("there is room");
        std::io::stdout()
            .write_all(text.as_bytes())
            .expect("stdout is read");
        written = due;
    }
}

fn ignore(signal: Signal) {
    let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: ignoring runs no code.
    unsafe { sigaction(signal, &action) }.expect("it may be ignored");
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

/// A hundred forks a second, each in a session of its own, deaf to SIGTERM, gone after three seconds.
fn storm() -> ! {
    say("storms");
    loop {
        // SAFETY: one thread.
        if let ForkResult::Child = unsafe { fork() }.expect("fork works") {
            setsid().expect("we lead no group");
            ignore(Signal::SIGTERM);
            nix::unistd::alarm::set(3);
            park()
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
