//! Reads `.gitignore` files, as far as it takes to say whether git would add a file. gitignore(5)

use glob::{MatchOptions, Pattern};

/// The lines of one file. Paths are relative to the directory that it counts for.
#[derive(Debug, Default)]
pub(crate) struct Ignored(Vec<Line>);

#[derive(Debug)]
struct Line {
    pattern: Pattern,
    /// `!`: what an earlier line ignores is not ignored after all.
    is_exception: bool,
    /// `/` at the end.
    is_of_directories: bool,
    /// Else the last part of the path alone is compared, in whatever directory it is.
    is_of_whole_path: bool,
}

/// A line that is no pattern is left out, as git does.
pub(crate) fn parse(text: &str) -> Ignored {
    Ignored(text.lines().filter_map(Line::parse).collect())
}

impl Ignored {
    /// No line ignores anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the last line about `path` says of it; `None`: no line is about it.
    pub(crate) fn says_of(&self, path: &str, is_directory: bool) -> Option<bool> {
        let mut lines = self.0.iter().rev();
        let line = lines.find(|line| line.is_about(path, is_directory))?;
        Some(!line.is_exception)
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end();
        if line.starts_with('#') {
            return None;
        }
        let (line, is_exception) = match line.strip_prefix('!') {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        let (line, is_of_directories) = match line.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (line, false),
        };
        let is_of_whole_path = line.contains('/');
        let pattern = line.strip_prefix('/').unwrap_or(line);
        if pattern.is_empty() {
            return None;
        }
        Some(Self {
            pattern: Pattern::new(&without_backslashes(pattern)).ok()?,
            is_exception,
            is_of_directories,
            is_of_whole_path,
        })
    }

    fn is_about(&self, path: &str, is_directory: bool) -> bool {
        let compared = match self.is_of_whole_path {
            true => path,
            false => path.rsplit('/').next().unwrap_or(path),
        };
        let options = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::new()
        };
        (is_directory || !self.is_of_directories) && self.pattern.matches_with(compared, options)
    }
}

/// `\#` as the crate's patterns have it: `[#]`.
fn without_backslashes(pattern: &str) -> String {
    let mut plain = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match (c, rest.as_str().chars().next()) {
            ('\\', Some(meant)) => {
                rest.next();
                plain.push_str(&Pattern::escape(&meant.to_string()));
            }
            (c, _) => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "devrun.local.yaml";

    #[test]
    fn the_last_line_about_a_file_counts() {
        let check = |text: &str, expected| assert_eq!(parse(text).says_of(FILE, false), expected);
        check("", None);
        check("# devrun.local.yaml\n\n/\n!\n", None);
        check("devrun.local.yaml\n", Some(true));
        check("node_modules/\n*.local.yaml  \r\n", Some(true));
        check("/devrun.local.yaml", Some(true));
        check("**/devrun.local.yaml", Some(true));
        check("devrun.[l-m]ocal.y?ml", Some(true));
        check("devrun\\.local.yaml", Some(true));
        check("*\n!devrun.local.yaml", Some(false));
        check("!devrun.local.yaml\n*", Some(true));
        check("devrun.local.yaml/", None);
        check("apps/devrun.local.yaml", None);
        check("devrun.yaml\n[\n", None);
    }

    #[test]
    fn a_line_with_a_slash_means_the_whole_path() {
        let check = |line: &str, path: &str, is_directory, expected| {
            let said = parse(line).says_of(path, is_directory);
            assert_eq!(said, expected, "{line} of {path}");
        };
        check(
            "*.local.yaml",
            "apps/web/devrun.local.yaml",
            false,
            Some(true),
        );
        check("/*.local.yaml", "apps/devrun.local.yaml", false, None);
        check(
            "apps/*.local.yaml",
            "apps/devrun.local.yaml",
            false,
            Some(true),
        );
        check(
            "apps/*.local.yaml",
            "apps/web/devrun.local.yaml",
            false,
            None,
        );
        check("**/web/", "apps/web", true, Some(true));
        check("apps/", "apps", true, Some(true));
        check("apps/", "apps", false, None);
    }
}
