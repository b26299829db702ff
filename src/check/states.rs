//! States (状態): how a case stands follows from the facts that are told of it.
//!
//! The latest fact of a verdict that was not taken back decides; a case without one is open. A
//! joined case stands as the line does, and one that joined or left a line since the last review
//! stands as it stood there: for such a case the state of any case of its line will do.

use std::collections::HashMap;

use super::{
    Findings, Kind,
    store::{self, Fact, Heads},
};
use crate::{
    db::Tx,
    ids::{CaseId, IspId},
};

/// The state that a fact makes.
const MADE: [(&str, &str); 5] = [
    ("reopened", "open"),
    ("clean_once", "clean_once"),
    ("verified", "verified"),
    ("recurred", "recurred"),
    ("unknown", "unknown"),
];

/// A case of a line whose own facts do not tell its state.
struct Unclear {
    id: CaseId,
    state: String,
    speaker: Option<CaseId>,
}

/// Checks all cases.
pub(super) async fn check(tx: &mut Tx, findings: &mut Findings) -> anyhow::Result<()> {
    let mut rows = Heads::of(store::facts(tx)).await?;
    let mut lines: HashMap<CaseId, Vec<String>> = HashMap::new();
    let mut unclear = Vec::new();
    while let Some((isp, id)) = rows.peek().map(|fact| (fact.isp_id, fact.id)) {
        let facts = rows.all(|fact| is_of(fact, isp, id)).await?;
        let Some(case) = facts.first() else { break };
        let moved = facts.iter().any(|fact| is_a(fact, &["joined", "parted"]));
        if moved || case.line_of.is_some() {
            lines.entry(case.line_of.unwrap_or(id)).or_default().push(case.state.clone());
        }
        match disagrees(case, &facts) {
            None => {}
            Some(_) if moved || case.line_of.is_some() => {
                unclear.push(Unclear { id, state: case.state.clone(), speaker: case.line_of });
            }
            Some(what) => findings.add(Kind::State, format!("case {id}"), what),
        }
    }
    drop(rows);
    let mut left = 0;
    for case in unclear {
        let Some(speaker) = case.speaker else {
            left += 1;
            continue;
        };
        let of_line = lines.get(&speaker).map_or(&[][..], Vec::as_slice);
        // Itself, and anybody else: whether the speaker was reviewed is told by its own facts.
        let others = of_line.iter().filter(|state| **state == case.state).count();
        let speaks = store::state_of(tx, speaker).await?;
        if others < 2 && speaks.as_deref() != Some(case.state.as_str()) {
            let what = "nothing that is told of its line makes its state";
            findings.add(Kind::State, format!("case {}", case.id), what);
        }
    }
    if left > 0 {
        findings
            .skip(format!("the states of {left} cases that left their line and await a review"));
    }
    Ok(())
}

fn is_of(fact: &Fact, isp: IspId, id: CaseId) -> bool {
    fact.isp_id == isp && fact.id == id
}

fn is_a(fact: &Fact, kinds: &[&str]) -> bool {
    fact.kind.as_deref().is_some_and(|kind| kinds.contains(&kind))
}

/// In what a case disagrees with its facts, if in anything.
fn disagrees(case: &Fact, facts: &[Fact]) -> Option<String> {
    let told = facts.iter().filter(|fact| !is_a(fact, &["joined", "parted"]));
    let last = told.clone().filter_map(|fact| fact.at).max();
    let Some(last) = last else {
        return (case.state != "open").then(|| format!("it is {} and no fact says so", case.state));
    };
    let makes = |fact: &&Fact| {
        let made = MADE.iter().find(|(kind, _)| fact.kind.as_deref() == Some(kind));
        made.is_some_and(|(_, state)| *state == case.state)
    };
    let mut latest = told.filter(|fact| fact.at == Some(last));
    let Some(fact) = latest.find(makes) else {
        return Some(format!("it is {}, and its latest fact makes it otherwise", case.state));
    };
    // Since when it is open says nothing.
    if case.state != "open" && case.state_since != fact.at {
        return Some(format!("it is {} since another moment than its fact says", case.state));
    }
    let clean = fact.detail.as_deref().and_then(|detail| detail.split_once(' '));
    let clean = clean.and_then(|(_, clean)| clean.parse::<i64>().ok());
    (case.state == "verified" && case.first_clean != clean)
        .then(|| "it is verified by another scan than its fact says".to_owned())
}
