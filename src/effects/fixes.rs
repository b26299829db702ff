//! Fixes (対処): which verdicts count as one.
//!
//! A verified fix lies between the last sighting and the end of the first clean scan. The fact
//! holds that interval, so that a later recurrence takes nothing from it. Reads the facts of cases.

use std::collections::HashMap;

use super::store;
use crate::{
    ids::{CaseId, IspId},
    time::Moment,
};

/// Days within which the next scan after a verdict lies.
///
/// A line that this scan finds again was most likely missed twice rather than fixed and weak again
/// at once: with a tenth of the devices missed per scan, one in a hundred looks fixed without being
/// so, and nine in ten of these show up right away.
const OVERTURNED_DAYS: i64 = 45;

/// Verified fixes by line that the next scan did not overturn; a fact without its interval says
/// nothing here.
pub(super) fn proven(proofs: Vec<store::Proof>) -> HashMap<(IspId, CaseId), Vec<(Moment, Moment)>> {
    let mut fixes: HashMap<_, Vec<(Moment, (Moment, Moment))>> = HashMap::new();
    for proof in proofs {
        let of_line = fixes.entry((proof.isp_id, proof.speaker)).or_default();
        if proof.kind == "recurred" {
            of_line.retain(|(verified, _)| verified.plus_days(OVERTURNED_DAYS) < proof.at);
            continue;
        }
        let ends = proof.detail.as_deref().and_then(|detail| detail.split_once(' '));
        let Some((seen, clean)) = ends else { continue };
        let (Ok(seen), Ok(clean)) = (seen.parse(), clean.parse()) else { continue };
        of_line.push((proof.at, (Moment(seen), Moment(clean))));
    }
    let spans = |fixes: Vec<(Moment, _)>| fixes.into_iter().map(|(_, span)| span).collect();
    fixes.into_iter().map(|(line, fixes)| (line, spans(fixes))).collect()
}
