//! What a command line says about its program, without running it: whether it is simple enough for an
//! `exec` in front, which server it is, and how that server is told its port.

use std::borrow::Cow;

/// What the shell does itself, or gives a meaning of its own: no program follows.
const NOT_PROGRAMS: &[&str] = &[
    "!", ".", ":", "[", "[[", "alias", "bg", "break", "case", "cd", "command", "continue",
    "coproc", "declare", "do", "done", "echo", "elif", "else", "esac", "eval", "exec", "exit",
    "export", "false", "fc", "fg", "fi", "for", "function", "getopts", "hash", "if", "in", "jobs",
    "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "select", "set",
    "shift", "source", "test", "then", "time", "times", "trap", "true", "type", "ulimit", "umask",
    "unalias", "unset", "until", "wait", "while", "{", "}",
];

/// The command as the shell gets it: a simple one with `exec` behind its assignments, so that the
/// program takes the shell's place and signals and exit statuses are its own (dash does not do that).
pub(crate) fn with_exec(command: &str) -> Cow<'_, str> {
    let Some(words) = simple_words(command) else {
        return Cow::Borrowed(command);
    };
    let program = words.iter().find(|word| !is_assignment(word.text));
    match program {
        Some(word) if !is_dynamic_or_builtin(word.text) => {
            let (assignments, rest) = command.split_at(word.start);
            Cow::Owned(format!("{assignments}exec {rest}"))
        }
        Some(_) | None => Cow::Borrowed(command),
    }
}

fn is_dynamic_or_builtin(word: &str) -> bool {
    // `$CMD` may turn out to be nothing, or a builtin.
    word.contains(['$', '"', '\'', '\\', '~', '*', '?']) || NOT_PROGRAMS.contains(&word)
}

/// `NAME=…`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// A word as it is written, quotes included.
struct Word<'a> {
    text: &'a str,
    start: usize,
}

