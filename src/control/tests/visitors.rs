//! Connections that became a process's terminal.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;
use crate::control::client::Attached;
use crate::control::frames::{FromVisitor, ToVisitor};
use crate::os::pty::Size;
use crate::words::wire::VisitorIs;

const VISITOR: VisitorIs = VisitorIs {
    pid: 7,
    columns: 100,
    rows: 30,
};

impl Session {
    async fn visited(&mut self, whom: Whom) -> (io::Result<Attached>, Visitor) {
        let socket = self.socket.clone();
        let accept = async {
            match self.asked().await {
                Request::Attach { visitor, reply } => {
                    reply.send(Ok("web.1".into())).unwrap();
                    visitor
                }
                other => panic!("{other:?}"),
            }
        };
        tokio::join!(client::attach(&socket, &whom, VISITOR), accept)
    }

    async fn hears_that_the_visitor_is_gone(&mut self) {
        match self.asked().await {
            Request::VisitorGone(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// What is shown next.
async fn shown(attached: &mut Attached) -> Option<ToVisitor> {
    loop {
        if let Some(shown) = attached.next().unwrap() {
            return Some(shown);
        }
        attached.move_on(true, &mut Vec::new()).await.ok()?;
    }
}

async fn send(attached: &mut Attached, frame: FromVisitor) {
    let mut out = Vec::new();
    frame.write(&mut out);
    while !out.is_empty() {
        attached.move_on(false, &mut out).await.unwrap();
    }
}

#[test]
fn keys_and_output_go_their_ways_until_the_run_ends() {
    with_session("visitor", async |mut session| {
        let whom = Whom::Process {
            app: "ab".into(),
            process: "web.1".into(),
        };
        let (attached, mut visitor) = session.visited(whom.clone()).await;
        let mut attached = attached.unwrap();
        assert_eq!(attached.process, "web.1");
        // Whatever the visitor says of itself.
        assert_eq!(visitor.pid, std::process::id() as i32);
        assert_eq!(visitor.whom, whom);
        let size = |columns, rows| Size { columns, rows };
        assert_eq!(visitor.screen.size(), size(100, 30));
        visitor.screen.show(b"name? \xff\0");
        let output = ToVisitor::Output(b"name? \xff\0".to_vec());
        assert_eq!(shown(&mut attached).await, Some(output));
        send(&mut attached, FromVisitor::Keys(b"ann\r".to_vec())).await;
        assert_eq!(visitor.keys.recv().await, Some(b"ann\r".to_vec()));
        send(&mut attached, FromVisitor::Size(size(90, 20))).await;
        assert!(matches!(session.asked().await, Request::VisitorResized(_)));
        assert_eq!(visitor.screen.size(), size(90, 20));
        visitor.screen.show(b"bye");
        visitor.screen.end("exited with status 0");
        let output = ToVisitor::Output(b"bye".to_vec());
        assert_eq!(shown(&mut attached).await, Some(output));
        let ended = ToVisitor::Ended("exited with status 0".into());
        assert_eq!(shown(&mut attached).await, Some(ended));
        assert_eq!(shown(&mut attached).await, None);
        session.hears_that_the_visitor_is_gone().await;
    });
}

#[test]
fn who_hangs_up_or_talks_nonsense_is_gone() {
    with_session("visitor-gone", async |mut session| {
        let (attached, mut visitor) = session.visited(Whom::WhoeverWaits).await;
        let mut attached = attached.unwrap();
        // What was typed before still goes there.
        send(&mut attached, FromVisitor::Keys(b"q".to_vec())).await;
        drop(attached);
        session.hears_that_the_visitor_is_gone().await;
        assert_eq!(visitor.keys.recv().await, Some(b"q".to_vec()));
        assert_eq!(visitor.keys.recv().await, None);
        let (attached, visitor) = session.visited(Whom::WhoeverWaits).await;
        let mut attached = attached.unwrap();
        let mut nonsense = b"GET / HTTP/1.1\r\n".to_vec();
        attached.move_on(false, &mut nonsense).await.unwrap();
        session.hears_that_the_visitor_is_gone().await;
        assert_eq!(shown(&mut attached).await, None);
        drop(visitor);
        session.answers().await;
    });
}

#[test]
fn a_refusal_is_an_answer_and_nobody_came() {
    let check = |name: &str, refusal: Refusal, expected: &'static str| {
        with_session(name, async move |mut session| {
            let socket = session.socket.clone();
            let attach = client::attach(&socket, &Whom::WhoeverWaits, VISITOR);
            let refuse = async {
                match session.asked().await {
                    Request::Attach { reply, .. } => reply.send(Err(refusal)).unwrap(),
                    other => panic!("{other:?}"),
                }
            };
            let (attached, ()) = tokio::join!(attach, refuse);
            let error = attached.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
            assert_eq!(error.to_string(), expected);
            session.hears_that_the_visitor_is_gone().await;
        });
    };
    let process = || "web.1".to_string();
    check(
        "visitor-pipes",
        Refusal::HasNoTerminal(process()),
        "web.1 has no terminal: it runs with pipes",
    );
    let not_up = Refusal::NotUp {
        process: process(),
        state: "stopped",
    };
    check("visitor-down", not_up, "web.1 is stopped");
    check(
        "visitor-none",
        Refusal::WhoseTerminal(Vec::new()),
        "no process that runs has a terminal",
    );
}

#[test]
fn at_the_end_of_the_session_each_is_told_what_there_was() {
    with_session("visitor-end", async |mut session| {
        let (attached, visitor) = session.visited(Whom::WhoeverWaits).await;
        let mut attached = attached.unwrap();
        visitor.screen.show(b"bye");
        visitor.screen.end("was killed by SIGTERM");
        drop(session.end);
        let output = ToVisitor::Output(b"bye".to_vec());
        assert_eq!(shown(&mut attached).await, Some(output));
        let ended = ToVisitor::Ended("was killed by SIGTERM".into());
        assert_eq!(shown(&mut attached).await, Some(ended));
        session.serving.await.unwrap().unwrap();
    });
}

/// As docs/control.md has it, for whoever writes another client.
#[test]
fn what_goes_over_the_line_is_as_documented() {
    with_session("visitor-bytes", async |mut session| {
        let mut stream = UnixStream::connect(&session.socket).await.unwrap();
        let request = b"POST /v1/apps/ab/processes/web.1/attach HTTP/1.1\r\nhost: devrun\r\n\
            connection: upgrade\r\nupgrade: devrun-terminal\r\n\
            devrun-visitor: {\"pid\":7,\"columns\":80,\"rows\":24}\r\n\r\nk\0\0\0\x01x";
        stream.write_all(request).await.unwrap();
        let Request::Attach { mut visitor, reply } = session.asked().await else {
            panic!("it is no attachment");
        };
        reply.send(Ok("web.1".into())).unwrap();
        assert_eq!(visitor.keys.recv().await, Some(b"x".to_vec()));
        visitor.screen.show(b"> ");
        visitor.screen.end("exited with status 0");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, frames) = answer.split_once("\r\n\r\n").unwrap();
        let head: Vec<&str> = head.lines().collect();
        assert_eq!(head[0], "HTTP/1.1 101 Switching Protocols");
        for line in [
            "connection: upgrade, close",
            "upgrade: devrun-terminal",
            "devrun-process: web.1",
        ] {
            assert!(head.contains(&line), "{line:?} in {head:?}");
        }
        assert_eq!(frames, "o\0\0\0\x02> e\0\0\0\x14exited with status 0");
    });
}
