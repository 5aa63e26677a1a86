//! What a variable is worth: automatic URLs, schemes, templates, `${VAR}`.

use crate::support::Project;

/// What `variable` is to web; `none` where it is not set. Nothing is started: ports are by foreman's rule.
fn value_of(variable: &str, procfile: &str, settings: &str) -> String {
    let project = Project::with_procfile(procfile)
        .file("devrun.yaml", format!("port: 5000\n{settings}"))
        .file(".env", "DB_USER=me@home\nDB_PASSWORD=a@:/%b\nPLAIN=x y\n");
    let script = format!("printf %s \"${{{variable}-none}}\"");
    let finished = project.run(&["run", "-p", "web", "sh", "-c", &script]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    finished.stdout
}

/// What a use of `target`, in YAML, is worth.
fn used(procfile: &str, target: &str) -> String {
    value_of("X", procfile, &format!("uses:\n  X: {target}\n"))
}

#[test]
fn a_process_sees_the_url_of_every_other_type_that_has_a_port() {
    let check = |variable: &str, expected: &str| {
        let procfile = "web: a\nmy-api: b\ntool: c\nbroker: nats-server -p $PORT\n";
        let settings = "processes: { tool: { port: false } }\n";
        assert_eq!(
            value_of(variable, procfile, settings),
            expected,
            "{variable}"
        );
    };
    check("MY_API_URL", "http://localhost:5100");
    check("BROKER_URL", "nats://127.0.0.1:5300");
    check("TOOL_URL", "none");
    check("WEB_URL", "none");
    check("MY_API_PORT", "none");
    check("WEB_PORT", "none");
}

#[test]
fn an_automatic_url_is_that_of_the_first_instance() {
    let settings = "formation: all=1,api=2\n";
    let url = value_of("API_URL", "web: a\napi: b\n", settings);
    assert_eq!(url, "http://localhost:5100");
}

#[test]
fn automatic_urls_can_be_turned_off() {
    let settings = "auto_urls: false\n";
    assert_eq!(value_of("API_URL", "web: a\napi: b\n", settings), "none");
}

#[test]
fn a_server_that_listens_where_it_likes_has_no_automatic_url() {
    let check = |command: &str, expected: &str| {
        let procfile = format!("web: a\nredis: {command}\n");
        assert_eq!(value_of("REDIS_URL", &procfile, ""), expected);
    };
    check("redis-server", "none");
    check("redis-server --port $PORT", "redis://127.0.0.1:5100");
}

#[test]
fn a_known_server_has_its_scheme_and_another_one_has_http() {
    let check = |command: &str, expected: &str| {
        let procfile = format!("web: a\nserver: {command} $PORT\n");
        assert_eq!(used(&procfile, "server"), expected, "{command}");
    };
    check("python -m http.server", "http://localhost:5100");
    check("redis-server --port", "redis://127.0.0.1:5100");
    check("postgres -p", "postgresql://127.0.0.1:5100");
    check("rabbitmq-server", "amqp://127.0.0.1:5100");
    check("mongod --port", "mongodb://127.0.0.1:5100");
    check("mysqld --port", "mysql://127.0.0.1:5100");
    check("mariadbd --port", "mysql://127.0.0.1:5100");
    check("nats-server -p", "nats://127.0.0.1:5100");
    check("mosquitto -p", "mqtt://127.0.0.1:5100");
    check("ejabberdctl foreground", "xmpp://127.0.0.1:5100");
    check("memcached -p", "127.0.0.1:5100");
}

#[test]
fn a_value_is_made_of_a_template() {
    let check = |value: &str, expected: &str| {
        let target = format!("{{ process: api, value: \"{value}\" }}");
        assert_eq!(used("web: a\napi: b\n", &target), expected, "{value}");
    };
    check("{url}/v1", "http://localhost:5100/v1");
    check("{scheme} {host} {port}", "http 127.0.0.1 5100");
    check("{{port}}", "{port}");
}

#[test]
fn the_host_is_localhost_for_http_and_its_kin_alone() {
    let check = |api: &str, value: &str, expected: &str| {
        let target = format!("{{ process: api, value: \"{value}\" }}");
        let procfile = format!("web: a\napi: {api}\n");
        assert_eq!(used(&procfile, &target), expected, "{value}");
    };
    check("b", "https://{host}:{port}/", "https://localhost:5100/");
    check("b", "ws://{host}:{port}", "ws://localhost:5100");
    check("b", "amqp://{host}:{port}", "amqp://127.0.0.1:5100");
    check("b", "{host}:{port}", "127.0.0.1:5100");
    check("b", "{url} {host}", "http://localhost:5100 localhost");
    check(
        "redis-server --port $PORT",
        "{url} {host}",
        "redis://127.0.0.1:5100 127.0.0.1",
    );
}

#[test]
fn a_url_is_a_handle_like_any_other() {
    let url = "postgresql://shop:${DB_PASSWORD}@db.internal:5433/my%20shop?sslmode=off&x=1";
    let check = |value: &str, expected: &str| {
        let target = format!("{{ url: \"{url}\", value: \"{value}\" }}");
        assert_eq!(used("web: a\n", &target), expected, "{value}");
    };
    let whole = "postgresql://shop:a%40%3A%2F%25b@db.internal:5433/my%20shop?sslmode=off&x=1";
    assert_eq!(used("web: a\n", &format!("\"{url}\"")), whole);
    check("{url}", whole);
    check("{scheme} {host} {port}", "postgresql db.internal 5433");
    check("{user}|{password}", "shop|a@:/%b");
    check("{path}|{query}", "/my shop|sslmode=off&x=1");
}

#[test]
fn a_reference_is_escaped_where_it_stands_in_a_url() {
    let check = |value: &str, expected: &str| {
        let target = format!("{{ process: api, value: \"{value}\" }}");
        assert_eq!(used("web: a\napi: b\n", &target), expected, "{value}");
    };
    check(
        "amqp://${DB_USER}:${DB_PASSWORD}@{host}:{port}/${PLAIN}",
        "amqp://me%40home:a%40%3A%2F%25b@127.0.0.1:5100/x%20y",
    );
    check("${DB_PASSWORD} {port}", "a@:/%b 5100");
}

#[test]
fn a_reference_may_be_to_the_shell_and_one_to_nothing_is_an_error() {
    let settings = "port: 5000\nuses: { X: \"custom://h/${FROM_SHELL}\" }\n";
    let project = Project::with_procfile("web: printf %s \"$X\"\n").file("devrun.yaml", settings);
    let mut command = project.command(["run", "web"]);
    command.env("FROM_SHELL", "s");
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "custom://h/s");

    let finished = project.run(&["start", "-p", "0"]);
    assert_eq!(finished.status, 2);
    let stderr = finished.stderr;
    assert!(stderr.contains("--> devrun.yaml:2:"), "{stderr}");
    assert!(stderr.contains("FROM_SHELL"), "{stderr}");
}

