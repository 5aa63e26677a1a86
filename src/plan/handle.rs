//! Reads a resource handle: the URL of a backing service that is managed elsewhere. The text of the URL stays
//! as it is written, but for the variables in it.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::plan::reference::{BadTemplate, Lookup, Missing, expanded, name_at};

/// A URL, taken apart. Several hosts, as PostgreSQL and MongoDB have them, are no mistake: the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    pub(crate) url: String,
    /// Without the brackets of an IPv6 address. Empty: the URL names none.
    pub(crate) host: String,
    /// The one of its scheme where the URL names none.
    pub(crate) port: Option<u16>,
    parts: Parts,
}

/// Why a text gives no handle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadHandle {
    /// Whatever the variables are.
    Url(BadTemplate),
    Missing(Missing),
}

/// Without what stands there: it may be the half of a password.
const NO_PORT: &str = "expected a port behind the host; in a password, `/`, `?` and `#` are written `%2F`, `%3F` and `%23`";

/// Where the parts of a URL stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    scheme: Range<usize>,
    user: Range<usize>,
    password: Range<usize>,
    hosts: Range<usize>,
    /// With its `/`.
    path: Range<usize>,
    query: Range<usize>,
}

impl Handle {
    /// `text` with each `${VAR}` replaced, in user, password and path by what is escaped for a URL.
    pub(crate) fn parse(text: &str, lookup: Lookup<'_>) -> Result<Self, BadHandle> {
        let bad = |why: &str| {
            BadHandle::Url(BadTemplate {
                at: 0..text.len(),
                why: why.to_string(),
            })
        };
        let url = filled(text, lookup)?;
        let parts = parts(&url).ok_or_else(|| bad("expected `scheme://…`"))?;
        // Decoded, it would end up in a variable or in the name of a host.
        if url.contains("%00") {
            return Err(bad("no variable can hold the NUL byte of `%00`"));
        }
        let (host, port) = first_host(&url[parts.hosts.clone()]);
        let port = match port {
            "" => default_port(&url[parts.scheme.clone()]),
            // `parse` would take a `+`.
            port if port.starts_with('+') => return Err(bad(NO_PORT)),
            port => Some(port.parse().map_err(|_| bad(NO_PORT))?),
        };
        let host = decoded(host).into_owned();
        Ok(Self {
            url,
            host,
            port,
            parts,
        })
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.url[self.parts.scheme.clone()]
    }

    pub(crate) fn user(&self) -> Cow<'_, str> {
        decoded(self.raw_user())
    }

    pub(crate) fn password(&self) -> Cow<'_, str> {
        decoded(self.raw_password())
    }

    /// With its `/`; empty where there is none.
    pub(crate) fn path(&self) -> Cow<'_, str> {
        decoded(self.raw_path())
    }

    /// Without its `?`, and never decoded: `&` and `=` would lose their meaning.
    pub(crate) fn query(&self) -> &str {
        &self.url[self.parts.query.clone()]
    }

    pub(super) fn raw_user(&self) -> &str {
        &self.url[self.parts.user.clone()]
    }

    pub(super) fn raw_password(&self) -> &str {
        &self.url[self.parts.password.clone()]
    }

    pub(super) fn raw_path(&self) -> &str {
        &self.url[self.parts.path.clone()]
    }
}

fn filled(text: &str, lookup: Lookup<'_>) -> Result<String, BadHandle> {
    let mut url = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(length) = text[at..].find("${") {
        let start = at + length;
        url.push_str(&text[at..start]);
        let (name, end) = name_at(text, start).map_err(BadHandle::Url)?;
        let value = expanded(name, &url, &text[end..], lookup).map_err(BadHandle::Missing)?;
        url.push_str(&value);
        at = end;
    }
    url.push_str(&text[at..]);
    Ok(url)
}

