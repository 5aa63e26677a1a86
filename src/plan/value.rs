//! What a variable is made of: text, `{url}` and its parts, and `${VAR}`.

use std::ops::Range;

use crate::plan::handle::Handle;
use crate::plan::place::{Place, between};
pub(crate) use crate::plan::reference::{BadTemplate, Lookup, Missing};
use crate::plan::reference::{carried, expanded, name_at};
use crate::plan::{local_host, url_at};
use crate::words::wording;

/// `value:` of a use, read once and filled as often as its provider moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    pieces: Vec<Piece>,
}

/// What a template is filled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A process, of whichever app.
    Process,
    /// A `url:`.
    Url,
}

/// Where a process is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served<'a> {
    /// Empty: a bare `host:port`.
    pub(crate) scheme: &'a str,
    /// `None`: this machine.
    pub(crate) host: Option<&'a str>,
    pub(crate) port: u16,
}

/// Each begins somewhere in the text and ends where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    end: usize,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Text(String),
    Field(Field),
    Variable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Url,
    Scheme,
    Host,
    Port,
    User,
    Password,
    Path,
    Query,
}

const FIELDS: [(&str, Field); 8] = [
    ("url", Field::Url),
    ("scheme", Field::Scheme),
    ("host", Field::Host),
    ("port", Field::Port),
    ("user", Field::User),
    ("password", Field::Password),
    ("path", Field::Path),
    ("query", Field::Query),
];

impl Template {
    pub(crate) fn parse(text: &str, behind: Behind) -> Result<Self, BadTemplate> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let piece = piece_at(text, at, behind)?;
            at = piece.end;
            pieces.push(piece);
        }
        Ok(Self {
            text: text.to_string(),
            pieces,
        })
    }

    pub(crate) fn fill(&self, served: &Served<'_>, lookup: Lookup<'_>) -> Result<String, Missing> {
        self.filled(lookup, |field, _| match field {
            Field::Url => {
                let host = served.host.unwrap_or(local_host(served.scheme));
                Ok(url_at(host, served.scheme, served.port))
            }
            Field::Scheme => Ok(served.scheme.to_string()),
            Field::Host => {
                let host = served.host.unwrap_or(local_host(self.scheme(served)));
                Ok(host.to_string())
            }
            Field::Port => Ok(served.port.to_string()),
            // Not of a process, says `parse`.
            Field::User | Field::Password | Field::Path | Field::Query => Ok(String::new()),
        })
    }

    /// The parts are decoded, but where they stand in a URL again.
    pub(crate) fn fill_from(&self, handle: &Handle, lookup: Lookup<'_>) -> Result<String, Missing> {
        self.filled(lookup, |field, (before, after)| {
            let place = between(before, after);
            let is_in_url = place != Place::Outside;
            match field {
                Field::Url => Ok(handle.url.clone()),
                Field::Scheme => Ok(handle.scheme().to_string()),
                Field::Host if handle.host.contains(':') && is_beside_port(place, after) => {
                    Ok(format!("[{}]", handle.host))
                }
                Field::Host => Ok(handle.host.clone()),
                Field::Port => Ok(handle.port.ok_or(Missing::Port)?.to_string()),
                Field::User if is_in_url => Ok(carried(handle.raw_user())),
                Field::User => Ok(handle.user().into_owned()),
                Field::Password if is_in_url => Ok(carried(handle.raw_password())),
                Field::Password => Ok(handle.password().into_owned()),
                Field::Path if is_in_url => Ok(handle.raw_path().to_string()),
                Field::Path => Ok(handle.path().into_owned()),
                Field::Query => Ok(handle.query().to_string()),
            }
        })
    }

    /// `field` gets what stands before it, filled, and what stands behind it, as it is written.
    fn filled(
        &self,
        lookup: Lookup<'_>,
        field: impl Fn(Field, (&str, &str)) -> Result<String, Missing>,
    ) -> Result<String, Missing> {
        let mut filled = String::new();
        for Piece { end, kind } in &self.pieces {
            let after = &self.text[*end..];
            let part = match kind {
                Kind::Text(text) => text.clone(),
                Kind::Field(name) => field(*name, (&filled, after))?,
                Kind::Variable(name) => expanded(name, &filled, after, lookup)?,
            };
            filled.push_str(&part);
        }
        Ok(filled)
    }

    /// Whose `{host}` it is: the scheme that the template begins with, or else that of the `{url}` in it.
    /// Empty for a bare `{host}:{port}`.
    fn scheme<'a>(&'a self, served: &Served<'a>) -> &'a str {
        let url = Kind::Field(Field::Url);
        match self.text.split_once("://") {
            Some(("{scheme}", _)) => served.scheme,
            Some((scheme, _)) if is_scheme(scheme) => scheme,
            _ if self.pieces.iter().any(|piece| piece.kind == url) => served.scheme,
            Some(_) | None => "",
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
}

/// Where the colons of an IPv6 address would be taken for that of a port.
fn is_beside_port(place: Place, after: &str) -> bool {
    place == Place::Host || after.starts_with(':')
}

fn piece_at(text: &str, at: usize, behind: Behind) -> Result<Piece, BadTemplate> {
    let rest = &text[at..];
    let piece = |length: usize, kind: Kind| Piece {
        end: at + length,
        kind,
    };
    let literal = |length: usize, text: &str| Ok(piece(length, Kind::Text(text.to_string())));
    if rest.starts_with("{{") {
        literal(2, "{")
    } else if rest.starts_with("}}") {
        literal(2, "}")
    } else if rest.starts_with("${") && !rest.starts_with("${{") {
        let (name, end) = name_at(text, at)?;
        Ok(piece(end - at, Kind::Variable(name.to_string())))
    } else if rest.starts_with('{') {
        let (field, length) = field_at(text, at, behind)?;
        Ok(piece(length, Kind::Field(field)))
    } else if rest.starts_with('}') {
        Err(bad(at..at + 1, "a brace as text is written `}}`".into()))
    } else {
        let behind_dollar = usize::from(rest.starts_with('$'));
        let length = rest[behind_dollar..].find(['{', '}', '$']);
        let length = length.map_or(rest.len(), |length| behind_dollar + length);
        literal(length, &rest[..length])
    }
}

/// The field whose brace is at `start`, and how long it is with its braces.
fn field_at(text: &str, start: usize, behind: Behind) -> Result<(Field, usize), BadTemplate> {
    let inner = &text[start + 1..];
    let Some(length) = inner.find('}') else {
        let why = "`{` is never closed; a brace as text is written `{{`";
        return Err(bad(start..text.len(), why.into()));
    };
    let (name, length) = (&inner[..length], length + "{}".len());
    let at = start..start + length;
    match FIELDS.iter().find(|(known, _)| *known == name) {
        Some((_, field)) if behind == Behind::Url || is_of_process(*field) => Ok((*field, length)),
        Some(_) => Err(bad(at, format!("`{{{name}}}` is there for a `url:` alone"))),
        None => Err(bad(at, unknown(name, behind))),
    }
}

fn is_of_process(field: Field) -> bool {
    match field {
        Field::Url | Field::Scheme | Field::Host | Field::Port => true,
        Field::User | Field::Password | Field::Path | Field::Query => false,
    }
}

fn unknown(name: &str, behind: Behind) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_- ".contains(c);
    if !name.chars().all(is_word) {
        return "braces as text are written `{{` and `}}`".into();
    }
    let is_there = |field: Field| behind == Behind::Url || is_of_process(field);
    let there = FIELDS.iter().filter(|(_, field)| is_there(*field));
    let there: Vec<String> = there.map(|(name, _)| format!("{{{name}}}")).collect();
    let asked = format!("{{{}}}", name.trim().to_ascii_lowercase());
    let is_variable = name.len() > 1 && *name == name.to_ascii_uppercase();
    match wording::did_you_mean(&asked, &there) {
        Some(meant) if !name.contains('_') => meant,
        Some(_) | None if is_variable => format!("did you mean `${{{name}}}`?"),
        Some(_) | None => format!("there is {}", wording::list(there)),
    }
}

