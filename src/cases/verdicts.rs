//! Verdicts (判定): how a case stands, and the facts that led there, as verification reads them.
//!
//! Evidence may come late: a file of last month, a corrected coverage, an ISP's word on a line.
//! Each review therefore brings the whole story of a line anew. Facts that it no longer tells are
//! withdrawn with the date of that, so that nobody reads two stories at once and none is lost.

use std::collections::HashMap;

use super::{Case, CaseRef, State, inquiry_id, store};
use crate::{
    db::{Db, Tx},
    ids::{CaseId, IspId},
    time::Moment,
};

/// How a line stood from a moment on (判定).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "判定")]
pub struct Verdict {
    /// How it stands.
    pub state: State,
    /// Since when: the end of the scan, or the sighting, that made it so.
    pub since: Moment,
    /// End of the first clean scan of the run that the state rests on.
    pub first_clean: Option<Moment>,
    /// The last sighting before that.
    pub last_seen: Option<Moment>,
}

impl Verdict {
    fn kind(&self) -> &'static str {
        match self.state {
            State::Open => "reopened",
            State::CleanOnce => "clean_once",
            State::Verified => "verified",
            State::Recurred => "recurred",
            State::Unknown => "unknown",
        }
    }

    /// The interval in which a verified fix lies; it belongs to the fact, since a later recurrence
    /// changes the case.
    fn detail(&self) -> Option<String> {
        let fixed = self.state == State::Verified;
        let (seen, clean) = (self.last_seen.filter(|_| fixed)?, self.first_clean?);
        Some(format!("{} {}", seen.0, clean.0))
    }

    /// Whether `case` stands so already; since when it is open says nothing.
    fn is_state_of(&self, case: &Case) -> bool {
        let since = self.state == State::Open || self.since == case.state_since;
        self.state == case.state && since && self.first_clean == case.first_clean
    }

    fn told_by(&self, fact: &Fact) -> bool {
        fact.at == self.since && fact.kind == self.kind() && fact.detail == self.detail()
    }
}

/// A fact of a verdict that stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Fact {
    pub(super) case_id: CaseId,
    pub(super) at: Moment,
    pub(super) kind: String,
    pub(super) detail: Option<String>,
}

/// The facts of verdicts that stand, by case.
pub(crate) type Facts = HashMap<CaseId, Vec<Fact>>;

/// The facts of verdicts that stand on the cases of `isp`.
pub(crate) async fn standing(db: &Db, isp: IspId) -> crate::db::Result<Facts> {
    let mut facts = Facts::new();
    for fact in store::verdicts::standing(db, isp).await? {
        facts.entry(fact.case_id).or_default().push(fact);
    }
    Ok(facts)
}

/// Writes how a line stands: on the case that speaks for it with all facts, on the others as the
/// same state. The same story again writes nothing. Tells whether the speaker's state changed.
pub(crate) async fn conclude(
    tx: &mut Tx,
    (speaker, others): (&Case, &[&Case]),
    story: &[Verdict],
    facts: &Facts,
    now: Moment,
) -> crate::db::Result<bool> {
    let Some(last) = story.last() else { return Ok(false) };
    // What a case begins with is told by its opening.
    tell(tx, speaker.reference(), &story[1..], facts, now).await?;
    for other in others {
        tell(tx, other.reference(), &[], facts, now).await?;
        if !last.is_state_of(other) {
            stand(tx, other.reference(), last).await?;
        }
    }
    Ok(!last.is_state_of(speaker) && stand(tx, speaker.reference(), last).await?)
}

/// Sets the state of a case, and with it when its inquiry ID ends.
async fn stand(tx: &mut Tx, case: CaseRef, verdict: &Verdict) -> crate::db::Result<bool> {
    let changed = store::set_state(tx, case, verdict).await?;
    if changed {
        let closed = verdict.state == State::Verified;
        let ends_at = closed.then(|| verdict.since.plus_days(inquiry_id::DAYS_AFTER_CLOSING));
        inquiry_id::end(tx, case, ends_at).await?;
    }
    Ok(changed)
}

/// Makes the facts of a case the ones of `story`.
async fn tell(
    tx: &mut Tx,
    case: CaseRef,
    story: &[Verdict],
    facts: &Facts,
    now: Moment,
) -> crate::db::Result<()> {
    let standing = facts.get(&case.id).map_or(&[][..], Vec::as_slice);
    for fact in standing.iter().filter(|fact| !story.iter().any(|turn| turn.told_by(fact))) {
        store::verdicts::withdraw(tx, case, (fact.at, &fact.kind), now).await?;
    }
    for turn in story.iter().filter(|turn| !standing.iter().any(|fact| turn.told_by(fact))) {
        let (kind, detail) = (turn.kind(), turn.detail());
        let detail = detail.as_deref();
        let event = store::Event { at: turn.since, kind, author: "verification", detail };
        store::verdicts::tell(tx, case, event).await?;
    }
    Ok(())
}

/// Reopens a verified line of which `case` was seen at `at`, before any review says so. Where the
/// line was first seen elsewhere since, it may be somebody else who is found here: that is for a
/// review to say, which reads the whole history. Tells whether it reopened.
pub(super) async fn reopen(
    tx: &mut Tx,
    case: CaseRef,
    at: Moment,
    author: &str,
) -> crate::db::Result<bool> {
    let line = store::line_of(tx, case).await?;
    let Some(own) = line.iter().find(|member| member.id == case.id) else { return Ok(false) };
    let left =
        |member: &Case| member.first_seen > own.first_seen && member.address() != own.address();
    if own.state != State::Verified || line.iter().any(left) {
        return Ok(false);
    }
    let verdict = Verdict { state: State::Recurred, since: at, first_clean: None, last_seen: None };
    for member in &line {
        stand(tx, member.reference(), &verdict).await?;
    }
    let event = store::Event { at, kind: verdict.kind(), author, detail: None };
    for speaker in line.iter().filter(|member| member.line_of.is_none()) {
        store::verdicts::tell(tx, speaker.reference(), event).await?;
    }
    Ok(true)
}
