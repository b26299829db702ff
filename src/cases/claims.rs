//! Claims (自己申告): the person says that the device is fixed; a fact, no proof.

use super::{CaseEvent, CaseRef, store};
use crate::{
    app::App,
    audit::{self, Deed},
    time::Moment,
};

/// What the person says was done (実施内容), as words that the page offers.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Which steps of the manual were done.
    pub steps_done: Vec<u32>,
    /// The day of it, where it is not today.
    pub on: Option<Moment>,
}

/// Microseconds within which the same word again is a second press of the button.
const SAME_PRESS: i64 = 10_000_000;

/// Records that the visitor of `case` says "done" (自己申告); said again later it stands again.
///
/// It is dated to the second, so that two presses that arrive side by side are one fact.
pub async fn record(app: &App, case: CaseRef, claim: &Claim) -> anyhow::Result<Moment> {
    let now = app.now();
    let at = Moment(now.0 - now.0.rem_euclid(1_000_000));
    let steps: Vec<String> = claim.steps_done.iter().map(ToString::to_string).collect();
    let detail = format!("steps {}", steps.join(" "));
    let detail = detail.trim_end();
    let said = super::events(&app.db, case).await?;
    let last = said.iter().rev().find(|fact| fact.kind == "claimed");
    let again =
        |fact: &&CaseEvent| fact.detail.as_deref() == Some(detail) && at.0 - fact.at.0 < SAME_PRESS;
    if let Some(fact) = last.filter(again) {
        return Ok(fact.at);
    }
    let mut tx = app.db.begin().await?;
    let author = "visitor";
    let event = store::Event { at, kind: "claimed", author, detail: Some(detail) };
    store::write_event(&mut tx, case, event).await?;
    // Of all that visitors do, this alone changes what stands of a case.
    let name = case.id.to_string();
    audit::note(&mut tx, Deed::new("case.claim", &name).by(author, now)).await?;
    tx.commit().await?;
    Ok(at)
}