fn parts(url: &str) -> Option<Parts> {
    let scheme = 0..url.find("://")?;
    // `jdbc:postgresql` is one, for whoever reads it.
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+.-:".contains(c);
    if !url.starts_with(|c: char| c.is_ascii_alphabetic())
        || !url[scheme.clone()].chars().all(is_scheme)
    {
        return None;
    }
    let start = scheme.end + "://".len();
    let find = |from: usize, to: usize, ends: &[char]| {
        url[from..to].find(ends).map_or(to, |length| from + length)
    };
    let fragment = find(start, url.len(), &['#']);
    let question = find(start, fragment, &['?']);
    let slash = find(start, question, &['/']);
    let hosts = url[start..slash].rfind('@').map(|at| start + at + 1);
    let user_info = hosts.map_or(start..start, |hosts| start..hosts - 1);
    let colon = find(user_info.start, user_info.end, &[':']);
    Some(Parts {
        scheme,
        user: start..colon,
        password: (colon + 1).min(user_info.end)..user_info.end,
        hosts: hosts.unwrap_or(start)..slash,
        path: slash..question,
        query: (question + 1).min(fragment)..fragment,
    })
}

/// The first of `a:1,b:2`, and its port as it is written.
fn first_host(hosts: &str) -> (&str, &str) {
    let first = hosts.split(',').next().unwrap_or_default();
    if let Some(address) = first.strip_prefix('[')
        && let Some((address, rest)) = address.split_once(']')
    {
        return (address, rest.strip_prefix(':').unwrap_or(rest));
    }
    first.rsplit_once(':').unwrap_or((first, ""))
}

