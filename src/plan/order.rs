//! Who is started after whom: the needs of all processes, without cycles.

use crate::plan::{Need, Provider};

/// One need of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// Its place among the slots.
    pub(crate) consumer: usize,
    pub(crate) need: Need,
    pub(crate) rank: Rank,
}

/// Which of two uses of a cycle is kept: the lower one. It is the same for every session that knows both, so
/// that all leave the same one out.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// It is on one session's command line: no other session can know of it, and none would leave out
    /// anything because of it.
    pub(crate) is_asked: bool,
    /// The app's identity, the place of the process type in its Procfile, and the variable of an instance.
    pub(crate) consumer: (String, usize, String),
}

/// The needs of each process, and what had to be left out of them.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) needs: Vec<Vec<Need>>,
    /// Cycles of uses: each is started without waiting for the use that would have closed it.
    pub(crate) relaxed: Vec<Cycle>,
    /// Cycles of `depends_on`, which have no order at all.
    pub(crate) impossible: Vec<Cycle>,
}

/// The processes of a cycle by their places, each needing the next one and the last one the first.
pub(crate) type Cycle = Vec<usize>;

/// Takes `depends_on` first, then the uses by rank; whatever would close a cycle is left out.
pub(crate) fn order(processes: usize, mut edges: Vec<Edge>) -> Order {
    edges.sort_by_key(|edge| (edge.need.variable.is_some(), edge.rank.clone()));
    let mut order = Order {
        needs: vec![Vec::new(); processes],
        ..Order::default()
    };
    for Edge { consumer, need, .. } in edges {
        if let Provider::Process(provider) = need.on
            && let Some(path) = path(&order.needs, provider, consumer)
        {
            let cycles = match need.variable {
                Some(_) => &mut order.relaxed,
                None => &mut order.impossible,
            };
            let mut cycle = vec![consumer];
            cycle.extend(path.into_iter().filter(|place| *place != consumer));
            cycles.push(cycle);
            continue;
        }
        if !order.needs[consumer].contains(&need) {
            order.needs[consumer].push(need);
        }
    }
    order
}

/// From one process to another along the needs, both ends included.
fn path(needs: &[Vec<Need>], from: usize, to: usize) -> Option<Vec<usize>> {
    let mut came_from: Vec<Option<usize>> = vec![None; needs.len()];
    let mut stack = vec![from];
    let mut is_seen = vec![false; needs.len()];
    while let Some(place) = stack.pop() {
        if place == to {
            let mut path: Vec<usize> =
                std::iter::successors(Some(to), |place| came_from[*place]).collect();
            path.reverse();
            return Some(path);
        }
        if std::mem::replace(&mut is_seen[place], true) {
            continue;
        }
        for need in &needs[place] {
            if let Provider::Process(next) = need.on
                && !is_seen[next]
            {
                came_from[next] = Some(place);
                stack.push(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(consumer: usize, provider: usize, variable: Option<&str>) -> Edge {
        Edge {
            consumer,
            need: Need {
                on: Provider::Process(provider),
                variable: variable.map(Into::into),
                waits: true,
                is_optional: false,
            },
            rank: Rank {
                is_asked: false,
                consumer: (String::new(), consumer, variable.unwrap_or_default().into()),
            },
        }
    }

    fn asked(mut edge: Edge) -> Edge {
        edge.rank.is_asked = true;
        edge
    }

    fn providers(order: &Order, consumer: usize) -> Vec<Provider> {
        order.needs[consumer].iter().map(|need| need.on).collect()
    }

    #[test]
    fn the_last_use_by_rank_that_closes_a_cycle_is_left_out() {
        let there = [
            edge(0, 1, Some("API_URL")),
            edge(1, 2, Some("DB_URL")),
            edge(2, 0, Some("WEB_URL")),
        ];
        let mut back = there.to_vec();
        back.reverse();
        for edges in [there.to_vec(), back] {
            let order = order(3, edges);
            assert_eq!(providers(&order, 0), [Provider::Process(1)]);
            assert_eq!(providers(&order, 2), []);
            assert_eq!(order.relaxed, [vec![2, 0, 1]]);
            assert!(order.impossible.is_empty());
        }
    }

    #[test]
    fn a_use_that_only_one_session_knows_of_is_the_one_that_is_left_out() {
        let found = order(
            2,
            vec![
                asked(edge(0, 1, Some("SHOP_URL"))),
                edge(1, 0, Some("API_URL")),
            ],
        );
        assert_eq!(found.relaxed, [vec![0, 1]]);
        assert_eq!(providers(&found, 1), [Provider::Process(0)]);
    }

    #[test]
    fn what_depends_on_each_other_is_impossible_and_comes_before_uses() {
        let found = order(2, vec![edge(0, 1, None), edge(1, 0, None)]);
        assert_eq!(found.impossible, [vec![1, 0]]);
        let found = order(2, vec![edge(0, 1, Some("A")), edge(1, 0, None)]);
        assert_eq!(found.relaxed, [vec![0, 1]]);
        assert!(found.impossible.is_empty());
        let oneself = order(1, vec![edge(0, 0, None)]);
        assert_eq!(oneself.impossible, [vec![0]]);
    }
}
