//! What becomes of a directory's files.

use proptest::prelude::*;

use crate::detect::{BELOW, Detected, LOOKED_FOR, READ, Sources, detect};
use crate::syntax::procfile;

/// Files with a text, and those that are merely there (`""`).
fn found(files: &[(&str, &str)]) -> Detected {
    let mut sources = Sources::default();
    for (name, text) in files {
        if READ.contains(name) {
            sources.texts.insert((*name).into(), (*text).into());
        } else {
            let is_listed = name.starts_with("cmd/") || name.starts_with("src/bin/");
            let is_below = BELOW.iter().any(|file| name.ends_with(&format!("/{file}")));
            assert!(
                is_listed || is_below || LOOKED_FOR.contains(name),
                "{name} is not looked for"
            );
            sources.there.insert((*name).into());
        }
    }
    detect(&sources)
}

fn check(files: &[(&str, &str)], expected: &str) {
    let found = found(files);
    assert_eq!(found.procfile(), expected, "{files:?}");
    assert_eq!(found.hints, [""; 0], "{files:?}");
}

/// The same, and in what is hinted at stands `hint`.
fn hints(files: &[(&str, &str)], expected: &str, hint: &str) {
    let found = found(files);
    assert_eq!(found.procfile(), expected, "{files:?}");
    assert!(found.hints.join("\n").contains(hint), "{:?}", found.hints);
}

/// A package.json with these scripts.
fn scripts(scripts: &str) -> String {
    format!("{{\"scripts\": {{{scripts}}}}}")
}

#[test]
fn ruby() {
    check(&[("bin/rails", "")], "web: bin/rails server -p $PORT\n");
    let gems = "gem 'tailwindcss-rails'\ngem(\"sidekiq\", \"~> 7\")\n#gem 'puma'\n";
    check(
        &[
            ("bin/rails", ""),
            ("config.ru", ""),
            ("Gemfile", gems),
            ("bin/jobs", ""),
        ],
        "web: bin/rails server -p $PORT\ncss: bin/rails tailwindcss:watch\n\
         worker: bundle exec sidekiq\njobs: bin/jobs\n",
    );
    check(&[("config.ru", "")], "web: rackup -p $PORT\n");
    check(
        &[("config.ru", ""), ("Gemfile", "gem 'puma-dev'\n")],
        "web: bundle exec rackup -p $PORT\n",
    );
    check(
        &[("config.ru", ""), ("Gemfile", "  gem \"puma\"\n")],
        "web: bundle exec puma -p $PORT\n",
    );
    check(&[("Gemfile", "gem 'puma'")], "");
}

#[test]
fn python() {
    let manage = ("manage.py", "from django.core.management import x");
    check(&[manage], "web: python3 manage.py runserver $PORT\n");
    let by = |file: &str, run: &str| {
        check(
            &[manage, (file, "")],
            &format!("web: {run} manage.py runserver $PORT\n"),
        );
    };
    by("uv.lock", "uv run python");
    by("poetry.lock", "poetry run python");
    by("Pipfile", "pipenv run python");
    by(".venv/bin/python", ".venv/bin/python");
    by("venv/bin/python", "venv/bin/python");
    hints(
        &[("manage.py", "import argparse")],
        "",
        "manage.py is not Django's",
    );

    let fastapi = "from fastapi import FastAPI\n\napi: FastAPI = FastAPI(title='x')\n";
    let uvicorn = ("requirements.txt", "uvicorn==0.30\n");
    check(
        &[("app/main.py", fastapi), uvicorn],
        "web: uvicorn app.main:api --reload --port $PORT\n",
    );
    check(
        &[
            ("main.py", fastapi),
            ("pyproject.toml", "'fastapi[standard]'"),
            ("uv.lock", ""),
        ],
        "web: uv run uvicorn main:api --reload --port $PORT\n",
    );
    check(&[("main.py", fastapi)], "");
    check(&[("main.py", "    app = FastAPI()\n"), uvicorn], "");
    check(&[("main.py", "a; rm -rf = FastAPI()\n"), uvicorn], "");

    let flask = ("app.py", "from flask import Flask\napp = Flask(__name__)\n");
    check(
        &[
            flask,
            ("requirements.txt", "Flask\n"),
            (".venv/bin/python", ""),
        ],
        "web: .venv/bin/flask run --debug --port $PORT\n",
    );
    check(&[flask], "");
}

