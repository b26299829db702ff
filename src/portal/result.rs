//! The result (結果): how the case stands, in words that claim no more than is known.
//!
//! What the person says, and what scans found, stay separate lines. "Not found" is final only when
//! enough covering scans in a row found nothing; "cannot tell" is never shown as fixed.

use super::Visit;
use crate::{
    app::App,
    cases::{self, Case, CaseEvent, CaseRef, State},
    time::Moment,
};

/// What the page may say of a case (判定).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "判定")]
pub enum Answer {
    /// Found, and nobody said yet that something was done.
    Found,
    /// Found again after the person said it was done.
    StillFound,
    /// Found again after it had been verified.
    FoundAgain,
    /// The person says it is done; no scan has looked since.
    NotYetScanned,
    /// One scan found nothing: it is looked at once more.
    NotFoundOnce,
    /// Enough scans in a row found nothing.
    NoLongerFound,
    /// No scan covers it, or the address may have changed hands.
    CannotTell,
}

impl Answer {
    /// What may be said of a case in `state`, last seen then, claimed last then.
    pub fn of(state: State, last_seen: Moment, claimed: Option<Moment>) -> Self {
        match state {
            State::Verified => Self::NoLongerFound,
            State::CleanOnce => Self::NotFoundOnce,
            State::Unknown => Self::CannotTell,
            State::Recurred => match claimed {
                Some(claimed) if claimed > last_seen => Self::NotYetScanned,
                _ => Self::FoundAgain,
            },
            State::Open => match claimed {
                Some(claimed) if claimed > last_seen => Self::NotYetScanned,
                Some(_) => Self::StillFound,
                None => Self::Found,
            },
        }
    }

    /// The word in keys of texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::StillFound => "still-found",
            Self::FoundAgain => "found-again",
            Self::NotYetScanned => "not-yet-scanned",
            Self::NotFoundOnce => "not-found-once",
            Self::NoLongerFound => "no-longer-found",
            Self::CannotTell => "cannot-tell",
        }
    }

    /// How the page is coloured and what it offers next.
    pub fn tone(self) -> &'static str {
        match self {
            Self::NoLongerFound => "good",
            Self::Found | Self::StillFound | Self::FoundAgain => "act",
            Self::NotYetScanned | Self::NotFoundOnce | Self::CannotTell => "wait",
        }
    }
}

/// A line of the timeline: a day and what became true on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The day.
    pub on: Moment,
    /// The word in keys of texts: `opened`, `claimed`, `clean-once`, …
    pub what: &'static str,
}

/// What the result page shows.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What may be said.
    pub answer: Answer,
    /// Since when it holds.
    pub since: Moment,
    /// The latest day it was found.
    pub last_seen: Moment,
    /// When the person said it was done.
    pub claimed: Option<Moment>,
    /// What happened, in order of time.
    pub timeline: Vec<Happened>,
}

/// How the case of a visit stands; where an earlier case speaks for its line, that one's verdict.
pub async fn of(app: &App, visit: &Visit) -> anyhow::Result<Outcome> {
    let gone = || anyhow::anyhow!("a visit of a case that is gone");
    let own = cases::find(&app.db, visit.case).await?.ok_or_else(gone)?;
    let mut events = cases::events(&app.db, visit.case).await?;
    let speaker = match own.line_of {
        Some(id) => {
            let speaker = CaseRef { isp: visit.case.isp, id };
            events.extend(cases::events(&app.db, speaker).await?);
            cases::find(&app.db, speaker).await?.ok_or_else(gone)?
        }
        None => own,
    };
    Ok(outcome(&speaker, events))
}

fn outcome(case: &Case, mut events: Vec<CaseEvent>) -> Outcome {
    events.sort_by_key(|event| event.at);
    let claimed = events.iter().rev().find(|event| event.kind == "claimed").map(|event| event.at);
    let mut timeline: Vec<Happened> = events.iter().filter_map(happened).collect();
    if !timeline.iter().any(|line| line.what == "opened") {
        timeline.insert(0, Happened { on: case.first_seen, what: "opened" });
    }
    // Two cases of one line opened and judged on one day are one line to the person.
    timeline.dedup_by(|next, before| {
        next.what == before.what && next.on.date_jst() == before.on.date_jst()
    });
    // A case recurs by being seen, whatever its row says of the latest sighting.
    let recurred = if case.state == State::Recurred { case.state_since } else { case.last_seen };
    let last_seen = case.last_seen.max(recurred);
    let answer = Answer::of(case.state, last_seen, claimed);
    let since = match answer {
        Answer::NotYetScanned => claimed.unwrap_or(case.state_since),
        Answer::Found | Answer::StillFound => last_seen,
        _ => case.state_since,
    };
    Outcome { answer, since, last_seen, claimed, timeline }
}

/// What the person may know of a fact; work between the centre and the ISP is none of it.
fn happened(event: &CaseEvent) -> Option<Happened> {
    const SHOWN: [(&str, &str); 7] = [
        ("opened", "opened"),
        ("claimed", "claimed"),
        ("clean_once", "clean-once"),
        ("verified", "verified"),
        ("recurred", "recurred"),
        ("reopened", "reopened"),
        ("unknown", "unknown"),
    ];
    let shown = SHOWN.iter().find(|(kind, _)| *kind == event.kind);
    shown.map(|(_, what)| Happened { on: event.at, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Moment = Moment(1_000);
    const BEFORE: Moment = Moment(500);
    const AFTER: Moment = Moment(2_000);

    #[test]
    fn only_a_verified_case_is_shown_as_no_longer_found() {
        for (state, _) in cases::STATES {
            for claimed in [None, Some(BEFORE), Some(AFTER)] {
                let answer = Answer::of(state, SEEN, claimed);
                let final_word = answer == Answer::NoLongerFound || answer.tone() == "good";
                assert_eq!(final_word, state == State::Verified, "{state} {claimed:?}");
            }
        }
    }

    #[test]
    fn a_claim_changes_what_is_said_of_an_open_case_and_never_makes_it_fixed() {
        assert_eq!(Answer::of(State::Open, SEEN, None), Answer::Found);
        assert_eq!(Answer::of(State::Open, SEEN, Some(BEFORE)), Answer::StillFound);
        assert_eq!(Answer::of(State::Open, SEEN, Some(AFTER)), Answer::NotYetScanned);
        assert_eq!(Answer::of(State::Unknown, SEEN, Some(AFTER)), Answer::CannotTell);
        assert_eq!(Answer::of(State::CleanOnce, SEEN, Some(AFTER)), Answer::NotFoundOnce);
    }
}
