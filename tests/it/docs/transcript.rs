//! Reads what a console shows: commands, what they say, and Ctrl-C.

/// One command of a ```console block, and what stands below it.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// The line of the block, from 0.
    pub at: usize,
    pub command: String,
    pub expected: String,
    /// What follows `^C`, where that is typed.
    pub after_interrupt: Option<String>,
}

/// `Err`: the line before the first command.
pub fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step {
                at,
                command: command.into(),
                expected: String::new(),
                after_interrupt: None,
            }),
            (None, None) => return Err(format!("`{line}` stands before the first `$ command`")),
            (None, Some(step)) => step.read(line),
        }
    }
    Ok(steps)
}

impl Step {
    fn read(&mut self, line: &str) {
        if line == "^C" {
            self.after_interrupt = Some(String::new());
            return;
        }
        let is_continued = self.command.ends_with('\\') && self.expected.is_empty();
        let text = match &mut self.after_interrupt {
            Some(after) => after,
            None if is_continued => &mut self.command,
            None => &mut self.expected,
        };
        if is_continued {
            text.push('\n');
            *text += line;
        } else {
            *text += line;
            text.push('\n');
        }
    }

    /// Whether it runs an app until somebody ends it.
    pub fn is_session(&self) -> bool {
        let words: Vec<&str> = self.command.split_whitespace().collect();
        let is_detached = words.iter().any(|word| ["-D", "--detach"].contains(word));
        words.starts_with(&["devrun", "start"]) && !is_detached
    }

    /// Whether it shows how the command before it has ended.
    pub fn asks_status(&self) -> bool {
        self.command.contains("$?")
    }
}