#[test]
fn elixir_and_php() {
    let phoenix = ("mix.exs", "{:phoenix, \"~> 1.8\"}, {:phoenix_html, \"4\"}");
    check(&[phoenix], "web: mix phx.server\n");
    let dev = "config :x, XWeb.Endpoint,\n  http: [ip: {127, 0, 0, 1}, port: 4000],\n";
    hints(
        &[phoenix, ("config/dev.exs", dev)],
        "web: mix phx.server\n",
        "System.get_env",
    );
    let dev = "  http: [ip: {127, 0, 0, 1}, port: System.get_env(\"PORT\")],\n";
    check(&[phoenix, ("config/dev.exs", dev)], "web: mix phx.server\n");
    check(
        &[("mix.exs", "mod: {X.Application, []}")],
        "app: mix run --no-halt\n",
    );
    check(&[("mix.exs", "{:phoenix_html, \"4\"}")], "");
    check(&[("artisan", "")], "web: php artisan serve --port=$PORT\n");
}

#[test]
fn go() {
    let module = ("go.mod", "module x\n");
    check(
        &[module, ("main.go", "package main\nimport \"net/http\"\n")],
        "web: go run .\n",
    );
    check(&[module, ("main.go", "package main\n")], "app: go run .\n");
    check(&[module, ("main.go", "package x\n")], "");
    check(&[("main.go", "package main\n")], "");
    check(&[module, ("cmd/api.v2", "")], "web: go run ./cmd/api.v2\n");
    check(&[module, ("cmd/a\nb", "")], "");
    hints(
        &[module, ("cmd/api.v2", ""), ("cmd/b", "")],
        "",
        "\napi-v2: go run ./cmd/api.v2",
    );
    hints(&[("go.work", "")], "", "go.work names several packages");
}

#[test]
fn rust() {
    let main = ("src/main.rs", "");
    let manifest = |text| ("Cargo.toml", text);
    let plain = "[package]\nname = \"shop\"\n[dependencies]\nserde = \"1\"\n";
    check(&[manifest(plain)], "");
    check(&[manifest(plain), main], "app: cargo run\n");
    check(
        &[
            manifest("[package]\nname='shop'\n[dependencies]\naxum = '0.8'"),
            main,
        ],
        "web: cargo run\n",
    );
    check(
        &[
            manifest("[package]\nname='shop'\n[dependencies.rocket]\nversion='0.5'"),
            main,
        ],
        "web: ROCKET_PORT=$PORT cargo run\n",
    );
    check(
        &[manifest(plain), main, ("src/bin/seed.rs", "")],
        "app: cargo run --bin shop\n",
    );
    check(
        &[manifest(plain), ("src/bin/seed.rs", "")],
        "app: cargo run\n",
    );
    hints(
        &[manifest(plain), ("src/bin/a.rs", ""), ("src/bin/b", "")],
        "",
        "(`a` and `b`); for each that is to run, a line such as\na: cargo run --bin a",
    );
    let several = "[package]\nname='shop'\ndefault-run = 'a'\n[[bin]]\nname='a'\n[[bin]]\nname='b'";
    check(&[manifest(several)], "app: cargo run\n");
    check(&[manifest("[package]\nname='a; rm'\n"), main], "");
    hints(
        &[manifest("[workspace]\nmembers=['a']\n")],
        "",
        "Cargo.toml names several packages",
    );
}

