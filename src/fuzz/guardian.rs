//! What manager and guardian say to each other.

use crate::guardian::protocol::{News, Request, take_frame};

/// A stream has the same frames however it was cut, and what was understood of one is said again in the same
/// way, but for numbers that are cut to what they mean.
pub(super) fn protocol(cuts: &[u8], text: &[u8]) {
    let frames = frames(&[], text);
    assert_eq!(
        frames,
        self::frames(cuts, text),
        "the cuts make a difference"
    );
    for body in frames.iter().map(Vec::as_slice).chain([text]) {
        if let Ok(request) = Request::from_body(body) {
            let again = take_frame(&mut request.to_frame());
            let again = again.expect("it is ours").expect("it is whole");
            assert_eq!(Request::from_body(&again), Ok(request));
        }
        if let Ok(news) = News::from_body(body) {
            let again = take_frame(&mut news.to_frame());
            let again = again.expect("it is ours").expect("it is whole");
            assert_eq!(News::from_body(&again), Ok(news));
        }
    }
}

/// Until one of them cannot be.
fn frames(cuts: &[u8], text: &[u8]) -> Vec<Vec<u8>> {
    let (mut bytes, mut frames) = (Vec::new(), Vec::new());
    let mut rest = text;
    for cut in cuts.iter().copied().map(usize::from).chain([text.len()]) {
        let (piece, others) = rest.split_at(cut.min(rest.len()));
        rest = others;
        bytes.extend_from_slice(piece);
        while let Ok(Some(frame)) = take_frame(&mut bytes) {
            frames.push(frame);
        }
    }
    frames
}
