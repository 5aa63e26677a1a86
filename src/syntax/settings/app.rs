//! Reads the keys at the top of a settings file.

use crate::syntax::formation::{self, Formation};
use crate::syntax::number;
use crate::syntax::settings::reader::{Entry, Keys, Reader};
use crate::syntax::settings::yaml::Value;
use crate::syntax::settings::{Said, Settings, process, uses, value, variable};
use crate::words::name::{AppName, BadName, MAX_NAME};

pub(super) const KEYS: Keys<Settings> = Keys {
    owner: "an app",
    known: &[
        ("name", |reader, entry, app| app.name = name(reader, entry)),
        ("procfile", |reader, entry, app| {
            app.procfile = value::path(reader, entry, "the path of a Procfile");
        }),
        ("env", |reader, entry, app| {
            app.env = variable::env(reader, entry);
        }),
        ("port", |reader, entry, app| app.port = port(reader, entry)),
        ("restart", |reader, entry, app| {
            app.restart = reader.choice(entry, value::RESTART);
        }),
        ("on_exit", |reader, entry, app| {
            app.on_exit = reader.choice(entry, value::ON_EXIT);
        }),
        ("timeout", |reader, entry, app| {
            app.timeout = value::seconds(reader, entry);
        }),
        ("formation", |reader, entry, app| {
            app.formation = formation(reader, entry);
        }),
        ("auto_urls", |reader, entry, app| {
            app.auto_urls = reader.boolean(entry);
        }),
        ("uses", |reader, entry, app| {
            app.uses = uses::read(reader, entry);
        }),
        ("apps", |reader, entry, app| {
            app.apps = reader.texts(entry, "directories of apps, such as `apps/*`");
        }),
        ("processes", |reader, entry, app| {
            app.processes = process::read(reader, entry);
        }),
    ],
    misplaced: |name| {
        let is_process = process::KEYS.names().contains(&name);
        is_process
            .then_some("it is a setting of a process: write it below that one in `processes:`")
    },
};

fn name(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<AppName> {
    let expected = "a name for the app";
    let text = reader.text(entry, expected)?;
    let help = match AppName::new(text) {
        Ok(name) => return Some(name),
        Err(BadName::TooLong) => format!("use at most {MAX_NAME} characters"),
        Err(BadName::Empty | BadName::Character(_) | BadName::Reserved) => {
            "a name is made of letters, digits, `_` and `-`".to_string()
        }
    };
    reader.wrong(entry, expected, Some(help));
    None
}

fn port(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Said<u16>> {
    let expected = "a port from 0 to 65535; 0 takes any free ones";
    let port = reader.number(entry, expected, |text| number::port(text).ok())?;
    Some(reader.said(port, entry.value))
}

fn formation(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Said<Formation>> {
    let expected = "how many of each, such as `all=1,web=2` or `{all: 1, web: 2}`";
    match &entry.value.value {
        Value::Text(text) => match formation::parse(text) {
            Ok(formation) => Some(reader.said(formation, entry.value)),
            Err(why) => {
                reader.wrong(entry, expected, Some(why));
                None
            }
        },
        Value::Mapping(pairs) if !pairs.is_empty() => {
            let mut formation = Formation::default();
            for count in reader.entries(pairs) {
                let expected = format!("a number from 0 to {}", formation::MAX_PROCESSES);
                let number = reader.number(count, &expected, value::count);
                match (count.name, number) {
                    (_, None) => {}
                    ("all", all) => formation.all = all,
                    (name, Some(number)) => formation.counts.push((name.to_string(), number)),
                }
            }
            Some(reader.said(formation, entry.key))
        }
        Value::Null | Value::Bool(_) | Value::Number | Value::List(_) | Value::Mapping(_) => {
            reader.wrong(entry, expected, None);
            None
        }
    }
}