#[test]
fn scripts_of_package_json() {
    let check = |text: &str, files: &[&str], expected: &str| {
        let package = scripts(text);
        let mut all = vec![("package.json", package.as_str())];
        all.extend(files.iter().map(|file| (*file, "")));
        check(&all, expected);
    };
    let vite = "\"dev\": \"vite\", \"start\": \"node x\"";
    check(vite, &[], "web: npm run dev -- --port $PORT --strictPort\n");
    check(
        vite,
        &["package-lock.json"],
        "web: npm run dev -- --port $PORT --strictPort\n",
    );
    check(
        vite,
        &["pnpm-lock.yaml"],
        "web: pnpm run dev --port $PORT --strictPort\n",
    );
    check(
        vite,
        &["yarn.lock"],
        "web: yarn run dev --port $PORT --strictPort\n",
    );
    check(
        vite,
        &["bun.lock"],
        "web: bun run dev --port $PORT --strictPort\n",
    );
    check(
        "\"dev\": \"next dev\"",
        &[],
        "web: npm run dev -- -p $PORT\n",
    );
    check(
        "\"dev\": \"node --watch server.js\"",
        &["yarn.lock"],
        "web: yarn run dev\n",
    );
    check(
        "\"start:dev\": \"nest start --watch\"",
        &[],
        "web: npm run start:dev\n",
    );
    check("\"test\": \"vitest\"", &[], "");
    check(
        "\"start\": \"node a\", \"worker\": \"node b\"",
        &[],
        "web: npm run start\nworker: npm run worker\n",
    );
    check(
        "\"dev\": \"vite\"",
        &["bin/rails"],
        "web: bin/rails server -p $PORT\njs: npm run dev -- --port $PORT --strictPort\n",
    );
}

#[test]
fn a_script_that_runs_several_is_taken_apart() {
    let parts = "\"dev:client\": \"vite\", \"dev:a b\": \"x\", \"dev:api:v1\": \"tsx a.ts\"";
    let expected =
        "api-v1: npm run dev:api:v1\nclient: npm run dev:client -- --port $PORT --strictPort\n";
    check(&[("package.json", &scripts(parts))], expected);
    let hint = "`dev` runs these side by side";
    let by = format!("\"dev\": \"concurrently npm:dev:*\", {parts}");
    hints(&[("package.json", &scripts(&by))], expected, hint);
    for runner in [
        "npm run build && concurrently -n a,b 'npm run server' 'pnpm client' 'tsc -w'",
        "run-p server client",
        "npm-run-all --parallel server client",
    ] {
        let all = scripts(&format!(
            "\"build\": \"x\", \"client\": \"next dev\", \"server\": \"node a\", \"dev\": \"{runner}\""
        ));
        let expected = "server: npm run server\nclient: npm run client -- -p $PORT\n";
        hints(&[("package.json", &all)], expected, hint);
    }
    let alone = scripts("\"dev\": \"concurrently 'vite' 'node a'\"");
    hints(
        &[("package.json", &alone)],
        "web: npm run dev\n",
        "a line of its own",
    );
}

#[test]
fn what_declares_a_package_manager_counts_more_than_a_lock_file() {
    let package = r#"{"packageManager": "pnpm@9.1.0", "scripts": {"dev": "node a"}}"#;
    check(
        &[("package.json", package), ("yarn.lock", "")],
        "web: pnpm run dev\n",
    );
}

