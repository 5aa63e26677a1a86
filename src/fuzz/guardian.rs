//! What manager and guardian say to each other.

use crate::guardian::protocol::{Inbox, News, Request};

/// A stream has the same frames however it was cut, and what was understood of one is said again in the same
/// way, but for numbers that are cut to what they mean.
pub(super) fn protocol(cuts: &[u8], text: &[u8]) {
    let whole = frames(&[], text);
    assert_eq!(whole, frames(cuts, text), "the cuts make a difference");
    for body in whole.iter().map(Vec::as_slice).chain([text]) {
        if let Ok(request) = Request::from_body(body) {
            let again = frames(&[], &request.to_frame());
            assert_eq!(Request::from_body(&again[0]), Ok(request));
        }
        if let Ok(news) = News::from_body(body) {
            let again = frames(&[], &news.to_frame());
            assert_eq!(News::from_body(&again[0]), Ok(news));
        }
    }
}

/// Until one of them cannot be.
fn frames(cuts: &[u8], text: &[u8]) -> Vec<Vec<u8>> {
    let (mut inbox, mut frames) = (Inbox::default(), Vec::new());
    let mut rest = text;
    for cut in cuts.iter().copied().map(usize::from).chain([text.len()]) {
        let (piece, others) = rest.split_at(cut.min(rest.len()));
        rest = others;
        inbox.end().extend_from_slice(piece);
        while let Ok(Some(frame)) = inbox.take_frame() {
            frames.push(frame.to_vec());
        }
    }
    frames
}
