//! What a container is to run.

use std::path::Path;

use crate::export::app::Service;
use crate::plan::command;

/// `/bin/sh -c COMMAND`, as devrun itself starts it.
pub(crate) fn arguments(service: &Service) -> [String; 3] {
    let command = in_directory(service, &command::with_exec(&service.command));
    ["/bin/sh".into(), "-c".into(), command]
}

/// From the image's directory, or from one below it.
pub(crate) fn in_directory(service: &Service, command: &str) -> String {
    let below = service.below.as_deref();
    match below.filter(|below| *below != Path::new("")) {
        Some(below) => format!("cd {} || exit; {command}", quoted(&below.to_string_lossy())),
        None => command.to_string(),
    }
}

/// A word of the shell's.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    match word.chars().all(is_plain) && !word.starts_with('-') {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::reading;

    proptest! {
        #[test]
        fn any_word_is_one_word(word in "(?s)([ -~é\n]|['$/]){0,20}") {
            prop_assert_eq!(reading::shell(&quoted(&word)), Some(word));
        }
    }

    #[test]
    fn a_directory_is_one_word() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(word), expected);
        check("apps/web", "apps/web");
        check("a b", "'a b'");
        check("it's", "'it'\\''s'");
        check("-x", "'-x'");
    }
}