fn bad(at: Range<usize>, why: String) -> BadTemplate {
    BadTemplate { at, why }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use proptest::prelude::*;

    use super::*;

    fn lookup(name: &str) -> Option<OsString> {
        match name {
            "USER" => Some("a@b".into()),
            "PASS" => Some("@:/%".into()),
            _ => None,
        }
    }

    fn of_process(text: &str, scheme: &str) -> String {
        let template = Template::parse(text, Behind::Process).unwrap();
        let served = Served {
            scheme,
            host: None,
            port: 5200,
        };
        template.fill(&served, &lookup).unwrap()
    }

    fn of_url(text: &str, url: &str) -> String {
        let template = Template::parse(text, Behind::Url).unwrap();
        let handle = Handle::parse(url, &lookup).unwrap();
        template.fill_from(&handle, &lookup).unwrap()
    }

    #[test]
    fn a_template_is_filled_from_where_a_process_is_reached() {
        let check = |text: &str, scheme: &str, expected: &str| {
            assert_eq!(of_process(text, scheme), expected);
        };
        check("{url}", "http", "http://localhost:5200");
        check("{url}/v1", "redis", "redis://127.0.0.1:5200/v1");
        check("{url}", "", "127.0.0.1:5200");
        check("{scheme} {port}", "redis", "redis 5200");
        check(
            "amqp://${USER}:${PASS}@{host}:{port}/${PASS}",
            "amqp",
            "amqp://a%40b:%40%3A%2F%25@127.0.0.1:5200/%40%3A%2F%25",
        );
        check("{url}/?q=${PASS}", "http", "http://localhost:5200/?q=@:/%");
        check("", "http", "");
    }

    #[test]
    fn braces_and_dollars_can_be_text() {
        let check = |text: &str, expected: &str| assert_eq!(of_process(text, "http"), expected);
        check(
            "{{\"port\":{port},\"u\":\"${USER}\"}}",
            "{\"port\":5200,\"u\":\"a@b\"}",
        );
        check("{{{port}}}", "{5200}");
        check("$USER $$ a$", "$USER $$ a$");
        check("${{X}}", "${X}");
        check("$${USER}", "$a@b");
        check("é{{é}}", "é{é}");
    }

    #[test]
    fn localhost_is_for_http_and_its_kin() {
        let check = |text: &str, scheme: &str, host: &str| {
            let filled = of_process(text, scheme);
            assert!(filled.contains(host), "{text}: {filled}");
        };
        check("https://{host}:{port}", "redis", "localhost");
        check("WSS://{host}:{port}", "http", "localhost");
        check("{scheme}://{host}", "http", "localhost");
        check("{scheme}://{host}", "redis", "127.0.0.1");
        check("tcp://{host}:{port}", "http", "127.0.0.1");
        check("{host}:{port}", "http", "127.0.0.1");
        check("{url} --host={host}", "http", "--host=localhost");
        check("{url} --host={host}", "mysql", "--host=127.0.0.1");
    }

    #[test]
    fn a_template_is_filled_from_a_url() {
        let url = "postgresql://shop:a%40b@db:1/s%20h?x=1";
        let check = |text: &str, expected: &str| assert_eq!(of_url(text, url), expected);
        check("{url}", url);
        check(
            "{scheme}|{user}|{password}|{host}|{port}|{path}|{query}",
            "postgresql|shop|a@b|db|1|/s h|x=1",
        );
        check(
            "jdbc:{scheme}://{host}:{port}{path}?user={user}",
            "jdbc:postgresql://db:1/s%20h?user=shop",
        );
        check("a://{user}:{password}@{host}", "a://shop:a%40b@db");
        assert_eq!(of_url("{host}:{port}", "http://[::1]:2"), "[::1]:2");
        assert_eq!(of_url("{host}", "http://[::1]:2"), "::1");
        assert_eq!(of_url("a://{host}/", "http://[::1]:2"), "a://[::1]/");
        assert_eq!(of_url("{user}|{path}|{query}", "http://h"), "||");
    }

    #[test]
    fn what_is_missing_is_said() {
        let template = Template::parse("a ${NONE}", Behind::Process).unwrap();
        let served = Served {
            scheme: "http",
            host: None,
            port: 1,
        };
        let missing = Missing::Variable("NONE".into());
        assert_eq!(template.fill(&served, &lookup), Err(missing));
        let template = Template::parse("{host}:{port}", Behind::Url).unwrap();
        let handle = Handle::parse("custom://h", &lookup).unwrap();
        assert_eq!(template.fill_from(&handle, &lookup), Err(Missing::Port));
    }

    #[test]
    fn a_mistake_has_its_place_and_a_way_out() {
        let check = |text: &str, at: Range<usize>, why: &str| {
            let bad = Template::parse(text, Behind::Process).unwrap_err();
            assert_eq!((bad.at, bad.why.as_str()), (at, why), "{text}");
        };
        check("a{hots}b", 1..7, "did you mean `{host}`?");
        check("{Host}", 0..6, "did you mean `{host}`?");
        check("{DB_PORT}", 0..9, "did you mean `${DB_PORT}`?");
        check("{ url }", 0..7, "did you mean `{url}`?");
        check(
            "{}",
            0..2,
            "there is `{url}`, `{scheme}`, `{host}` and `{port}`",
        );
        check("x{user}", 1..7, "`{user}` is there for a `url:` alone");
        check(
            "{\"a\":1}",
            0..7,
            "braces as text are written `{{` and `}}`",
        );
        check(
            "a{url",
            1..5,
            "`{` is never closed; a brace as text is written `{{`",
        );
        check("a}", 1..2, "a brace as text is written `}}`");
        check("a${X", 1..4, "`${` is never closed");
        assert!(Template::parse("{user}", Behind::Url).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_or_has_its_mistake(text in "([{}$é:/@?a]|\\{url\\}|\\$\\{USER\\}){0,20}") {
            match Template::parse(&text, Behind::Process) {
                Err(bad) => prop_assert!(text.get(bad.at.clone()).is_some_and(|at| !at.is_empty())),
                Ok(template) => {
                    let _ = template.fill(&Served { scheme: "http", host: None, port: 1 }, &lookup);
                }
            }
        }

        #[test]
        fn text_with_doubled_braces_is_as_it_was(text in "[{}a\"é:]{0,20}") {
            let written = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(of_process(&written, "http"), text);
        }
    }
}
