//! Steps between tiers (階層の変更): who is to sit behind whom, as one of the two proposes it.
//!
//! A provider names the one above it, or one that sits behind it. Either changes the entry of the
//! one below, and the centre approves.

use super::{Field, SettingRefused};
use crate::isps::{
    Isp,
    upstream::{self, Above},
};

/// What stands for nobody above.
const NOBODY: &str = "-";

/// A step (階層の変更): whose entry changes, and who stands above it from then on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) code: String,
    pub(super) upstream: Option<String>,
}

/// What a provider's word comes to: `value` is a code, one with `-` before it for a reseller that
/// goes, or `-` for nobody above.
pub(super) fn step(
    isps: &[Isp],
    code: &str,
    (field, value): (Field, &str),
) -> Result<Step, SettingRefused> {
    let bad = |how: &'static str| SettingRefused::Value(field.word(), how);
    let (other, goes) = match value.strip_prefix('-') {
        Some(other) if field == Field::Reseller => (other, true),
        _ => (value, false),
    };
    let named = isps.iter().find(|isp| isp.code == other && isp.removed_at.is_none());
    let step = match (field, named) {
        (Field::Upstream, _) if value == NOBODY => Step { code: code.to_owned(), upstream: None },
        (_, None) => return Err(bad("no provider in the register has that code")),
        (Field::Reseller, Some(isp)) if goes && isp.upstream.as_deref() != Some(code) => {
            return Err(bad("that provider does not sit behind this one"));
        }
        (Field::Reseller, Some(isp)) => {
            Step { code: isp.code.clone(), upstream: (!goes).then(|| code.to_owned()) }
        }
        (_, Some(isp)) => Step { code: code.to_owned(), upstream: Some(isp.code.clone()) },
    };
    let mut above: Above<'_> = upstream::above(isps);
    above.remove(step.code.as_str());
    if let Some(upper) = &step.upstream {
        above.insert(&step.code, upper);
    }
    match upstream::circle(&step.code, &above) {
        Some(_) => Err(bad("that would lead back to the provider itself")),
        None => Ok(step),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        ids::IspId,
        isps::{LeasePolicy, Wholesale},
    };

    fn isp(code: &str, upstream: Option<&str>) -> Isp {
        Isp {
            id: IspId(Uuid::nil()),
            code: code.to_owned(),
            name: code.to_owned(),
            upstream: upstream.map(str::to_owned),
            lease_policy: LeasePolicy::Static,
            lines: None,
            wholesale: Wholesale::Retail,
            removed_at: None,
        }
    }

    #[test]
    fn either_side_names_the_other_and_no_circle_comes_of_it() {
        let isps = [isp("carrier", None), isp("region", Some("carrier")), isp("shop", None)];
        let step = |code: &str, field: Field, value: &str| {
            step(&isps, code, (field, value)).ok().map(|step| (step.code, step.upstream))
        };
        let is =
            |code: &str, upper: Option<&str>| Some((code.to_owned(), upper.map(str::to_owned)));
        assert_eq!(step("region", Field::Reseller, "shop"), is("shop", Some("region")));
        assert_eq!(step("shop", Field::Upstream, "region"), is("shop", Some("region")));
        assert_eq!(step("carrier", Field::Reseller, "-region"), is("region", None));
        assert_eq!(step("region", Field::Upstream, "-"), is("region", None));
        for (code, field, value) in [
            ("region", Field::Reseller, "nobody"),
            ("region", Field::Reseller, "carrier"),
            ("region", Field::Reseller, "region"),
            ("carrier", Field::Upstream, "region"),
            ("region", Field::Reseller, "-shop"),
            ("shop", Field::Upstream, "-region"),
        ] {
            assert_eq!(step(code, field, value), None, "{code} {value}");
        }
    }
}
