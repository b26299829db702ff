//! Arms against waiting (群の比較): how much more is fixed by the horizon because of the warning.
//!
//! Arms are drawn at random by the ISP, so that a difference between them is an effect. Each line
//! counts in the arm it was drawn into, whether or not the notice reached anyone.

use effect::{Interval, turnbull};

use super::{By, Draw, Scope, WAIT, cohort, cohort::Line, survival, survival::Group};
use crate::db::Db;

/// What one arm does beyond waiting (効果).
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "効果")]
pub struct Effect {
    /// The arm.
    pub arm: String,
    /// Days after the list.
    pub days: u16,
    /// Lines followed in the arm.
    pub n: u64,
    /// Share of them fixed by then.
    pub fixed: f64,
    /// Lines followed in the arm that waits.
    pub n_wait: u64,
    /// Share of those fixed by then.
    pub fixed_wait: f64,
    /// The difference of the two shares.
    pub difference: f64,
    /// Its interval.
    pub interval: Interval,
}

/// Each arm but [`WAIT`] against it, `days` after the list; none without lines that wait.
///
/// An arm whose follow-up does not reach `days` is left out: nothing is known of it yet.
pub async fn compare(db: &Db, scope: &Scope, days: u16, draw: Draw) -> anyhow::Result<Vec<Effect>> {
    differences(&cohort::lines(db, scope).await?, days, draw)
}

/// The differences of these lines.
pub(super) fn differences(lines: &[Line], days: u16, draw: Draw) -> anyhow::Result<Vec<Effect>> {
    let mut arms = survival::groups(lines, Some(By::Arm));
    arms.remove("none");
    let Some(wait) = arms.remove(WAIT) else { return Ok(Vec::new()) };
    let Some(fixed_wait) = fixed(&wait, days)? else { return Ok(Vec::new()) };
    let day = f64::from(days);
    let mut effects = Vec::new();
    for (arm, group) in arms {
        let Some(fixed) = fixed(&group, days)? else { continue };
        let interval = turnbull::bootstrap_difference(
            &group.spans,
            &wait.spans,
            |curve| survival::fixed_by(curve, day),
            draw.bootstrap(),
        )?;
        let difference = fixed - fixed_wait;
        let (n, n_wait) = (group.n(), wait.n());
        effects.push(Effect { arm, days, n, fixed, n_wait, fixed_wait, difference, interval });
    }
    Ok(effects)
}

/// Share fixed by then; nothing when no line was followed so far.
fn fixed(group: &Group, days: u16) -> anyhow::Result<Option<f64>> {
    if group.spans.is_empty() {
        return Ok(None);
    }
    let curve = turnbull::fit(&group.spans)?;
    Ok(curve.interpolated_at(f64::from(days)).map(|open| 1.0 - open))
}
