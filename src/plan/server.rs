//! The servers that devrun knows by their program: the scheme of their URL, and how they are told a port.

use crate::plan::command::{self, Word, is_assignment};

/// A server, or a framework's.
struct Known {
    /// The program, or the program and one of its arguments.
    program: &'static str,
    scheme: &'static str,
    /// Takes its port by flag only: without `PORT` in its command it listens where it likes.
    by_flag_only: bool,
    port: Port,
    /// What else its command needs, so that it takes this port or none.
    besides: &'static str,
    /// What it takes for a request to end soon.
    stop_signal: i32,
}

/// How a server is told its port on the command line.
enum Port {
    /// By one of these flags, and what to add where there is none.
    Flag(&'static [&'static str], &'static str),
    /// By an argument, as it is added behind the program's name.
    Argument(&'static str),
    /// Not on the command line.
    Elsewhere,
}

const TERM: i32 = 15;
const INT: i32 = 2;

const fn web(program: &'static str, port: Port) -> Known {
    Known {
        program,
        scheme: "http",
        by_flag_only: false,
        port,
        besides: "",
        stop_signal: TERM,
    }
}

const fn backing(program: &'static str, scheme: &'static str, port: Port) -> Known {
    Known {
        program,
        scheme,
        by_flag_only: true,
        port,
        besides: "",
        stop_signal: TERM,
    }
}

/// SIGTERM would make it wait until the last of its clients has gone by itself: a console in another terminal, a
/// long query (PostgreSQL, "Shutting Down the Server").
const fn postgresql(program: &'static str, port: Port) -> Known {
    Known {
        stop_signal: INT,
        ..backing(program, "postgresql", port)
    }
}

const LONG: Port = Port::Flag(&["--port"], "--port $PORT");
const SHORT: Port = Port::Flag(&["-p"], "-p $PORT");
const EITHER: Port = Port::Flag(&["--port", "-p"], "--port $PORT");
const EITHER_SHORT: Port = Port::Flag(&["--port", "-p"], "-p $PORT");
const BIND: Port = Port::Flag(&["--bind", "-b"], "--bind 127.0.0.1:$PORT");
const MYSQL: Port = Port::Flag(&["--port", "-P"], "--port=$PORT");

const KNOWN: &[Known] = &[
    Known {
        besides: "--strictPort",
        ..web("vite", LONG)
    },
    Known {
        besides: "--strictPort",
        ..web("react-router dev", LONG)
    },
    Known {
        besides: "--strictPort",
        ..web("remix vite:dev", LONG)
    },
    web("next", EITHER_SHORT),
    web("nuxt", EITHER),
    web("astro", LONG),
    web("ng", LONG),
    web("webpack-dev-server", LONG),
    web("webpack serve", LONG),
    web("wrangler dev", LONG),
    web("vitepress dev", LONG),
    web("docusaurus start", EITHER),
    web("esbuild", Port::Flag(&["--serve"], "--serve=$PORT")),
    web("manage.py runserver", Port::Argument("$PORT")),
    web("flask", EITHER),
    web("uvicorn", LONG),
    web("fastapi", LONG),
    web("hypercorn", BIND),
    web("gunicorn", BIND),
    web("rails", EITHER_SHORT),
    web("puma", EITHER_SHORT),
    web("rackup", EITHER_SHORT),
    web("php -S", Port::Argument("localhost:$PORT")),
    web("http.server", Port::Argument("$PORT")),
    backing("redis-server", "redis", LONG),
    backing("valkey-server", "redis", LONG),
    postgresql("postgres", SHORT),
    postgresql("pg_ctl", Port::Elsewhere),
    backing("mongod", "mongodb", LONG),
    backing("mysqld", "mysql", MYSQL),
    backing("mariadbd", "mysql", MYSQL),
    backing("rabbitmq-server", "amqp", Port::Elsewhere),
    backing("nats-server", "nats", EITHER_SHORT),
    backing("mosquitto", "mqtt", EITHER_SHORT),
    backing("memcached", "", EITHER_SHORT),
    backing("ejabberd", "xmpp", Port::Elsewhere),
    backing("ejabberdctl", "xmpp", Port::Elsewhere),
];

/// What stands in front of the program that is meant.
const LAUNCHERS: &[&[&str]] = &[
    &["exec"],
    &["env"],
    &["nohup"],
    &["npx"],
    &["bunx"],
    &["pnpm", "exec"],
    &["pnpm", "dlx"],
    &["pnpm"],
    &["yarn", "run"],
    &["yarn"],
    &["bun", "run"],
    &["bundle", "exec"],
    &["poetry", "run"],
    &["pipenv", "run"],
    &["uv", "run"],
    &["python", "-m"],
    &["python"],
    &["ruby"],
    &["node"],
    &["dotenv"],
    &["cross-env"],
];

/// The scheme of its URL: that of a known server, else `http`. Empty: a bare `host:port`.
pub(crate) fn scheme(command: &str) -> &'static str {
    find(command).map_or("http", |found| found.known.scheme)
}

