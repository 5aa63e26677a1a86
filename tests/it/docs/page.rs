//! Finds the code blocks of a page, and the comment in front of each.

use super::options::{Options, parse};

/// A code block, and what is to be done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Of the fence, from 1.
    pub line: usize,
    pub language: String,
    pub text: String,
    pub options: Options,
}

/// Something wrong in a page.
#[derive(Debug, PartialEq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    pub what: String,
}

impl Fault {
    pub fn new(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// All blocks of a page in their order, or all that is wrong with their comments.
pub fn blocks(page: &str) -> Result<Vec<Block>, Vec<Fault>> {
    let mut reader = Reader::default();
    for (at, line) in page.lines().enumerate() {
        reader.read(at + 1, line);
    }
    if let Some(open) = reader.open {
        let fault = Fault::new(open.block.line, "it has no end");
        reader.faults.push(fault);
    }
    if reader.faults.is_empty() {
        Ok(reader.blocks)
    } else {
        Err(reader.faults)
    }
}

#[derive(Default)]
struct Reader<'a> {
    blocks: Vec<Block>,
    faults: Vec<Fault>,
    open: Option<Open>,
    /// What `<!-- every: LANGUAGE; … -->` says of blocks below it that have no comment.
    usual: Vec<(&'a str, &'a str)>,
    /// The line before, if that is a comment.
    comment: Option<&'a str>,
}

/// The block that is read.
struct Open {
    block: Block,
    indent: usize,
    /// What ends it.
    end: &'static str,
}

impl<'a> Reader<'a> {
    fn read(&mut self, number: usize, line: &'a str) {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        match &mut self.open {
            Some(open) if content.starts_with(open.end) => {
                self.blocks.extend(self.open.take().map(|open| open.block));
            }
            Some(open) => {
                open.block.text += &line[indent.min(open.indent)..];
                open.block.text.push('\n');
            }
            None => self.read_outside(number, indent, content),
        }
    }

    /// Of a line that is in no block.
    fn read_outside(&mut self, number: usize, indent: usize, content: &'a str) {
        let comment = self.comment.take();
        if let Some(language) = content.strip_prefix("```") {
            let mut usual = self.usual.iter().rev();
            let usual = usual.find(|(of, _)| *of == language);
            match comment.or(usual.map(|(_, options)| *options)) {
                Some(options) => self.begin(number, indent, language, options, "```"),
                None => {
                    let what = "no comment in the line before says how this block is tested";
                    self.faults.push(Fault::new(number, what));
                    self.begin(number, indent, language, "scene: none", "```");
                }
            }
        } else if let Some(options) = content.strip_prefix("<!-- unseen: ") {
            self.begin(number, indent, "console", options, "-->");
        } else if let Some(usual) = comment_of(content, "<!-- every: ") {
            self.usual.extend(usual.split_once("; "));
        } else {
            self.comment = comment_of(content, "<!-- ");
        }
    }

    fn begin(
        &mut self,
        line: usize,
        indent: usize,
        language: &str,
        options: &str,
        end: &'static str,
    ) {
        let options = parse(options).unwrap_or_else(|what| {
            self.faults.push(Fault::new(line, what));
            Options::default()
        });
        let block = Block {
            line,
            language: language.into(),
            text: String::new(),
            options,
        };
        self.open = Some(Open { block, indent, end });
    }
}

fn comment_of<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix(" -->")
}
