//! Django by its manage.py; Flask and FastAPI where the app is found in the file in which they look for it.

use crate::detect::{CELERY, Detected, Sources, is_plain};

/// Who wants what is named in them.
const REQUIREMENTS: [&str; 3] = ["pyproject.toml", "requirements.txt", "Pipfile"];
/// `flask run` finds the app in these.
const FLASK_APPS: [&str; 2] = ["app.py", "wsgi.py"];
const FASTAPI_APPS: [(&str, &str); 3] = [
    ("main.py", "main"),
    ("app.py", "app"),
    ("app/main.py", "app.main"),
];

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    if sources.mentions("manage.py", "django") {
        let run = program(sources, "python3");
        let command = format!("{run} manage.py runserver $PORT");
        detected.line(&["web"], command, why("manage.py: a Django app", sources));
        celery(sources, detected);
    } else if sources.has("manage.py") {
        detected.hint("manage.py is not Django's: what it runs is for you to say");
    } else if let Some((module, app, file)) = fastapi(sources) {
        let run = program(sources, "uvicorn");
        let command = format!("{run} {module}:{app} --reload --port $PORT");
        let told_by = format!("{file}: {app} is a FastAPI app");
        detected.line(&["web"], command, why(&told_by, sources));
    } else if let Some(file) = flask(sources) {
        let run = program(sources, "flask");
        let command = format!("{run} run --debug --port $PORT");
        detected.line(
            &["web"],
            command,
            why(&format!("{file}: a Flask app"), sources),
        );
    }
}

/// Where Django's own layout has it: beside the project's settings.
fn celery(sources: &Sources, detected: &mut Detected) {
    let projects: Vec<&str> = sources.with(CELERY).collect();
    let [project] = projects[..] else { return };
    if is_required(sources, &["celery", "Celery"]) {
        let run = program(sources, "celery");
        let told_by = format!("{project}/{CELERY}: a Celery app");
        let command = format!("{run} -A {project} worker");
        detected.line(&["worker"], command, why(&told_by, sources));
    }
}

/// How a program of the project's environment is run.
fn program(sources: &Sources, program: &str) -> String {
    let in_environment = match program {
        "python3" => "python",
        other => other,
    };
    match runner(sources) {
        Some((_, run)) => format!("{run}{in_environment}"),
        None => program.to_string(),
    }
}

/// What tells which environment it is, and what stands in front of its programs.
fn runner(sources: &Sources) -> Option<(&'static str, &'static str)> {
    let known = [
        ("uv.lock", "uv run "),
        ("poetry.lock", "poetry run "),
        ("Pipfile", "pipenv run "),
        (".venv/bin/python", ".venv/bin/"),
        ("venv/bin/python", "venv/bin/"),
    ];
    known.into_iter().find(|(told_by, _)| sources.has(told_by))
}

fn why(what: &str, sources: &Sources) -> String {
    match runner(sources) {
        Some((told_by, _)) => format!("{what}; environment by {told_by}"),
        None => what.to_string(),
    }
}

fn flask(sources: &Sources) -> Option<&'static str> {
    let is_app = |file: &&str| sources.mentions(file, "Flask(");
    let found = FLASK_APPS.into_iter().find(is_app);
    found.filter(|_| is_required(sources, &["flask", "Flask"]))
}

/// The module, its variable that holds the app, and the file.
fn fastapi(sources: &Sources) -> Option<(&'static str, &str, &'static str)> {
    if !is_required(sources, &["uvicorn", "fastapi[standard]", "fastapi[all]"]) {
        return None;
    }
    FASTAPI_APPS.into_iter().find_map(|(file, module)| {
        let app = sources.text(file)?.lines().find_map(app_of)?;
        Some((module, app, file))
    })
}

/// `app` of `app = FastAPI()` or `app: FastAPI = FastAPI(`, at the module's top level.
fn app_of(line: &str) -> Option<&str> {
    let (left, right) = line.split_once('=')?;
    let name = left.split(':').next()?;
    let is_name = name.trim_end() == name.trim() && is_plain(name.trim());
    (is_name && right.trim_start().starts_with("FastAPI(")).then(|| name.trim())
}

fn is_required(sources: &Sources, names: &[&str]) -> bool {
    let has = |file: &&str| names.iter().any(|name| sources.mentions(file, name));
    REQUIREMENTS.iter().any(has)
}
