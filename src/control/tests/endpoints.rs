//! What each endpoint carries.

use super::*;
use crate::words::env::{Env, Source};
use crate::words::wire::process::ProcessReport;
use crate::words::wire::{Awaited, Ending, Steered, Steering};

#[test]
fn apps_are_told_all_or_one() {
    with_session("apps", async |mut session| {
        let socket = session.socket.clone();
        let reply = async {
            match session.asked().await {
                Request::Apps(reply) => reply.send(Ok(vec![app("ready")])).unwrap(),
                other => panic!("{other:?}"),
            }
            match session.asked().await {
                Request::App { app: key, reply } => {
                    assert_eq!(key, "ab");
                    reply.send(Ok(app("failed"))).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let ask = async {
            assert_eq!(client::apps(&socket).await.unwrap(), [app("ready")]);
            assert_eq!(client::app(&socket, "ab").await.unwrap(), app("failed"));
        };
        tokio::join!(ask, reply);
    });
}

#[test]
fn the_environment_of_a_process_is_told() {
    with_session("env", async |mut session| {
        let socket = session.socket.clone();
        let mut set = Env::default();
        set.lay("A".into(), "1\n".into(), Source::CommandLine);
        let told = ProcessEnv::of(&set, false);
        let reply = async {
            match session.asked().await {
                Request::Env {
                    app,
                    process,
                    reply,
                } => {
                    assert_eq!((&app[..], &process[..]), ("ab", "web.1"));
                    reply.send(Ok(told.clone())).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let (got, ()) = tokio::join!(client::env(&socket, "ab", "web.1"), reply);
        assert_eq!(got.unwrap(), told);
    });
}

#[test]
fn all_that_is_known_of_the_processes_is_told() {
    with_session("processes", async |mut session| {
        let socket = session.socket.clone();
        let report = ProcessReport {
            up_ms: Some(1500),
            restarts: 2,
            ..ProcessReport::default()
        };
        let reply = async {
            match session.asked().await {
                Request::Processes { app, reply } => {
                    assert_eq!(app, "ab");
                    reply.send(Ok(vec![report.clone()])).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let (got, ()) = tokio::join!(client::processes(&socket, "ab"), reply);
        assert_eq!(got.unwrap(), std::slice::from_ref(&report));
    });
}

#[test]
fn processes_are_steered_and_a_knock_is_heard() {
    with_session("start", async |mut session| {
        let socket = session.socket.clone();
        let web = ["web".to_string()];
        let steered = Steered {
            request: 4,
            processes: vec![Awaited {
                name: "web.1".into(),
                run: 2,
            }],
        };
        let ending = Ending {
            processes: 2,
            within_ms: 5000,
        };
        let reply = async {
            match session.asked().await {
                Request::Steer {
                    app,
                    asked,
                    processes,
                    reply,
                } => {
                    assert_eq!((&app[..], &processes[..]), ("ab", &web[..]));
                    assert_eq!(asked, Steering::Restart);
                    reply.send(Ok(steered.clone())).unwrap();
                }
                other => panic!("{other:?}"),
            }
            match session.asked().await {
                Request::End(reply) => reply.send(Ok(ending)).unwrap(),
                other => panic!("{other:?}"),
            }
        };
        let ask = async {
            let restarted = client::steer(&socket, "ab", Steering::Restart, &web).await;
            assert_eq!(restarted.unwrap(), steered);
            assert_eq!(client::end(&socket).await.unwrap(), ending);
        };
        tokio::join!(ask, reply);
        client::knock(&socket, "cd").await.unwrap();
        match session.asked().await {
            Request::Knock { app } => assert_eq!(app, "cd"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn what_is_borrowed_is_told_first_and_its_end_is_heard() {
    with_session("borrow", async |mut session| {
        let socket = session.socket.clone();
        let web = ["web.1".to_string()];
        let reply = async {
            match session.asked().await {
                Request::Borrow {
                    borrower,
                    processes,
                    reply,
                } => {
                    assert_eq!((&borrower.app[..], &processes[..]), ("ab", &web[..]));
                    borrower.teller.tell(state("starting"));
                    borrower.teller.tell(Told::Lent(web.to_vec()));
                    reply.send(Ok(())).unwrap();
                    borrower
                }
                other => panic!("{other:?}"),
            }
        };
        let asker = asker();
        let borrow = client::borrow(&socket, "ab", &asker, &web);
        let (borrowed, borrower) = tokio::join!(borrow, reply);
        let mut borrowed = borrowed.unwrap();
        assert_eq!(borrowed.next().await, Some(Told::Lent(web.to_vec())));
        assert_eq!(borrowed.next().await, Some(state("starting")));
        drop(borrowed);
        session.hears_that_it_is_gone(borrower.id).await;
    });
}

#[test]
fn an_app_is_handed_over_with_its_ports() {
    with_session("hand-over", async |mut session| {
        let socket = session.socket.clone();
        let handed_over = HandedOver {
            ports: [("web.1".to_string(), 5100)].into(),
        };
        let reply = async {
            match session.asked().await {
                Request::HandOver {
                    app,
                    asker: who,
                    reply,
                } => {
                    assert_eq!((&app[..], who), ("ab", asker()));
                    reply.send(Ok(handed_over.clone())).unwrap();
                }
                other => panic!("{other:?}"),
            }
        };
        let asker = asker();
        let (got, ()) = tokio::join!(client::hand_over(&socket, "ab", &asker), reply);
        assert_eq!(got.unwrap(), handed_over);
    });
}

#[test]
fn a_refusal_says_why() {
    with_session("refusal", async |mut session| {
        let socket = session.socket.clone();
        let mut check = async |refusal: Option<Refusal>, kind: io::ErrorKind, words: &str| {
            let reply = async {
                match session.asked().await {
                    Request::HandOver { reply, .. } => {
                        refusal.map(|refusal| reply.send(Err(refusal)));
                    }
                    other => panic!("{other:?}"),
                }
            };
            let asker = asker();
            let (got, ()) = tokio::join!(client::hand_over(&socket, "ab", &asker), reply);
            let error = got.unwrap_err();
            assert_eq!((error.kind(), &error.to_string()[..]), (kind, words));
        };
        let unknown = "this session does not run that app";
        check(Some(Refusal::UnknownApp), io::ErrorKind::NotFound, unknown).await;
        let process = Some(Refusal::UnknownProcess("wbe".into()));
        let words = "the app has no process `wbe`";
        check(process, io::ErrorKind::NotFound, words).await;
        let own = "the app was started by a `devrun start` of its own";
        check(Some(Refusal::IsItsOwn), io::ErrorKind::ResourceBusy, own).await;
        check(None, io::ErrorKind::Other, "the session is ending").await;
    });
}

#[test]
fn who_takes_a_place_is_known_by_its_connection() {
    with_session("replace", async |mut session| {
        let socket = session.socket.clone();
        let replaced = Replaced {
            env: ProcessEnv::of(&Env::default(), false),
            command: "puma".into(),
            directory: "/src/api".into(),
        };
        let by = Program {
            pid: 7,
            command: "pdb".into(),
        };
        let reply = async {
            for is_free in [true, false] {
                let (pid, command, reply) = match session.asked().await {
                    Request::Replace {
                        app,
                        process,
                        pid,
                        replacing,
                        reply,
                    } => {
                        assert_eq!((&app[..], &process[..]), ("ab", "web.1"));
                        (pid, replacing.command, reply)
                    }
                    other => panic!("{other:?}"),
                };
                assert_eq!((pid, &command[..]), (std::process::id() as i32, "x y"));
                let process = "web.1".into();
                let by = by.clone();
                let refusal = Refusal::StoodIn { process, by };
                let answer = is_free.then(|| replaced.clone()).ok_or(refusal);
                reply.send(answer).unwrap();
            }
        };
        let ask = async {
            let command = "x y".into();
            let replacing = Replacing { command };
            let ask = || client::replace(&socket, "ab", "web.1", &replacing);
            assert_eq!(ask().await.unwrap(), replaced);
            let refused = ask().await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
            let words = "`pdb` (pid 7) has the place of web.1";
            assert_eq!(refused.to_string(), words);
        };
        tokio::join!(ask, reply);
    });
}
