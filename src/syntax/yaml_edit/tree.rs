//! A YAML text as its parser sees it, with where everything stands. Anchors and tags are left to the parser.

use std::ops::Range;

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use crate::syntax::yaml_edit::CannotEdit;

/// A text with one document at the most.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// `None`: blanks and comments.
    pub(super) root: Option<Node>,
    /// Where its `...` begins, if it has one.
    pub(super) end: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Node {
    /// Byte offsets. Of a value that is not written the empty one behind its colon; of a block of text (`|`, `>`)
    /// only the end is right.
    pub(super) range: Range<usize>,
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) enum Shape {
    /// On one line, or quoted.
    Scalar(String),
    /// `|` or `>`.
    Text,
    Block(Vec<Entry>),
    Flow(Vec<Entry>),
    Sequence,
    Alias,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Node,
    pub(super) value: Node,
}

impl Node {
    fn is_named(&self, name: &str) -> bool {
        matches!(&self.shape, Shape::Scalar(text) if text == name)
    }

    /// Of a mapping; of anything else none.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.shape {
            Shape::Block(entries) | Shape::Flow(entries) => entries,
            Shape::Scalar(_) | Shape::Text | Shape::Sequence | Shape::Alias => &[],
        }
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key.is_named(name))
    }

    /// Nothing, or one of the words for it.
    pub(super) fn is_null(&self) -> bool {
        ["~", "null", "Null", "NULL"]
            .iter()
            .any(|null| self.is_named(null))
    }
}

impl Entry {
    /// Where its last character ends.
    pub(super) fn end(&self) -> usize {
        self.key.range.end.max(self.value.range.end)
    }
}

pub(super) fn read(text: &str) -> Result<Document, CannotEdit> {
    let mut events = Events {
        text,
        parser: Parser::new_from_str(text),
    };
    let mut document = Document::default();
    while let Some((event, span)) = events.next()? {
        match event {
            Event::DocumentStart(..) if document.root.is_some() => {
                return Err(CannotEdit::new(
                    range(&span),
                    "a second document begins here",
                ));
            }
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd => break,
            Event::DocumentEnd => {
                let end = range(&span);
                document.end = document.end.or((!end.is_empty()).then_some(end.start));
            }
            event => document.root = Some(events.node(event, &span)?),
        }
    }
    Ok(document)
}

struct Events<'a> {
    text: &'a str,
    parser: Parser<'a, serde_yaml::granit_parser::StrInput<'a>>,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, CannotEdit> {
        let broken = |error: ScanError| {
            let at = error.marker().byte_offset().unwrap_or(0);
            CannotEdit::broken(at, &error.info())
        };
        self.parser.next_event().transpose().map_err(broken)
    }

    fn within(&mut self) -> Result<(Event<'a>, Span), CannotEdit> {
        let end = self.text.len();
        self.next()?
            .ok_or_else(|| CannotEdit::new(end..end, "it ends too early"))
    }

    /// The node that begins with this event.
    fn node(&mut self, event: Event<'a>, span: &Span) -> Result<Node, CannotEdit> {
        let mut range = range(span);
        let shape = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                range.end = self.text[..range.end].trim_end().len();
                range.start = range.start.min(range.end);
                Shape::Text
            }
            Event::Scalar(text, ..) => Shape::Scalar(text.into_owned()),
            Event::MappingStart(style, ..) => {
                let entries = self.mapping(style, &mut range)?;
                match style {
                    StructureStyle::Block => Shape::Block(entries),
                    StructureStyle::Flow => Shape::Flow(entries),
                }
            }
            Event::SequenceStart(style, ..) => {
                self.sequence(style, &mut range)?;
                Shape::Sequence
            }
            _ => Shape::Alias,
        };
        Ok(Node { range, shape })
    }

    fn mapping(
        &mut self,
        style: StructureStyle,
        whole: &mut Range<usize>,
    ) -> Result<Vec<Entry>, CannotEdit> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.within()?;
            if event == Event::MappingEnd {
                let last = entries.last().map_or(whole.end, Entry::end);
                whole.end = closed(style, last, &span);
                return Ok(entries);
            }
            let key = self.node(event, &span)?;
            let (event, span) = self.within()?;
            let mut value = self.node(event, &span)?;
            if value.range.is_empty() {
                let at = behind_colon(self.text, key.range.end);
                value.range = at..at;
            }
            entries.push(Entry { key, value });
        }
    }

    fn sequence(
        &mut self,
        style: StructureStyle,
        whole: &mut Range<usize>,
    ) -> Result<(), CannotEdit> {
        let mut last = whole.end;
        loop {
            let (event, span) = self.within()?;
            if event == Event::SequenceEnd {
                whole.end = closed(style, last, &span);
                return Ok(());
            }
            last = last.max(self.node(event, &span)?.range.end);
        }
    }
}

/// A block ends with its last node: the parser sees its end only where the next thing begins.
fn closed(style: StructureStyle, last: usize, end: &Span) -> usize {
    match style {
        StructureStyle::Block => last,
        StructureStyle::Flow => range(end).end,
    }
}

/// Where the colon of a key that ends here ends; the key itself if it has none (`{ A, B }`).
fn behind_colon(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start();
    if rest.starts_with(':') {
        text.len() - rest.len() + 1
    } else {
        at
    }
}

fn range(span: &Span) -> Range<usize> {
    span.byte_range().expect("a text has byte offsets")
}
