//! Claims (自己申告): the person says that the device is fixed; a fact, no proof.

use super::{CaseRef, store};
use crate::{app::App, time::Moment};

/// What the person says was done (実施内容), as words that the page offers.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Which steps of the manual were done.
    pub steps_done: Vec<u32>,
    /// The day of it, where it is not today.
    pub on: Option<Moment>,
}

/// Records that the visitor of `case` says "done" (自己申告); said again it stands again.
pub async fn record(app: &App, case: CaseRef, claim: &Claim) -> anyhow::Result<Moment> {
    let at = app.now();
    let steps: Vec<String> = claim.steps_done.iter().map(ToString::to_string).collect();
    let detail = format!("steps {}", steps.join(" "));
    let mut tx = app.db.begin().await?;
    let author = "visitor";
    let event = store::Event { at, kind: "claimed", author, detail: Some(detail.trim_end()) };
    store::write_event(&mut tx, case, event).await?;
    tx.commit().await?;
    Ok(at)
}
