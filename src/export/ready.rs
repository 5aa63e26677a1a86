//! When a process is ready, as far as what runs it there can find that out.

use crate::export::Target;
use crate::export::app::Service;
use crate::export::container::in_directory;
use crate::plan::{PlannedProcess, server};
use crate::words::policy::RestartPolicy;
use crate::words::ready::Ready;
use crate::words::report::Report;
use crate::words::wording;

/// How long a process may take until it is ready, in seconds. Here it is waited for as long as it runs.
pub(crate) const LONGEST: u64 = 600;
/// From one try to the next, in seconds.
pub(crate) const EVERY: u64 = 2;

/// What is tried, from beside the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// Something listens on its PORT.
    Port,
    /// A GET of `path` is answered with one of `statuses`, with 2xx or 3xx if there are none.
    Page { path: String, statuses: Vec<u16> },
    /// A command of the shell's ends with status 0.
    Command(String),
}

/// Of a process without `ready:` its port is tried if `is_asked`, as it is of one that says it in a line: nobody
/// there looks for those. `None`: it is ready once it is started.
pub(crate) fn trial(service: &Service, is_asked: bool) -> Option<Trial> {
    let has_port = service.first().port.is_some();
    match &service.planned.ready {
        Some(Ready::Http { path, statuses }) => has_port.then(|| Trial::Page {
            path: path.clone(),
            statuses: statuses.clone(),
        }),
        Some(Ready::Tcp) => has_port.then_some(Trial::Port),
        Some(Ready::Exec(command)) => Some(Trial::Command(command.clone())),
        Some(Ready::Log(_)) | None => {
            // It would never be ready.
            let is_elsewhere = server::ignores_port(&service.command);
            (has_port && is_asked && !is_elsewhere).then_some(Trial::Port)
        }
    }
}

impl Trial {
    /// A script that ends with status 0 once it is ready, with PORT in its environment.
    pub(crate) fn script(&self) -> String {
        match self {
            Self::Port => listens().into(),
            Self::Page { path, statuses } => page(path, statuses),
            Self::Command(command) => command.clone(),
        }
    }

    /// The same from the directory in which a container begins.
    pub(crate) fn in_container(self, service: &Service) -> Self {
        match self {
            Self::Port | Self::Page { .. } => self,
            Self::Command(command) => Self::Command(in_directory(service, &command)),
        }
    }

    /// How long one try may take, in seconds: as here.
    pub(crate) fn longest(&self) -> u64 {
        match self {
            Self::Port | Self::Page { .. } => 5,
            Self::Command(_) => 10,
        }
    }
}

/// proc_net_tcp(5): the port in hexadecimal, and state 10. An image that has a shell has grep.
fn listens() -> &'static str {
    r#"grep -qs ":$(printf %04X "$PORT") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6"#
}

/// By whichever program is there. Both get the name that frameworks know, and none goes by a redirection: `wget`
/// follows it, and the first status of several counts. A busybox is about that dies of its `-T`.
fn page(path: &str, statuses: &[u16]) -> String {
    let path = wording::shell_word(path);
    let fine = match statuses {
        [] => "2*|3*".to_string(),
        statuses => {
            let all: Vec<String> = statuses.iter().map(|status| format!("{status}*")).collect();
            all.join("|")
        }
    };
    let asked = format!(r#""http://127.0.0.1:$PORT"{path}"#);
    let listens = listens();
    [
        r#"name="Host: localhost:$PORT"; "#,
        "if command -v curl >/dev/null; then ",
        r#"status=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "$name" "#,
        &asked,
        "); elif command -v wget >/dev/null; then ",
        r#"status=$(wget -q -S -O /dev/null --header "$name" "#,
        &asked,
        " 2>&1 | sed -n 's,^ *HTTP/[0-9.]* ,,p'); ",
        &format!("else {listens}; exit; fi; "),
        &format!("case $status in {fine}) ;; *) exit 1 ;; esac"),
    ]
    .concat()
}

/// What of a `ready:` goes into a file as it stands; empty: nothing.
pub(crate) fn text(process: &PlannedProcess) -> &str {
    match &process.ready {
        Some(Ready::Http { path: text, .. } | Ready::Exec(text)) => text,
        Some(Ready::Tcp | Ready::Log(_)) | None => "",
    }
}

/// What is not looked for there as it is here.
pub(crate) fn notes(service: &Service, target: &Target) -> Vec<Report> {
    let Some(ready) = &service.planned.ready else {
        return Vec::new();
    };
    let process_type = &service.planned.name.process_type;
    let is_asked = service.is_awaited || *target == Target::Kubernetes && service.is_public;
    let instead = match trial(service, is_asked) {
        None => "it is started",
        Some(_) => "it listens on its PORT",
    };
    let by_line = || {
        let note = format!(
            "`{process_type}` is ready there once {instead}: nobody looks for its line (`ready: {{log: …}}`)"
        );
        Report::warning(note).help("`http`, `tcp` and `exec` go along".to_string())
    };
    let by_page = |statuses: &[u16]| match target {
        Target::Kubernetes if !is_known(statuses) => {
            let note = format!(
                "`{process_type}` is ready there once it listens on its PORT: Kubernetes takes any status from 200 to 399, and no other"
            );
            Some(Report::warning(note).help("`ready: {exec: …}` can ask for others".to_string()))
        }
        Target::Kubernetes if !statuses.is_empty() => {
            let note = format!(
                "any status from 200 to 399 makes `{process_type}` ready there, and not only those of its `ready:`"
            );
            Some(Report::warning(note))
        }
        Target::Kubernetes => None,
        Target::Compose | Target::Systemd(_) => {
            let note = format!(
                "curl or wget looks whether `{process_type}` is ready there; where none of them is, it is once it listens on its PORT"
            );
            Some(Report::warning(note))
        }
    };
    let mut notes: Vec<Report> = match ready {
        Ready::Log(_) => vec![by_line()],
        Ready::Http { statuses, .. } => by_page(statuses).into_iter().collect(),
        Ready::Tcp | Ready::Exec(_) => Vec::new(),
    };
    let is_restarted = ready.is_tried_on() && service.planned.restart == RestartPolicy::Always;
    if is_restarted && *target != Target::Kubernetes {
        let note = format!("`{process_type}` is not started again there when it is ready no more");
        notes.push(Report::warning(note));
    }
    notes
}

/// Whether Kubernetes can look for them: it takes 200 to 399.
pub(crate) fn is_known(statuses: &[u16]) -> bool {
    statuses.iter().all(|status| (200..400).contains(status))
}
