//! Finds the code blocks of a page, and reads the comment in front of each.

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
    if let Some((_, block)) = reader.open {
        reader.faults.push(Fault::new(block.line, "it has no end"));
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
    /// The block that is read, and how far it is indented.
    open: Option<(usize, Block)>,
    /// What `<!-- every: LANGUAGE; … -->` has said of blocks that have no comment.
    usual: Vec<(String, Options)>,
    /// The comment in the line before.
    comment: Option<Options>,
}

impl Reader {
    fn read(&mut self, number: usize, line: &str) {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        match (&mut self.open, content.strip_prefix("```")) {
            (Some(_), Some(_)) => self.blocks.extend(self.open.take().map(|(_, block)| block)),
            (Some((outer, block)), None) => {
                block.text += &line[indent.min(*outer)..];
                block.text.push('\n');
            }
            (None, Some(language)) => self.begin(number, indent, language),
            (None, None) => self.comment = self.comment_in(number, content),
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
        let block = Block {
            line,
            language: language.into(),
            text: String::new(),
            options,
        };
        self.open = Some((indent, block));
    }

    /// Nothing, unless it stands in front of a block.
    fn comment_in(&mut self, number: usize, line: &str) -> Option<Options> {
        let text = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        let (every, pairs) = match text.strip_prefix("every: ") {
            Some(rest) => rest.split_once("; ").map(|(of, rest)| (Some(of), rest))?,
            None => (None, text),
        };
        let options = options(pairs).unwrap_or_else(|what| {
            self.faults.push(Fault::new(number, what));
            Options::default()
        });
        match every {
            Some(language) => {
                self.usual.push((language.into(), options));
                None
            }
            None => Some(options),
        }
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
            "schema" => options.schema = Some(value),
            "run by" => options.run_by = Some(value),
            "needs" => options.needs = value.split(", ").map(ToString::to_string).collect(),
            "status" => {
                let status = value.parse();
                options.status = Some(status.map_err(|_| format!("`{value}` is no status"))?);
            }
            other => return Err(format!("`{other}` means nothing here")),
        }
    }
    Ok(options)
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
