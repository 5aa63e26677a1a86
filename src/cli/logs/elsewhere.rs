//! Where the processes of an app are read of that a session only uses: in the session that runs it.

use std::io;

use crate::cli::logs::cast::{Cast, Viewpoint};
use crate::cli::logs::{reading, sessions};
use crate::store::place::StoredSession;
use crate::store::segment::Source;

/// A session, and who of it is shown.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) session: StoredSession,
    pub(super) cast: Cast,
}

/// The session in which all who are asked for have run, by the names that they have from here. `None`: they
/// run in `session`, or nowhere.
///
/// # Errors
/// The disk does not give what is on it.
pub(super) fn find(
    session: &StoredSession,
    sources: &[Source],
    from: Viewpoint<'_>,
    asked: &[String],
) -> io::Result<Option<Place>> {
    let Some(app) = from.other_app(sources, asked) else {
        return Ok(None);
    };
    let Some(there) = sessions::that_runs(app, session) else {
        return Ok(None);
    };
    let met = reading::sources(&there)?;
    let known = |it: &Source| {
        let same = |source: &&Source| source.app == it.app && source.in_app == it.in_app;
        sources.iter().find(same)
    };
    let is_meant = |source: &Source| asked.iter().any(|asked| from.means(source, asked));
    let mut cast = Cast {
        names: Vec::new(),
        colors: Vec::new(),
        is_shown: vec![false],
    };
    for source in &met {
        let known = known(source);
        cast.is_shown.push(known.is_some_and(is_meant));
        cast.names.push(known.unwrap_or(source).name.clone());
        cast.colors.push(source.color);
    }
    let session = there;
    Ok(Some(Place { session, cast }))
}