/// What it is sent first when it is to end, if nobody says otherwise.
pub(crate) fn stop_signal(command: &str) -> i32 {
    find(command).map_or(TERM, |found| found.known.stop_signal)
}

/// Whether the PORT that it is given has no meaning to it: then its URL would be wrong.
pub(crate) fn ignores_port(command: &str) -> bool {
    !command.contains("PORT") && find(command).is_some_and(|found| found.known.by_flag_only)
}

/// The user's own line, changed so that the process listens on its PORT. `None`: the server is not known, or
/// the command mentions PORT already and yet it went elsewhere.
pub(crate) fn cure(process_type: &str, command: &str) -> Option<String> {
    let mut edits = Vec::from_iter(own_port(command));
    if command.matches("PORT").count() == edits.len() {
        edits.extend(
            find(command)
                .and_then(|found| found.edits(command))
                .unwrap_or_default(),
        );
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|edit| edit.start);
    let mut cured = command.to_string();
    for edit in edits.iter().rev() {
        cured.replace_range(edit.start..edit.end, &edit.text);
    }
    Some(format!("{process_type}: {cured}"))
}

/// How a command is to be told its PORT by what is added behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PortArguments {
    pub(crate) arguments: String,
    /// It has a port already; of most servers the last one counts.
    pub(crate) is_fixed: bool,
}

/// What stands behind a script's name (`npm run dev -- …`) so that its server listens on its PORT. `None`: it is not
/// known to need that, or is no server (`vite build --watch`).
pub(crate) fn port_arguments(command: &str) -> Option<PortArguments> {
    let found = find(command).filter(|_| !command.contains("PORT"))?;
    let arguments = &found.words[found.name + 1..];
    let is_last = found.words.last()?.end() == command.trim_end().len();
    let Port::Flag(flags, given) = found.known.port else {
        return None;
    };
    if !is_last || arguments.first().is_some_and(|word| word.text == "build") {
        return None;
    }
    let has_flag = |word: &Word<'_>| flags.iter().any(|flag| word.text.starts_with(flag));
    let besides = Some(found.known.besides);
    let besides = besides.filter(|besides| !besides.is_empty() && !command.contains(besides));
    Some(PortArguments {
        arguments: besides.map_or(given.to_string(), |besides| format!("{given} {besides}")),
        is_fixed: arguments.iter().any(has_flag),
    })
}

/// What is written in place of a part of the command.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// `PORT=3000 node server.js`: the shell sets that after everything else; it is taken out.
fn own_port(command: &str) -> Option<Edit> {
    let commands = command::commands(command)?;
    commands.iter().find_map(|words| {
        let assignments = words
            .iter()
            .take_while(|word| is_assignment(word.text) || word.text == "env");
        let at = assignments.into_iter().position(|word| {
            let value = word.text.strip_prefix("PORT=");
            value.is_some_and(|value| split_address(value).is_some())
        })?;
        let end = words.get(at + 1)?.start;
        Some(Edit {
            start: words[at].start,
            end,
            text: String::new(),
        })
    })
}