#[test]
fn what_package_json_cannot_say_for_certain_is_hinted_at() {
    let hint = |package: &str, procfile: &str, hint: &str| {
        hints(&[("package.json", package)], procfile, hint);
    };
    hint("{", "", "package.json is no JSON");
    hint(&"[".repeat(100_000), "", "package.json is no JSON");
    let package = r#"{"workspaces": ["apps/*", "a b"], "scripts": {"dev": "turbo run dev"}}"#;
    hint(package, "", "apps: [apps/*]");
    hint(package, "", "`dev` runs those of other packages");
    hint(&scripts("\"dev\": \"devrun start\""), "", "runs a Procfile");
    for of_packages in [
        "pnpm -r dev",
        "npm run dev --workspace=web",
        "tsc && yarn workspaces run dev",
    ] {
        let package = scripts(&format!("\"dev\": \"{of_packages}\""));
        hint(&package, "", "`dev` runs those of other packages");
    }
    for own in [
        "node -r dotenv/config a",
        "nodemon -w src",
        "pnpm build && node -r x a",
    ] {
        let package = scripts(&format!("\"dev\": \"{own}\""));
        check(&[("package.json", &package)], "web: npm run dev\n");
    }
    let fixed = scripts("\"dev\": \"vite --port 3000\"");
    let line = "web: npm run dev -- --port $PORT --strictPort\n";
    hint(&fixed, line, "sets a port itself");
    hint(
        &scripts("\"dev\": \"PORT=3000 node a\""),
        "web: npm run dev\n",
        "sets a port itself",
    );
    hints(
        &[("pnpm-workspace.yaml", "")],
        "",
        "pnpm-workspace.yaml names several packages",
    );
    check(&[("package.json", "[1]")], "");
    check(
        &[("package.json", "{\"scripts\": [1], \"packageManager\": 3}")],
        "",
    );
}

#[test]
fn directories_that_are_apps_are_named_where_nothing_else_is() {
    let there = &[
        ("shop/package.json", ""),
        ("api/go.mod", ""),
        ("vendor/go.mod", ""),
        (".x/go.mod", ""),
    ];
    hints(there, "", "`api` and `shop` each look like an app");
    hints(there, "", "\napps: [api, shop]");
    check(
        &[there, &[("artisan", "")][..]].concat(),
        "web: php artisan serve --port=$PORT\n",
    );
    check(&[("x y/go.mod", "")], "");
    let packages = [(
        "pnpm-workspace.yaml",
        "packages:\n  - 'apps/*'\n  - '!x'\n  - 3\n",
    )];
    hints(&packages, "", "\napps: [apps/*]");
    hints(
        &[("pnpm-workspace.yaml", "a: [")],
        "",
        "pnpm-workspace.yaml names several",
    );
}

#[test]
fn celery_stands_beside_django() {
    let manage = ("manage.py", "import django");
    let celery = ("shop/celery.py", "");
    let web = "web: uv run python manage.py runserver $PORT\n";
    let all = [
        manage,
        celery,
        ("uv.lock", ""),
        ("pyproject.toml", "'celery'"),
    ];
    check(
        &all,
        &format!("{web}worker: uv run celery -A shop worker\n"),
    );
    check(&all[..3], web);
    check(&[&all[..], &[("b/celery.py", "")]].concat(), web);
    check(&[manage, all[2], all[3]], web);
}

const COMPOSE: &str = r#"
services:
  db:
    image: docker.io/library/postgres:16
    ports: ["127.0.0.1:5433:5432"]
  cache:
    image: redis
    ports:
      - target: 6379
        published: 6380
  queue: { image: rabbitmq:3-management, ports: ["15672:15672", "5672:5672/tcp"] }
  other: { image: mysql, ports: ["${PORT}:3306"] }
  hidden: { image: mongo }
  web: { build: ., ports: ["80:80"] }
  metrics: { image: postgres-exporter, ports: ["9187:9187"] }
"#;

