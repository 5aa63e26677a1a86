//! Which request a method and a path mean.

use hyper::Method;

use crate::control::Whom;
use crate::words::wire::Steering;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Apps,
    /// An app, by its key.
    App(String),
    Env {
        app: String,
        process: String,
    },
    Follow(String),
    HandOver(String),
    Knock,
    Processes(String),
    Replace {
        app: String,
        process: String,
    },
    /// Its terminal.
    Attach(Whom),
    Borrow(String),
    Steer {
        app: String,
        asked: Steering,
    },
    End,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Astray {
    /// There is no such path.
    Unknown,
    /// There is, but only for this method.
    Only(Method),
}

/// Takes the path without its query.
pub(super) fn of(method: &Method, path: &str) -> Result<Route, Astray> {
    let path = path.strip_prefix("/v1/").ok_or(Astray::Unknown)?;
    let parts: Vec<&str> = path.split('/').collect();
    let app = |app: &str| app.to_string();
    let steer = |key: &str, asked: Steering| {
        let app = app(key);
        Route::Steer { app, asked }
    };
    let (only, route) = match parts[..] {
        ["apps"] => (Method::GET, Route::Apps),
        ["apps", key] => (Method::GET, Route::App(app(key))),
        ["apps", key, "processes", name, "env"] => {
            let process = name.to_string();
            (
                Method::GET,
                Route::Env {
                    app: app(key),
                    process,
                },
            )
        }
        ["apps", key, "follow"] => (Method::GET, Route::Follow(app(key))),
        ["apps", key, "start"] => (Method::POST, steer(key, Steering::Start)),
        ["apps", key, "restart"] => (Method::POST, steer(key, Steering::Restart)),
        ["apps", key, "stop"] => (Method::POST, steer(key, Steering::Stop)),
        ["apps", key, "hand-over"] => (Method::POST, Route::HandOver(app(key))),
        ["apps", key, "processes", name, "replace"] => {
            let process = name.to_string();
            (
                Method::POST,
                Route::Replace {
                    app: app(key),
                    process,
                },
            )
        }
        ["apps", key, "borrow"] => (Method::POST, Route::Borrow(app(key))),
        ["stop"] => (Method::POST, Route::End),
        ["knock"] => (Method::POST, Route::Knock),
        ["apps", key, "processes"] => (Method::GET, Route::Processes(app(key))),
        ["attach"] => (Method::POST, Route::Attach(Whom::WhoeverWaits)),
        ["apps", key, "processes", name, "attach"] => {
            let process = name.to_string();
            let app = app(key);
            (Method::POST, Route::Attach(Whom::Process { app, process }))
        }
        _ => return Err(Astray::Unknown),
    };
    if only == method {
        Ok(route)
    } else {
        Err(Astray::Only(only))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_method() {
        let check = |method: Method, path: &str, expected: Result<Route, Astray>| {
            assert_eq!(of(&method, path), expected, "{method} {path}");
        };
        check(Method::GET, "/v1/apps", Ok(Route::Apps));
        check(Method::GET, "/v1/apps/ab", Ok(Route::App("ab".into())));
        check(
            Method::GET,
            "/v1/apps/ab/processes/web.1/env",
            Ok(Route::Env {
                app: "ab".into(),
                process: "web.1".into(),
            }),
        );
        check(
            Method::GET,
            "/v1/apps/ab/follow",
            Ok(Route::Follow("ab".into())),
        );
        for (word, asked) in [
            ("start", Steering::Start),
            ("restart", Steering::Restart),
            ("stop", Steering::Stop),
        ] {
            let app = "ab".to_string();
            check(
                Method::POST,
                &format!("/v1/apps/ab/{word}"),
                Ok(Route::Steer { app, asked }),
            );
        }
        check(Method::POST, "/v1/stop", Ok(Route::End));
        check(
            Method::POST,
            "/v1/apps/ab/hand-over",
            Ok(Route::HandOver("ab".into())),
        );
        check(
            Method::POST,
            "/v1/apps/ab/processes/web.1/replace",
            Ok(Route::Replace {
                app: "ab".into(),
                process: "web.1".into(),
            }),
        );
        check(
            Method::POST,
            "/v1/apps/ab/borrow",
            Ok(Route::Borrow("ab".into())),
        );
        check(Method::POST, "/v1/knock", Ok(Route::Knock));
        check(
            Method::GET,
            "/v1/apps/ab/processes",
            Ok(Route::Processes("ab".into())),
        );
        check(
            Method::POST,
            "/v1/attach",
            Ok(Route::Attach(Whom::WhoeverWaits)),
        );
        check(
            Method::POST,
            "/v1/apps/ab/processes/web.1/attach",
            Ok(Route::Attach(Whom::Process {
                app: "ab".into(),
                process: "web.1".into(),
            })),
        );
        check(Method::POST, "/v1/apps", Err(Astray::Only(Method::GET)));
        check(Method::GET, "/v1/knock", Err(Astray::Only(Method::POST)));
        check(
            Method::DELETE,
            "/v1/apps/ab/start",
            Err(Astray::Only(Method::POST)),
        );
        for path in [
            "",
            "/",
            "*",
            "/v1",
            "/v1/",
            "/v2/apps",
            "/v1/apps/ab/x",
            "/v1/apps/ab/start/x",
            "/v1/apps/ab/processes/web.1",
        ] {
            check(Method::GET, path, Err(Astray::Unknown));
        }
    }
}
