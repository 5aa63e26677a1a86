//! Whether devrun grows: what its two processes hold whenever all is calm, against what they held at first.

use std::time::{Duration, Instant};

use crate::kernel::{self, Holdings};
use crate::session::{self, Soak};
use crate::support::PATIENCE;
use crate::visits;

/// So much more memory than after the warm-up is no growth, in KiB: the allocator keeps what a flood took.
const MANAGERS_SLACK: u64 = 6 * 1024;
const GUARDIANS_SLACK: u64 = 1024;

pub struct Calm {
    manager: i32,
    guardian: i32,
    looks: Vec<Look>,
}

#[derive(Clone, Copy)]
struct Look {
    manager: Holdings,
    guardian: Holdings,
}

impl Calm {
    pub fn new(manager: i32) -> Self {
        let deadline = Instant::now() + PATIENCE;
        let guardian = loop {
            if let Some(guardian) = kernel::guardian(manager) {
                break guardian;
            }
            assert!(Instant::now() < deadline, "there is no guardian");
            std::thread::sleep(Duration::from_millis(10));
        };
        let looks = Vec::new();
        Self {
            manager,
            guardian,
            looks,
        }
    }

    /// Stops all but one process, looks, and starts them again.
    pub fn look(&mut self, soak: &Soak) {
        let _alone = soak.calm.write().unwrap();
        let stopped = soak.project.run(&["stop", "pipe", "screen"]);
        if stopped.status != 0 {
            soak.tally.fail(format!("calm: {stopped:?}"));
        }
        let look = self.settled(soak);
        self.check(look, soak);
        self.looks.push(look);
        soak.tally.count("calm: looks", 1);
        visits::steer(soak, "start", &session::names());
    }

    /// Connections that have just ended may still be on their way out: it is looked until all is as at first, and at
    /// first until nothing has changed for a second.
    fn settled(&self, soak: &Soak) -> Look {
        let deadline = Instant::now() + PATIENCE / 3;
        let mut before = self.now();
        let mut unchanged = 0;
        loop {
            std::thread::sleep(Duration::from_millis(50));
            let look = self.now();
            unchanged = if look.is_like(&before, 0) {
                unchanged + 1
            } else {
                0
            };
            let is_calm = match self.looks.first() {
                Some(first) => look.is_like(first, moved(soak)),
                None => unchanged == 20,
            };
            if is_calm || Instant::now() > deadline {
                return look;
            }
            before = look;
        }
    }

    fn now(&self) -> Look {
        Look {
            manager: kernel::holdings(self.manager),
            guardian: kernel::holdings(self.guardian),
        }
    }

    fn check(&self, look: Look, soak: &Soak) {
        // The guardian, and the process that stays: neither zombies nor orphans.
        for (who, pid, holdings) in [
            ("manager", self.manager, look.manager),
            ("guardian", self.guardian, look.guardian),
        ] {
            if holdings.children != 1 {
                let children = kernel::children(pid);
                let told = |pid: &i32| {
                    let stat = kernel::stat(*pid);
                    stat.map(|it| format!("{pid} {} zombie: {}", it.name, it.is_zombie))
                };
                let told: Vec<_> = children.iter().filter_map(told).collect();
                soak.tally.fail(format!(
                    "the {who} has more than one child when calm: {told:?}"
                ));
            }
        }
        let Some(first) = self.looks.first() else {
            return;
        };
        if !look.is_like(first, moved(soak)) {
            let text = format!("held at first and later: {} {}", first.told(), look.told());
            soak.tally.fail(text);
        }
    }

    /// The first third is warm-up.
    pub fn judge(&self, soak: &Soak) {
        for (number, look) in self.looks.iter().enumerate() {
            println!("  calm {number:>2}: {}", look.told());
        }
        let warm = &self.looks[self.looks.len() / 3..];
        let (Some(first), Some(last)) = (warm.first(), warm.last()) else {
            return;
        };
        let has_grown = last.manager.memory > first.manager.memory + MANAGERS_SLACK
            || last.guardian.memory > first.guardian.memory + GUARDIANS_SLACK;
        if has_grown {
            soak.tally.fail(format!(
                "memory has grown: {} {}",
                first.told(),
                last.told()
            ));
        }
    }
}

/// How many ports have moved so far.
fn moved(soak: &Soak) -> u64 {
    soak.tally.of("event: port.moved")
}

impl Look {
    /// So many ports have moved: their locks are the guardian's too, until all is over.
    fn is_like(&self, first: &Self, moved: u64) -> bool {
        let flat = |it: Holdings| (it.descriptors, it.threads, it.children);
        let (threads, children) = (self.guardian.threads, self.guardian.children);
        let locks = self
            .guardian
            .descriptors
            .checked_sub(first.guardian.descriptors);
        flat(self.manager) == flat(first.manager)
            && (threads, children) == (first.guardian.threads, first.guardian.children)
            && locks.is_some_and(|locks| locks as u64 <= moved)
    }

    fn told(&self) -> String {
        let told = |it: Holdings| {
            let Holdings {
                descriptors,
                threads,
                memory,
                children: _,
            } = it;
            format!("{descriptors} descriptors, {threads} threads, {memory} KiB")
        };
        format!(
            "manager {}; guardian {}.",
            told(self.manager),
            told(self.guardian)
        )
    }
}
