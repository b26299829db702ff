//! Unsettled (報告待ち): when and of what kind cases were seen that their provider has not spoken of.
//!
//! Where addresses change hands, such a case may be the very line that seems clean elsewhere. As
//! long as it is seen, from its first sighting to its latest, no run is read for lines of its kind.

use std::collections::{BTreeMap, HashMap};

use crate::{cases::lines::EndPoint, time::Moment};

/// Times at which cases wait for their report, by what has to end; spans do not overlap.
#[derive(Debug, Default)]
pub(crate) struct Unsettled(HashMap<EndPoint, BTreeMap<Moment, Moment>>);

impl Unsettled {
    /// Adds a case that was seen at `spot` from `first` to `last`.
    pub(crate) fn add(&mut self, spot: &[u8], (first, last): (Moment, Moment)) {
        let spans = self.0.entry(EndPoint::at(spot)).or_default();
        let (mut first, mut last) = (first, last.max(first));
        while let Some((from, to)) = spans.range(..=last).next_back() {
            let (from, to) = (*from, *to);
            if to < first {
                break;
            }
            spans.remove(&from);
            (first, last) = (first.min(from), last.max(to));
        }
        spans.insert(first, last);
    }

    /// Whether a case of that kind was seen, and waits, between `from` and `to`.
    pub(crate) fn touches(&self, end_point: EndPoint, (from, to): (Moment, Moment)) -> bool {
        let spans = self.0.get(&end_point);
        let latest = spans.and_then(|spans| spans.range(..=to).next_back());
        latest.is_some_and(|(_, last)| *last >= from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_run_is_touched_by_whatever_overlaps_it(
            cases in proptest::collection::vec((0_i64..50, 0_i64..9), 0..20),
            run in (0_i64..60, 0_i64..5),
        ) {
            let run = (Moment(run.0), Moment(run.0 + run.1));
            let spans = cases.iter().map(|(at, for_)| (Moment(*at), Moment(at + for_)));
            let spans: Vec<_> = spans.collect();
            let mut unsettled = Unsettled::default();
            spans.iter().for_each(|span| unsettled.add(&[], *span));
            let wanted = spans.iter().any(|(first, last)| *first <= run.1 && *last >= run.0);
            prop_assert_eq!(unsettled.touches(EndPoint::WeaknessClosed, run), wanted);
            prop_assert!(!unsettled.touches(EndPoint::InfectionGone, run));
        }
    }
}
