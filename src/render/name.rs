//! Names in a narrow column.

/// The least that a name can be cut to.
const SHORTEST: usize = 5;

/// `a-very-long-name.1` → `a-ve…me.1`: the instance stays. A name is ASCII. `limit` is in columns.
pub(crate) fn shortened(name: &str, limit: usize) -> String {
    let limit = limit.max(SHORTEST);
    if name.len() <= limit {
        return name.to_string();
    }
    let instance = name.rfind('.').map_or(0, |dot| name.len() - dot);
    let kept = limit - 1;
    let back = kept.div_ceil(2).max(instance).min(kept - 1);
    let (front, back) = (kept - back, name.len() - back);
    format!("{}…{}", &name[..front], &name[back..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_stays() {
        let check = |name: &str, limit: usize, expected: &str| {
            assert_eq!(shortened(name, limit), expected);
        };
        check("a-very-long-name.1", 9, "a-ve…me.1");
        check("a-very-long-name.1", 10, "a-ve…ame.1");
        check("worker.12", 6, "wo….12");
        check("worker.1200", 6, "w…1200");
        check("worker.12", 0, "w….12");
        check("web.1", 5, "web.1");
        check("system", 5, "sy…em");
    }
}