/// The words of a simple command. `None`: something outside of quotes makes it more than that.
fn simple_words(command: &str) -> Option<Vec<Word<'_>>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut characters = command.char_indices();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '`') => return None,
            (_, '$') if command[at..].starts_with("$(") => return None,
            (_, '\\') => {
                start.get_or_insert(at);
                characters.next()?;
            }
            (Some(_), _) => {}
            (None, '\'' | '"') => {
                start.get_or_insert(at);
                quote = Some(c);
            }
            (None, ';' | '&' | '|' | '(' | ')' | '<' | '>' | '\n') => return None,
            (None, '{' | '}') if !command[..at].ends_with('$') && !is_in_expansion(command, at) => {
                return None;
            }
            (None, '#') if start.is_none() => return None,
            (None, c) if c.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(Word {
                        text: &command[start..at],
                        start,
                    });
                }
            }
            (None, _) => {
                start.get_or_insert(at);
            }
        }
    }
    if quote.is_some() {
        return None;
    }
    if let Some(start) = start {
        words.push(Word {
            text: &command[start..],
            start,
        });
    }
    Some(words)
}

/// Whether the brace at `at` closes a `${`.
fn is_in_expansion(command: &str, at: usize) -> bool {
    command[..at]
        .rfind("${")
        .is_some_and(|open| !command[open..at].contains('}'))
}

/// A server, or a framework's, that devrun knows by its program.
struct Known {
    /// The program, or the program and the word behind it.
    program: &'static str,
    scheme: &'static str,
    /// Takes its port by flag only: without `PORT` in its command it listens where it likes.
    by_flag_only: bool,
    /// The flag to add; `$PORT` in it.
    flag: &'static str,
    /// What such a flag begins with when it is there already.
    existing: &'static [&'static str],
}

const fn known(
    program: &'static str,
    scheme: &'static str,
    by_flag_only: bool,
    flag: &'static str,
    existing: &'static [&'static str],
) -> Known {
    Known {
        program,
        scheme,
        by_flag_only,
        flag,
        existing,
    }
}

const PORT_FLAGS: &[&str] = &["--port", "-p"];

/// The more exact ones first.
const KNOWN: &[Known] = &[
    known(
        "vite preview",
        "http",
        false,
        "--port $PORT --strictPort",
        &["--port", "--strictPort"],
    ),
    known(
        "vite",
        "http",
        false,
        "--port $PORT --strictPort",
        &["--port", "--strictPort"],
    ),
    known("next", "http", false, "-p $PORT", PORT_FLAGS),
    known("nuxt", "http", false, "--port $PORT", PORT_FLAGS),
    known("astro", "http", false, "--port $PORT", &["--port"]),
    known("ng", "http", false, "--port $PORT", &["--port"]),
    known(
        "webpack-dev-server",
        "http",
        false,
        "--port $PORT",
        &["--port"],
    ),
    known("webpack serve", "http", false, "--port $PORT", &["--port"]),
    known("esbuild", "http", false, "--serve=$PORT", &["--serve"]),
    known("manage.py runserver", "http", false, "$PORT", &[]),
    known("flask", "http", false, "--port $PORT", PORT_FLAGS),
    known("uvicorn", "http", false, "--port $PORT", &["--port"]),
    known("fastapi", "http", false, "--port $PORT", &["--port"]),
    known(
        "hypercorn",
        "http",
        false,
        "--bind 127.0.0.1:$PORT",
        &["--bind", "-b"],
    ),
    known(
        "gunicorn",
        "http",
        false,
        "--bind 127.0.0.1:$PORT",
        &["--bind", "-b"],
    ),
    known("rails", "http", false, "-p $PORT", PORT_FLAGS),
    known("puma", "http", false, "-p $PORT", PORT_FLAGS),
    known("rackup", "http", false, "-p $PORT", PORT_FLAGS),
    known("php -S", "http", false, "127.0.0.1:$PORT", &[]),
    known("http.server", "http", false, "$PORT", &[]),
    known("redis-server", "redis", true, "--port $PORT", &["--port"]),
    known("valkey-server", "redis", true, "--port $PORT", &["--port"]),
    known("postgres", "postgresql", true, "-p $PORT", &["-p"]),
    known("mongod", "mongodb", true, "--port $PORT", &["--port"]),
    known("mysqld", "mysql", true, "--port=$PORT", &["--port", "-P"]),
    known("mariadbd", "mysql", true, "--port=$PORT", &["--port", "-P"]),
    known("rabbitmq-server", "amqp", true, "", &[]),
    known("nats-server", "nats", true, "-p $PORT", PORT_FLAGS),
    known("mosquitto", "mqtt", true, "-p $PORT", &["-p"]),
    known("memcached", "", true, "-p $PORT", &["-p"]),
    known("ejabberd", "xmpp", true, "", &[]),
    known("ejabberdctl", "xmpp", true, "", &[]),
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
    &["python3", "-m"],
    &["python"],
    &["python3"],
    &["ruby"],
    &["node"],
    &["dotenv"],
];

/// The scheme of its URL: that of a known server, else `http`. Empty: a bare `host:port`.
pub(crate) fn scheme(command: &str) -> &'static str {
    find(command).map_or("http", |(known, _)| known.scheme)
}

/// Whether the PORT that it is given has no meaning to it: then its URL would be wrong.
pub(crate) fn ignores_port(command: &str) -> bool {
    !command.contains("PORT") && find(command).is_some_and(|(known, _)| known.by_flag_only)
}

/// The Procfile line that makes a known server listen on its PORT. `None`: the server is not known, or
/// the command mentions PORT already and yet it went elsewhere.
pub(crate) fn cure(process_type: &str, command: &str) -> Option<String> {
    let (known, end) = find(command)?;
    if known.flag.is_empty() || command.contains("PORT") {
        return None;
    }
    let (head, tail) = command.split_at(end);
    let tail = without_flags(tail, known);
    let flag = known.flag;
    Some(match known.existing {
        // The port is an argument, not a flag's.
        [] => format!("{process_type}: {head} {flag}{tail}"),
        _ => format!("{process_type}: {head}{tail} {flag}"),
    })
}

/// `tail` without the flags, and their values, that are about to be given anew.
fn without_flags(tail: &str, known: &Known) -> String {
    let mut kept = String::new();
    let mut words = tail.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let is_replaced = |flag: &&str| word == *flag || word.starts_with(&format!("{flag}="));
        let is_positional = known.existing.is_empty() && is_address(word);
        if known.existing.iter().any(is_replaced) {
            let takes_value =
                !word.contains('=') && words.peek().is_some_and(|value| !value.starts_with('-'));
            if takes_value {
                words.next();
            }
        } else if !is_positional {
            kept.push(' ');
            kept.push_str(word);
        }
    }
    kept
}

/// `8000`, `127.0.0.1:8000`.
fn is_address(word: &str) -> bool {
    let port = word.rsplit(':').next().unwrap_or(word);
    !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
}

/// The known server that a command runs, and where in the text its name ends.
fn find(command: &str) -> Option<(&'static Known, usize)> {
    let words = words(command);
    let program = program(&words)?;
    let name = base_name(words[program].0);
    let next = words.get(program + 1).map_or("", |word| word.0);
    let both = format!("{name} {next}");
    KNOWN.iter().find_map(|known| {
        let at = if known.program == both {
            program + 1
        } else if known.program == name {
            program
        } else {
            return None;
        };
        Some((known, words[at].1))
    })
}

/// Each word, and where it ends.
fn words(command: &str) -> Vec<(&str, usize)> {
    let end = |word: &str| word.as_ptr() as usize - command.as_ptr() as usize + word.len();
    command
        .split_whitespace()
        .map(|word| (word, end(word)))
        .collect()
}

/// Which of the words is the program, behind assignments and launchers.
fn program(words: &[(&str, usize)]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &words[at..];
        let (word, _) = rest.first()?;
        let begins = |launcher: &&&[&str]| {
            rest.len() > launcher.len()
                && launcher
                    .iter()
                    .zip(rest)
                    .all(|(part, (word, _))| *part == base_name(word))
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

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simple_command_gets_exec_behind_its_assignments() {
        let check = |command: &str, expected: &str| assert_eq!(with_exec(command), expected);
        check("bundle exec puma", "exec bundle exec puma");
        check(
            "FOO=bar BAZ='a b' node app.js",
            "FOO=bar BAZ='a b' exec node app.js",
        );
        check("vite --port $PORT", "exec vite --port $PORT");
        check("vite --port ${PORT:-1}", "exec vite --port ${PORT:-1}");
        check("sh -c 'a; b'", "exec sh -c 'a; b'");
        check("echo \"a|b\" 'c;d'", "echo \"a|b\" 'c;d'");
        check("grep a\\;b file", "exec grep a\\;b file");
    }

    #[test]
    fn whatever_the_shell_does_itself_is_left_alone() {
        let commands = [
            "a; b",
            "a && b",
            "a | b",
            "a &",
            "(a)",
            "{ a; }",
            "a > file",
            "a `b`",
            "a $(b)",
            "a \"$(b)\"",
            "while :; do sleep 1; done",
            "exec a",
            "cd x",
            "FOO=bar",
            "a\nb",
            "$COMMAND x",
            "a 'open",
            "# only a comment",
            "a {b,c}",
            "trap x TERM",
            "a \\",
        ];
        for command in commands {
            assert_eq!(with_exec(command), command);
        }
    }

    #[test]
    fn a_server_is_known_by_its_program() {
        assert_eq!(scheme("redis-server --port $PORT"), "redis");
        assert_eq!(
            scheme("FOO=1 exec /usr/lib/postgresql/15/bin/postgres -D data"),
            "postgresql"
        );
        assert_eq!(scheme("memcached -p $PORT"), "");
        assert_eq!(scheme("node redis-server.js"), "http");
        assert!(ignores_port("redis-server"));
        assert!(!ignores_port("redis-server --port $PORT"));
        assert!(!ignores_port("vite"));
    }

    #[test]
    fn the_cure_is_the_users_own_line_with_the_port() {
        let check = |command: &str, expected: &str| {
            assert_eq!(cure("web", command).as_deref(), Some(expected), "{command}");
        };
        check("vite", "web: vite --port $PORT --strictPort");
        check(
            "npx vite --port 3000 --host",
            "web: npx vite --host --port $PORT --strictPort",
        );
        check("next dev", "web: next dev -p $PORT");
        check(
            "./node_modules/.bin/astro dev",
            "web: ./node_modules/.bin/astro dev --port $PORT",
        );
        check("ng serve --port=4200", "web: ng serve --port $PORT");
        check(
            "webpack serve --mode development",
            "web: webpack serve --mode development --port $PORT",
        );
        check(
            "python manage.py runserver",
            "web: python manage.py runserver $PORT",
        );
        check(
            "python manage.py runserver 8000",
            "web: python manage.py runserver $PORT",
        );
        check("flask run", "web: flask run --port $PORT");
        check(
            "uvicorn app:app --reload",
            "web: uvicorn app:app --reload --port $PORT",
        );
        check(
            "gunicorn app:app -b 0.0.0.0:8000",
            "web: gunicorn app:app --bind 127.0.0.1:$PORT",
        );
        check(
            "bundle exec rails server",
            "web: bundle exec rails server -p $PORT",
        );
        check("bin/rails s -p 3000", "web: bin/rails s -p $PORT");
        check(
            "bundle exec puma -C config/puma.rb",
            "web: bundle exec puma -C config/puma.rb -p $PORT",
        );
        check(
            "php -S localhost:8000 -t public",
            "web: php -S 127.0.0.1:$PORT -t public",
        );
        check(
            "python3 -m http.server",
            "web: python3 -m http.server $PORT",
        );
        check(
            "python3 -m http.server 8000",
            "web: python3 -m http.server $PORT",
        );
        check("redis-server", "web: redis-server --port $PORT");
        check("postgres -D data", "web: postgres -D data -p $PORT");
        assert_eq!(cure("web", "./my-server"), None);
        assert_eq!(cure("web", "vite --port $PORT"), None);
    }
}
