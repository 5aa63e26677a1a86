//! Which living processes belong to which run.

use std::collections::{HashMap, HashSet};

use crate::guardian::protocol::RunId;
use crate::os::family::{self, Marks, Member};

/// The living members of the runs' trees, orphans included, parents before their children. `runs`: those that
/// were spawned.
pub(super) fn members(guardian: i32, runs: &[(RunId, &Marks)]) -> Vec<(i32, RunId)> {
    let leaders = runs.iter().map(|(id, marks)| (marks.leader, *id));
    let leaders: HashMap<i32, RunId> = leaders.collect();
    // They sleep, and listen nowhere.
    let holders = runs.iter().map(|(_, marks)| marks.session);
    let holders: HashSet<i32> = holders.filter(|pid| !leaders.contains_key(pid)).collect();
    let mut trees = Vec::new();
    let children = family::below(guardian).into_iter();
    for child in children.filter(|child| !holders.contains(child)) {
        let owner = leaders.get(&child).copied();
        if let Some(id) = owner.or_else(|| owner_of_orphan(child, runs)) {
            let members = family::tree(child).into_iter();
            trees.extend(members.map(|member| (member.pid, id)));
        }
    }
    // A program that somebody else has started descends from nobody of ours.
    let seen: HashSet<i32> = trees.iter().map(|(pid, _)| *pid).collect();
    for (leader, id) in leaders.iter().filter(|(leader, _)| !seen.contains(leader)) {
        let members = family::tree(*leader).into_iter();
        trees.extend(members.map(|member| (member.pid, *id)));
    }
    trees
}

fn owner_of_orphan(pid: i32, runs: &[(RunId, &Marks)]) -> Option<RunId> {
    let orphan = Member::of(pid)?;
    let mut owners = runs.iter().filter(|(_, marks)| marks.are_on(&orphan));
    owners.next().map(|(id, _)| *id)
}
