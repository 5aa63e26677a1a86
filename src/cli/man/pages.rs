//! The pages of the manual, by command. `just update` writes this list anew.

macro_rules! page {
    ($file:literal) => {
        include_str!(concat!("../../../man/", $file))
    };
}

pub(super) const PAGES: [(&str, &str); 21] = [
    ("devrun", page!("devrun.1")),
    ("attach", page!("devrun-attach.1")),
    ("check", page!("devrun-check.1")),
    ("completions", page!("devrun-completions.1")),
    ("env", page!("devrun-env.1")),
    ("export", page!("devrun-export.1")),
    ("init", page!("devrun-init.1")),
    ("link", page!("devrun-link.1")),
    ("logs", page!("devrun-logs.1")),
    ("man", page!("devrun-man.1")),
    ("open", page!("devrun-open.1")),
    ("ps", page!("devrun-ps.1")),
    ("restart", page!("devrun-restart.1")),
    ("run", page!("devrun-run.1")),
    ("schema", page!("devrun-schema.1")),
    ("start", page!("devrun-start.1")),
    ("stop", page!("devrun-stop.1")),
    ("unlink", page!("devrun-unlink.1")),
    ("url", page!("devrun-url.1")),
    ("uses", page!("devrun-uses.1")),
    ("wait", page!("devrun-wait.1")),
];
