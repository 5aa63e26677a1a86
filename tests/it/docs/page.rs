//! Finds the code blocks of a page, and reads the comment in front of each.

use std::str::FromStr;

/// A code block, and what is to be done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Of the fence, from 1.
    pub line: usize,
    pub language: String,
    pub text: String,
    pub options: Options,
}

/// What a comment says: `<!-- scene: shop; file: .env -->`. All keys are told in CONTRIBUTING.md.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Options {
    pub scene: Option<String>,
    pub file: Option<String>,
    pub status: Option<i32>,
    pub expect: Option<String>,
    pub command: Option<String>,
    pub schema: Option<String>,
    pub needs: Vec<String>,
    /// Its last command runs on, as `devrun start` does.
    pub stays: bool,
    /// What it starts stays on a terminal of so many columns.
    pub terminal: Option<u16>,
    pub run_by: Option<String>,
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
        reader
            .faults
            .push(Fault::new(open.block.line, "it has no end"));
    }
    if reader.faults.is_empty() {
        Ok(reader.blocks)
    } else {
        Err(reader.faults)
    }
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    faults: Vec<Fault>,
    open: Option<Open>,
    /// What `<!-- every: LANGUAGE; … -->` has said of blocks that have no comment.
    usual: Vec<(String, Options)>,
    /// The comment in the line before.
    comment: Option<Options>,
}

/// The block that is read.
struct Open {
    block: Block,
    indent: usize,
    /// What ends it.
    end: &'static str,
}

impl Reader {
    fn read(&mut self, number: usize, line: &str) {
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
            None => match content.strip_prefix("```") {
                Some(language) => self.begin(number, indent, language),
                None => self.comment = self.comment_in(number, content),
            },
        }
    }

    fn begin(&mut self, line: usize, indent: usize, language: &str) {
        let mut usual = self.usual.iter().rev();
        let usual = usual.find(|(of, _)| of == language);
        let usual = usual.map(|(_, options)| options.clone());
        let options = self.comment.take().or(usual).unwrap_or_else(|| {
            let what = "no comment in the line before says how this block is tested";
            self.faults.push(Fault::new(line, what));
            Options::default()
        });
        self.open(line, indent, language, options, "```");
    }

    fn open(
        &mut self,
        line: usize,
        indent: usize,
        language: &str,
        options: Options,
        end: &'static str,
    ) {
        let block = Block {
            line,
            language: language.into(),
            text: String::new(),
            options,
        };
        self.open = Some(Open { block, indent, end });
    }

    /// Nothing, unless it stands in front of a block.
    fn comment_in(&mut self, number: usize, line: &str) -> Option<Options> {
        let text = line.strip_prefix("<!-- ")?;
        if let Some(pairs) = text.strip_prefix("unseen: ") {
            let options = self.options(number, pairs);
            self.open(number, 0, "console", options, "-->");
            return None;
        }
        let text = text.strip_suffix(" -->")?;
        let Some(usual) = text.strip_prefix("every: ") else {
            return Some(self.options(number, text));
        };
        let (language, pairs) = usual.split_once("; ").unwrap_or((usual, ""));
        let options = self.options(number, pairs);
        self.usual.push((language.into(), options));
        None
    }

    fn options(&mut self, line: usize, pairs: &str) -> Options {
        options(pairs).unwrap_or_else(|what| {
            self.faults.push(Fault::new(line, what));
            Options::default()
        })
    }
}

/// `key: value; key: "a value; with a semicolon"`
fn options(text: &str) -> Result<Options, String> {
    let mut options = Options::default();
    for pair in pairs(text) {
        let (key, value) = pair
            .split_once(": ")
            .ok_or_else(|| format!("`{pair}` is not `key: value`"))?;
        let value = value.trim_matches('"').to_string();
        match key {
            "scene" => options.scene = Some(value),
            "file" => options.file = Some(value),
            "expect" => options.expect = Some(value),
            "command" => options.command = Some(value),
            "stays" => options.stays = value == "true",
            "schema" => options.schema = Some(value),
            "run by" => options.run_by = Some(value),
            "needs" => options.needs = value.split(", ").map(ToString::to_string).collect(),
            "status" => options.status = Some(number(&value)?),
            "terminal" => options.terminal = Some(number(&value)?),
            other => return Err(format!("`{other}` means nothing here")),
        }
    }
    Ok(options)
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no such number"))
}

/// What stands between semicolons that are not quoted.
fn pairs(text: &str) -> Vec<&str> {
    let mut is_quoted = false;
    let parts = text.split(|c: char| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    });
    parts.map(str::trim).collect()
}
