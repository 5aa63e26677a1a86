//! `devrun init` in a directory of any files: what it makes of them is a Procfile of simple commands.

use crate::detect::{BELOW, LISTED, LOOKED_FOR, READ, Sources, detect};
use crate::syntax::procfile;

/// Stands before the name of each file, behind which its text begins; the last line end before the next one is the
/// text's last.
const FILE: &str = "=== ";

/// # Panics
/// What is found is no Procfile, or has more in it than what a word may have.
pub(super) fn any_files(bytes: &[u8]) {
    let sources = sources(&String::from_utf8_lossy(bytes));
    let found = detect(&sources);
    let text = found.procfile();
    let parsed = procfile::parse("Procfile", &text);
    assert!(
        parsed.errors.is_empty() && parsed.warnings.is_empty(),
        "{text}"
    );
    assert_eq!(parsed.value.len(), found.lines.len(), "{text}");
    for (entry, line) in parsed.value.iter().zip(&found.lines) {
        assert_eq!(entry.process_type, line.process_type);
        assert_eq!(entry.command, line.command);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/=$ ".contains(c);
        assert!(line.command.chars().all(is_allowed), "{}", line.command);
        assert!(
            !line.command.replace("$PORT", "").contains('$'),
            "{}",
            line.command
        );
    }
}

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    for file in format!("\n{text}").split(&format!("\n{FILE}")).skip(1) {
        let (name, text) = file.split_once('\n').unwrap_or((file, ""));
        let is_listed = LISTED.iter().any(|(directory, _)| {
            let below = name
                .strip_prefix(directory)
                .and_then(|name| name.strip_prefix('/'));
            below.is_some_and(|below| !below.contains('/') && !below.is_empty())
        });
        let is_below = BELOW.iter().any(|file| {
            let above = name
                .strip_suffix(file)
                .and_then(|name| name.strip_suffix('/'));
            above.is_some_and(|above| !above.contains('/') && !above.is_empty())
        });
        if READ.contains(&name) {
            sources.texts.insert(name.into(), text.into());
        } else if LOOKED_FOR.contains(&name) || is_listed || is_below {
            sources.there.insert(name.into());
        }
    }
    sources
}