/// A known server, and where its command stands in the line.
struct Found<'a> {
    known: &'static Known,
    words: Vec<Word<'a>>,
    /// The word that its name ends with.
    name: usize,
}

/// The last one of the line: what stands before it prepares it (`vite build && vite preview`).
fn find(command: &str) -> Option<Found<'_>> {
    let commands = command::commands(command)?;
    commands.into_iter().rev().find_map(|words| {
        let program = program(&words)?;
        let arguments = &words[program + 1..];
        let called = base_name(words[program].text);
        KNOWN.iter().find_map(|known| {
            let (wanted, argument) = known.program.split_once(' ').unwrap_or((known.program, ""));
            let behind = match argument {
                "" => 0,
                _ => 1 + arguments.iter().position(|word| word.text == argument)?,
            };
            (wanted == called).then(|| Found {
                known,
                words: words.clone(),
                name: program + behind,
            })
        })
    })
}

impl Found<'_> {
    /// In the order of the line. `None`: nothing that is written there would help.
    fn edits(&self, command: &str) -> Option<Vec<Edit>> {
        let arguments = &self.words[self.name + 1..];
        let end = self.words.last()?.end();
        let added = |at: usize, text: &str| Edit {
            start: at,
            end: at,
            text: format!(" {text}"),
        };
        let told = match &self.known.port {
            Port::Elsewhere => return None,
            Port::Argument(given) => arguments
                .iter()
                .find_map(|word| Some(replaced(word, split_address(word.text)?)))
                .unwrap_or_else(|| added(self.words[self.name].end(), given)),
            Port::Flag(flags, given) => arguments
                .iter()
                .enumerate()
                .find_map(|(at, word)| flag_edit(flags, given, word, arguments.get(at + 1)))
                .unwrap_or_else(|| added(end, given)),
        };
        let mut edits = vec![told];
        if !command.contains(self.known.besides) {
            edits.push(added(end, self.known.besides));
        }
        Some(edits)
    }
}

/// The flag in `word` with PORT as its value. A host in front of the old value stays.
fn flag_edit(
    flags: &[&str],
    given: &str,
    word: &Word<'_>,
    next: Option<&Word<'_>>,
) -> Option<Edit> {
    let flag = flags.iter().find(|flag| word.text.starts_with(**flag))?;
    let whole = |end: usize| Edit {
        start: word.start,
        end,
        text: given.to_string(),
    };
    match &word.text[flag.len()..] {
        "" => {
            let takes_next = |next: &&Word<'_>| {
                split_address(next.text).is_some()
                    || (!given.contains('=') && !next.text.starts_with('-'))
            };
            let Some(next) = next.filter(takes_next) else {
                return Some(whole(word.end()));
            };
            let address = split_address(next.text);
            Some(address.map_or_else(|| whole(next.end()), |host| replaced(next, host)))
        }
        attached => {
            let value = attached.strip_prefix('=');
            // `-p3000`, but not `--portable`.
            let is_short = !flag.starts_with("--");
            let value = value.or_else(|| Some(attached).filter(|_| is_short))?;
            let start = word.end() - value.len();
            let value = Word { text: value, start };
            match split_address(value.text) {
                Some(host) => Some(replaced(&value, host)),
                None if is_short => None,
                None => Some(whole(word.end())),
            }
        }
    }
}

fn replaced(word: &Word<'_>, host: &str) -> Edit {
    Edit {
        start: word.start,
        end: word.end(),
        text: format!("{host}$PORT"),
    }
}

/// `8000`, `127.0.0.1:8000`: what stands in front of the port.
fn split_address(text: &str) -> Option<&str> {
    let host = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let has_port = host.len() < text.len();
    (has_port && (host.is_empty() || host.ends_with(':'))).then_some(host)
}

