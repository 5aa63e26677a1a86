//! Reads `processes:`.

use crate::syntax::settings::reader::{Entry, Keys, Reader};
use crate::syntax::settings::yaml::Value;
use crate::syntax::settings::{
    PortSetting, ProcessSettings, Said, app, ready, signal, value, variable, watch,
};

pub(super) const TTY: &[(&str, Option<bool>)] = &[
    ("auto", None),
    ("always", Some(true)),
    ("never", Some(false)),
];

/// The sixteen that have names, by their numbers. What they look like is the terminal's to say.
pub(super) const COLORS: &[(&str, u8)] = &[
    ("black", 0),
    ("red", 1),
    ("green", 2),
    ("yellow", 3),
    ("blue", 4),
    ("magenta", 5),
    ("cyan", 6),
    ("white", 7),
    ("bright-black", 8),
    ("bright-red", 9),
    ("bright-green", 10),
    ("bright-yellow", 11),
    ("bright-blue", 12),
    ("bright-magenta", 13),
    ("bright-cyan", 14),
    ("bright-white", 15),
];

pub(super) const KEYS: Keys<ProcessSettings> = Keys {
    owner: "a process",
    known: &[
        ("cwd", |reader, entry, process| {
            process.cwd = value::path(reader, entry, "a directory");
        }),
        ("env", |reader, entry, process| {
            process.env = variable::env(reader, entry);
        }),
        ("port", |reader, entry, process| {
            process.port = port(reader, entry);
        }),
        ("ports", |reader, entry, process| {
            process.ports = variable::ports(reader, entry);
        }),
        ("uses", |reader, entry, process| {
            // Nothing behind it narrows nothing; `[]` does.
            let is_said = !matches!(entry.value.value, Value::Null);
            process.uses = is_said.then(|| reader.texts(entry, USES));
        }),
        ("depends_on", |reader, entry, process| {
            process.depends_on = reader.texts(entry, "process types, such as `[db]`");
        }),
        ("ready", |reader, entry, process| {
            process.ready = ready::read(reader, entry);
        }),
        ("restart", |reader, entry, process| {
            process.restart = reader.choice(entry, value::RESTART);
        }),
        ("max_restarts", |reader, entry, process| {
            let expected = "a whole number, such as 5";
            process.max_restarts = reader.number(entry, expected, |text| text.parse().ok());
        }),
        ("on_exit", |reader, entry, process| {
            process.on_exit = reader.choice(entry, value::ON_EXIT);
        }),
        ("timeout", |reader, entry, process| {
            process.timeout = value::seconds(reader, entry);
        }),
        ("stop_signal", |reader, entry, process| {
            process.stop_signal = signal::read(reader, entry);
        }),
        ("tty", |reader, entry, process| {
            process.tty = if let Value::Bool(is_always) = entry.value.value {
                Some(is_always)
            } else {
                reader.choice(entry, TTY).flatten()
            };
        }),
        ("watch", |reader, entry, process| {
            process.watch = watch::read(reader, entry);
        }),
        ("color", |reader, entry, process| {
            process.color = if matches!(entry.value.value, Value::Number) {
                let expected = "a color from 0 to 255, or its name";
                reader.number(entry, expected, |text| text.parse().ok())
            } else {
                reader.choice(entry, COLORS)
            };
        }),
    ],
    misplaced: |name| {
        let is_app = app::KEYS.names().contains(&name);
        is_app.then_some("it is a setting of the app: write it at the top of the file")
    },
};

const USES: &str = "variables of the `uses:` at the top of the file, such as `[DATABASE_URL]`";

pub(super) fn read(reader: &mut Reader<'_>, entry: Entry<'_>) -> Vec<ProcessSettings> {
    let expected = "process types, each with its settings below it";
    let pairs = reader.mapping(entry, expected).unwrap_or_default();
    let mut processes = Vec::new();
    for process in reader.entries(pairs) {
        let said = reader.said(process.name.to_string(), process.key);
        let mut settings = ProcessSettings::of(said);
        let expected = "settings of this process, such as `{port: 5300}`";
        let pairs = reader.mapping(process, expected).unwrap_or_default();
        reader.fill(pairs, &KEYS, &mut settings);
        processes.push(settings);
    }
    processes
}

fn port(reader: &mut Reader<'_>, entry: Entry<'_>) -> Option<Said<PortSetting>> {
    let port = if let Value::Bool(false) = entry.value.value {
        PortSetting::None
    } else {
        let expected = "a port from 1 to 65535, or `false` for none";
        let pinned = |text: &str| text.parse().ok().filter(|port| *port > 0);
        PortSetting::Pinned(reader.number(entry, expected, pinned)?)
    };
    Some(reader.said(port, entry.value))
}

impl ProcessSettings {
    /// Nothing more is said of it.
    pub(crate) fn of(process_type: Said<String>) -> Self {
        Self {
            process_type,
            cwd: None,
            env: Vec::new(),
            port: None,
            ports: Vec::new(),
            uses: None,
            depends_on: Vec::new(),
            restart: None,
            max_restarts: None,
            on_exit: None,
            timeout: None,
            stop_signal: None,
            ready: None,
            tty: None,
            watch: None,
            color: None,
        }
    }
}
