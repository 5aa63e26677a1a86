//! Reads the comment in front of a block.

use std::str::FromStr;

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
    pub run_by: Vec<String>,
}

/// `key: value; key: "a value; with a semicolon"`
pub fn parse(text: &str) -> Result<Options, String> {
    let mut options = Options::default();
    for pair in pairs(text) {
        let (key, value) = pair
            .split_once(": ")
            .ok_or_else(|| format!("`{pair}` is not `key: value`"))?;
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value).to_string();
        match key {
            "scene" => options.scene = Some(value),
            "file" => options.file = Some(value),
            "status" => options.status = Some(number(&value)?),
            "expect" => options.expect = Some(value),
            "command" => options.command = Some(value),
            "schema" => options.schema = Some(value),
            "needs" => options.needs = list(&value),
            "stays" => options.stays = value == "true",
            "terminal" => options.terminal = Some(number(&value)?),
            "run by" => options.run_by = list(&value),
            other => return Err(format!("`{other}` means nothing here")),
        }
    }
    Ok(options)
}

fn list(text: &str) -> Vec<String> {
    text.split(", ").map(ToString::to_string).collect()
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
