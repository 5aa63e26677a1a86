//! The two forms of the stream: text for people, events for programs.

use crate::render::json::Json;
use crate::render::stream::Stream;
use crate::words::notice::Notice;

/// Each method is that of [`Stream`].
#[derive(Debug)]
pub(crate) enum Renderer {
    Text(Stream),
    Json(Json),
}

impl Renderer {
    /// What only text for people has: colours, prompts, a terminal to attach to.
    pub(crate) fn text(&self) -> Option<&Stream> {
        match self {
            Self::Text(stream) => Some(stream),
            Self::Json(_) => None,
        }
    }

    pub(crate) fn text_mut(&mut self) -> Option<&mut Stream> {
        match self {
            Self::Text(stream) => Some(stream),
            Self::Json(_) => None,
        }
    }

    pub(crate) fn set_stamp(&mut self, stamp: String) {
        match self {
            Self::Text(stream) => stream.set_stamp(stamp),
            Self::Json(json) => json.set_stamp(&stamp),
        }
    }

    pub(crate) fn chunk(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Text(stream) => stream.chunk(source, chunk, out),
            Self::Json(json) => json.chunk(source, chunk, out),
        }
    }

    /// Takes in what nobody is shown.
    pub(crate) fn observe(&mut self, source: usize, chunk: &[u8]) {
        match self {
            Self::Text(stream) => stream.observe(source, chunk),
            Self::Json(json) => json.observe(source, chunk),
        }
    }

    pub(crate) fn skip(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Text(stream) => stream.skip(source, chunk, out),
            Self::Json(json) => json.skip(source, chunk, out),
        }
    }

    pub(crate) fn skipped(&self) -> u64 {
        match self {
            Self::Text(stream) => stream.skipped(),
            Self::Json(json) => json.skipped(),
        }
    }

    pub(crate) fn has_open(&self, source: usize) -> bool {
        match self {
            Self::Text(stream) => stream.has_open(source),
            Self::Json(json) => json.has_open(source),
        }
    }

    pub(crate) fn is_progress(&self, source: usize) -> bool {
        match self {
            Self::Text(stream) => stream.is_progress(source),
            // No event takes the place of another.
            Self::Json(_) => false,
        }
    }

    pub(crate) fn show_open(&mut self, source: usize, out: &mut Vec<u8>) {
        match self {
            Self::Text(stream) => stream.show_open(source, out),
            Self::Json(json) => json.show_open(source, out),
        }
    }

    pub(crate) fn end(&mut self, source: usize, out: &mut Vec<u8>) -> Vec<String> {
        match self {
            Self::Text(stream) => stream.end(source, out),
            Self::Json(json) => json.end(source, out),
        }
    }

    pub(crate) fn say(&mut self, said: &Notice, out: &mut Vec<u8>) {
        match self {
            Self::Text(stream) => stream.say(said, out),
            Self::Json(json) => json.say(said, out),
        }
    }
}