fn decoded(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

/// Where a service listens by its scheme. `postgresql+asyncpg` and `jdbc:postgresql` are drivers' names for one.
fn default_port(scheme: &str) -> Option<u16> {
    let scheme = scheme.to_ascii_lowercase();
    let scheme = scheme.rsplit(':').next().unwrap_or_default();
    if let Some(("mongodb" | "redis" | "rediss", "srv" | "sentinel")) = scheme.split_once('+') {
        // Not what the host itself listens on: the name service, or a sentinel, knows.
        return None;
    }
    known_port(scheme).or_else(|| scheme.split('+').find_map(known_port))
}

fn known_port(scheme: &str) -> Option<u16> {
    let port = match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "postgresql" | "postgres" | "postgis" => 5432,
        "mysql" | "mysql2" | "mariadb" => 3306,
        "sqlserver" | "mssql" => 1433,
        "oracle" => 1521,
        "mongodb" => 27017,
        "redis" | "rediss" | "valkey" | "valkeys" => 6379,
        "memcached" | "memcache" => 11211,
        "amqp" => 5672,
        "amqps" => 5671,
        "nats" => 4222,
        "mqtt" => 1883,
        "mqtts" => 8883,
        "kafka" => 9092,
        "stomp" => 61613,
        "xmpp" => 5222,
        "smtp" => 25,
        "smtps" => 465,
        "imap" => 143,
        "imaps" => 993,
        "ldap" => 389,
        "ldaps" => 636,
        "ftp" => 21,
        "ssh" | "sftp" => 22,
        "cassandra" => 9042,
        "bolt" | "neo4j" => 7687,
        "elasticsearch" | "opensearch" => 9200,
        "clickhouse" => 9000,
        _ => return None,
    };
    Some(port)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use proptest::prelude::*;

    use super::*;

    fn nothing(_: &str) -> Option<OsString> {
        None
    }

    /// All its parts but the URL, in one line.
    fn read(text: &str) -> String {
        let handle = Handle::parse(text, &nothing).unwrap();
        assert_eq!(handle.url, text);
        format!(
            "{}|{}|{}|{}|{}|{}|{}",
            handle.scheme(),
            handle.user(),
            handle.password(),
            handle.host,
            handle.port.map_or("-".into(), |port| port.to_string()),
            handle.path(),
            handle.query(),
        )
    }

    #[test]
    fn a_url_is_taken_apart_and_stays_as_it_is() {
        let check = |text: &str, expected: &str| assert_eq!(read(text), expected);
        check(
            "postgresql://shop:a%40b@db.internal/shop?ssl=on&a=%26#f",
            "postgresql|shop|a@b|db.internal|5432|/shop|ssl=on&a=%26",
        );
        check("redis://:x@h:1/0", "redis||x|h|1|/0|");
        check("amqp://guest@h/%2Fv", "amqp|guest||h|5672|//v|");
        check("a://u:p@ss@h", "a|u|p@ss|h|-||");
        check("https://h?q=a/b@c", "https|||h|443||q=a/b@c");
        check("http://[::1]:8080/x", "http|||::1|8080|/x|");
        check("nats://[fe80::1]", "nats|||fe80::1|4222||");
        check("postgres://a:1,b:2/d", "postgres|||a|1|/d|");
        check("mongodb://u:p@a,b:2/d", "mongodb|u|p|a|27017|/d|");
        check("mongodb+srv://u:p@a/d", "mongodb+srv|u|p|a|-|/d|");
        check(
            "postgresql+asyncpg://h/d",
            "postgresql+asyncpg|||h|5432|/d|",
        );
        check("jdbc:mysql://h/d", "jdbc:mysql|||h|3306|/d|");
        check("sqlite:///x.db", "sqlite||||-|/x.db|");
        check("postgresql://%2Ftmp/d", "postgresql|||/tmp|5432|/d|");
        check("http://h:/", "http|||h|80|/|");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        let check = |text: &str, why: &str| match Handle::parse(text, &nothing) {
            Err(BadHandle::Url(bad)) => assert!(bad.why.contains(why), "{}", bad.why),
            other => panic!("{text}: {other:?}"),
        };
        check("db.internal", "scheme");
        check("://h", "scheme");
        check("a b://h", "scheme");
        check("http://h:port", "expected a port");
        check("http://h:+80", "expected a port");
        check("http://h:65536", "expected a port");
        check("postgresql://u:a/b@h", "%2F");
        check("redis://:%00@h", "NUL");
        check("http://${H", "never closed");
        let missing = Missing::Variable("H".into());
        assert_eq!(
            Handle::parse("http://${H}", &nothing),
            Err(BadHandle::Missing(missing))
        );
    }

    #[test]
    fn variables_stand_for_every_part() {
        let lookup = |name: &str| {
            let value = match name {
                "BASE" => "http://h:1",
                "H" => "db:1",
                "P" => "a@:/%",
                "D" => "a b",
                _ => return None,
            };
            Some(value.into())
        };
        let check = |text: &str, expected: &str| {
            assert_eq!(Handle::parse(text, &lookup).unwrap().url, expected);
        };
        check(
            "postgresql://u:${P}@${H}/${D}?a=$P",
            "postgresql://u:a%40%3A%2F%25@db:1/a%20b?a=$P",
        );
        check("${BASE}/v1/${D}", "http://h:1/v1/a%20b");
    }

    proptest! {
        #[test]
        fn a_password_is_recovered_exactly(password in "\\PC{0,20}", user in "\\PC{0,9}") {
            let lookup = |name: &str| Some(if name == "P" { &password } else { &user }.into());
            let handle = Handle::parse("postgresql://${U}:${P}@db:1/${P}?q", &lookup).unwrap();
            prop_assert_eq!(handle.user(), user.as_str());
            prop_assert_eq!(handle.password(), password.as_str());
            prop_assert_eq!(handle.path(), format!("/{password}"));
            prop_assert_eq!((handle.host.as_str(), handle.port), ("db", Some(1)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "([ -~é]|://|\\$\\{A\\}){0,30}") {
            let lookup = |_: &str| Some("é@/".into());
            let _ = Handle::parse(&text, &lookup);
        }
    }
}
