//! Where in a URL something stands that is to be put in: what of it has to be escaped depends on that.

use crate::words::url::{authority, is_end};

/// A place in a text in which there may be a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In no URL.
    Outside,
    /// The user and the password.
    UserInfo,
    /// The hosts with their ports, and the place behind them.
    Host,
    Path,
    /// The query and the fragment.
    Query,
}

/// The place between `before`, which is filled already, and `after`, in which names stand for what will come.
pub(super) fn between(before: &str, after: &str) -> Place {
    let Some((_, url)) = before.rsplit_once("://") else {
        return Place::Outside;
    };
    if url.contains(is_end) {
        Place::Outside
    } else if url.contains(['?', '#']) {
        Place::Query
    } else if url.contains('/') {
        Place::Path
    } else {
        match authority(after).contains('@') {
            true => Place::UserInfo,
            false => Place::Host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_url_is_a_place() {
        let check = |text: &str, expected: Place| {
            let (before, after) = text.split_once('^').unwrap();
            assert_eq!(between(before, after), expected, "{text}");
        };
        check("^", Place::Outside);
        check("^://h", Place::Outside);
        check("a://^:x@h", Place::UserInfo);
        check("a://u:^@h", Place::UserInfo);
        check("a://u:x^y@h/p@q", Place::UserInfo);
        check("a://u:x@^", Place::Host);
        check("a://^/p@q", Place::Host);
        check("a://h:^", Place::Host);
        check("a://h/^", Place::Path);
        check("a://h/x/^?q@", Place::Path);
        check("a://h/?q=^", Place::Query);
        check("a://h?q=^/@", Place::Query);
        check("a://h#^", Place::Query);
        check("a://h/ ^", Place::Outside);
        check("{\"a\":\"b://h\",\"c\":\"^\"}", Place::Outside);
        check("{\"a\":\"b://^:x@h\"}", Place::UserInfo);
        check("{\"a\":\"b://^\",\"c\":\"x@y\"}", Place::Host);
        check("a://:x@h,a://:^@h", Place::UserInfo);
        check("a://^,a://:x@h", Place::Host);
    }
}
