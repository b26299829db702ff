//! The result (結果): how the case stands, in words that claim no more than is known.
//!
//! What the person says, and what scans found, stay separate lines. "Not found" is final only when
//! enough covering scans in a row found nothing; "cannot tell" is never shown as fixed.

use anyhow::{Context as _, ensure};

use super::{
    store,
    timeline::{self, Happened, What},
};
use crate::{
    app::App,
    cases::{self, Case, CaseRef, State},
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

/// What is told of a line: on its pages, and to whoever asks for one of its cases.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What may be said.
    pub answer: Answer,
    /// Since when it holds.
    pub since: Moment,
    /// When it was found first, at whatever address.
    pub first_seen: Moment,
    /// When it was found last, where it stands.
    pub last_seen: Moment,
    /// When the person said it was done.
    pub claimed: Option<Moment>,
    /// What happened, in order of time.
    pub timeline: Vec<Happened>,
}

/// The line of a case (回線): all its cases, and the one that speaks for it.
pub struct Line {
    /// The speaker first.
    pub members: Vec<Case>,
}

impl Line {
    /// The line that a case belongs to.
    pub async fn of(app: &App, case: CaseRef) -> anyhow::Result<Self> {
        let own = cases::find(&app.db, case).await?.context("a case that is gone")?;
        let speaker = CaseRef { id: own.line_of.unwrap_or(own.id), ..case };
        let members = store::line(&app.db, speaker).await?;
        let speaks = members.first().is_some_and(|case| case.reference() == speaker);
        ensure!(speaks, "a line without a speaker");
        Ok(Self { members })
    }

    /// The case that speaks for it.
    pub fn speaker(&self) -> &Case {
        &self.members[0]
    }

    /// The case of the address where the line stood last, as far as it was seen: whoever is found
    /// at one that it has left is somebody else.
    pub(super) fn stands_at(&self) -> &Case {
        let latest = self.members.iter().max_by_key(|case| (case.first_seen, case.last_seen));
        latest.unwrap_or(self.speaker())
    }

    /// The first and the latest time at which it was seen where it stood, of each of its cases the
    /// first one alone.
    fn found(&self) -> Vec<Moment> {
        let first = self.members.iter().map(|case| case.first_seen);
        first.chain([self.stands_at().last_seen]).collect()
    }
}

/// How the line of a case stands; whichever of its IDs was entered, it is told the same.
pub async fn of(app: &App, case: CaseRef) -> anyhow::Result<Outcome> {
    let line = Line::of(app, case).await?;
    let speaker = line.speaker().reference();
    let mut facts = Vec::new();
    for member in &line.members {
        let which = member.reference();
        for fact in cases::events(&app.db, which).await?.iter().filter_map(Happened::of) {
            // The speaker's verdict is that of the line; another's is from before it joined.
            if which == speaker || fact.what == What::Claimed {
                facts.push(fact);
            }
        }
    }
    facts.sort_by_key(|fact| fact.on);
    Ok(outcome(&line, facts))
}

/// How a line stands, and since when.
#[derive(Clone, Copy, Debug)]
struct Stands {
    state: State,
    since: Moment,
}

fn outcome(line: &Line, mut facts: Vec<Happened>) -> Outcome {
    let case = line.speaker();
    let claimed = facts.iter().rev().find(|fact| fact.what == What::Claimed).map(|fact| fact.on);
    let mut stands = Stands { state: case.state, since: case.state_since };
    let last_seen = line.stands_at().last_seen;
    if let Some((again, now)) = seen_since(stands, last_seen) {
        facts.push(again);
        stands = now;
    }
    // A case recurs by being seen, whatever its row says of the latest sighting.
    let recurred = if stands.state == State::Recurred { stands.since } else { last_seen };
    let last_seen = last_seen.max(recurred);
    let answer = Answer::of(stands.state, last_seen, claimed);
    let since = match answer {
        Answer::NotYetScanned => claimed.unwrap_or(stands.since),
        Answer::Found | Answer::StillFound => last_seen,
        _ => stands.since,
    };
    let found = line.found();
    let first_seen = found.iter().copied().min().unwrap_or(case.first_seen);
    let timeline = timeline::story(facts, found);
    Outcome { answer, since, first_seen, last_seen, claimed, timeline }
}

/// How a case stands that was seen after its verdict: verification has yet to say so, and until
/// then the page must not call gone what was found.
fn seen_since(stands: Stands, last_seen: Moment) -> Option<(Happened, Stands)> {
    let (what, state) = match stands.state {
        State::Verified => (What::Recurred, State::Recurred),
        State::CleanOnce | State::Unknown => (What::Reopened, State::Open),
        State::Open | State::Recurred => return None,
    };
    let again = Happened { on: last_seen, what };
    (last_seen > stands.since).then_some((again, Stands { state, since: last_seen }))
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
    fn what_was_seen_after_its_verdict_is_not_gone() {
        let of = |state, since| Stands { state, since };
        for (state, _) in cases::STATES {
            let late = seen_since(of(state, SEEN), AFTER);
            let stands = late.map_or(of(state, SEEN), |(_, stands)| stands);
            assert!([State::Open, State::Recurred].contains(&stands.state), "{state}");
            assert!(seen_since(of(state, AFTER), SEEN).is_none(), "{state}");
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
