//! How the directory of another app is written into a settings file.

use std::path::{Component, Path, PathBuf};

use crate::cli::link::target::Scope;

/// `to` is there; it may be a link. `home` as the environment has it.
pub(super) fn written(from: &Path, to: &Path, home: Option<&Path>, scope: Scope) -> PathBuf {
    let real = real_parent(to);
    let home = home.map(|home| home.canonicalize().unwrap_or_else(|_| home.to_path_buf()));
    let is_near = repository(from).is_some_and(|root| Some(root) == repository(&real));
    way(from, &real, home.as_deref(), scope, is_near)
}

/// The real path but for its last part: a link beside the app, made for it, is what the user means.
pub(super) fn real_parent(path: &Path) -> PathBuf {
    let real = || path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    match (path.components().next_back(), path.parent()) {
        (Some(Component::Normal(name)), Some(parent)) => parent
            .canonicalize()
            .map_or_else(|_| real(), |parent| parent.join(name)),
        (_, _) => real(),
    }
}

fn repository(directory: &Path) -> Option<&Path> {
    directory
        .ancestors()
        .find(|directory| directory.join(".git").exists())
}

/// How the other app is written: from this one if it is near (in the same repository, beside it or below it), else
/// from home, else from the root. What is shared is written from this one if they have anything in common.
fn way(from: &Path, to: &Path, home: Option<&Path>, scope: Scope, is_near: bool) -> PathBuf {
    let is_near = is_near || from.parent() == to.parent() || to.starts_with(from);
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let is_shareable = scope == Scope::Shared && common > 1;
    if is_near || is_shareable {
        return relative(from, to, common);
    }
    let below_home = home.and_then(|home| to.strip_prefix(home).ok());
    below_home.map_or_else(|| to.to_path_buf(), |rest| Path::new("~").join(rest))
}

/// `common` parts at the beginning are the same.
fn relative(from: &Path, to: &Path, common: usize) -> PathBuf {
    let up = from.components().count() - common;
    let mut way: PathBuf = if up == 0 {
        PathBuf::from(".")
    } else {
        std::iter::repeat_n("..", up).collect()
    };
    way.extend(to.components().skip(common));
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_short_for_oneself_and_common_for_all() {
        let check = |to: &str, is_near, personal: &str, shared: &str| {
            let (from, home) = (
                Path::new("/home/ann/src/shop"),
                Some(Path::new("/home/ann")),
            );
            let ways = [Scope::Personal, Scope::Shared]
                .map(|scope| way(from, Path::new(to), home, scope, is_near));
            assert_eq!(ways, [PathBuf::from(personal), PathBuf::from(shared)]);
        };
        check("/home/ann/src/api", false, "../api", "../api");
        check("/home/ann/src/shop/api", false, "./api", "./api");
        check("/home/ann/code/api", false, "~/code/api", "../../code/api");
        check(
            "/home/ann/code/api",
            true,
            "../../code/api",
            "../../code/api",
        );
        check("/home/ann", true, "../..", "../..");
        check("/srv/api", false, "/srv/api", "/srv/api");
    }
}
