//! What a follower is told, and what its end tells the driver.

use super::*;

#[test]
fn a_follower_is_told_of_every_change_and_of_the_end() {
    with_session("follow", async |mut session| {
        let (mut following, follower) = session.follow().await;
        assert_eq!(follower.app, "ab");
        assert_eq!(follower.asker, asker());
        follower.teller.tell(state("ready"));
        assert_eq!(following.next().await, Some(state("ready")));
        follower.teller.tell(state("stopping"));
        follower.teller.tell(Told::Ended(Farewell::Stopped));
        follower.teller.tell(state("never"));
        assert_eq!(following.next().await, Some(state("stopping")));
        let farewell = Some(Told::Ended(Farewell::Stopped));
        assert_eq!(following.next().await, farewell);
        assert_eq!(following.next().await, None);
        session.hears_that_it_is_gone(follower.id).await;
    });
}

#[test]
fn a_slow_follower_gets_the_newest_state_and_costs_no_memory() {
    with_session("slow", async |mut session| {
        let (mut following, follower) = session.follow().await;
        let long = "x".repeat(100_000);
        for number in 0..1000 {
            follower.teller.tell(state(&format!("{number}{long}")));
            // The server writes what the socket takes.
            tokio::task::yield_now().await;
        }
        follower.teller.tell(Told::Ended(Farewell::TakenOver));
        let mut states = Vec::new();
        while let Some(Told::State(state)) = following.next().await {
            states.push(state);
        }
        let newest = format!("999{long}");
        assert_eq!(states.last().unwrap().processes[0].state, newest);
        assert!(states.len() < 100, "{} states were kept", states.len());
    });
}

#[test]
fn an_owner_that_vanishes_says_no_farewell() {
    with_session("vanished", async |mut session| {
        let (mut following, follower) = session.follow().await;
        session.serving.abort();
        assert_eq!(following.next().await, None);
        assert_eq!(following.next().await, None);
        drop(follower);
    });
    with_session("dropped", async |mut session| {
        let (mut following, follower) = session.follow().await;
        drop(follower);
        assert_eq!(following.next().await, None);
    });
}

#[test]
fn the_driver_hears_that_a_follower_hung_up() {
    with_session("hang-up", async |mut session| {
        let (following, follower) = session.follow().await;
        drop(following);
        session.hears_that_it_is_gone(follower.id).await;
    });
}

#[test]
fn whoever_hangs_up_before_the_reply_is_known_to_be_gone() {
    with_session("early", async |mut session| {
        let socket = session.socket.clone();
        let following = spawn_local(async move { client::follow(&socket, "ab", &asker()).await });
        let Request::Follow { follower, reply } = session.asked().await else {
            panic!("it is no follower");
        };
        following.abort();
        session.hears_that_it_is_gone(follower.id).await;
        assert!(reply.is_closed());

        let socket = session.socket.clone();
        let taking = spawn_local(async move { client::hand_over(&socket, "ab", &asker()).await });
        let Request::HandOver { mut reply, .. } = session.asked().await else {
            panic!("it takes nothing over");
        };
        taking.abort();
        reply.closed().await;
    });
}

#[test]
fn farewells_arrive_though_the_session_ends_at_once() {
    with_session("end", async |mut session| {
        let (mut following, follower) = session.follow().await;
        follower.teller.tell(Told::Ended(Farewell::LeftToUsers));
        drop(session.end);
        session.serving.await.unwrap().unwrap();
        assert!(!session.socket.exists());
        let farewell = Some(Told::Ended(Farewell::LeftToUsers));
        assert_eq!(following.next().await, farewell);
        let error = client::apps(&session.socket).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn a_follower_that_reads_nothing_does_not_hold_up_the_end() {
    with_session("stalled", async |mut session| {
        let (following, follower) = session.follow().await;
        let long = "x".repeat(4_000_000);
        follower.teller.tell(state(&long));
        tokio::time::pause();
        drop(session.end);
        session.serving.await.unwrap().unwrap();
        drop(following);
    });
}