#[test]
fn compose_services_are_named_as_urls() {
    let uses = "uses:\n  DATABASE_URL: postgresql://127.0.0.1:5433\n  REDIS_URL: redis://127.0.0.1:6380\n  AMQP_URL: amqp://127.0.0.1:5672";
    hints(&[("compose.yaml", COMPOSE)], "", uses);
    let without = "uses:\n  REDIS_URL: redis://127.0.0.1:6380\n  AMQP_URL";
    hints(
        &[
            ("docker-compose.yml", COMPOSE),
            (".env", "export DATABASE_URL = x"),
        ],
        "",
        without,
    );
    let defaults = "services: {a: {image: redis, ports: ['${R:-6380}:${T-6379}']}, b: {image: mongo, ports: ['${M}:27017']}}";
    hints(
        &[("compose.yaml", defaults)],
        "",
        "  REDIS_URL: redis://127.0.0.1:6380",
    );
    check(&[("compose.yaml", defaults), (".env", "R=1")], "");
    let others = "services: {s3: {image: minio/minio, ports: ['9000:9000', '9001:9001']}, k: {image: kafka, ports: ['9092:9092']}, 'x y': {image: z, ports: ['1:1']}}";
    hints(
        &[("compose.yaml", others)],
        "",
        "compose.yaml publishes `s3` on 9000 and `k` on 9092: under which variable",
    );
    hints(&[("compose.yaml", "a: [")], "", "could not be read");
    hints(
        &[("compose.yaml", &"[".repeat(100_000))],
        "",
        "could not be read",
    );
    for text in [
        "",
        "services: 3",
        "services: {a: 1, b: {image: [], ports: x}}",
        "[]",
    ] {
        check(&[("compose.yaml", text)], "");
    }
}

/// Words that the rules look for, among whatever else a file may hold.
fn hostile() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "\"scripts\": {",
        "\"dev\": \"",
        "\"dev:",
        "vite",
        "\"",
        "}",
        "{",
        "\n",
        "\u{1b}[2J",
        "name = \"",
        "[package]\n",
        "[[bin]]\n",
        "package main",
        " = FastAPI(",
        "uvicorn",
        "flask",
        "Flask(",
        "django",
        "mod: {",
        "{:phoenix,",
        ":",
        ",",
        "services:\n",
        " image: postgres\n",
        "$(rm -rf x)",
        "`",
        "'",
        "\\",
        "\0",
    ]);
    let any = prop_oneof![words.prop_map(str::to_string), "(?s).{0,8}"];
    prop::collection::vec(any, 0..24).prop_map(|words| words.concat())
}

#[test]
fn what_is_shown_of_a_script_has_no_secret() {
    let mut sources = Sources::default();
    let package =
        r#"{"scripts": {"dev": "API_TOKEN=abc123 vite", "worker": "w redis://:abc123@h"}}"#;
    sources.texts.insert("package.json".into(), package.into());
    let found = detect(&sources);
    assert_eq!(found.lines.len(), 2);
    for line in &found.lines {
        assert!(
            !line.why.contains("abc123") && line.why.contains("****"),
            "{line:?}"
        );
    }
}

proptest! {
    #[test]
    fn whatever_the_files_hold_the_procfile_is_good(
        texts in prop::collection::vec((prop::sample::select(READ), hostile()), 0..6),
        there in prop::collection::vec(prop::sample::select(LOOKED_FOR), 0..6),
        programs in prop::collection::vec("(?s)(cmd|src/bin)/.{1,12}|.{1,8}/(celery[.]py|package[.]json)", 0..3),
        part in "(?s).{0,12}",
    ) {
        let mut sources = Sources::default();
        let dev = format!("concurrently 'npm:{part}' dev:*");
        let scripts = serde_json::json!({
            "scripts": { "dev": dev, format!("dev:{part}"): "vite", part.clone(): "next dev", "dev:x": "x" }
        });
        sources.texts.insert("package.json".into(), scripts.to_string());
        sources.texts.extend(texts.into_iter().map(|(name, text)| (name.to_string(), text)));
        sources.there.extend(there.into_iter().map(str::to_string).chain(programs));
        let found = detect(&sources);
        let parsed = procfile::parse("Procfile", &found.procfile());
        prop_assert!(parsed.errors.is_empty() && parsed.warnings.is_empty());
        prop_assert_eq!(parsed.value.len(), found.lines.len());
        for (entry, line) in parsed.value.iter().zip(&found.lines) {
            prop_assert_eq!(&entry.command, &line.command);
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.:/=$ ".contains(c);
            prop_assert!(line.command.chars().all(is_allowed), "{}", line.command);
            prop_assert!(!line.command.replace("$PORT", "").contains('$'), "{}", line.command);
        }
    }
}
