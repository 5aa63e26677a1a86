//! Writes an env file as systemd's `EnvironmentFile=` and Compose's `env_file:` both read it back.

use crate::export::config::Values;

/// In double quotes a line may end within a value, and `\`, `"` and `$` are what they are behind a `\` (systemd.exec(5);
/// Compose's "Env file syntax").
pub(crate) fn env_file(values: &Values) -> String {
    let mut text = String::new();
    for (name, value) in values {
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            if matches!(c, '\\' | '"' | '$') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::reading;

    proptest! {
        #[test]
        fn any_values_are_read_back(all in prop::collection::vec("(?s)([ -~é\n\t]|[$\\\\\"'#]){0,20}", 0..3)) {
            let all = all.into_iter().enumerate();
            let values: Values = all.map(|(number, value)| (format!("A{number}"), value)).collect();
            prop_assert_eq!(reading::env_file(&env_file(&values)), Some(values));
        }
    }

    #[test]
    fn whatever_means_something_in_quotes_is_escaped() {
        let check = |value: &str, expected: &str| {
            let values = [("A".to_string(), value.to_string())].into();
            assert_eq!(env_file(&values), format!("A={expected}\n"));
        };
        check("", r#""""#);
        check("a b # c", r#""a b # c""#);
        check(r#"it's "$HOME" `x` \n\"#, r#""it's \"\$HOME\" `x` \\n\\""#);
        check("a\nb", "\"a\nb\"");
    }
}