#[test]
fn a_string_is_a_directory_a_url_or_a_process() {
    let procfile = "web: a\napi: b\n";
    assert_eq!(used(procfile, "api"), "http://localhost:5100");
    assert_eq!(used(procfile, "redis://db/1"), "redis://db/1");
    let project = Project::with_procfile("web: a\n").file(
        "devrun.yaml",
        "uses: { A_URL: ../a, B_URL: /none, C_URL: ~/c }\n",
    );
    let finished = project.run(&["check"]);
    assert_eq!(finished.status, 1);
    for path in [
        "no directory `../a`",
        "no directory `/none`",
        "no directory `~/c`",
    ] {
        assert!(finished.stderr.contains(path), "{}", finished.stderr);
    }
}

#[test]
fn a_process_has_the_uses_that_it_names_or_else_all() {
    let settings = "uses: { X: custom://x, Y: custom://y }\nprocesses: { web: { uses: [Y] } }\n";
    let procfile = "web: a\nworker: printf %s \"${X-none} ${Y-none}\"\n";
    assert_eq!(value_of("X", procfile, settings), "none");
    assert_eq!(value_of("Y", procfile, settings), "custom://y");
    let project = Project::with_procfile(procfile).file("devrun.yaml", settings);
    let worker = project.run(&["run", "worker"]);
    assert_eq!(worker.stdout, "custom://x custom://y");
}

#[test]
fn a_provider_gets_what_it_names_and_nobody_uses_itself() {
    let procfile =
        "web: printf %s \"${X-none} ${Y-none}\"\napi: printf %s \"${X-none} ${Y-none}\"\n";
    let check = |settings: &str, process: &str, expected: &str| {
        let settings =
            format!("port: 5000\nauto_urls: false\nuses: {{ X: api, Y: custom://y }}\n{settings}");
        let project = Project::with_procfile(procfile).file("devrun.yaml", settings);
        let finished = project.run(&["run", process]);
        assert_eq!(finished.stdout, expected, "{}", finished.stderr);
    };
    check("", "web", "http://localhost:5100 custom://y");
    check("", "api", "none none");
    let own = "processes: { api: { uses: [X, Y] } }\n";
    check(own, "api", "none custom://y");
}

#[test]
fn ports_are_given_by_name_where_somebody_asks_for_more() {
    let settings = "processes: { web: { ports: [ADMIN_PORT, DIST_PORT] } }\n";
    let project = Project::with_procfile("web: echo $PORT $ADMIN_PORT $DIST_PORT\n");
    let finished = project
        .file("devrun.yaml", format!("port: 0\n{settings}"))
        .run(&["start", "--no-timestamp", "-q"]);
    let line = finished.stdout.lines().next().unwrap_or_default();
    let ports: Vec<u16> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(ports.len(), 3, "{}", finished.stdout);
    assert!(ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2]);
}

#[test]
fn a_process_may_have_no_port_at_all() {
    let settings = "processes: { web: { port: false } }\n";
    assert_eq!(value_of("PORT", "web: a\n", settings), "none");
}