/// Which of the words is the program, behind assignments and launchers.
fn program(words: &[Word<'_>]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &words[at..];
        let word = rest.first()?.text;
        let begins = |launcher: &&&[&str]| {
            rest.len() > launcher.len()
                && launcher
                    .iter()
                    .zip(rest)
                    .all(|(part, word)| *part == base_name(word.text))
        };
        if is_assignment(word) || (at > 0 && word.starts_with('-')) {
            at += 1;
        } else if let Some(launcher) = LAUNCHERS.iter().find(begins) {
            at += launcher.len();
        } else {
            return Some(at);
        }
    }
}

/// `vite` of `node_modules/.bin/vite` and of `vite@latest`, `python` of `/usr/bin/python3.12`.
fn base_name(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'']);
    let name = word.rsplit('/').next().unwrap_or(word);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    match name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "python" => "python",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_program() {
        let check =
            |command: &str, expected: &str| assert_eq!(scheme(command), expected, "{command}");
        check("redis-server --port $PORT", "redis");
        check(
            "FOO=1 exec /usr/lib/postgresql/15/bin/postgres -D data",
            "postgresql",
        );
        check("mkdir -p data && mongod --dbpath data", "mongodb");
        check("redis-server --dir $(pwd)/data 2>&1 | tee log", "redis");
        check("memcached -p $PORT", "");
        check("node redis-server.js", "http");
        check("echo redis-server", "http");
        check("redis-server 'open", "http");
        assert!(ignores_port("redis-server"));
        assert!(ignores_port("pg_ctl -D data start"));
        assert!(ignores_port("cd cache && redis-server"));
        assert!(!ignores_port("redis-server --port $PORT"));
        assert!(!ignores_port("vite"));
    }

    #[test]
    fn a_script_is_told_its_port_behind_its_name() {
        let check = |command: &str, expected: &str, is_fixed: bool| {
            let arguments = expected.to_string();
            let told = PortArguments {
                arguments,
                is_fixed,
            };
            assert_eq!(port_arguments(command), Some(told), "{command}");
        };
        check("vite", "--port $PORT --strictPort", false);
        check(
            "cross-env A=1 vite dev --host",
            "--port $PORT --strictPort",
            false,
        );
        check("tsc -b && vite --strictPort", "--port $PORT", false);
        check("next dev --turbopack", "-p $PORT", false);
        check("next dev -p 3000", "-p $PORT", true);
        check("react-router dev", "--port $PORT --strictPort", false);
        check("astro dev --port=4000", "--port $PORT", true);
        for command in [
            "node server.js",
            "vite build --watch",
            "vite --port $PORT",
            "vite & node server.js",
            "php -S localhost:8000",
            "",
        ] {
            assert_eq!(port_arguments(command), None, "{command}");
        }
    }

    fn check(command: &str, expected: &str) {
        assert_eq!(
            cure("web", command),
            Some(format!("web: {expected}")),
            "{command}"
        );
    }

    #[test]
    fn the_cure_is_the_users_own_line_with_the_port() {
        check("vite", "vite --port $PORT --strictPort");
        check(
            "npx vite --port 3000 --host",
            "npx vite --port $PORT --host --strictPort",
        );
        check(
            "npx --yes vite@latest",
            "npx --yes vite@latest --port $PORT --strictPort",
        );
        check(
            "vite --config \"a  b\" --strictPort",
            "vite --config \"a  b\" --strictPort --port $PORT",
        );
        check("next dev", "next dev -p $PORT");
        check(
            "next start -p 3000 -H 0.0.0.0",
            "next start -p $PORT -H 0.0.0.0",
        );
        check(
            "./node_modules/.bin/astro dev",
            "./node_modules/.bin/astro dev --port $PORT",
        );
        check("ng serve --port=4200", "ng serve --port=$PORT");
        check(
            "webpack serve --mode development",
            "webpack serve --mode development --port $PORT",
        );
        check("esbuild a.js --serve", "esbuild a.js --serve=$PORT");
        check(
            "python manage.py runserver",
            "python manage.py runserver $PORT",
        );
        check(
            "./manage.py runserver 0.0.0.0:8000",
            "./manage.py runserver 0.0.0.0:$PORT",
        );
        check("flask run", "flask run --port $PORT");
        check("flask --app a run -p 8000", "flask --app a run -p $PORT");
        check(
            "uvicorn app:app --reload",
            "uvicorn app:app --reload --port $PORT",
        );
        check(
            "python3.12 -m uvicorn app:app",
            "python3.12 -m uvicorn app:app --port $PORT",
        );
        check(
            "gunicorn app:app -b 0.0.0.0:8000",
            "gunicorn app:app -b 0.0.0.0:$PORT",
        );
        check(
            "gunicorn --bind=unix:/tmp/x app:app",
            "gunicorn --bind 127.0.0.1:$PORT app:app",
        );
        check(
            "gunicorn app:app",
            "gunicorn app:app --bind 127.0.0.1:$PORT",
        );
        check(
            "bundle exec rails server",
            "bundle exec rails server -p $PORT",
        );
        check("bin/rails s -p 3000", "bin/rails s -p $PORT");
        check(
            "puma -p3000 -C config/puma.rb",
            "puma -p$PORT -C config/puma.rb",
        );
        check(
            "php -S localhost:8000 -t public",
            "php -S localhost:$PORT -t public",
        );
        check(
            "php -t public -S 0.0.0.0:80",
            "php -t public -S 0.0.0.0:$PORT",
        );
        check("python3 -m http.server", "python3 -m http.server $PORT");
        check(
            "python3 -m http.server -b 127.0.0.1 8000",
            "python3 -m http.server -b 127.0.0.1 $PORT",
        );
        check("redis-server", "redis-server --port $PORT");
        check(
            "redis-server redis.conf --port 6380 --save \"\"",
            "redis-server redis.conf --port $PORT --save \"\"",
        );
        check("postgres -D data", "postgres -D data -p $PORT");
        check("mysqld -P 3307", "mysqld -P $PORT");
    }

    #[test]
    fn the_port_goes_to_the_server_of_a_longer_line() {
        check("cd app && vite", "cd app && vite --port $PORT --strictPort");
        check(
            "(cd app; vite) &",
            "(cd app; vite --port $PORT --strictPort) &",
        );
        check("vite & tsc -w", "vite --port $PORT --strictPort & tsc -w");
        check(
            "vite build && vite preview",
            "vite build && vite preview --port $PORT --strictPort",
        );
        check(
            "rm -f x.pid && bin/rails s 2>&1 | tee log",
            "rm -f x.pid && bin/rails s -p $PORT 2>&1 | tee log",
        );
        check(
            "uvicorn app:app > log 2>&1",
            "uvicorn app:app --port $PORT > log 2>&1",
        );
        check("flask run # here", "flask run --port $PORT # here");
    }

    #[test]
    fn a_port_of_its_own_is_taken_out() {
        check("PORT=3000 node server.js", "node server.js");
        check("cd x && A=1 PORT=3000 npm start", "cd x && A=1 npm start");
        check("env PORT=3000 vite", "env vite --port $PORT --strictPort");
        check(
            "vite & PORT=3000 node x",
            "vite --port $PORT --strictPort & node x",
        );
    }

    #[test]
    fn what_is_not_known_has_no_cure() {
        for command in [
            "./my-server",
            "npm run dev",
            "vite --port $PORT",
            "PORT=${PORT:-3000} node server.js",
            "PORT=3000",
            "rabbitmq-server",
            "vite 'open",
            "echo vite",
        ] {
            assert_eq!(cure("web", command), None, "{command}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_command_is_looked_at(command in "(vite|env|php -S|PORT=3|-p|--port|=|:|8000|é|\"| |&&|;|>|2|\\$){0,12}") {
            let _ = (cure("web", &command), scheme(&command));
        }
    }
}
