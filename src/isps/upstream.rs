//! Upstream (上流事業者): through which providers a list goes down and a report comes up.
//!
//! A regional provider or a reseller sits behind another one, which may sit behind a third. The
//! path names them from whoever holds the addresses down to the one that hands the list to the
//! provider. Owns no table.

use std::collections::{HashMap, HashSet};

use super::Isp;

/// Providers above others, by code.
pub type Above<'a> = HashMap<&'a str, &'a str>;

/// Who sits behind whom among `isps`.
pub fn above(isps: &[Isp]) -> Above<'_> {
    isps.iter().filter_map(|isp| Some((isp.code.as_str(), isp.upstream.as_deref()?))).collect()
}

/// The codes above `code`, the topmost first; a circle is cut where it closes.
pub fn path(code: &str, above: &Above<'_>) -> Vec<String> {
    let mut path = climb(code, above).0;
    path.reverse();
    path.into_iter().map(str::to_owned).collect()
}

/// The circle that `code` sits in, written `a > b > a`, if it sits in one.
pub fn circle(code: &str, above: &Above<'_>) -> Option<String> {
    let (path, closes) = climb(code, above);
    closes.then(|| [&[code], &path[..], &[code]].concat().join(" > "))
}

/// Whether `upper` stands somewhere above `lower`.
pub fn is_above(upper: &str, lower: &str, above: &Above<'_>) -> bool {
    climb(lower, above).0.contains(&upper)
}

/// The providers that stand in the register, each behind the one that it sits behind, with how deep
/// it sits; those of one depth by code. One whose upstream is no registered provider stands on top.
pub fn tree(isps: &[Isp]) -> Vec<(&Isp, usize)> {
    let above = above(isps);
    let standing: Vec<&Isp> = isps.iter().filter(|isp| isp.removed_at.is_none()).collect();
    let known: HashSet<&str> = standing.iter().map(|isp| isp.code.as_str()).collect();
    let mut placed: Vec<(Vec<String>, &Isp)> = standing
        .into_iter()
        .map(|isp| {
            let mut way = path(&isp.code, &above);
            way.retain(|code| known.contains(code.as_str()));
            way.push(isp.code.clone());
            (way, isp)
        })
        .collect();
    placed.sort_by(|a, b| a.0.cmp(&b.0));
    placed.into_iter().map(|(way, isp)| (isp, way.len() - 1)).collect()
}

/// The codes above `code`, the nearest first, and whether they lead back to it.
fn climb<'a>(code: &str, above: &Above<'a>) -> (Vec<&'a str>, bool) {
    let mut path: Vec<&str> = Vec::new();
    let mut at = code;
    while let Some(next) = above.get(at).copied() {
        if next == code || path.contains(&next) {
            return (path, next == code);
        }
        path.push(next);
        at = next;
    }
    (path, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_whoever_holds_the_addresses() {
        let above = Above::from([("shop", "region"), ("region", "carrier")]);
        assert_eq!(path("shop", &above), ["carrier", "region"]);
        assert_eq!(path("region", &above), ["carrier"]);
        assert!(path("carrier", &above).is_empty() && circle("shop", &above).is_none());
        assert!(is_above("carrier", "shop", &above) && !is_above("shop", "carrier", &above));
    }

    #[test]
    fn a_circle_is_named_by_those_in_it_and_ends_every_path() {
        let above = Above::from([("a", "b"), ("b", "c"), ("c", "a"), ("outside", "a")]);
        assert_eq!(circle("a", &above).as_deref(), Some("a > b > c > a"));
        assert_eq!(circle("outside", &above), None);
        assert_eq!(path("outside", &above), ["c", "b", "a"]);
        assert_eq!(circle("x", &Above::from([("x", "x")])).as_deref(), Some("x > x"));
    }
}
