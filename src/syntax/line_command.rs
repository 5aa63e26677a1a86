//! Reads what is typed into a session's terminal: `r web` and Enter.

/// One vocabulary everywhere: a letter, or the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Restart,
    Stop,
    Start,
    Attach,
    Mute,
    Focus,
    Open,
    Urls,
    List,
    Quit,
    Help,
}

const WORDS: [(&str, Verb); 24] = [
    ("r", Verb::Restart),
    ("restart", Verb::Restart),
    ("x", Verb::Stop),
    ("stop", Verb::Stop),
    ("s", Verb::Start),
    ("start", Verb::Start),
    ("a", Verb::Attach),
    ("attach", Verb::Attach),
    ("m", Verb::Mute),
    ("mute", Verb::Mute),
    ("f", Verb::Focus),
    ("focus", Verb::Focus),
    ("o", Verb::Open),
    ("open", Verb::Open),
    ("u", Verb::Urls),
    ("urls", Verb::Urls),
    ("l", Verb::List),
    ("list", Verb::List),
    ("q", Verb::Quit),
    ("quit", Verb::Quit),
    ("exit", Verb::Quit),
    ("h", Verb::Help),
    ("help", Verb::Help),
    ("?", Verb::Help),
];

/// What was typed, and understood as far as that can be without knowing the processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineCommand {
    pub(crate) verb: Verb,
    /// Of processes, as typed.
    pub(crate) names: Vec<String>,
}

/// The word that is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown(pub(crate) String);

/// `None`: nothing but blanks. Names are parted by blanks or commas.
pub(crate) fn parse(line: &str) -> Result<Option<LineCommand>, Unknown> {
    let mut words = line
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return Ok(None);
    };
    let Some((_, verb)) = WORDS.iter().find(|(word, _)| *word == first) else {
        return Err(Unknown(first.to_string()));
    };
    Ok(Some(LineCommand {
        verb: *verb,
        names: words.map(str::to_string).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_or_the_word_and_names() {
        let check = |line: &str, verb: Verb, names: &[&str]| {
            let names = names.iter().map(ToString::to_string).collect();
            assert_eq!(parse(line), Ok(Some(LineCommand { verb, names })), "{line}");
        };
        check("r", Verb::Restart, &[]);
        check(
            "  r web, api.2  worker ",
            Verb::Restart,
            &["web", "api.2", "worker"],
        );
        check("restart all", Verb::Restart, &["all"]);
        check("x web", Verb::Stop, &["web"]);
        check("q", Verb::Quit, &[]);
        check("?", Verb::Help, &[]);
        check("h a", Verb::Help, &["a"]);
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse(" \t\r"), Ok(None));
        assert_eq!(parse("rweb"), Err(Unknown("rweb".into())));
        assert_eq!(parse("R web"), Err(Unknown("R".into())));
    }
}
