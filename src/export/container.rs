//! What a container is to run.

use std::path::Path;

use crate::export::app::Service;
use crate::plan::command;
use crate::words::wording;

/// `/bin/sh -c COMMAND`, as devrun itself starts it.
pub(crate) fn arguments(service: &Service) -> [String; 3] {
    let command = in_directory(service, &command::with_exec(&service.command));
    ["/bin/sh".into(), "-c".into(), command]
}

/// From the image's directory, or from one below it.
pub(crate) fn in_directory(service: &Service, command: &str) -> String {
    let below = service.below.as_deref();
    match below.filter(|below| *below != Path::new("")) {
        Some(below) => {
            let below = below.to_string_lossy();
            format!("cd {} || exit; {command}", wording::shell_word(&below))
        }
        None => command.to_string(),
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
            prop_assert_eq!(reading::shell(&wording::shell_word(&word)), Some(word));
        }
    }
}
